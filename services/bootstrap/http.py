"""The HTTP server: hooks, the reading API, health. One uvicorn in the roles' own loop."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from datetime import timedelta
from functools import partial
from typing import NamedTuple

from fastapi import APIRouter, FastAPI
from starlette.datastructures import State
from starlette.requests import Request
from starlette.responses import Response

from routing.people.permissions import has_left
from schemas.sources import Source, SourcesFile
from schemas.words import probably
from schemas.yamlfile import FileError, load, problem, problems_of
from services.api.access import Access
from services.api.app import create_router
from services.api.auditing import Audited, Auditor
from services.api.commanding import Commanding
from services.api.explanations import Explainer
from services.api.incidents import Incidents
from services.api.key_desk import KeyDesk
from services.api.scoped import Scoped
from services.api.sinks import SinkDesk
from services.bootstrap import metering
from services.bootstrap.acknowledging import acknowledging_of, add_acknowledging
from services.bootstrap.api import add_health, bare_app
from services.bootstrap.auditing import use_of
from services.bootstrap.commands import commanding_of, versions_of
from services.bootstrap.console import console_of, flow_counter_of
from services.bootstrap.descriptors import bounds_of
from services.bootstrap.desk import desk_of
from services.bootstrap.forum import forum_desk
from services.bootstrap.health import readiness
from services.bootstrap.keyring import Keyring
from services.bootstrap.listening import OnOpen, Run, door_of, listening
from services.bootstrap.metering import Answer
from services.bootstrap.own_users import own_users, targets_by_source, with_own_users
from services.bootstrap.page import BesidePage, guarded_page
from services.bootstrap.parts import Parts, read_file, secrets_of
from services.bootstrap.persons import person_desk_of
from services.bootstrap.plumbing import plumbing_of
from services.bootstrap.senders import SenderRing
from services.bootstrap.shortcut import short_cut
from services.bootstrap.sinks_file import read_every_sink
from services.bootstrap.source_watch import source_watch_of
from services.bootstrap.tracing import trace_calls
from services.bootstrap.traffic import TrafficCounter
from services.console.plumbing.screen import plumbing_routes
from services.console.screens import screen_routes
from services.door.bodies import limit_bodies
from services.door.headers import add_headers
from services.forum.desk import ForumDesk
from services.ingest.accepting.intake import Intake
from services.ingest.app import Hooks
from services.ingest.configured.mapped import ConditionError, check
from services.ingest.configured.may import needs_words, withheld_classes
from services.ingest.configured.source import Configured
from services.ingest.echoes import Echoes
from services.ingest.limits.stops import Stops
from services.ingest.parsers.registry import PARSERS
from services.ingest.proof.handshake import handshake_problem
from services.ingest.proof.secret_rules import pem_problem, secret_problem, word_problem
from services.ingest.reread import Retry
from services.observability import metrics
from services.ports.errors import PortError
from services.settings import LOOPBACK, Settings

log = logging.getLogger("stafett.http")
HOUR = timedelta(hours=1)
"""For which dead letters count."""
NEEDS_WORDS = (
    "source `{source.name}` is of the kind `{source.kind}`, our own JSON, in which anybody could say everything: give it a scheme, "
    "or name in `may` what anybody may say, such as [form, engagement]"
)


def sources_of(settings: Settings) -> dict[str, Configured]:
    """The configured sources with their secrets. Raises FileError, SettingsError."""
    path = str(settings.path(settings.files.sources))
    text = read_file(settings, "sources")
    file = load(text, SourcesFile, path)
    found: dict[str, Configured] = {}
    users = own_users(settings)
    for number, source in enumerate(file.sources):
        if source.kind not in PARSERS:
            rule = f"unknown kind{probably(source.kind, PARSERS)}; there are {', '.join(sorted(PARSERS))}"
            raise FileError([problem(path, text, ("sources", number, "kind"), rule)])
        try:
            check(source.mapping) if source.mapping else None
        except ConditionError as error:
            raise FileError([problem(path, text, ("sources", number, "mapping"), str(error))]) from None
        if (fault := handshake_problem(source)) is not None:
            raise FileError([problem(path, text, ("sources", number, "handshake"), fault)])
        source = with_own_users(on_trial(file.with_file_defaults(source), settings), users)
        secrets = secrets_of(settings, source.verify.secrets, f"source {source.name}")
        words = secrets_of(settings, (source.handshake,), f"source {source.name}") if source.handshake else ()
        found[source.name] = Configured(source, secrets, words)
    broken = [entry for number, name in enumerate(found) for entry in _broken_secrets(number, found[name], settings)]
    broken += [
        (("sources", number, "verify"), NEEDS_WORDS.format(source=entry.source))
        for number, entry in enumerate(found.values())
        if needs_words(entry.source)
    ]
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


def app_of(parts: Parts, stopping: asyncio.Event, *, hooks: bool = True, api: bool = True) -> FastAPI:
    """The HTTP application, with the hooks of `ingest` and the API and page of `console` unless one of them is left out; `stopping`
    ends what waits. Raises FileError, SettingsError."""
    settings = parts.settings
    intake = Intake(
        target=parts.log,
        store=parts.store,
        topic=settings.topic("signals"),
        spool_limit=settings.spool_limit,
        thin=settings.topic("thin"),
    )
    sources = SenderRing(settings, sources_of)
    commanding = commanding_of(parts, intake)
    ring = Keyring(settings, parts.keys)
    access = _access(parts, commanding, ring)
    app = bare_app(docs=_shows_docs(settings))
    if hooks:
        parts.pulses.watch("sources", sources.state)
        _add_hooks(app, parts, sources, intake)
    if settings.metrics_port is None:
        app.add_route("/metrics", _for_keys(metering.metrics_handler(parts), access), methods=["GET"])
    if api:
        incidents = Incidents(parts.incidents, acknowledging_of(parts))
        api_parts = _ApiParts(
            access=access, commanding=commanding, incidents=incidents, forum=forum_desk(parts), ring=ring
        )
        app.include_router(_api(parts, sources, intake=intake, stopping=stopping, api=api_parts))
        add_acknowledging(app, parts, incidents.acknowledge)
        counter = app.state.flow_counter = flow_counter_of(parts)
        console = console_of(parts, commanding, incidents, api_parts.forum, flow_counter=counter, stopping=stopping)
        screens = [*screen_routes(console), *plumbing_routes(console, plumbing_of(parts, sources, intake))]
        app.add_middleware(BesidePage, page=guarded_page(parts, screens, console.pages, console.ruling))
        app.state.prepare = console.pages.prepare
        app.state.auditor = Auditor(parts.audit, parts.now)
        app.add_middleware(Audited, auditor=app.state.auditor, use_of=use_of)
    add_health(app, partial(readiness, parts, hooks), access, intake=hooks)
    return app


def _shows_docs(settings: Settings) -> bool:
    """As it says, else where only this machine can see them."""
    if settings.http.docs is not None:
        return settings.http.docs
    return settings.http.host in LOOPBACK and settings.http.public_url is None


def _access(parts: Parts, commanding: Commanding, ring: Keyring) -> Access:
    parts.pulses.watch("api_keys", ring.state)

    async def departure_of(person: str) -> str | None:
        return has_left(person, await commanding.roster())

    return Access(
        keys=ring,
        gone=departure_of,
        now=parts.now,
        note=parts.store.note_key_uses,
        trusted=parts.settings.http.trusted_proxies,
    )


def _for_keys(answer: Answer, access: Access) -> Answer:
    """The same handler, for keys that may read metrics."""

    async def check_then_answer(request: Request) -> Response:
        await access.check(request, request.headers.get("authorization", ""), "metrics:read")
        return await answer(request)

    return check_then_answer


def _add_hooks(app: FastAPI, parts: Parts, sources: Mapping[str, Configured], intake: Intake) -> None:
    http = parts.settings.http
    for configured in sources.values():
        if names := withheld_classes(configured.source):
            said = {"source": configured.source.name, "kind": configured.source.kind, "code": ",".join(names)}
            log.warning(
                "nothing proves who sends it, so these facts are set aside: give it a scheme or `may`", extra=said
            )
    topic, limit = parts.settings.topic("signals"), parts.settings.router.source_dead_letters
    stops = Stops(
        lambda: parts.store.dead_since(topic, parts.now() - HOUR), limit, time.monotonic, metrics.set_source_stopped
    )
    hooks = Hooks(
        sources=sources,
        intake=intake,
        key=parts.key,
        now=parts.now,
        public_url=http.public_url,
        trusted=http.trusted_proxies,
        stops=stops,
        echoes=Echoes(parts.sinks, targets_by_source(parts.settings)),
        on_answer=metering.count_calls(sources, TrafficCounter(parts.traffic, parts.now)),
        around=partial(trace_calls, traces=parts.traces),
    )
    app.state.hooks = hooks
    app.add_route("/v1/hooks/{source}", hooks, methods=["POST"])  # type: ignore[arg-type] # an application is a route too
    app.add_route("/v1/hooks/{source}", hooks.greet, methods=["GET", "HEAD", "OPTIONS"])


class _ApiParts(NamedTuple):
    """Who may ask, and what changes something."""

    access: Access
    commanding: Commanding
    incidents: Incidents
    forum: ForumDesk
    ring: Keyring


def _api(
    parts: Parts,
    sources: Mapping[str, Configured],
    intake: Intake,
    stopping: asyncio.Event,
    api: _ApiParts,
) -> APIRouter:
    reading = parts.reading
    retry = Retry(sources=sources, intake=intake, key=parts.key, find=reading.quarantine_entry, store=parts.store)

    versions = versions_of(parts)
    explainer = Explainer(reading, versions.ruling, parts.now)
    persons = person_desk_of(parts, api.commanding.accept)
    scoped = Scoped(reading, {name: entry.source.brand for name, entry in sources.items()})
    return create_router(
        scoped,
        api.access,
        digest_email=persons.digests.email,
        now=parts.now,
        retry=retry,
        commanding=api.commanding,
        stopping=stopping,
        explainer=explainer,
        versions=versions,
        incidents=api.incidents,
        sinks=SinkDesk(read_every_sink(parts.settings), parts.sinks, parts.deliveries, parts.now),
        desk=desk_of(parts),
        forum=api.forum,
        persons=persons,
        troubles=source_watch_of(parts.settings, parts.traffic, parts.sinks, parts.now).troubles,
        audit=parts.audit,
        keys=KeyDesk(parts.keys, api.ring.of_file, reading.key_uses, parts.now, on_change=api.ring.look_at_once),
    )


def serving(
    parts: Parts, stop: asyncio.Event, ports: ExitStack, *, hooks: bool, api: bool, on_open: OnOpen | None = None
) -> Run:
    """The hooks, the API, or both. Raises FileError, SettingsError, OSError, before anything runs."""
    settings = parts.settings
    app = app_of(parts, stop, hooks=hooks, api=api)
    door = door_of(settings, bounds_of(settings))
    metrics.watch_door(door.connections, door.bodies)
    outer = add_headers(limit_bodies(app, door.bodies, settings.http.max_body))
    if hooks:
        outer = short_cut(limit_bodies(app.state.hooks, door.bodies), outer)
    run = listening(
        settings,
        settings.http.port,
        app=outer,
        ports=ports,
        door=door,
        pulses=parts.pulses,
        on_open=on_open,
    )
    return partial(_run_and_keep, run, app.state) if api else run


async def _run_and_keep(run: Run, state: State, stop: asyncio.Event) -> None:
    """What pages are made of is prepared first. Beside it what the screen Flow shows is counted. What was counted of uses and not written
    yet is written at the end."""
    await asyncio.to_thread(state.prepare)
    counting = asyncio.create_task(state.flow_counter.run(stop), name="flow counts")
    try:
        await run(stop)
    finally:
        counting.cancel()
        await asyncio.gather(counting, return_exceptions=True)
    with suppress(PortError):
        await state.auditor.keep()
