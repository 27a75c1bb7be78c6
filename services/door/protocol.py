"""One connection: how long a head and a body may take, and how large a head may be. Bodies' sizes are the application's."""

from __future__ import annotations

import asyncio
import time
from enum import Enum

import httptools
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from schemas.json_values import JsonObject
from services.door.answers import response_bytes
from services.door.bodies import WHOLE
from services.door.bounds import Bounds
from services.door.connections import Connections, Part
from services.door.problems import Trouble


class Stage(Enum):
    """Where a connection is: nothing came, part of a head, a whole head, a whole request."""

    IDLE = 0
    HEAD = 1
    BODY = 2
    WHOLE = 3


class _Refused(Exception):
    """Raised out of the parser's call-backs; `trouble` is what is answered."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.code)
        self.trouble = trouble


class GuardedProtocol(HttpToolsProtocol):
    """The server's own protocol, bounded. A connection that goes beyond is answered, where nothing was yet, and closed."""

    def __init__(
        self,
        config: uvicorn.Config,
        server_state: ServerState,
        app_state: JsonObject,
        connections: Connections,
        bounds: Bounds,
    ) -> None:
        super().__init__(config, server_state, app_state)
        self._open, self._bounds = connections, bounds
        self._stage = Stage.IDLE
        self._came = self._fields = self._size = 0
        self._unanswered = 0
        self._is_made = self._dropped = False

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as the server has it
        super().connection_made(transport)
        self._is_made = True
        if self._dropped:
            transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.forget(self)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._dropped or self.transport.is_closing():
            return
        self._unset_keepalive_if_required()
        if self._stage is Stage.IDLE:
            self._begin_head()
        if self._stage is Stage.HEAD:
            if self._came > self._bounds.head:
                self._refuse(self._too_large())
                return
            self._came += len(data)
        self._parse(data)

    def _parse(self, data: bytes) -> None:
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # Nothing is upgraded here; what follows the head is not read.
            self.cycle.keep_alive = False
        except httptools.HttpParserError as error:
            cause = error.__context__
            self._refuse(cause.trouble if isinstance(cause, _Refused) else Trouble("malformed"))

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._stage is not Stage.HEAD:
            self._begin_head()
        self._fields = self._size = 0

    def _begin_head(self) -> None:
        self._stage, self._came = Stage.HEAD, 0
        self._open.await_head(self, time.monotonic())

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        if len(self.url) > self._bounds.line:
            raise _Refused(self._too_large())

    def on_header(self, name: bytes, value: bytes) -> None:
        size = len(name) + len(value)
        self._fields += 1
        self._size += size + 4
        bounds = self._bounds
        if size > bounds.line or self._size > bounds.head or self._fields > bounds.headers:
            raise _Refused(self._too_large())
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._stage = Stage.BODY
        self._open.await_body(self, time.monotonic())
        super().on_headers_complete()
        self._unanswered += 1

    def on_message_complete(self) -> None:
        self._stage = Stage.WHOLE
        self._open.is_whole(self)
        super().on_message_complete()
        # Whoever has not asked for the body yet finds it there, and needs no timer for it.
        self.scope[WHOLE] = len(self.cycle.body)  # type: ignore[literal-required]
        self._rest()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        self._unanswered -= 1
        self._rest()

    def _rest(self) -> None:
        """Idle again, once the request is there as a whole and answered."""
        if self._stage is Stage.WHOLE and not self._unanswered:
            self._stage = Stage.IDLE
            self._open.await_head(self, time.monotonic())

    def drop(self) -> None:
        self._dropped = True
        if self._is_made:
            self.transport.abort()

    def expire(self, part: Part) -> None:
        if part == "head" and self._stage is Stage.HEAD:
            self._refuse(Trouble("too_slow", "the head of the request did not arrive in time"))
        else:
            # A late body was answered by the application, if anybody asked for it.
            self.drop()

    def _too_large(self) -> Trouble:
        bounds = self._bounds
        return Trouble(
            "head_too_large",
            f"a head has at most {bounds.head} bytes in {bounds.headers} headers of {bounds.line} bytes each",
        )

    def _refuse(self, trouble: Trouble) -> None:
        """Answers where no answer is under way, and closes."""
        if self._unanswered or not self._is_made:
            self.drop()
            return
        self._open.is_whole(self)
        self._dropped = True
        self.transport.write(response_bytes(trouble))
        self.transport.close()
