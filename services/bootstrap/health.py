"""The port of a process that is no part of the API: /metrics, /healthz, /readyz."""

from __future__ import annotations

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.bootstrap import metering
from services.bootstrap.parts import Parts
from services.ports import PortError

PATIENCE = 5.0
"""Seconds for the store and the log to answer."""


def health_app(parts: Parts) -> Starlette:
    """/healthz answers while the roles' loop runs at all; /readyz says of each part and role whether it is `ok`."""

    async def alive(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_: Request) -> Response:
        said = await readiness(parts)
        return JSONResponse(said, 200 if set(said.values()) == {"ok"} else 503)

    return Starlette(
        routes=[
            Route("/metrics", metering.scraped(parts)),
            Route("/healthz", alive),
            Route("/readyz", ready),
        ]
    )


async def readiness(parts: Parts) -> dict[str, str]:
    """What is wrong, by part: the store, the log, each role's last step; `ok` where nothing is."""
    said = {}
    for name, check in (("store", parts.store.check), ("log", parts.log.check)):
        try:
            async with asyncio.timeout(PATIENCE):
                await check()
            said[name] = "ok"
        except (PortError, TimeoutError) as error:
            said[name] = type(error).__name__
    return {**said, **parts.pulses.states()}
