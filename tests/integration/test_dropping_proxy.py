"""The proxy between: what the vendor did and what its caller learned of it, by each fault."""

import asyncio
import contextlib
import ssl
import time

import httpx
import pytest

from tests.parts.dropping_proxy import DroppingProxy, scripted_plan, seeded_plan
from tests.parts.process import free_port

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 24\r\n\r\n" + b'{"id": 1, "result": [7]}'


@contextlib.asynccontextmanager
async def vendor(done, answer=ANSWER):
    """Notes each body before it answers, and answers once for each connection."""

    async def serve(reader, writer):
        head = await reader.readuntil(b"\r\n\r\n")
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        done.append(await reader.readexactly(length))
        writer.write(answer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def ask(proxy, body=b"create"):
    """The status, or the name of what was raised."""
    # To read the machine's certificates would take longer than the test.
    async with httpx.AsyncClient(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)) as client:
        try:
            return (await client.post(proxy.url, content=body)).status_code
        except httpx.TransportError as error:
            return type(error).__name__


@pytest.mark.parametrize(
    ("fault", "learned", "times"),
    [
        ("none", 200, 1),
        ("slow", 200, 1),
        ("lost_request", "ReadError", 0),
        ("lost_answer", "ReadError", 1),
        ("cut_answer", "RemoteProtocolError", 1),
        ("bad_gateway", 502, 0),
        ("bad_gateway_after", 502, 1),
    ],
)
async def test_each_fault_leaves_the_vendor_and_its_caller_with_what_it_says(fault, learned, times):
    done = []
    async with vendor(done) as port, DroppingProxy(port, scripted_plan([fault]), slow=0.01) as proxy:
        assert await ask(proxy) == learned
    assert len(done) == times
    assert [(one.fault, one.status) for one in proxy.exchanges] == [(fault, 200 if times else None)]


async def test_a_slow_answer_is_late():
    async with vendor([]) as port, DroppingProxy(port, scripted_plan(["slow"]), slow=0.3) as proxy:
        begun = time.monotonic()
        await ask(proxy)
    assert time.monotonic() - begun >= 0.3


async def test_a_vendor_that_is_away_is_a_bad_gateway():
    async with DroppingProxy(free_port(), scripted_plan([])) as proxy:
        assert await ask(proxy) == 502
    assert proxy.exchanges[0].status is None


async def test_a_vendor_that_dies_in_its_first_line_is_passed_on_as_it_is():
    async with vendor([], answer=b"HTTP/1.1 2") as port, DroppingProxy(port, scripted_plan([])) as proxy:
        assert await ask(proxy) == "RemoteProtocolError"
    assert proxy.exchanges[0].status is None


async def test_a_plan_is_the_same_again_by_its_seed_and_touches_nothing_but_what_it_is_for():
    runs = []
    for _ in range(2):
        plan = seeded_plan(7, lambda request: b"create" in request.body, lost_answer=0.3, bad_gateway=0.2)
        async with vendor([]) as port, DroppingProxy(port, plan) as proxy:
            for number in range(60):
                await ask(proxy, b"create" if number % 2 else b"search")
        runs.append([one.fault for one in proxy.exchanges])
    assert runs[0] == runs[1]
    assert {one.fault for one in proxy.exchanges if one.body == b"search"} == {"none"}
    assert 3 <= proxy.counts()["lost_answer"] <= 16 and proxy.counts()["bad_gateway"]


async def test_it_waits_for_nobody_when_it_ends():
    async with vendor([]) as port, DroppingProxy(port, scripted_plan(["slow"]), slow=60) as proxy:
        asking = asyncio.create_task(ask(proxy))
        while not proxy.exchanges:
            await asyncio.sleep(0.01)
    assert await asking == "RemoteProtocolError"
