"""One kept connection to a receiver: a request goes out, the head of its answer is read, and the rest of it is passed over.

The parser is llhttp, Node's own, by httptools; what it refuses ends the connection, and so does whatever nobody asked for.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import NamedTuple, cast

import httptools
import httpx

from schemas.certain import certain

LONGEST_HEAD = 64 * 1024
"""Bytes of an answer before its headers are over."""
LONGEST_REST = 64 * 1024
"""Bytes of a body that are passed over so that the connection can be used again; one with more is closed."""


class Answer(NamedTuple):
    """What is read of an answer: its status, and the value of `Retry-After`."""

    status: int
    retry_after: str | None


class Exchanges(asyncio.Protocol):
    """One at a time. `on_free` is called once the answer is read to its end and the next request may go, `on_over` once the
    connection is of no use any more."""

    def __init__(self, on_free: Callable[[Exchanges], None], on_over: Callable[[Exchanges], None]) -> None:
        self._on_free, self._on_over = on_free, on_over
        self._parser = httptools.HttpResponseParser(self)
        # Of an answer nothing but its status is used, so line ends without CR, which many servers by hand send, harm nobody.
        self._parser.set_dangerous_leniencies(lenient_optional_cr_before_lf=True)
        self._transport: asyncio.Transport | None = None
        self._waiting: asyncio.Future[Answer] | None = None
        self._is_asked = self._is_interim = False
        self._retry_after: str | None = None
        self._head_size = self._rest_size = 0
        self.has_heard = False
        """Whether anything came since the last request went."""
        self.free_since = 0.0
        """The instant of the last answer, by the monotonic clock."""

    @property
    def is_answered(self) -> bool:
        """Whether nobody waits for an answer of it."""
        return self._waiting is not None and self._waiting.done()

    async def exchange(self, request: bytes) -> Answer:
        """Returns when the headers of the answer are there. Whoever is cancelled here, or meets an error, calls `end`.

        Raises httpx.ReadError, httpx.RemoteProtocolError.
        """
        transport = certain(self._transport, "it is connected before anything is sent")
        self._waiting = asyncio.get_running_loop().create_future()
        self._is_asked, self._retry_after = True, None
        self._head_size = self._rest_size = 0
        self.has_heard = False
        if transport.is_closing():
            raise httpx.ReadError("the connection is closed")
        transport.write(request)
        return await self._waiting

    def end(self) -> None:
        """At once, whatever is under way."""
        if self._transport is not None:
            self._transport.abort()
        self._fail(httpx.ReadError("the connection was ended"))

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is none by its class

    def connection_lost(self, error: Exception | None) -> None:
        if error is None:
            self._fail(httpx.RemoteProtocolError("the receiver closed the connection without an answer"))
        else:
            self._fail(httpx.ReadError(type(error).__name__))

    def data_received(self, data: bytes) -> None:
        self.has_heard = True
        is_head = self._waiting is not None and not self._waiting.done()
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            self._give_up(type(error).__name__)
            return
        if is_head:
            self._head_size += len(data)
            if self._head_size > LONGEST_HEAD and self._waiting is not None and not self._waiting.done():
                self._give_up("the headers are too long")

    # What the parser calls.

    def on_message_begin(self) -> None:
        if not self._is_asked:
            raise httpx.RemoteProtocolError("nothing was asked")

    def on_header(self, name: bytes, value: bytes) -> None:
        if len(name) == 11 and name.lower() == b"retry-after":
            said = value.decode("latin-1")
            self._retry_after = said if self._retry_after is None else f"{self._retry_after}, {said}"

    def on_headers_complete(self) -> None:
        status = self._parser.get_status_code()
        self._is_interim = 100 <= status < 200 and status != 101
        if self._is_interim:
            self._retry_after = None
        elif self._waiting is not None and not self._waiting.done():
            self._waiting.set_result(Answer(status, self._retry_after))
            self.free_since = time.monotonic()

    def on_body(self, body: bytes) -> None:
        self._rest_size += len(body)
        if self._rest_size > LONGEST_REST:
            self._close()

    def on_message_complete(self) -> None:
        if self._is_interim:
            return
        self._is_asked = False
        if self._parser.should_keep_alive() and self._rest_size <= LONGEST_REST:
            self._on_free(self)
        else:
            self._close()

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.close()
        self._on_over(self)

    def _give_up(self, why: str) -> None:
        if self._transport is not None:
            self._transport.abort()
        self._fail(httpx.RemoteProtocolError(why))

    def _fail(self, error: httpx.TransportError) -> None:
        self._on_over(self)
        if self._waiting is not None and not self._waiting.done():
            self._waiting.set_exception(error)
