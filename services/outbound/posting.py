"""POSTs by the thousand: over connections that are kept, each to the very address that was looked at.

httpx costs ten times what all else of a delivery does (ADR 23), so what is sent is written here, byte for byte as httpx would. What
guards a call is the same: no address inside, no redirect followed, no proxy of the environment, certificates by httpx's own authorities,
an end for everything.
"""

from __future__ import annotations

import asyncio
import re
import socket
import ssl
import time
from collections.abc import Mapping
from datetime import timedelta
from functools import cached_property
from typing import NamedTuple, Self
from urllib.parse import SplitResult, urlsplit

import httpx

from services.outbound.client import address_of
from services.outbound.exchanges import Answer, Exchanges
from services.outbound.sockets import keepalive_options

MOST_CONNECTIONS, MOST_KEPT = 200, 50
KEPT_SECONDS = 4.0
"""How long a connection that nobody uses is kept; many servers close it after five."""
ADDRESS_SECONDS = 1.0
"""How long the address of a name holds."""
_USUAL = (
    "Accept: */*\r\nAccept-Encoding: gzip, deflate\r\nConnection: keep-alive\r\n"
    f"User-Agent: python-httpx/{httpx.__version__}\r\n"
)
_SAYABLE = re.compile(r"[\t\x20-\x7e]*")
"""What a header's value is made of, ours at least."""


class Place(NamedTuple):
    """Where requests go. `head` is what each of them begins with: all lines that are the same each time."""

    host: str
    port: int
    is_secure: bool
    allow_private: bool
    head: bytes


def place_of(url: str, *, allow_private: bool) -> Place:
    """Raises ValueError for a port that is none, httpx.InvalidURL."""
    parts = urlsplit(url)
    is_secure = parts.scheme == "https"
    host, port = parts.hostname or "", parts.port or (443 if is_secure else 80)
    path = httpx.URL(_with_an_address(parts, port)).raw_path.decode("ascii")
    start = f"POST {path} HTTP/1.1\r\n" + header_lines({"host": parts.netloc.rpartition("@")[2]})
    head = (start + _USUAL).encode("ascii")
    return Place(host, port, is_secure=is_secure, allow_private=allow_private, head=head)


def _with_an_address(parts: SplitResult, port: int) -> str:
    """The same with an address instead of the name: what is asked for there does not depend on which it is."""
    return parts._replace(netloc=f"127.0.0.1:{port}").geturl()


def header_lines(headers: Mapping[str, str]) -> str:
    """Raises httpx.LocalProtocolError for a value that would be more than one line."""
    if not all(_SAYABLE.fullmatch(value) for value in headers.values()):
        raise httpx.LocalProtocolError("a header's value holds what none may")
    return "".join([f"{name}: {value}\r\n" for name, value in headers.items()])


class Poster:
    """Keeps connections until `close`. Tasks of one loop use it."""

    def __init__(self, connect_timeout: timedelta = timedelta(seconds=5)) -> None:
        self._connect_seconds = connect_timeout.total_seconds()
        self._places = asyncio.Semaphore(MOST_CONNECTIONS)
        self._free: dict[tuple[str, str, int, bool], list[Exchanges]] = {}
        self._open: dict[Exchanges, tuple[str, str, int, bool]] = {}
        self._addresses: dict[tuple[str, int, bool], tuple[str, float]] = {}
        self._sweep: asyncio.TimerHandle | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self.close()
        await asyncio.sleep(0)  # in which what was aborted is closed

    def close(self) -> None:
        """Everything ends at once."""
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in tuple(self._open):
            connection.end()

    async def post(self, place: Place, headers: str, body: bytes) -> Answer:
        """`headers` as `header_lines` gives them. How long the whole may take is for the caller to say (asyncio.timeout).

        Raises AddressRefused, OSError where the name is unknown, httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadError,
        httpx.RemoteProtocolError.
        """
        request = b"%b%bContent-Length: %d\r\n\r\n%b" % (place.head, headers.encode("ascii"), len(body), body)
        async with self._places:
            address = await self._address(place)
            kept = self._take_free((address, place.host, place.port, place.is_secure))
            if kept is not None:
                try:
                    return await _exchange(kept, request)
                except (httpx.ReadError, httpx.RemoteProtocolError):
                    # The receiver closed it as we wrote, which is no answer: whoever has read it all the same knows its id.
                    if kept.has_heard:
                        raise
            return await _exchange(await self._connect(place, address), request)

    async def _address(self, place: Place) -> str:
        """It was looked at within ADDRESS_SECONDS; a connection only goes to such a one."""
        key, now = (place.host, place.port, place.allow_private), time.monotonic()
        address, until = self._addresses.get(key, ("", 0.0))
        if now >= until:
            address = await address_of(place.host, place.port, allow_private=place.allow_private)
            self._addresses[key] = address, now + ADDRESS_SECONDS
        return address

    def _take_free(self, key: tuple[str, str, int, bool]) -> Exchanges | None:
        """One that nobody uses, the one used last first."""
        kept, oldest = self._free.get(key), time.monotonic() - KEPT_SECONDS
        if not kept:
            return None
        connection = kept.pop()
        if connection.free_since > oldest:
            return connection
        connection.end()
        return None

    async def _connect(self, place: Place, address: str) -> Exchanges:
        if len(self._open) >= MOST_CONNECTIONS and (
            spare := next((one for one in self._open if one.is_answered), None)
        ):
            spare.end()  # its answer is there, and only the rest of the body does not end
        loop, made = asyncio.get_running_loop(), Exchanges(self._set_free, self._forget)
        own = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        try:
            own.setblocking(False)
            for option in keepalive_options():
                own.setsockopt(*option)
            async with asyncio.timeout(self._connect_seconds):
                await loop.sock_connect(own, (address, place.port))
                tls = self._tls if place.is_secure else None
                name = place.host if place.is_secure else None
                await loop.create_connection(lambda: made, sock=own, ssl=tls, server_hostname=name)
        except TimeoutError:
            own.close()
            raise httpx.ConnectTimeout("no connection in time") from None
        except (OSError, ssl.SSLError, ssl.CertificateError) as error:
            own.close()
            raise httpx.ConnectError(str(error)) from error
        except BaseException:
            own.close()
            raise
        self._open[made] = (address, place.host, place.port, place.is_secure)
        if self._sweep is None:
            self._sweep = loop.call_later(KEPT_SECONDS / 2, self._end_old)
        return made

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        context = httpx.create_ssl_context(trust_env=False)
        context.set_alpn_protocols(["http/1.1"])
        return context

    def _set_free(self, connection: Exchanges) -> None:
        if (key := self._open.get(connection)) is None:
            return
        self._free.setdefault(key, []).append(connection)

    def _forget(self, connection: Exchanges) -> None:
        key = self._open.pop(connection, None)
        if key is not None and connection in (kept := self._free.get(key, [])):
            kept.remove(connection)

    def _end_old(self) -> None:
        """What nobody used for long, the oldest of more than may be kept, and those whose answer does not end."""
        free = sorted((one for kept in self._free.values() for one in kept), key=lambda one: one.free_since)
        oldest = time.monotonic() - KEPT_SECONDS
        spare = max(len(free) - MOST_KEPT, 0)
        old = [one for one in self._open if one.is_answered and one.free_since <= oldest]
        for connection in {*free[:spare], *old}:
            connection.end()
        self._free = {key: kept for key, kept in self._free.items() if kept}
        self._addresses = {key: found for key, found in self._addresses.items() if found[1] > oldest}
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(KEPT_SECONDS / 2, self._end_old) if self._open else None


async def _exchange(connection: Exchanges, request: bytes) -> Answer:
    try:
        return await connection.exchange(request)
    except BaseException:
        connection.end()
        raise
