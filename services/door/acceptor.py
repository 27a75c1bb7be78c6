"""New connections, accepted by ourselves: the event loops either hide that descriptors are out, or reset who comes then."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import time
from collections.abc import Callable

from services.door.answers import response_bytes
from services.door.connections import Connections
from services.door.problems import Trouble
from services.door.protocol import GuardedProtocol

log = logging.getLogger("stafett.http")
AT_ONCE = 32
"""Connections accepted in one turn of the loop."""
PAUSE = 0.1
"""Seconds until the next try, once descriptors are out."""
SWEEP = 0.25
"""Seconds between two looks at who is late."""
TELL_EVERY = 60.0
"""Seconds between two lines of the log, and for which /readyz says so."""
_OUT = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}


class Acceptor:
    """Accepts at a listening socket until `close`. `create` makes the protocol of a connection."""

    def __init__(self, place: socket.socket, create: Callable[[], GuardedProtocol], connections: Connections) -> None:
        self._place, self._create, self._open = place, create, connections
        self._loop = asyncio.get_running_loop()
        self._starting: set[asyncio.Task[object]] = set()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._out_at: float | None = None
        self._told_at = -TELL_EVERY
        self.refused = 0

    def begin(self) -> None:
        """From now on."""
        self._place.setblocking(False)
        self._loop.add_reader(self._place, self._accept)
        self._sweep()

    def close(self) -> None:
        """No new connections; open ones stay."""
        self._loop.remove_reader(self._place)
        for timer in self._timers.values():
            timer.cancel()

    def state(self) -> str:
        """`ok`, or that descriptors were out a moment ago."""
        is_out = self._out_at is not None and time.monotonic() - self._out_at < TELL_EVERY
        return "OutOfDescriptors" if is_out else "ok"

    def _sweep(self) -> None:
        self._open.expire(time.monotonic())
        self._timers["sweep"] = self._loop.call_later(SWEEP, self._sweep)

    def _accept(self) -> None:
        for _ in range(AT_ONCE):
            try:
                connection, address = self._place.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _OUT:
                    log.error("cannot accept a connection", extra={"error": errno.errorcode.get(error.errno or 0)})
                    return
                self._pause(error)
                return
            self._take(connection, str(address[0]))

    def _take(self, connection: socket.socket, address: str) -> None:
        connection.setblocking(False)
        protocol = self._create()
        if not self._open.admit(protocol, address, time.monotonic()):
            self.refused += 1
            with contextlib.suppress(OSError):
                connection.send(response_bytes(Trouble("unavailable", "too many connections are open", retry_after=5)))
            connection.close()
            return
        task = self._loop.create_task(self._start(connection, protocol))
        self._starting.add(task)
        task.add_done_callback(self._starting.discard)

    async def _start(self, connection: socket.socket, protocol: GuardedProtocol) -> None:
        try:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(lambda: protocol, connection)
        except OSError:
            self._open.forget(protocol)
            connection.close()

    def _pause(self, error: OSError) -> None:
        """Descriptors are out: silent connections make room, and the next try is a moment later."""
        now = time.monotonic()
        self._out_at = now
        dropped = self._open.shed(AT_ONCE)
        if now - self._told_at >= TELL_EVERY:
            self._told_at = now
            code = errno.errorcode.get(error.errno or 0)
            log.error(
                "out of descriptors: connections wait; raise the limit (ulimit -n, LimitNOFILE)",
                extra={"error": code, "count": dropped},
            )
        self._loop.remove_reader(self._place)
        self._timers["pause"] = self._loop.call_later(PAUSE, self._loop.add_reader, self._place, self._accept)
