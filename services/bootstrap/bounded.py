"""Requests to the API are bounded in size before anybody looks at their key: the framework reads a body first."""

from __future__ import annotations

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send


def bounded(app: ASGIApp, limit: int) -> ASGIApp:
    """The same application; a body of more than `limit` bytes is answered 413, whatever its length header says."""

    async def within(scope: Scope, receive: Receive, send: Send) -> None:
        size = 0

        async def counted() -> Message:
            nonlocal size
            message = await receive()
            size += len(message.get("body", b""))
            if size > limit:
                raise HTTPException(413, f"a body has at most {limit} bytes")
            return message

        await app(scope, counted, send)

    return within
