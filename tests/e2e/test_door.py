"""The front door on real sockets (H1): heads, bodies and connections of strangers are bounded, and whoever speaks is heard."""

import asyncio
import contextlib
import logging
import resource
import socket
import time
from contextlib import ExitStack, asynccontextmanager

import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from services.bootstrap.api import bare_app
from services.bootstrap.descriptors import bounds_of
from services.bootstrap.listening import Door, listening
from services.door.bodies import WHOLE, Bodies, limit_bodies
from services.door.bounds import Bounds
from services.door.connections import Connections
from services.door.headers import add_headers
from services.door.proxies import network_of
from services.observability.pulses import Pulses
from services.settings import SettingsError
from services.settings.reading import load


async def echo(request: Request):
    return PlainTextResponse(str(len(await request.body())))


async def slow(request: Request):
    await request.body()
    await asyncio.sleep(0.8)
    return PlainTextResponse("slow")


async def whole(request: Request):
    return PlainTextResponse(str(request.scope.get(WHOLE)))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@asynccontextmanager
async def door(trusted=(), limit=None, **bounds):
    app = bare_app()
    app.add_route("/", echo, methods=["GET", "POST"])
    app.add_route("/slow", slow, methods=["GET", "POST"])
    app.add_route("/whole", whole, methods=["POST"])
    held = Bounds(**bounds)
    made = Door(held, Connections(held, trusted), Bodies(held, trusted))
    settings, stop, pulses, port = load({"STAFETT_HTTP_HOST": "127.0.0.1"}), asyncio.Event(), Pulses(), free_port()
    outer = add_headers(limit_bodies(app, made.bodies, limit))
    with ExitStack() as ports:
        task = asyncio.create_task(listening(settings, port, outer, ports, made, pulses)(stop))
        made_of = {"port": port, "door": made, "pulses": pulses}
        for _ in range(100):
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection("127.0.0.1", port)
                await close(writer)
                break
            await asyncio.sleep(0.05)
        try:
            yield made_of
        finally:
            stop.set()
            await asyncio.wait_for(task, 30)


async def close(writer):
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()


async def ask(made, request, within=5.0):
    """The status and the whole answer; (0, b"") where the connection is closed without one."""
    reader, writer = await asyncio.open_connection("127.0.0.1", made["port"])
    try:
        with contextlib.suppress(ConnectionError):
            writer.write(request)
            await writer.drain()
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = await asyncio.wait_for(reader.read(1_000_000), within)
        return (int(answer.split()[1]), answer) if answer else (0, answer)
    finally:
        await close(writer)


GET = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


async def test_l1_a_usual_request_is_answered_with_what_browsers_must_know():
    async with door() as made:
        status, answer = await ask(
            made, b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc"
        )
        assert status == 200 and answer.endswith(b"\r\n\r\n3")
        for header in (b"cache-control: no-store", b"x-content-type-options: nosniff", b"frame-ancestors 'none'"):
            assert header in answer


async def test_an_application_is_told_of_a_body_that_came_with_its_head_and_of_no_other():
    head = b"POST /whole HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\n"
    async with door() as made:
        assert (await ask(made, head + b"abc"))[1].endswith(b"\r\n\r\n3")
        assert (await ask(made, head + b"ab"))[1].endswith(b"\r\n\r\nNone")


@pytest.mark.parametrize(
    "head",
    [
        b"X: " + b"a" * 17_000 + b"\r\n",
        b"X: " + b"a" * 8_000_000 + b"\r\n",
        b"".join(b"X-%d: a\r\n" % n for n in range(101)),
        b"".join(b"X-%d: a\r\n" % n for n in range(500_000)),
        b"".join(b"X-%d: %s\r\n" % (n, b"a" * 15_000) for n in range(5)),
        b"X: " + b"a" * 200_000,
    ],
    ids=["long line", "8 MB line", "101 headers", "500,000 headers", "five long ones", "a line without an end"],
)
async def test_h1_a_head_that_is_too_large_is_answered_431_and_closed(head):
    async with door() as made:
        status, answer = await ask(made, b"GET / HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n")
        # Where the sender goes on sending, the answer may be lost with the reset.
        assert status in (431, 0) and (status == 0 or b"urn:stafett:problem:head_too_large" in answer)
        assert (await ask(made, GET))[0] == 200
        assert len(made["door"].connections) <= 1


async def test_h1_a_request_line_that_is_too_long_is_answered_431():
    async with door() as made:
        assert (await ask(made, b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"))[0] in (431, 0)


@pytest.mark.parametrize("head", [b"nonsense\r\n\r\n", b"GET  / HTTP/9\r\n\r\n", b"\x16\x03\x01\x02\x00\x01"])
async def test_h1_what_is_no_http_is_answered_400_without_a_line_in_the_log(head, caplog):
    async with door() as made:
        status, answer = await ask(made, head)
        assert status == 400 and b"problem:malformed" in answer
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


@pytest.mark.parametrize("host", [b"[", b"]", b"a b", b"a\tb", b"x/y", b"[::1", b"@"])
async def test_l2_a_host_that_is_none_is_answered_400(host):
    async with door() as made:
        status, answer = await ask(made, b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n")
        assert status == 400, answer


@pytest.mark.parametrize("host", [b"x", b"x:80", b"[::1]:80", b"", b"a_b.example", b"127.0.0.1:8080"])
async def test_l2_a_host_that_is_one_is_taken(host):
    async with door() as made:
        assert (await ask(made, b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"))[0] == 200


async def test_h1_a_connection_that_says_nothing_is_closed_in_time():
    async with door(head_seconds=0.5) as made:
        begun = time.monotonic()
        assert (await ask(made, b""))[0] == 0
        assert time.monotonic() - begun < 3


@pytest.mark.parametrize("beginning", [b"GET / HT", b"GET / HTTP/1.1\r\nHost: x\r\nX-", b"POST / HTTP/1.1\r\n"])
async def test_h1_half_a_head_is_answered_408_in_time(beginning):
    async with door(head_seconds=0.5) as made:
        status, answer = await ask(made, beginning)
        assert status == 408 and b"too_slow" in answer


async def test_h1_a_head_that_drips_has_no_more_time_than_another():
    async with door(head_seconds=1.0) as made:
        reader, writer = await asyncio.open_connection("127.0.0.1", made["port"])
        begun = time.monotonic()
        with contextlib.suppress(ConnectionError):
            writer.write(b"GET / HTTP/1.1\r\n")
            while time.monotonic() - begun < 8 and not reader.at_eof() and not writer.is_closing():
                writer.write(b"X: a\r\n")
                await writer.drain()
                await asyncio.sleep(0.1)
        assert time.monotonic() - begun < 6
        await close(writer)


async def test_h1_line_ends_alone_keep_no_connection_open():
    async with door(head_seconds=0.7) as made:
        reader, writer = await asyncio.open_connection("127.0.0.1", made["port"])
        writer.write(GET.replace(b"Connection: close\r\n", b""))
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200")
        begun = time.monotonic()
        with contextlib.suppress(ConnectionError):
            while time.monotonic() - begun < 8 and not reader.at_eof():
                writer.write(b"\r\n")
                await writer.drain()
                await asyncio.sleep(0.1)
        assert time.monotonic() - begun < 6
        await close(writer)


@pytest.mark.parametrize("path", [b"/", b"/nowhere"])
async def test_h1_a_body_that_does_not_come_is_answered_408_or_closed_before_its_key_is_looked_at(path):
    async with door(body_seconds=0.5) as made:
        begun = time.monotonic()
        status, answer = await ask(made, b"POST " + path + b" HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nabc")
        assert time.monotonic() - begun < 4
        assert status == (408 if path == b"/" else 404), answer
        for _ in range(60):
            if not len(made["door"].connections):
                break
            await asyncio.sleep(0.1)
        assert len(made["door"].connections) == 0


async def test_h1_a_body_without_a_length_is_bounded_too():
    async with door(limit=1000) as made:
        chunks = b"".join(b"64\r\n" + b"a" * 100 + b"\r\n" for _ in range(11)) + b"0\r\n\r\n"
        head = b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        assert (await ask(made, head + chunks))[0] == 413


async def silent(made, count):
    return [await asyncio.open_connection("127.0.0.1", made["port"]) for _ in range(count)]


async def test_h1_silent_connections_make_room_for_whoever_speaks():
    async with door(connections=20, per_address=20, head_seconds=30) as made:
        held = await silent(made, 60)
        begun = time.monotonic()
        assert [(await ask(made, GET))[0] for _ in range(5)] == [200] * 5
        assert time.monotonic() - begun < 2
        assert len(made["door"].connections) <= 20 and made["door"].connections.dropped >= 40
        for _, writer in held:
            await close(writer)


async def test_h1_one_address_has_its_share_and_a_trusted_proxy_has_no_such_bound():
    async with door(connections=50, per_address=5, head_seconds=30) as made:
        held = await silent(made, 20)
        assert (await ask(made, GET))[0] == 200
        assert len(made["door"].connections) <= 5
        for _, writer in held:
            await close(writer)
    from ipaddress import ip_network

    async with door(trusted=(ip_network("127.0.0.0/8"),), connections=50, per_address=5, head_seconds=30) as made:
        held = await silent(made, 20)
        await asyncio.sleep(0.2)
        assert len(made["door"].connections) == 20
        for _, writer in held:
            await close(writer)


async def test_h1_who_is_being_answered_is_never_dropped_and_who_comes_beyond_is_told_so():
    async with door(connections=5, per_address=5) as made:
        request = b"GET /slow HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        under_way = [asyncio.create_task(ask(made, request)) for _ in range(5)]
        await asyncio.sleep(0.3)
        status, answer = await ask(made, GET)
        assert status in (503, 0) and (not status or b"retry-after: 5" in answer)
        assert [status for status, _ in await asyncio.gather(*under_way)] == [200] * 5
        assert (await ask(made, GET))[0] == 200


async def test_h1_requests_in_a_row_on_one_connection_are_answered_in_their_order():
    async with door(connections=5) as made:
        reader, writer = await asyncio.open_connection("127.0.0.1", made["port"])
        one = b"POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n%s"
        last = b"Connection: close\r\n"
        writer.write(one % (b"/slow", 1, b"", b"a") + one % (b"/", 2, b"", b"ab") + one % (b"/", 3, last, b"abc"))
        answer = await asyncio.wait_for(reader.read(), 10)
        bodies = [part.rpartition(b"\r\n\r\n")[2].partition(b"HTTP")[0] for part in answer.split(b"HTTP/1.1 200")[1:]]
        assert bodies == [b"slow", b"2", b"3"]
        await close(writer)


async def test_h1_bodies_in_flight_have_a_sum_that_keeps_out_large_ones_and_no_form():
    mebibyte = 1024 * 1024
    async with door(bodies=8 * mebibyte, body_seconds=5) as made:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % (3 * mebibyte)
        held = await silent(made, 6)
        for _, writer in held:
            writer.write(head + b"a" * mebibyte)
        await asyncio.sleep(1.0)
        assert made["door"].bodies.held <= 2 * mebibyte, "a quarter of the sum for one client"
        form = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\nConnection: close\r\n\r\n" + b"a" * 1000
        assert [(await ask(made, form))[0] for _ in range(5)] == [200] * 5
        for _, writer in held:
            await close(writer)
        await asyncio.sleep(0.3)
        assert made["door"].bodies.held == 0


async def test_h1_out_of_descriptors_is_said_and_passes(caplog):
    """The limit is put just above what the process has open; the log says so once, /readyz too, and it recovers."""
    async with door(connections=500, per_address=500, head_seconds=30) as made:
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        clients = [socket.socket() for _ in range(40)]
        highest = max(client.fileno() for client in clients)
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 10, hard))
        try:
            for client in clients:
                client.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    client.connect(("127.0.0.1", made["port"]))
            await asyncio.sleep(1.0)
            assert made["pulses"].states() == {"accept": "OutOfDescriptors"}
            lines = [record for record in caplog.records if "out of descriptors" in record.getMessage()]
            assert len(lines) == 1 and lines[0].error in ("EMFILE", "ENFILE")
        finally:
            for client in clients:
                client.close()
            resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        await asyncio.sleep(0.3)
        assert (await ask(made, GET))[0] == 200


def test_h1_few_descriptors_are_found_at_the_start(monkeypatch, caplog):
    settings = load({})
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, 4096))
    assert bounds_of(settings).connections == 1024 - 128
    assert "descriptors are few" in caplog.text
    monkeypatch.setattr(resource, "getrlimit", lambda _: (100, 4096))
    with pytest.raises(SettingsError, match="may have 100 descriptors"):
        bounds_of(settings)
    monkeypatch.setattr(resource, "getrlimit", lambda _: (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    assert bounds_of(settings).connections == 1000


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("nonsense", ""),
        ("", ""),
    ],
)
def test_h6_an_address_is_counted_for_its_subscriber(address, network):
    assert network_of(address) == network


def test_the_bounds_are_what_the_settings_say():
    http = load({}).http
    held = bounds_of(load({}))
    assert held == Bounds(connections=held.connections)
    assert (http.max_head, http.max_line, http.max_headers) == (held.head, held.line, held.headers)
