"""The port of a process that is no part of the API: /metrics, /healthz, /readyz."""

from __future__ import annotations

from functools import partial

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.bootstrap import metering
from services.bootstrap.parts import Parts
from services.bootstrap.readiness import Check, answers, readiness_answer


def health_app(parts: Parts, *, intake: bool = False) -> Starlette:
    """/healthz answers while the roles' loop runs at all; /readyz says of each part and role whether it is `ok`. `intake`:
    the process takes webhooks."""

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_: Request) -> Response:
        return JSONResponse(*readiness_answer(await readiness(parts, intake), intake))

    return Starlette(
        routes=[
            Route("/metrics", metering.metrics_handler(parts)),
            Route("/healthz", alive),
            Route("/readyz", ready),
        ]
    )


async def readiness(parts: Parts, intake: bool = False) -> dict[str, str]:
    """What is wrong, by part: the store, the log, each role's last step; `ok` where nothing is. Of a process that takes
    webhooks also the spool, while it is needed."""
    checks = {"store": parts.store.check, "log": parts.log.check}
    said = await answers(checks, spool_check(parts) if intake else None, parts.store.check_for_gap)
    return {**said, **parts.pulses.states()}


def spool_check(parts: Parts) -> Check:
    """Raises SpoolFull where no more signals may wait."""
    return partial(parts.store.check_spool, parts.settings.spool_limit)
