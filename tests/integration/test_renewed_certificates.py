"""Certificates are changed under a running process: the next connection shows the new one and trusts whom the files name now."""

import asyncio
import ssl

import pytest

from services.outbound.certificates import RenewedContext
from tests.parts.certificates import Authority

pytestmark = pytest.mark.real


class Client:
    """Files of a client, and a context that reads them."""

    def __init__(self, folder):
        self.folder = folder

    def write(self, key, certificate, *trusted):
        for name, text in (("key", key), ("cert", certificate), ("ca", b"".join(trusted))):
            (self.folder / f"{name}.new").write_bytes(text)
            (self.folder / f"{name}.new").rename(self.folder / name)

    def context(self):
        def build():
            context = ssl.create_default_context(cafile=self.folder / "ca")
            context.load_cert_chain(self.folder / "cert", self.folder / "key")
            return context

        return RenewedContext.of(build, [self.folder / name for name in ("ca", "cert", "key")])


class Server:
    """Asks each client for a certificate; `serials` are of those that it saw."""

    def __init__(self, folder):
        self.folder, self.serials = folder, []

    async def serve(self, key, certificate, *trusted):
        (self.folder / "server.pem").write_bytes(key + certificate)
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.folder / "server.pem")
        context.load_verify_locations(cadata=b"".join(trusted).decode())
        context.verify_mode = ssl.CERT_REQUIRED

        async def answer(_, writer):
            self.serials.append(writer.get_extra_info("peercert")["serialNumber"])
            writer.write(b"x")
            writer.close()

        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        return server, server.sockets[0].getsockname()[1]


async def visit(port, context):
    """Raises ssl.SSLError, and OSError where the other side hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context, server_hostname="127.0.0.1")
    try:
        if await reader.read(1) != b"x":
            raise ConnectionError
    finally:
        writer.close()


async def test_the_next_connection_uses_what_the_files_hold_now(tmp_path, caplog):
    old, new = Authority("old"), Authority("new")
    client, server = Client(tmp_path), Server(tmp_path)
    client.write(*old.issue("client"), old.pem)
    context = client.context()
    first, before = await server.serve(*old.issue("server"), old.pem)
    second, after = await server.serve(*new.issue("server"), new.pem)
    try:
        await visit(before, context)
        await visit(before, context)
        assert len(set(server.serials)) == 1
        with pytest.raises(ssl.SSLError):
            await visit(after, context)
        (tmp_path / "key").write_bytes(new.issue("client")[0])  # the certificate is not there yet
        await visit(before, context)
        assert len(set(server.serials)) == 1 and "the ones of before still are" in caplog.text
        client.write(*new.issue("client"), new.pem)
        await visit(after, context)
        assert len(set(server.serials)) == 2
        with pytest.raises(ssl.SSLError):
            await visit(before, context)
    finally:
        first.close()
        second.close()
