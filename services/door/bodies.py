"""Bodies on their way: how long one may take and how large it may be, before anybody looks at its key, and how many bytes of
all bodies may be held at a time."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.door.bounds import Bounds
from services.door.proxies import Network, client_in, network_of

WHOLE = "stafett.whole"
"""The key of an ASGI scope under which our server says how many bytes the body has, once it is there as a whole."""
SHARE = 4
"""One client may hold a quarter of all bytes in flight."""


class BodyRefused(HTTPException):
    """The body is too large, too slow, or too much with all others. `code` is the problem's."""

    def __init__(self, status: int, code: str, detail: str, retry_after: int | None = None) -> None:
        super().__init__(status, detail, {"Retry-After": str(retry_after)} if retry_after else None)
        self.code, self.retry_after = code, retry_after


class Bodies:
    """Bytes of all bodies in flight. The first `small` bytes of each are not counted: the ceiling of connections bounds those,
    so that whoever fills the sum keeps out large bodies and no form."""

    def __init__(self, bounds: Bounds, trusted: Sequence[Network] = ()) -> None:
        self.bounds, self.trusted = bounds, trusted
        self.held = 0
        self._of_client: Counter[str] = Counter()

    def hold(self, client: str, count: int) -> None:
        """Raises BodyRefused where they are too many."""
        over = self.held + count > self.bounds.bodies
        if over or (client and self._of_client[client] + count > self.bounds.bodies // SHARE):
            raise BodyRefused(503, "unavailable", "too many large bodies are being read", retry_after=5)
        self.held += count
        self._of_client[client] += count

    def release(self, client: str, count: int) -> None:
        """They are done with."""
        self.held -= count
        self._of_client[client] -= count
        if self._of_client[client] <= 0:
            del self._of_client[client]


class _Reading:
    """The body of one request."""

    def __init__(self, bodies: Bodies, scope: Scope, receive: Receive, limit: int | None) -> None:
        self._bodies, self._scope, self._receive, self._limit = bodies, scope, receive, limit
        self._until = asyncio.get_running_loop().time() + bodies.bounds.body_seconds
        self._size = self._held = 0
        self._client = ""
        self._is_whole = not any(name in (b"content-length", b"transfer-encoding") for name, _ in scope["headers"])

    async def receive(self) -> Message:
        """Raises BodyRefused. Once the body is whole, whoever waits for the end of the connection may wait for ever."""
        if self._is_whole:
            return await self._receive()
        try:
            async with asyncio.timeout_at(self._until):
                message = await self._receive()
        except TimeoutError:
            seconds = self._bodies.bounds.body_seconds
            raise BodyRefused(408, "too_slow", f"the body did not arrive within {seconds:g} s") from None
        if message["type"] == "http.request":
            self._is_whole = not message.get("more_body", False)
            self._count(len(message.get("body", b"")))
        return message

    def _count(self, count: int) -> None:
        self._size += count
        if self._limit is not None and self._size > self._limit:
            raise BodyRefused(413, "too_large", f"a body has at most {self._limit} bytes")
        beyond = self._size - self._bodies.bounds.small
        if beyond > self._held:
            self._client = self._client or network_of(client_in(self._scope, self._bodies.trusted))
            self._bodies.hold(self._client, beyond - self._held)
            self._held = beyond

    def release(self) -> None:
        if self._held:
            self._bodies.release(self._client, self._held)


def limit_bodies(app: ASGIApp, bodies: Bodies, limit: int | None = None) -> ASGIApp:
    """The same application, its requests' bodies bounded; `limit` in bytes where the application has none of its own."""

    async def within(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await app(scope, receive, send)
            return
        size = scope.get(WHOLE, bodies.bounds.small + 1)
        if size <= bodies.bounds.small and (limit is None or size <= limit):
            # It came with its head: there is nothing to wait for, and nothing of it is counted.
            await app(scope, receive, send)
            return
        reading = _Reading(bodies, scope, receive, limit)
        try:
            await app(scope, reading.receive, send)
        finally:
            reading.release()

    return within
