"""One uvicorn in the roles' own loop, behind our door."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack
from functools import partial
from typing import Any, NamedTuple

import uvicorn
from starlette.types import ASGIApp

from services.bootstrap.readiness import ACCEPT
from services.door.acceptor import Acceptor
from services.door.bodies import Bodies
from services.door.bounds import Bounds
from services.door.connections import Connections
from services.door.protocol import GuardedProtocol
from services.observability import metrics
from services.observability.pulses import Pulses
from services.settings import Settings

Run = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""What a role does until the event is set."""


OnOpen = Callable[[str], object]
"""Is told the address, `http://127.0.0.1:8080`, from when on connections are taken there."""


class Door(NamedTuple):
    """The bounds of one port, and what is counted against them."""

    bounds: Bounds
    connections: Connections
    bodies: Bodies


def door_of(settings: Settings, bounds: Bounds) -> Door:
    """With nothing open yet."""
    trusted = settings.http.trusted_proxies
    return Door(bounds, Connections(bounds, trusted, metrics.dropped_connections.inc), Bodies(bounds, trusted))


def listening(
    settings: Settings,
    port: int,
    app: ASGIApp,
    ports: ExitStack,
    door: Door,
    pulses: Pulses | None = None,
    host: str | None = None,
    on_open: OnOpen | None = None,
) -> Run:
    """One uvicorn in the loop of the roles, on a port that is ours from now on, until `ports` gives it back. `pulses` is told
    where no connections can be taken, `on_open` the address once they are. Raises OSError, which names the port."""
    config = uvicorn.Config(
        app,
        http="httptools",
        ws="none",
        log_config=None,
        access_log=False,
        # Whose forwarded headers are believed is our setting, not the server's guess.
        proxy_headers=False,
        lifespan="off",
        timeout_graceful_shutdown=int(settings.shutdown_timeout.total_seconds()),
        server_header=False,
    )
    return partial(
        _listen, _Server(config, door, pulses, on_open), ports.enter_context(_bind(host or settings.http.host, port))
    )


def _bind(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        rule = (error.strerror or "cannot be listened on").partition(" (")[0]
        raise OSError(error.errno, rule, f"{host}:{port}") from None


def _address_of(place: socket.socket) -> str:
    """With the port that the system chose where 0 was asked for."""
    host, port = place.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def _listen(server: uvicorn.Server, place: socket.socket, stop: asyncio.Event) -> None:
    """Until `stop`; requests under way are answered first."""
    running = asyncio.create_task(server.serve(sockets=[place]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await running


class _Server(uvicorn.Server):
    """Signals are the composition root's business, and connections are taken at a door of our own."""

    def __init__(self, config: uvicorn.Config, door: Door, pulses: Pulses | None, on_open: OnOpen | None) -> None:
        super().__init__(config)
        self._door, self._pulses, self._on_open = door, pulses, on_open
        self._acceptors: list[Acceptor] = []

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await self.lifespan.startup()
        self.servers = []
        for place in sockets or []:
            acceptor = Acceptor(place, self._protocol, self._door.connections)
            if self._pulses is not None:
                self._pulses.watch(ACCEPT, acceptor.state)
            acceptor.begin()
            self._acceptors.append(acceptor)
            if self._on_open is not None:
                self._on_open(_address_of(place))
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        await super().shutdown(sockets)

    def _protocol(self) -> GuardedProtocol:
        door = self._door
        return GuardedProtocol(
            config=self.config,
            server_state=self.server_state,
            app_state=self.lifespan.state,
            connections=door.connections,
            bounds=door.bounds,
        )
