"""The guard before every route of the page: nobody comes through who is not signed in, and nothing that another site asked for.

The order: is it for this host; did a page of ours ask; who is it; does the request prove that their page made it. What is public is
named in `OPEN`: a route that nobody thought of is closed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from routing.people.permissions import PAGE
from services.console.language.browser import language_of
from services.console.signed_in import SignedIn
from services.console.signing_in.cross_site import (
    SAFE,
    TOKEN_FIELD,
    TOKEN_HEADER,
    is_token,
    why_not_done,
    why_not_looked_at,
)
from services.console.signing_in.pages import OpenPages
from services.console.signing_in.people import signed_in_of
from services.console.signing_in.sessions import Sessions, csrf_token
from services.console.signing_in.site import Site
from services.door.problems import Trouble
from services.ports.errors import PortError
from services.rules.ruling import Ruling

OPEN = ("/sign-in", "/sign-in/", "/signed-out", "/assets/")
"""What is for everybody: paths, and with a slash at the end all that begins so."""
MOST_FORM = 65_536
"""Bytes of a form."""
POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; "
    b"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
HEADERS = (
    (b"content-security-policy", POLICY),
    (b"cache-control", b"no-store"),
    (b"referrer-policy", b"same-origin"),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
"""What every answer of the page says, unless it says so itself."""


class Guard:
    """Stands before `app`, which finds who is signed in by `signed_in`. `ruling` is what rules now: the agreement, and the roster with its changes."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        site: Site,
        sessions: Sessions,
        ruling: Callable[[], Awaitable[Ruling]],
        open_pages: OpenPages,
    ) -> None:
        self._app, self._site, self._sessions, self._ruling = app, site, sessions, ruling
        self._open_pages = open_pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        answer = _with_headers(send, self._site.is_secure)
        try:
            received = await self._admit(request)
        except Trouble as trouble:
            await self._open_pages.tell(request, trouble)(scope, receive, answer)
        except PortError:
            away = Trouble("unavailable", "the store cannot be reached", retry_after=5)
            await self._open_pages.tell(request, away)(scope, receive, answer)
        else:
            await self._app(scope, received, answer)

    async def _admit(self, request: Request) -> Receive:
        """What the application reads the body from. Raises Trouble, StoreUnavailable."""
        origin = self._site.origin_of(request)
        is_safe = request.method in SAFE
        why = why_not_looked_at(request.headers) if is_safe else why_not_done(request.headers, origin)
        if why is not None:
            raise Trouble("cross_site", why)
        reader = await self._reader(request)
        if reader is None:
            if not is_open(request.url.path) or not is_safe:
                raise Trouble("no_session", "sign in with a browser; programs use /v1 with an API key")
            return request.receive
        request.scope[PAGE] = reader
        return request.receive if is_safe else await _check_token(request, reader.csrf)

    async def _reader(self, request: Request) -> SignedIn | None:
        secret = self._site.session_cookie.read(request)
        session = await self._sessions.find(secret) if secret is not None else None
        if secret is None or session is None:
            return None
        spoken = language_of(request.headers.get("accept-language", ""))
        return signed_in_of(session, await self._ruling(), csrf=csrf_token(secret), spoken=spoken)


def is_open(path: str) -> bool:
    """Whether it is for everybody."""
    return any(path.startswith(one) if one.endswith("/") else path == one for one in OPEN)


async def _check_token(request: Request, token: str) -> Receive:
    """Looks for it in the header, else in the form, which the application reads again. Raises Trouble."""
    if (sent := request.headers.get(TOKEN_HEADER)) is not None:
        if not is_token(sent, token):
            raise Trouble("cross_site", f"the header {TOKEN_HEADER} is not this session's")
        return request.receive
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise Trouble("cross_site", f"the header {TOKEN_HEADER} is missing")
    body = await _read(request)
    sent = (parse_qs(body.decode("utf-8", "replace"), max_num_fields=200).get(TOKEN_FIELD) or [""])[0]
    if not is_token(sent, token):
        raise Trouble("cross_site", f"the form has no {TOKEN_FIELD} of this session")
    return _again(body, request.receive)


async def _read(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MOST_FORM:
            raise Trouble("too_large", f"a form has at most {MOST_FORM} bytes")
    return body


def _again(body: bytes, receive: Receive) -> Receive:
    """The body as it came, then what comes after it."""
    waiting = [body]

    async def next_message() -> Message:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return next_message


def _with_headers(send: Send, is_secure: bool) -> Send:
    more = ((b"strict-transport-security", b"max-age=31536000"),) if is_secure else ()

    async def within(message: Message) -> None:
        if message["type"] == "http.response.start":
            there = {name.lower() for name, _ in message["headers"]}
            message["headers"] = [*message["headers"], *(pair for pair in (*HEADERS, *more) if pair[0] not in there)]
        await send(message)

    return within
