"""A receiver whose connection dies without a word: our socket asks whether it is there, and an attempt has an end."""

import asyncio
import contextlib
import socket
import time

import httpx
import pytest

from services.outbound.sockets import transport
from tests.parts.silent_proxy import SilentProxy

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


async def test_the_socket_is_probed_and_a_silent_one_is_left_when_the_time_is_over():
    writers = []

    async def answer(reader, writer):
        writers.append(writer)
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while await reader.readuntil(b"\r\n\r\n"):
                writer.write(ANSWER)

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    with SilentProxy(server.sockets[0].getsockname()[1]) as silent:
        async with httpx.AsyncClient(transport=transport(), trust_env=False, timeout=0.5) as client:
            url = f"http://127.0.0.1:{silent.port}/"
            stream = (await client.get(url)).extensions["network_stream"]
            own = stream.get_extra_info("socket")
            assert own.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
            assert own.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 10_000
            assert silent.cut() == 1
            begun = time.monotonic()
            with pytest.raises(httpx.ReadTimeout):
                await client.get(url)
            assert time.monotonic() - begun < 2
            assert (await client.get(url)).text == "ok"
    server.close()
    assert len(writers) == 2
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0.01)
