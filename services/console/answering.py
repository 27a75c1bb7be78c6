"""What is around every screen: who looks, and what they are told where there is nothing to show."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response

from services.console.console import Console
from services.console.signed_in import SignedIn, signed_in
from services.console.troubles import trouble_text
from services.ports.errors import PortError

log = logging.getLogger("stafett.http")
AGAIN = 5
"""Seconds after which it may be asked for again, as the API says."""
Show = Callable[[Request, SignedIn], Awaitable[Response]]


class NotThere(Exception):
    """There is nothing of this address for whoever asks: the same answer whether it is not theirs or not at all."""


def screen(console: Console, show: Show) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a screen. What `show` raises becomes a page that a person can read."""

    async def answer(request: Request) -> Response:
        somebody = signed_in(request)
        try:
            return await show(request, somebody)
        except NotThere:
            return _apology(console, somebody, "not_found", 404)
        except PortError as error:
            log.warning("a page cannot be shown", extra={"error": type(error).__name__})
            answer = _apology(console, somebody, "unavailable", 503)
            answer.headers["retry-after"] = str(AGAIN)
            return answer

    return answer


def _apology(console: Console, somebody: SignedIn, code: str, status: int) -> Response:
    reader = console.reader(somebody)
    title, texts = reader.say("That did not work"), [trouble_text(code, reader)]
    return console.pages.render("notice.html", reader, somebody, status=status, title=title, texts=texts, ways=[])
