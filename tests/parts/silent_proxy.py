"""A way to a server that goes silent: packets are taken and lead nowhere, and nobody is told, as where a firewall has forgotten its
connections. It stops forwarding and never closes; what it holds at the server's side stays open as well.
"""

import asyncio
import threading
from typing import Self

READ = 65_536


class SilentProxy:
    """`with SilentProxy(to) as proxy:` in a thread of its own. `to`: a port of this machine, or the path of a unix socket. `cut` makes
    each connection that is open silent for ever; `cut(new=True)` those that come, too, until `heal`."""

    def __init__(self, to: int | str, port: int = 0) -> None:
        self.to, self._wanted = to, port
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._ways: set[_Way] = set()
        self._cuts_new = False
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result(10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._stop(), self._loop).result(10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(10)
        self._loop.close()

    @property
    def port(self) -> int:
        assert self._server is not None, "it has not been entered"
        return int(self._server.sockets[0].getsockname()[1])

    def cut(self, *, new: bool = False) -> int:
        """How many connections have gone silent."""
        self._cuts_new = new
        ways = [way for way in list(self._ways) if way.passes.is_set()]
        for way in ways:
            self._loop.call_soon_threadsafe(way.passes.clear)
        return len(ways)

    def heal(self) -> None:
        """Connections that come now go through; those that were cut stay so."""
        self._cuts_new = False

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._wanted)

    async def _stop(self) -> None:
        assert self._server is not None
        self._server.close()
        tasks = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        # A connection is closed in the next turn of the loop, which ends after this.
        await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        way = _Way(passes=asyncio.Event())
        if not self._cuts_new:
            way.passes.set()
        self._ways.add(way)
        try:
            await way.passes.wait()
            there_reader, there_writer = await self._connect()
            try:
                await asyncio.gather(way.carry(reader, there_writer), way.carry(there_reader, writer))
            finally:
                there_writer.transport.abort()
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            # What nobody reads any more would be waited for by `close`.
            writer.transport.abort()
            self._ways.discard(way)

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if isinstance(self.to, str):
            return await asyncio.open_unix_connection(self.to)
        return await asyncio.open_connection("127.0.0.1", self.to)


class _Way:
    """One connection, there and back."""

    def __init__(self, passes: asyncio.Event) -> None:
        self.passes = passes

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """What comes while it is cut is read, so that whoever sends believes that it arrived, and lost."""
        while data := await reader.read(READ):
            if self.passes.is_set():
                writer.write(data)
                await writer.drain()
        await self.passes.wait()  # an end is no more told of than anything else
        writer.close()
