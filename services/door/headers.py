"""What every answer says to browsers and caches, and which hosts are none."""

from __future__ import annotations

import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.door.problems import Trouble

HEADERS = (
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"),
    (b"referrer-policy", b"no-referrer"),
)
"""Answers hold personal data and are read by programs: nobody keeps them, guesses their type, frames or runs them."""
_HOST = re.compile(rb"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9._-]{0,253})(?::[0-9]{1,5})?")


def add_headers(app: ASGIApp) -> ASGIApp:
    """The same application; each answer has these headers unless it has its own of that name, and a request for a host that
    is none is answered 400."""

    async def within(scope: Scope, receive: Receive, send: Send) -> None:
        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(pair for pair in HEADERS if pair[0] not in given)]
            await send(message)

        if scope["type"] == "http" and not names_a_host(scope):
            await no_host().response()(scope, receive, add)
            return
        await app(scope, receive, add)

    return within


def no_host() -> Trouble:
    """What a request is answered that does not name one."""
    return Trouble("malformed", "the header Host names no host")


def names_a_host(scope: Scope) -> bool:
    """Whether what a request says of its host can be one's name."""
    return all(map(_HOST.fullmatch, [value for name, value in scope["headers"] if name == b"host"]))
