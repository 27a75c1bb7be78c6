"""The hooks without the framework's layers, which cost a sixth of an accepted request's work and do nothing for it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

PREFIX = "/v1/hooks/"


def short_cut(answer: Callable[[Request], Awaitable[Response]], rest: ASGIApp) -> ASGIApp:
    """An application that gives `POST /v1/hooks/NAME` to `answer` itself, and everything else to `rest`."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(PREFIX):
            await rest(scope, receive, send)
            return
        source = scope["path"][len(PREFIX) :]
        if not source or "/" in source:
            await rest(scope, receive, send)
            return
        scope["path_params"] = {"source": source}
        response = await answer(Request(scope, receive, send))
        await response(scope, receive, send)

    return app
