"""What is sent byte for byte as httpx sends it, over connections that are kept, and never where it may not go."""

import asyncio
import contextlib
import socket
import ssl
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from schemas.subscriptions import Subscription
from services.delivery.sending import Outlet
from services.outbound import client as guards
from services.outbound import exchanges, posting
from services.outbound.client import AddressRefused, build_pinned_request
from services.outbound.exchanges import Answer
from services.outbound.posting import Poster, header_lines, place_of
from services.outbound.signing import key_of, signed_headers
from tests.parts.certificates import write_certificates

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
TAKEN = b"HTTP/1.1 204 No Content\r\n\r\n"


class Wire:
    """A receiver that keeps every byte it got, by connection, and answers as it is told, the last answer again and again. An answer of None closes."""

    def __init__(self, *answers, tls=None):
        self._answers, self._tls = list(answers) or [TAKEN], tls
        self.got, self._open = [], []

    async def __aenter__(self):
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self._server.close()
        for task, writer in self._open:
            writer.transport.abort()
            await task

    async def _serve(self, reader, writer):
        self._open.append((asyncio.current_task(), writer))
        mine = []
        self.got.append(mine)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                size = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
                mine.append(head + await reader.readexactly(size))
                answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
                if answer is None:
                    break
                writer.write(answer)
                await writer.drain()
        writer.transport.abort()

    @property
    def requests(self):
        return [len(mine) for mine in self.got]


async def post(poster, url, *, allow_private=True, seconds=5):
    async with asyncio.timeout(seconds):
        return await poster.post(place_of(url, allow_private=allow_private), "", b"{}")


def here(wire, path="/"):
    return f"http://127.0.0.1:{wire.port}{path}"


@pytest.mark.parametrize(
    "path", ["", "/hook", "/hook?a=b%20c&d=é ü#part", "/a b/ü%zz", "/%7Euser/../x?token=a+b;c", "?only=query"]
)
@pytest.mark.parametrize("authority", ["127.0.0.1", "LOCALHOST", "anna:secret@localhost"])
async def test_every_byte_is_as_httpx_sends_it(authority, path):
    async with Wire() as wire:
        terms = Subscription(
            name="crm",
            url=f"http://{authority}:{wire.port}{path}",
            events=("*",),
            secrets=("STAFETT_SECRET_X",),
            allow_private=True,
        )
        body = '{"name": "Ünal \U0001f600"}'
        async with Poster() as poster:
            answer = await Outlet(terms, (SECRET, SECRET)).send(poster, "evt_1", body, NOW)
        async with httpx.AsyncClient(trust_env=False) as client:
            signed = signed_headers([key_of(SECRET)] * 2, "evt_1", NOW, body.encode())
            headers = {"content-type": "application/cloudevents+json", **signed}
            request = await build_pinned_request(
                client, "POST", url=terms.url, headers=headers, content=body.encode(), allow_private=True
            )
            assert (await client.send(request)).status_code == answer.status == 204
        ((ours,), (theirs,)) = wire.got
        assert ours == theirs and ours.count(b"v1,") == 2


async def test_a_connection_is_kept_whatever_the_length_of_the_answer_says():
    bodied = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
    early = b"HTTP/1.1 103 Early Hints\r\nRetry-After: 9\r\n\r\n" + TAKEN
    plain = b"HTTP/1.1 200\nContent-Length: 0\n\n"
    async with Wire(TAKEN, bodied, chunked, early, plain, TAKEN) as wire, Poster() as poster:
        assert [(await post(poster, here(wire))).status for _ in range(6)] == [204, 200, 200, 204, 200, 204]
        assert wire.requests == [6]


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", b"HTTP/1.0 200 OK\r\n\r\nbody"]
)
async def test_one_that_is_not_to_be_kept_is_not_used_again(answer):
    async with Wire(answer) as wire, Poster() as poster:
        assert [(await post(poster, here(wire))).status for _ in range(2)] == [200, 200]
        assert wire.requests == [1, 1] and not any(poster._free.values())


async def test_a_redirect_is_an_answer_like_any_other_and_the_pause_that_is_asked_for_is_read():
    away = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nRETRY-AFTER: 7\r\nContent-Length: 0\r\n\r\n"
    async with Wire(away) as wire, Poster() as poster:
        assert await post(poster, here(wire)) == Answer(302, "7")


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (None, "RemoteProtocolError"),
        (b"220 mail.example.com ESMTP\r\n", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", "RemoteProtocolError"),
        (b"HTTP/1.1 200 OK\r\n" + b"x: " + b"y" * 70_000, "RemoteProtocolError"),
    ],
)
async def test_what_is_no_answer_is_an_error_that_says_what_and_nothing_is_left_open(answer, error):
    async with Wire(answer) as wire, Poster() as poster:
        with pytest.raises(httpx.HTTPError) as raised:
            await post(poster, here(wire))
        assert type(raised.value).__name__ == error and not poster._open


@pytest.mark.parametrize("more", [TAKEN, b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", b"\r\ngarbage"])
async def test_an_answer_that_nobody_asked_for_is_no_answer_to_the_next_request(more):
    async with Wire(TAKEN + more, TAKEN) as wire, Poster() as poster:
        assert (await post(poster, here(wire))).status == 204
        assert not any(poster._free.values()) and not poster._open
        assert (await post(poster, here(wire))).status == 204
        assert wire.requests == [1, 1]


async def test_a_body_without_end_costs_a_bounded_number_of_bytes_and_seconds(monkeypatch):
    monkeypatch.setattr(posting, "KEPT_SECONDS", 0.1)
    long = b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\n"
    async with Wire(long, long + b"x" * (exchanges.LONGEST_REST + 1), TAKEN) as wire, Poster() as poster:
        assert (await post(poster, here(wire))).status == 200
        assert len(poster._open) == 1 and not any(poster._free.values())
        assert (await post(poster, here(wire))).status == 200
        async with asyncio.timeout(5):
            while poster._open:
                await asyncio.sleep(0.02)


async def test_a_connection_that_nobody_uses_is_closed_and_what_the_receiver_closed_is_not_used(monkeypatch):
    async with Wire() as wire, Poster() as poster:
        await post(poster, here(wire))
        (connection,) = poster._open
        connection.free_since -= posting.KEPT_SECONDS
        await post(poster, here(wire))
        assert wire.requests == [1, 1] and connection not in poster._open
        monkeypatch.setattr(posting, "MOST_KEPT", 0)
        poster._end_old()
        assert not poster._open


async def test_an_attempt_that_takes_too_long_ends_its_connection():
    async with Wire(b"HTTP/1.1 2") as wire, Poster() as poster:
        with pytest.raises(TimeoutError):
            await post(poster, here(wire), seconds=0.2)
        assert not poster._open


async def test_nobody_listens_and_nobody_takes_the_connection(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}/"
        async with Poster() as poster:
            with pytest.raises(httpx.ConnectError):
                await post(poster, url)

            async def never(*_):
                await asyncio.sleep(9)

            monkeypatch.setattr(type(asyncio.get_running_loop()), "sock_connect", never)
            poster._connect_seconds = 0.05
            with pytest.raises(httpx.ConnectTimeout):
                await post(poster, url)
            assert not poster._open


class Names:
    """What the name `receiver.example.com` leads to, by turns of the test."""

    def __init__(self, monkeypatch, *addresses):
        self.addresses, self.asked = addresses, 0
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", self._find, raising=False)

    async def _find(self, host, port, **_):
        assert host.endswith(".example.com")
        self.asked += 1
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.addresses]


async def test_only_the_address_that_was_looked_at_is_connected_to(monkeypatch):
    monkeypatch.setattr(guards, "is_public", lambda address: address == "127.0.0.1")
    names = Names(monkeypatch, "127.0.0.1")
    connected = []
    connect = asyncio.get_running_loop().sock_connect

    async def note(own, where):
        connected.append(where[0])
        await connect(own, where)

    monkeypatch.setattr(asyncio.get_running_loop(), "sock_connect", note, raising=False)
    async with Wire() as wire, Poster() as poster:
        url = f"http://receiver.example.com:{wire.port}/hook"
        for _ in range(3):
            await post(poster, url, allow_private=False)
        assert (connected, names.asked, wire.requests) == (["127.0.0.1"], 1, [3]), "kept for a moment"
        assert b"\r\nhost: receiver.example.com:%d\r\n" % wire.port in wire.got[0][0]
        for addresses in (["10.0.0.1"], ["127.0.0.1", "169.254.169.254"]):
            names.addresses = addresses
            poster._addresses.clear()
            with pytest.raises(AddressRefused):
                await post(poster, url, allow_private=False)
        assert (connected, wire.requests) == (["127.0.0.1"], [3]), "though a connection of before is open"


async def test_a_name_that_moves_is_followed_within_a_second(monkeypatch):
    monkeypatch.setattr(posting, "ADDRESS_SECONDS", 0.05)
    names = Names(monkeypatch, "127.0.0.1")
    async with Wire() as wire, Poster() as poster:
        url = f"http://receiver.example.com:{wire.port}/hook"
        await post(poster, url)
        names.addresses = ["127.0.0.99"]
        await asyncio.sleep(0.06)
        with pytest.raises(httpx.ConnectError):
            await post(poster, url)
        assert names.asked == 2


async def test_a_certificate_has_to_be_the_names_and_of_an_authority_we_trust(tmp_path, monkeypatch):
    write_certificates(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(tmp_path / "broker.pem")
    async with Wire(tls=server) as wire:
        url = f"https://receiver.example.com:{wire.port}/hook"
        Names(monkeypatch, "127.0.0.1")
        async with Poster() as poster:
            with pytest.raises(httpx.ConnectError):
                await post(poster, url)
        async with Poster() as poster:
            poster._tls.load_verify_locations(tmp_path / "ca.pem")
            assert [(await post(poster, url)).status for _ in range(2)] == [204, 204]
            assert wire.requests[-1] == 2
            with pytest.raises(httpx.ConnectError):
                await post(poster, f"https://other.example.com:{wire.port}/hook")
        assert sum(wire.requests) == 2


@pytest.mark.parametrize("wrong", ["a\r\nx: y", "a\nb", "a\0b", "ü"])
def test_a_value_is_one_line_whatever_it_holds(wrong):
    with pytest.raises(httpx.LocalProtocolError):
        header_lines({"webhook-id": wrong})


async def test_no_more_than_so_many_connections_are_open(monkeypatch):
    monkeypatch.setattr(posting, "MOST_CONNECTIONS", 2)
    async with Wire() as wire, Poster(timedelta(seconds=5)) as poster:
        await asyncio.gather(*(post(poster, here(wire)) for _ in range(20)))
        assert sum(wire.requests) == 20 and len(wire.requests) <= 2


async def test_what_the_receiver_closes_as_it_is_written_to_is_sent_once_more_over_a_new_connection():
    async with Wire(TAKEN, None, TAKEN) as wire, Poster() as poster:
        assert [(await post(poster, here(wire))).status for _ in range(2)] == [204, 204]
        assert wire.requests == [2, 1]


async def test_a_new_connection_that_is_closed_without_an_answer_is_no_reason_to_send_again():
    async with Wire(None) as wire, Poster() as poster:
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            await post(poster, here(wire))
        assert wire.requests == [1]


async def test_answers_whose_body_does_not_end_hold_no_more_connections_than_there_may_be(monkeypatch):
    monkeypatch.setattr(posting, "MOST_CONNECTIONS", 3)
    async with Wire(b"HTTP/1.1 200 OK\r\n\r\n") as wire, Poster() as poster:
        for _ in range(12):
            assert (await post(poster, here(wire))).status == 200
            assert len(poster._open) <= 3
        assert wire.requests == [1] * 12
