"""The news by which an open page learns that something moved: `/live?from=POSITION`, or `&lead=ID` for a page about one lead."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from services.console.console import Console
from services.console.live import TooManyPages
from services.door.problems import Trouble

_HEADERS = {"cache-control": "no-store", "x-accel-buffering": "no"}
_LONGEST = 18
"""Digits of a position."""


def news_of(console: Console) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint. A page that comes back says by `Last-Event-ID` up to where it was told."""

    async def listen(request: Request) -> Response:
        params = request.query_params
        position = _position(request.headers.get("last-event-id") or params.get("from", ""))
        try:
            events = console.live.follow(params.get("lead") or None, position)
        except TooManyPages:
            return Trouble("too_many", "too many pages are open", retry_after=30).response()
        return StreamingResponse(events, headers=_HEADERS, media_type="text/event-stream")

    return listen


def _position(text: str) -> int:
    """0 for what we did not write: then the page is told at once."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _LONGEST else 0
