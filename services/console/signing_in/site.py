"""Where the page is, and how people sign in to it."""

from __future__ import annotations

from typing import Literal, NamedTuple
from urllib.parse import urlsplit

from starlette.requests import Request

from services.console.signing_in.cookies import Cookie
from services.door.problems import Trouble

Way = Literal["link", "provider", "none"]
"""How people sign in: by a link that is printed on this machine, by a sign-in provider, or not at all."""
LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
_FORWARDED = ("forwarded", "x-forwarded-for", "x-forwarded-host", "via")


class Site(NamedTuple):
    """Where the page is. `origin` (`https://host`) is the only one that may change something; None for a page on a loopback address,
    whose origin is the address that the browser uses."""

    way: Way
    origin: str | None

    @property
    def is_secure(self) -> bool:
        return self.origin is not None and self.origin.startswith("https:")

    @property
    def session_cookie(self) -> Cookie:
        return Cookie("stafett", self.is_secure)

    def origin_of(self, request: Request) -> str:
        """Raises Trouble where the request is for another host than this page's: a name of the internet that leads to this machine
        (DNS rebinding), or an address that a proxy gives away."""
        if self.origin is not None:
            return self.origin
        host = request.headers.get("host", "")
        name = host if host.endswith("]") else host.rpartition(":")[0] or host
        peer = request.client.host if request.client is not None else ""
        if name not in LOOPBACK_NAMES or not is_loopback(peer) or any(one in request.headers for one in _FORWARDED):
            raise Trouble("cross_site", "without a public URL the page is for browsers on this machine")
        return f"http://{host}"


def is_loopback(address: str) -> bool:
    """Whether somebody at this address is on this machine."""
    return address == "::1" or address.startswith("127.")


def site_of(way: Way, public_url: str | None) -> Site:
    """`public_url` as the settings have it."""
    if public_url is None:
        return Site(way, None)
    parts = urlsplit(public_url)
    return Site(way, f"{parts.scheme}://{parts.netloc}")
