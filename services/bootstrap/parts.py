"""The parts that roles are made of: store, log, reading side, what rules, and the time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, assert_never

from routing.agreement.agreement import check_against, compile_agreement
from routing.people.roster import Roster
from schemas.roster import RosterFile
from schemas.yamlfile import FileError, load
from services.adapters.log.local import LocalLog
from services.adapters.sql.audit import SqlAudit
from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.feed import DirectFeed
from services.adapters.sql.forum import SqlForum
from services.adapters.sql.incidents import SqlIncidents
from services.adapters.sql.keys import SqlKeys
from services.adapters.sql.log_keys import SqlLogKeys
from services.adapters.sql.reading import SqlReading
from services.adapters.sql.sessions import SqlSessions
from services.adapters.sql.sinks import SqlSinks
from services.adapters.sql.store import SqlStore
from services.adapters.sql.stories import SqlStories
from services.adapters.sql.subscriptions import SqlSubscriptions
from services.adapters.sql.traffic import SqlSourceTraffic
from services.bootstrap.readiness import CLOCK
from services.bootstrap.tracing import trace_feed, traces_of
from services.loops.doorbell import Doorbell
from services.loops.store_time import StoreTime, machine_now
from services.observability import metrics
from services.observability.pulses import Pulses
from services.observability.tracing import Traces
from services.ports.audit import Audit
from services.ports.deliveries import Deliveries
from services.ports.errors import LogUnavailable, StoreUnavailable
from services.ports.forum import StoryReading
from services.ports.incidents import Incidents
from services.ports.keys import KeyStore
from services.ports.log import Log
from services.ports.reading import Reading
from services.ports.rows import Kept, OutboxRow, Quota
from services.ports.sessions import SessionStore
from services.ports.sinks import Sinks
from services.ports.subscriptions import SubscriptionStore
from services.ports.traffic import SourceTraffic
from services.rules.ruling import Ruling
from services.settings import Settings, SettingsError, deployment_key

if TYPE_CHECKING:
    from services.adapters.log.key_ring import KeyRing

logger = logging.getLogger("stafett")
Start = Callable[[], Awaitable[None]]


class Parts(NamedTuple):
    """Everything that a role may be given. Started by `parts_of`, closed at its end. `late` starts what was away."""

    settings: Settings
    store: SqlStore
    reading: Reading
    deliveries: Deliveries
    subscriptions: SubscriptionStore
    sinks: Sinks
    incidents: Incidents
    forum: SqlForum
    stories: StoryReading
    traffic: SourceTraffic
    sessions: SessionStore
    audit: Audit
    keys: KeyStore
    log: Log
    ring: KeyRing | None
    key: bytes
    time: StoreTime
    now: Callable[[], datetime]
    ruling: Callable[[], Ruling]
    relay_bell: Doorbell
    delivery_bell: Doorbell
    page_bell: Doorbell
    pulses: Pulses
    late: Sequence[Start] = ()
    traces: Traces | None = None


@asynccontextmanager
async def parts_of(
    settings: Settings,
    now: Callable[[], datetime] | None = None,
    *,
    machine: Callable[[], datetime] = machine_now,
    exclusive: bool = True,
    patient: bool = False,
) -> AsyncIterator[Parts]:
    """Starts store and log; closes them at the end. `exclusive` is for processes that run roles: one SQLite file has one.
    `now` is what time it is for whoever says so; left out, it is the store's time, and
    `machine` is this machine's clock, which is compared with it. `patient` is for roles that can work with one of the two: what is away then is in `late`, for `run_roles` to start.

    Raises SettingsError, FileError, SchemaOutdated, and unless `patient` StoreUnavailable, LogUnavailable.
    """
    key = deployment_key(settings)
    async with AsyncExitStack() as stack:
        store = SqlStore(settings.database_url, exclusive=exclusive, quota=quota_of(settings))
        stack.push_async_callback(store.close)
        time = _time_of(settings, store, now, machine)
        ring = ring_of(settings, store, key, time)
        log = log_of(settings, store, ring)
        stack.push_async_callback(log.close)
        late = [start for start in (store.start, log.start) if not await _try_to_start(start, patient)]
        await _measure(time)
        traces = traces_of(settings)
        if traces is not None:
            stack.push_async_callback(asyncio.to_thread, traces.close)
        await _read_keys(ring)
        delivery_bell, page_bell = Doorbell(), Doorbell()
        if settings.log.kind == "embedded" and store.engines.sqlite:
            _feed_directly(store, time, traces, feed_bells=(delivery_bell, page_bell))
        pulses = Pulses()
        pulses.watch(CLOCK, time.difference)
        yield Parts(
            settings=settings,
            store=store,
            reading=SqlReading(store.engines),
            deliveries=SqlDeliveries(store.engines),
            subscriptions=SqlSubscriptions(store.engines),
            sinks=SqlSinks(store.engines),
            incidents=SqlIncidents(store.engines),
            forum=SqlForum(store.engines),
            stories=SqlStories(store.engines),
            traffic=SqlSourceTraffic(store.engines),
            sessions=SqlSessions(store.engines),
            audit=SqlAudit(store.engines),
            keys=SqlKeys(store.engines),
            log=log,
            ring=ring,
            key=key,
            time=time,
            now=time.now,
            ruling=ruling_of(settings),
            relay_bell=Doorbell(),
            delivery_bell=delivery_bell,
            page_bell=page_bell,
            pulses=pulses,
            late=late,
            traces=traces,
        )


def _time_of(
    settings: Settings, store: SqlStore, now: Callable[[], datetime] | None, machine: Callable[[], datetime]
) -> StoreTime:
    """A file has the time of its machine."""
    if now is not None or store.engines.sqlite:
        return StoreTime(None, settings.clock_bound, machine=now or machine)
    return StoreTime(store.time, settings.clock_bound, machine=machine, on_offset=metrics.clock_offset.set)


async def _measure(time: StoreTime) -> None:
    """Who begins without the store has the machine's time until it is there."""
    try:
        await time.measure()
    except StoreUnavailable as error:
        logger.warning("the store does not say its time: %s", error)


def _feed_directly(
    store: SqlStore, time: StoreTime, traces: Traces | None, *, feed_bells: tuple[Doorbell, Doorbell]
) -> None:
    """Where events go nowhere but into the feed, and one process writes at a time, they are there with what decided on them."""
    trace = trace_feed(traces)

    def tell(rows: Sequence[OutboxRow], at: datetime) -> None:
        metrics.published.inc(len(rows))
        trace(rows, at)
        for bell in feed_bells:
            bell.ring()

    store.feed_directly(DirectFeed(time.now, tell))


def quota_of(settings: Settings) -> Quota:
    """How much may wait in quarantine."""
    quarantine = settings.quarantine
    of_all = Kept(quarantine.max_entries, quarantine.max_bytes)
    half = Kept(max(1, of_all.rows // 2), max(1, of_all.size // 2))
    return Quota(Kept(quarantine.source_entries, quarantine.source_bytes), half, of_all)


async def _try_to_start(start: Start, patient: bool) -> bool:
    try:
        await start()
    except (StoreUnavailable, LogUnavailable) as error:
        if not patient:
            raise
        logger.warning("starting without it: %s", error)
        return False
    return True


def ring_of(settings: Settings, store: SqlStore, key: bytes, time: StoreTime) -> KeyRing | None:
    """The keys that seal signals on a log outside of the store; None where it is in the store, which an erasure changes in place."""
    kafka = settings.kafka
    match settings.log.kind:
        case "embedded":
            return None
        case "kafka":
            from services.adapters.log.key_ring import KeyRing

            keys = SqlLogKeys(store.engines)
            return KeyRing(keys, key, time.now, period=kafka.seal_period, ahead=kafka.retention, makes=kafka.seal)
        case _:
            assert_never(settings.log.kind)


async def _read_keys(ring: KeyRing | None) -> None:
    """Who begins without the store seals with a key that needs none, until it is there."""
    try:
        if ring is not None:
            await ring.refresh()
    except StoreUnavailable as error:
        logger.warning("the keys of signals cannot be read: %s", error)


def log_of(settings: Settings, store: SqlStore, ring: KeyRing | None = None) -> Log:
    """The log that the settings name; with a ring of keys its signals are sealed, where the settings say so, and opened."""
    match settings.log.kind:
        case "embedded":
            # A file has one process, with which nobody shares: more partitions would be more questions at each look.
            return LocalLog(store, partitions=1 if store.engines.sqlite else settings.kafka.partitions)
        case "kafka":
            from services.adapters.log.kafka import KafkaLog
            from services.adapters.log.sealed import SealedLog

            kafka = KafkaLog(settings, store.cluster_id)
            topics = (settings.topic("signals"), settings.topic("thin"))
            return kafka if ring is None else SealedLog(kafka, ring, topics, seals=settings.kafka.seal)
        case _:
            assert_never(settings.log.kind)


def ruling_of(settings: Settings) -> Callable[[], Ruling]:
    """The agreement and the roster of the files, read on first use and kept. Raises FileError."""
    kept: list[Ruling] = []

    def ruling() -> Ruling:
        if not kept:
            kept.append(read_ruling(settings))
        return kept[0]

    return ruling


def read_ruling(settings: Settings) -> Ruling:
    """Reads and checks both files. Raises FileError with every problem."""
    path = settings.path(settings.files.agreement)
    text = read_file(settings, "agreement")
    agreement = compile_agreement(text, str(path))
    roster_path = settings.path(settings.files.roster)
    roster = Roster(load(read_file(settings, "roster"), RosterFile, str(roster_path)))
    if problems := check_against(agreement, roster, text, str(path)):
        raise FileError(problems)
    return Ruling(agreement, roster)


def read_file(settings: Settings, name: str) -> str:
    """The text of one of the configured files. Raises FileError."""
    path = settings.path(getattr(settings.files, name))
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise FileError([f"{path}:1: cannot be read: {getattr(error, 'strerror', None) or 'not UTF-8'}"]) from None


def secrets_of(settings: Settings, names: Sequence[str], who: str) -> tuple[str, ...]:
    """The secrets that a file names. Raises SettingsError for those that are not set, or set to nothing."""
    found = {name: settings.secrets.get(name.removeprefix("STAFETT_SECRET_")) for name in names}
    values = {name: secret.get_secret_value() for name, secret in found.items() if secret is not None}
    problems = [
        f"{name}: {f'{where} is empty' if (where := settings.sources.get(name)) else 'is not set'}; {who} needs it"
        for name in names
        if not values.get(name, "").strip()
    ]
    if problems:
        raise SettingsError(*problems)
    return tuple(values[name] for name in names)
