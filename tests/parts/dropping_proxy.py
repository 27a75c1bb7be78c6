"""What lies between us and a vendor on a bad day: answers are lost after the vendor has committed, requests before it saw them.

A plan says what happens to each exchange, so that a run can be repeated. One request for each connection, as it is answered
with `Connection: close`; a vendor that is not there is a 502, as reverse proxies say it.
"""

import asyncio
import contextlib
import random
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterable
from typing import Literal, NamedTuple, Self, get_args

Fault = Literal["none", "lost_request", "lost_answer", "cut_answer", "slow", "bad_gateway", "bad_gateway_after"]
"""`lost_request`: hung up before the vendor saw it. `lost_answer`: the vendor did it, and we are hung up on. `cut_answer`: half
of the answer's bytes. `slow`: the answer comes late. `bad_gateway`: a 502 and the vendor saw nothing; `bad_gateway_after`: a
502 although the vendor did it."""


class Exchange(NamedTuple):
    """A request as it went by, and what became of it. `status` is what the vendor said; None where it was not asked."""

    head: bytes
    body: bytes
    fault: Fault
    status: int | None


class Request(NamedTuple):
    head: bytes
    body: bytes


Plan = Callable[[Request], Fault]
LARGEST = 16 * 1024 * 1024


def seeded_plan(seed: int, only: Callable[[Request], bool] = lambda _: True, **shares: float) -> Plan:
    """Each fault to its share of the requests that `only` is true of, in an order that the seed gives; the rest goes through."""
    assert set(shares) <= set(get_args(Fault)) and sum(shares.values()) <= 1, shares
    lots = random.Random(seed)
    names: list[Fault] = [*shares, "none"]
    weights = [*shares.values(), 1 - sum(shares.values())]
    return lambda request: lots.choices(names, weights)[0] if only(request) else "none"


def scripted_plan(faults: Iterable[Fault], only: Callable[[Request], bool] = lambda _: True) -> Plan:
    """These faults in this order for the requests that `only` is true of; nothing after them."""
    remaining = iter(faults)
    return lambda request: next(remaining, "none") if only(request) else "none"


class DroppingProxy:
    """`async with DroppingProxy(port, plan) as proxy:` and callers go to `proxy.url`. What went by is in `exchanges`."""

    def __init__(self, port: int, plan: Plan, *, slow: float = 0.5) -> None:
        self.plan, self._port, self._slow = plan, port, slow
        self.exchanges: list[Exchange] = []
        self._tasks: set[asyncio.Task] = set()
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=LARGEST)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        assert self._server is not None, "it has not been entered"
        return f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    def counts(self) -> Counter[Fault]:
        return Counter(exchange.fault for exchange in self.exchanges)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await self._exchange(await _read_request(reader), writer)
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _exchange(self, request: Request, writer: asyncio.StreamWriter) -> None:
        fault = self.plan(request)
        answer = b"" if fault in ("lost_request", "bad_gateway") else await self._ask_vendor(request)
        self.exchanges.append(Exchange(*request, fault, _status(answer)))
        match fault:
            case "lost_request" | "lost_answer":
                _reset(writer)
                return
            case "cut_answer":
                answer = answer[: len(answer) // 2]
            case "slow":
                await asyncio.sleep(self._slow)
            case "bad_gateway" | "bad_gateway_after":
                answer = b""
            case "none":
                pass
        writer.write(answer or BAD_GATEWAY)
        await writer.drain()

    async def _ask_vendor(self, request: Request) -> bytes:
        """The whole answer: with it the vendor's work is done. Nothing where it is away or died on the way."""
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        except OSError:
            return b""
        try:
            writer.write(request.head + request.body)
            await writer.drain()
            return await reader.read(-1)
        except OSError:
            return b""
        finally:
            writer.close()


BAD_GATEWAY = (
    b"HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 24\r\nConnection: close\r\n\r\n"
    b"<h1>502 Bad Gateway</h1>"
)


async def _read_request(reader: asyncio.StreamReader) -> Request:
    """Its head says that the connection ends with it. A body has a length; one in pieces is not understood."""
    lines = (await reader.readuntil(b"\r\n\r\n")).removesuffix(b"\r\n\r\n").split(b"\r\n")
    names = {line.partition(b":")[0].lower(): line.partition(b":")[2].strip() for line in lines[1:]}
    if b"transfer-encoding" in names:
        raise OSError("a body in pieces")
    body = await reader.readexactly(int(names.get(b"content-length", b"0")))
    own = [line for line in lines if not line.lower().startswith(b"connection:")]
    return Request(b"\r\n".join([*own, b"Connection: close", b"", b""]), body)


def _status(answer: bytes) -> int | None:
    """None where the vendor died before its first line was whole."""
    line, _, rest = answer.partition(b"\r\n")
    return int(line.split(b" ")[1]) if rest else None


def _reset(writer: asyncio.StreamWriter) -> None:
    """As when a cable is pulled: no goodbye."""
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
