"""The HTTP server: hooks, the reading API, health. One uvicorn in the roles' own loop."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

import uvicorn
from fastapi import APIRouter, FastAPI
from starlette.routing import request_response
from starlette.types import ASGIApp

from schemas.api_keys import KeysFile
from schemas.sources import Source, SourcesFile
from schemas.words import probably
from schemas.yamlfile import FileError, load, problem, problems_of
from services import metrics
from services.adapters.sql.reading import headers_of
from services.bootstrap import metering
from services.bootstrap.api import add_health, bare_app
from services.bootstrap.commands import commanding_of, versions_of
from services.bootstrap.descriptors import bounds_of
from services.bootstrap.health import readiness
from services.bootstrap.parts import Parts, read_file, secrets_of
from services.bootstrap.readiness import ACCEPT
from services.bootstrap.shortcut import short_cut
from services.console.access import Key
from services.console.app import create_router
from services.door.acceptor import Acceptor
from services.door.bodies import Bodies, bounded
from services.door.bounds import Bounds
from services.door.connections import Connections
from services.door.headers import headed
from services.door.protocol import GuardedProtocol
from services.explain import Explainer
from services.ingest.app import Hooks
from services.ingest.configured import Configured
from services.ingest.intake import Intake
from services.ingest.mapped import ConditionError, check
from services.ingest.names import digest
from services.ingest.parsers import PARSERS
from services.ingest.parsers.addresses import normal_address
from services.ingest.retry import Retry
from services.ingest.secret_rules import pem_problem, secret_problem, word_problem
from services.ingest.stops import Stops
from services.pulses import Pulses
from services.settings import Settings

HOUR = timedelta(hours=1)
"""For which dead letters count."""
Run = Callable[[asyncio.Event], Coroutine[Any, Any, None]]
"""What a role does until the event is set."""


def sources_of(settings: Settings) -> dict[str, Configured]:
    """The configured sources with their secrets. Raises FileError, SettingsError."""
    path = str(settings.path(settings.files.sources))
    text = read_file(settings, "sources")
    file = load(text, SourcesFile, path)
    found: dict[str, Configured] = {}
    for number, source in enumerate(file.sources):
        if source.kind not in PARSERS:
            rule = f"unknown kind{probably(source.kind, PARSERS)}; there are {', '.join(sorted(PARSERS))}"
            raise FileError([problem(path, text, ("sources", number, "kind"), rule)])
        try:
            check(source.mapping) if source.mapping else None
        except ConditionError as error:
            raise FileError([problem(path, text, ("sources", number, "mapping"), str(error))]) from None
        source = on_trial(file.shared(source), settings)
        secrets = secrets_of(settings, source.verify.secrets, f"source {source.name}")
        words = secrets_of(settings, (source.handshake,), f"source {source.name}") if source.handshake else ()
        found[source.name] = Configured(source, secrets, words)
    broken = [entry for number, name in enumerate(found) for entry in _broken_secrets(number, found[name], settings)]
    if broken:
        raise FileError(problems_of(path, text, broken))
    return found


def _broken_secrets(
    number: int, configured: Configured, settings: Settings
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(path in the file, rule) of each secret that would let anybody in, or nobody; without a part of it."""
    source = configured.source
    for place, (name, secret) in enumerate(zip(source.verify.secrets, configured.secrets, strict=True)):
        if rule := secret_problem(source.verify, secret):
            yield ("sources", number, "verify", "secrets", place), f"{_origin(settings, name)} {rule}"
    for place, pem in enumerate(source.verify.public_keys):
        if rule := pem_problem(pem):
            yield ("sources", number, "verify", "public_keys", place), f"the key {rule}"
    for word in configured.words:
        rule = word_problem(word)
        if word in configured.secrets:
            rule = "is a secret that proves deliveries too; it stands in URLs, so choose another word"
        if source.handshake and rule:
            yield ("sources", number, "handshake"), f"{_origin(settings, source.handshake)} {rule}"


def _origin(settings: Settings, name: str) -> str:
    """The variable, and the file where its value came from one."""
    where = settings.sources.get(name, "")
    return f"{name} ({where})" if where.startswith("file ") else name


def brand_problems(settings: Settings, brands: Iterable[str]) -> list[str]:
    """A line for each source of a brand that is none of these. Raises FileError for a file that cannot be read."""
    path, text = str(settings.path(settings.files.sources)), read_file(settings, "sources")
    return problems_of(path, text, load(text, SourcesFile, path).of_other_brands(brands))


async def check_brands(parts: Parts) -> None:
    """Raises FileError where a source is of a brand that no agreement has, ruling or published for later; nobody knows what
    is published while the store is away."""
    if parts.store.start in parts.late:
        return
    ruling = await versions_of(parts).ruling()
    agreements = (ruling.agreement, *(agreement for _, agreement in ruling.timeline))
    if problems := brand_problems(parts.settings, {brand for a in agreements for brand in a.file.brands}):
        raise FileError(problems)


def on_trial(source: Source, settings: Settings) -> Source:
    """The source as the whole service's mode leaves it: on trial every live one is observed."""
    observed = settings.mode == "observe" and source.mode == "live"
    return source.model_copy(update={"mode": "observe"}) if observed else source


def keys_of(settings: Settings) -> dict[str, Key]:
    """The API keys. Raises FileError."""
    file = load(read_file(settings, "api_keys"), KeysFile, str(settings.path(settings.files.api_keys)))
    return {entry.name: Key(entry.name, entry.sha256, frozenset(entry.scopes), entry.person) for entry in file.keys}


def app_of(parts: Parts, stopping: asyncio.Event, *, hooks: bool = True, api: bool = True) -> FastAPI:
    """The HTTP application, with the hooks of `ingest` and the API of `console` unless one of them is left out; `stopping`
    ends what waits. Raises FileError, SettingsError."""
    settings = parts.settings
    intake = Intake(parts.log, parts.store, settings.topic("signals"), settings.spool_limit, settings.topic("thin"))
    sources = sources_of(settings)
    app = bare_app()
    if hooks:
        _add_hooks(app, parts, sources, intake)
    if settings.metrics_port is None:
        app.add_route("/metrics", metering.scraped(parts), methods=["GET"])
    if api:
        app.include_router(_api(parts, sources, intake, stopping))
    add_health(app, partial(readiness, parts, hooks), intake=hooks)
    return app


def _add_hooks(app: FastAPI, parts: Parts, sources: Mapping[str, Configured], intake: Intake) -> None:
    http = parts.settings.http
    topic, limit = parts.settings.topic("signals"), parts.settings.router.source_dead_letters
    stops = Stops(
        lambda: parts.store.dead_since(topic, parts.now() - HOUR), limit, time.monotonic, metrics.source_stopped
    )
    hooks = Hooks(sources, intake, parts.key, parts.now, http.public_url, http.trusted_proxies, stops=stops)
    app.state.hook = metering.counted(hooks.answer, sources)
    app.add_route("/v1/hooks/{source}", app.state.hook, methods=["POST"])
    app.add_route("/v1/hooks/{source}", hooks.greet, methods=["GET", "HEAD", "OPTIONS"])


def _api(parts: Parts, sources: Mapping[str, Configured], intake: Intake, stopping: asyncio.Event) -> APIRouter:
    reading = parts.reading
    retry = Retry(sources, intake, parts.key, reading.quarantined_one, headers_of, parts.store)

    def digest_email(text: str, brand: str) -> str | None:
        address = normal_address(text)
        return None if address is None else digest(parts.key, "email", brand, address)

    versions = versions_of(parts)
    explainer = Explainer(reading, versions.ruling, parts.now)
    commanding = commanding_of(parts, intake)
    keys = keys_of(parts.settings)
    return create_router(reading, keys, digest_email, parts.now, retry, commanding, stopping, explainer, versions)


class _Server(uvicorn.Server):
    """Signals are the composition root's business, and connections are taken at a door of our own."""

    def __init__(self, config: uvicorn.Config, door: Door, pulses: Pulses | None) -> None:
        super().__init__(config)
        self._door, self._pulses = door, pulses
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
        self.started = True

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for acceptor in self._acceptors:
            acceptor.close()
        await super().shutdown(sockets)

    def _protocol(self) -> GuardedProtocol:
        door = self._door
        return GuardedProtocol(self.config, self.server_state, self.lifespan.state, door.connections, door.bounds)


def serving(parts: Parts, stop: asyncio.Event, ports: ExitStack, *, hooks: bool, api: bool) -> Run:
    """The hooks, the API, or both. Raises FileError, SettingsError, OSError, before anything runs."""
    settings = parts.settings
    app = app_of(parts, stop, hooks=hooks, api=api)
    door = door_of(settings, bounds_of(settings))
    metrics.watch_door(door.connections, door.bodies)
    outer: ASGIApp = bounded(app, door.bodies, settings.http.max_body)
    if hooks:
        hook: ASGIApp = request_response(app.state.hook)
        outer = short_cut(bounded(hook, door.bodies), outer)
    return listening(settings, settings.http.port, headed(outer), ports, door, parts.pulses)


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
    settings: Settings, port: int, app: ASGIApp, ports: ExitStack, door: Door, pulses: Pulses | None = None
) -> Run:
    """One uvicorn in the loop of the roles, on a port that is ours from now on, until `ports` gives it back. `pulses` is told
    where no connections can be taken. Raises OSError, which names the port."""
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
    return partial(_listen, _Server(config, door, pulses), ports.enter_context(_bound(settings.http.host, port)))


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=2048)
    except OSError as error:
        rule = (error.strerror or "cannot be listened on").partition(" (")[0]
        raise OSError(error.errno, rule, f"{host}:{port}") from None


async def _listen(server: uvicorn.Server, place: socket.socket, stop: asyncio.Event) -> None:
    """Until `stop`; requests under way are answered first."""
    running = asyncio.create_task(server.serve(sockets=[place]))
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([running, stopping], return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    stopping.cancel()
    await running
