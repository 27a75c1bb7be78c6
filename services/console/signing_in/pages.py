"""The pages around signing in, and errors told to people: those of whoever is not signed in too."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.requests import HTTPConnection
from starlette.responses import Response

from routing.people.permissions import PAGE
from schemas.problems import KINDS
from services.console.language.browser import language_of
from services.console.language.reader import Reader, reader_of
from services.console.rendering import Pages
from services.console.signed_in import SignedIn
from services.console.troubles import trouble_text
from services.door.problems import Trouble

_ZONE = "UTC"
"""Of whoever is not signed in: no instant is shown to them."""


class Way(NamedTuple):
    """A button: to an address of ours or of the sign-in provider, or with `posts` a form that is sent there."""

    address: str
    text: str
    posts: bool = False


class OpenPages(NamedTuple):
    """Pages that need nobody to be signed in. `now` is the time of day."""

    pages: Pages
    now: Callable[[], datetime]

    def reader(self, request: HTTPConnection) -> Reader:
        """With the language of the person who is signed in, else of their browser."""
        somebody = _somebody(request)
        if somebody is not None:
            return reader_of(somebody.language, somebody.zone, self.now())
        return reader_of(language_of(request.headers.get("accept-language", "")), _ZONE, self.now())

    def show(
        self,
        request: HTTPConnection,
        title: str,
        texts: Sequence[str] = (),
        *,
        ways: Sequence[Way] = (),
        status: int = 200,
    ) -> Response:
        """A page of a title, some lines and some buttons. What is between back quotes in a line is a command."""
        answer = self.pages.render(
            "notice.html", self.reader(request), _somebody(request), status=status, title=title, texts=texts, ways=ways
        )
        answer.headers["vary"] = "Accept-Language, Cookie"
        return answer

    def tell(self, request: HTTPConnection, trouble: Trouble) -> Response:
        """A page for people, a problem (RFC 9457) for programs. What htmx asked for is answered so that the whole page is loaded
        again where somebody has to sign in."""
        headers: Mapping[str, str] = {"vary": "Accept, Cookie"}
        if trouble.code == "no_session" and request.headers.get("hx-request") == "true":
            headers = {**headers, "hx-redirect": "/sign-in"}
        if not reads_html(request.headers):
            return trouble.response(headers)
        reader = self.reader(request)
        status, text = KINDS[trouble.code].status, trouble_text(trouble.code, reader)
        ways = [Way(sign_in_address(request), reader.say("Sign in"))] if trouble.code in _BY_SIGNING_IN else []
        title = reader.say("Sign in") if status == 401 else reader.say("That did not work")
        answer = self.show(request, title, [text], ways=ways, status=status)
        answer.headers.update(headers)
        if trouble.retry_after:
            answer.headers["retry-after"] = str(trouble.retry_after)
        return answer


_BY_SIGNING_IN = frozenset({"no_session", "sign_in_failed", "provider_away"})
"""Problems after which somebody signs in."""


def _somebody(request: HTTPConnection) -> SignedIn | None:
    found = request.scope.get(PAGE)
    return found if isinstance(found, SignedIn) else None


def sign_in_address(request: HTTPConnection) -> str:
    """The page of signing in, from which the reader comes back to what they looked at: never to a way of signing in, whose address
    holds what proves them."""
    path = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    is_page = is_local(path) and path != "/" and not path.startswith("/sign-in")
    return f"/sign-in?next={quote(path, safe='')}" if is_page else "/sign-in"


def is_local(path: str) -> bool:
    """Whether it is a path of this page and cannot lead anywhere else: browsers read `//host` and `/\\host` as other hosts."""
    plain = path.isascii() and path.isprintable() and len(path) <= 1000 and "\\" not in path
    return plain and path.startswith("/") and not path.startswith("//") and " " not in path


def reads_html(headers: Headers) -> bool:
    """Whether a browser asks, or a program that says what it wants."""
    return "text/html" in headers.get("accept", "")[:1000]
