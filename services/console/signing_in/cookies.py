"""The cookies of the page."""

from __future__ import annotations

from datetime import timedelta
from typing import NamedTuple

from starlette.requests import HTTPConnection
from starlette.responses import Response

LONGEST = 4096
"""Characters of a cookie that is looked at."""


class Cookie(NamedTuple):
    """One of ours. Where the page has HTTPS its name begins with `__Host-`: browsers take such a one only from this very host, over
    TLS, so that neither a sister's host nor somebody on the line can put one in (RFC 6265bis, 4.1.3)."""

    name: str
    is_secure: bool

    @property
    def key(self) -> str:
        """Its name, as browsers have it."""
        return f"__Host-{self.name}" if self.is_secure else self.name

    def read(self, request: HTTPConnection) -> str | None:
        """None where the browser has none, or a senseless one."""
        value = request.cookies.get(self.key)
        return value if value and len(value) <= LONGEST else None

    def write(self, response: Response, value: str, lasts: timedelta | None = None) -> None:
        """No script reads it, and other sites' forms do not bring it along. `lasts`: None is until the browser ends."""
        response.set_cookie(
            self.key,
            value,
            max_age=int(lasts.total_seconds()) if lasts is not None else None,
            path="/",
            secure=self.is_secure,
            httponly=True,
            samesite="lax",
        )

    def remove(self, response: Response) -> None:
        """The browser forgets it."""
        response.delete_cookie(self.key, path="/", secure=self.is_secure, httponly=True, samesite="lax")
