"""TLS in front of a PostgreSQL whose build has none: answers the protocol's SSLRequest and passes the rest on."""

import asyncio
import contextlib
import ssl
from pathlib import Path

REQUEST = bytes.fromhex("0000000804d2162f")
"""Length 8 and the code 80877103: PostgreSQL's frontend/backend protocol, "SSL Session Encryption"."""


@contextlib.asynccontextmanager
async def tls_in_front(socket_folder: Path, certificates: Path):
    """The TCP port on 127.0.0.1. Who does not ask for TLS is hung up on."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / "broker.pem")
    tasks = set()

    async def serve(reader, writer):
        tasks.add(asyncio.current_task())
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            if await reader.readexactly(8) == REQUEST:
                writer.write(b"S")
                await writer.start_tls(context)
                behind = await asyncio.open_unix_connection(socket_folder / ".s.PGSQL.5432")
                await asyncio.wait(
                    [asyncio.create_task(pass_on(reader, behind[1])), asyncio.create_task(pass_on(behind[0], writer))]
                )
        writer.close()

    async def pass_on(reader, writer):
        with contextlib.suppress(OSError):
            while part := await reader.read(65536):
                writer.write(part)
                await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await asyncio.gather(*tasks, return_exceptions=True)
