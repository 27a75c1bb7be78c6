"""The port of a process that is no part of the API: /metrics, /healthz, /readyz."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.bootstrap import metering
from services.bootstrap.parts import Parts
from services.bootstrap.readiness import answers, told


def health_app(parts: Parts, *, intake: bool = False) -> Starlette:
    """/healthz answers while the roles' loop runs at all; /readyz says of each part and role whether it is `ok`. `intake`:
    the process takes webhooks."""

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_: Request) -> Response:
        return JSONResponse(*told(await readiness(parts), intake))

    return Starlette(
        routes=[
            Route("/metrics", metering.scraped(parts)),
            Route("/healthz", alive),
            Route("/readyz", ready),
        ]
    )


async def readiness(parts: Parts) -> dict[str, str]:
    """What is wrong, by part: the store, the log, each role's last step; `ok` where nothing is."""
    return {**await answers({"store": parts.store.check, "log": parts.log.check}), **parts.pulses.states()}
