"""What is around every screen: who looks, and what they are told where there is nothing to show."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from services.console.console import Console
from services.console.language.words import mark
from services.console.signed_in import SignedIn, signed_in
from services.ports.errors import PortError

log = logging.getLogger("stafett.http")
Show = Callable[[Request, SignedIn], Awaitable[Response]]
NOT_THERE = mark("There is nothing here, or it is not yours to see.")
AWAY = mark("The database cannot be reached just now. Nothing is lost; try again in a moment.")


class NotThere(Exception):
    """There is nothing of this address for whoever asks: the same answer whether it is not theirs or not at all."""


def screen(console: Console, show: Show) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a screen. What `show` raises becomes a page that a person can read."""

    async def answer(request: Request) -> Response:
        somebody = signed_in(request)
        try:
            return await show(request, somebody)
        except NotThere:
            return _apology(console, somebody, NOT_THERE, 404)
        except PortError as error:
            log.warning("a page cannot be shown", extra={"error": type(error).__name__})
            return _apology(console, somebody, AWAY, 503)

    return answer


def _apology(console: Console, somebody: SignedIn, text: str, status: int) -> Response:
    reader = console.reader(somebody)
    return console.pages.render("apology.html", reader, somebody, status=status, text=reader.say(text), lead=None)
