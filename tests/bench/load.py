"""A load generator that costs little: prepared requests over kept connections, one under way on each."""

import asyncio
import time
from collections import deque
from typing import NamedTuple

TAKEN = (b"202", b"200")
"""200 is what some senders have to be told."""


class Load(NamedTuple):
    """`seconds` for all of them; latencies in seconds, sorted."""

    sent: int
    seconds: float
    latencies: list[float]

    @property
    def rate(self):
        return self.sent / self.seconds

    def at(self, share):
        """The latency that this share of the requests did not exceed."""
        return self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def request(hook, host):
    """The bytes of one POST to the hook's source."""
    lines = [f"POST /v1/hooks/{hook.source} HTTP/1.1", f"host: {host}", f"content-length: {len(hook.body)}"]
    lines += [f"{name}: {value}" for name, value in hook.headers.items()]
    return "\r\n".join([*lines, "", ""]).encode() + hook.body


class _Connection(asyncio.Protocol):
    def __init__(self, waiting, done):
        self._waiting, self._done, self._got = waiting, done, b""
        self.latencies, self.closed = [], asyncio.get_running_loop().create_future()

    def connection_made(self, transport):
        self._transport = transport
        self._next()

    def data_received(self, data):
        self._got += data
        head, found, rest = self._got.partition(b"\r\n\r\n")
        if not found or len(rest) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            return
        assert head[9:12] in TAKEN, self._got[:400]
        self.latencies.append(time.perf_counter() - self._since)
        self._got = b""
        self._next()

    def connection_lost(self, error):
        if not self.closed.done():
            self.closed.set_exception(error or ConnectionResetError("the server closed the connection"))

    def _next(self):
        if not self._waiting:
            if not self.closed.done():
                self.closed.set_result(None)
            self._transport.close()
            return
        self._since = time.perf_counter()
        self._transport.write(self._waiting.popleft())


async def send(hooks, port, connections=64):
    """All of them, as fast as they are answered that they were taken; anything else is an error."""
    waiting = deque(request(hook, f"127.0.0.1:{port}") for hook in hooks)
    loop, begun = asyncio.get_running_loop(), time.perf_counter()
    made = [
        await loop.create_connection(lambda: _Connection(waiting, None), "127.0.0.1", port) for _ in range(connections)
    ]
    await asyncio.gather(*(connection.closed for _, connection in made))
    seconds = time.perf_counter() - begun
    latencies = sorted(latency for _, connection in made for latency in connection.latencies)
    assert len(latencies) == len(hooks)
    return Load(len(hooks), seconds, latencies)
