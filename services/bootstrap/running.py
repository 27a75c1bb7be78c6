"""Running roles in one process: started together, stopped together, in bounded time."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from functools import partial

import httpx

from services.adapters.sql.pruning import prune
from services.alerts.role import Alerts
from services.bootstrap import metering
from services.bootstrap.acknowledging import reactions_of, roster_now
from services.bootstrap.alerting import (
    about_leads,
    alerts_of,
    check_people,
    house_troubles,
    links_of,
    senders_of,
    target_names,
)
from services.bootstrap.forum import forum_mail
from services.bootstrap.health import health_app
from services.bootstrap.http import serving, sources_of
from services.bootstrap.listening import OnOpen, Run, door_of, listening
from services.bootstrap.marketing import marketing_run
from services.bootstrap.parts import Parts, Start, secrets_of
from services.bootstrap.persons import eraser_of, expirer_of
from services.bootstrap.roles import relay_of, router_of, watches_of
from services.bootstrap.sealing import log_key_keeper_of
from services.bootstrap.sinks import sinks_run
from services.bootstrap.source_watch import source_watch_of
from services.bootstrap.subscribers import ring_of
from services.delivery.role import Delivery
from services.door.bounds import Bounds
from services.door.headers import add_headers
from services.ingest.enrich import Enricher
from services.ingest.fetching.fetcher import Fetcher
from services.observability import metrics
from services.outbound.sockets import transport
from services.ports.errors import LogUnavailable, PortError, StoreUnavailable
from services.relay.housekeeping import Housekeeper

log = logging.getLogger("stafett")


def _router(parts: Parts) -> Run:
    parts.pulses.watch("decisions", parts.time.refusal)
    return router_of(parts).run


def _relay(parts: Parts) -> Run:
    return relay_of(parts).run


def _sla(parts: Parts) -> Run:
    parts.pulses.watch("decisions", parts.time.refusal)
    watches = watches_of(parts)
    return _together(*(watch.run for watch in watches))


def _delivery(parts: Parts) -> Run:
    settings, ring = parts.settings, ring_of(parts)
    parts.pulses.watch("subscriptions", ring.state)
    sinks = [run for run in (sinks_run(parts), marketing_run(parts)) if run is not None]
    webhooks = Delivery(
        parts.deliveries,
        ring,
        parts.now,
        timeout=settings.delivery.timeout,
        connect_timeout=settings.delivery.connect_timeout,
        concurrency=settings.delivery.concurrency,
        bell=parts.delivery_bell,
        trial=settings.mode == "observe",
        on_attempt=metrics.count_attempt,
        traces=parts.traces,
        on_step=parts.pulses.of("delivery", 2 * settings.delivery.timeout),
    ).run
    return _together(webhooks, *sinks) if sinks else webhooks


def _together(*runs: Run) -> Run:
    async def run(stop: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            for one in runs:
                group.create_task(one(stop))

    return run


def _alerts(parts: Parts) -> Run:
    settings, file = parts.settings, alerts_of(parts.settings)
    check_people(settings, file, parts.ruling().roster)
    client = httpx.AsyncClient(timeout=15.0, transport=transport(), trust_env=False)
    sources = source_watch_of(settings, parts.traffic, parts.sinks, parts.now)
    senders = senders_of(settings, file, client)
    role = Alerts(
        parts.incidents,
        file,
        senders,
        roster=roster_now(parts),
        about=partial(about_leads, parts),
        troubles=partial(house_troubles, parts, target_names(settings), sources),
        links=partial(links_of, settings, parts.key, file),
        now=parts.now,
        usual_zone=parts.ruling().agreement.zone,
        readers=[reactions.read for reactions in reactions_of(parts, file, client)],
        on_try=metrics.count_alert,
        traces=parts.traces,
        on_step=parts.pulses.of("alerts", timedelta(minutes=5)) if file.channels else lambda: None,
    )

    async def run(stop: asyncio.Event) -> None:
        async with client:
            await asyncio.gather(role.run(stop), forum_mail(parts, senders).run(stop))

    return run


def _enrich(parts: Parts) -> Run:
    settings = parts.settings
    sources = sources_of(settings).values()
    tokens = {
        c.source.name: secrets_of(settings, (c.source.fetch.token,), f"source {c.source.name}")[0]
        for c in sources
        if c.source.fetch is not None
    }
    fetchers = {c.source.name: Fetcher(c.source, tokens[c.source.name]) for c in sources if c.source.fetch is not None}
    # A signal may wait for its API so long; that is patience and no standing still.
    patience = max((fetcher.fetch.patience for fetcher in fetchers.values()), default=0.0)
    return Enricher(
        store=parts.store,
        target=parts.log,
        thin=settings.topic("thin"),
        signals=settings.topic("signals"),
        fetchers=fetchers,
        key=parts.key,
        now=parts.now,
        on_fetch=metering.count_fetch,
        on_step=parts.pulses.of("enrich", timedelta(seconds=patience)),
    ).run


def _housekeeping(parts: Parts) -> Run:
    settings = parts.settings
    keep = {
        "inbox": settings.router.inbox_retention,
        "log": settings.kafka.retention,
        "quarantine": settings.retention.quarantine,
        "dead_letters": settings.retention.dead_letters,
        "deliveries": settings.retention.deliveries,
        "incidents": settings.retention.incidents,
        "withdrawals": settings.retention.withdrawals,
        "commands": settings.router.inbox_retention,
        "sessions": timedelta(days=1),
        "audit": settings.retention.audit,
    }
    housekeeper = Housekeeper(partial(prune, parts.store.engines), keep, parts.now, settings.retention.every)
    keeper = log_key_keeper_of(parts)
    keepers = [keeper.run] if keeper is not None else []
    return _together(housekeeper.run, eraser_of(parts).run, expirer_of(parts).run, *keepers)


METRICS_CONNECTIONS = 32
"""Open at a time at the port of /metrics: few ask there."""
CANCEL_SECONDS = 5.0
"""How long a role may take to end once it is cancelled."""
BACKGROUND: dict[str, Callable[[Parts], Run]] = {
    "router": _router,
    "relay": _relay,
    "sla": _sla,
    "delivery": _delivery,
    "alerts": _alerts,
    "enrich": _enrich,
    "housekeeping": _housekeeping,
}
HTTP = ("ingest", "console")
"""Roles of one HTTP port: the hooks, the API."""
ROLES = (*BACKGROUND, *HTTP)
"""The roles of this version, each of which can be a process of its own."""


async def run_roles(
    parts: Parts,
    roles: Sequence[str],
    leave: Callable[[int], object] = os._exit,
    on_open: OnOpen | None = None,
) -> int:
    """Until SIGTERM, SIGINT or a role's failure. Returns the exit status: 0, or 1 where a role failed or was late. `on_open`
    is told the address of hooks and API once they take connections. Raises FileError, SettingsError, OSError before any role
    begins.

    What is in hand is finished within `shutdown_timeout`; what is not, is read again by the next start. The process
    leaves at once (`leave`) where a role does not even end when it is cancelled: that is no worse than kill -9.
    """
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    # All are made before one begins, so that what is wrong with a file or a port stops none half-way.
    runs = _runs(parts, roles, stop, on_open)
    tasks = [asyncio.create_task(run(stop), name=name) for name, run in runs.items()]
    tasks += [asyncio.create_task(start_late(start, stop), name="connecting") for start in parts.late]
    tasks.append(asyncio.create_task(parts.time.keep(stop), name="time"))
    if parts.ring is not None:
        tasks.append(asyncio.create_task(parts.ring.keep(stop), name="keys"))
    spare_the_collector()
    told = {"role": ",".join(roles), "mode": parts.settings.mode, "cluster": parts.log.cluster}
    log.info("started", extra=told)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
    stop.set()
    done, late = await asyncio.wait(tasks, timeout=parts.settings.shutdown_timeout.total_seconds())
    stuck = await _cut_off(late) if late else False
    log.info("stopped", extra=told)
    failed = _verdict(done)
    if stuck:
        leave(1)
    return 1 if late else failed


async def _cut_off(late: Collection[asyncio.Task[None]]) -> bool:
    """Cancels them; True where one does not end even so."""
    for task in late:
        log.error("did not stop in time", extra={"role": task.get_name()})
        task.cancel()
    ended, stuck = await asyncio.wait(late, timeout=CANCEL_SECONDS)
    _verdict(ended)
    for task in stuck:
        log.error("does not end when it is cancelled; leaving it behind", extra={"role": task.get_name()})
    return bool(stuck)


def _runs(parts: Parts, roles: Sequence[str], stop: asyncio.Event, on_open: OnOpen | None) -> dict[str, Run]:
    """What each role does, and what listens. Raises FileError, SettingsError, OSError."""
    runs = {role: BACKGROUND[role](parts) for role in roles if role in BACKGROUND}
    with contextlib.ExitStack() as ports:
        if any(role in HTTP for role in roles):
            has_hooks, has_api = "ingest" in roles, "console" in roles
            runs["http"] = serving(parts, stop, ports, hooks=has_hooks, api=has_api, on_open=on_open)
        if (port := parts.settings.metrics_port) is not None:
            app = health_app(parts, intake="ingest" in roles)
            door = door_of(parts.settings, Bounds(connections=METRICS_CONNECTIONS))
            runs["health"] = listening(
                parts.settings, port, app=add_headers(app), ports=ports, door=door, host=parts.settings.metrics_host
            )
        ports.pop_all()  # the servers close them
    return runs


async def start_late(start: Start, stop: asyncio.Event, pause: float = 1.0) -> None:
    """Tries until it is there, every `pause` seconds, and ends with `stop`. Raises SchemaOutdated, which ends the process
    as it would have at its beginning."""
    while not stop.is_set():
        try:
            await start()
        except (StoreUnavailable, LogUnavailable) as error:
            log.warning("still without it: %s", error)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
        else:
            log.info("it is there now")
            break
    await stop.wait()


def spare_the_collector() -> None:
    """What was loaded to start with stays; it is not looked through again and again while each batch makes and drops some
    hundred thousand objects (measured: a fifth of a router's CPU)."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 10, 10)


def _verdict(tasks: Collection[asyncio.Task[None]]) -> int:
    failures = [(task.get_name(), task.exception()) for task in tasks if not task.cancelled()]
    for role, error in failures:
        for part in _parts(error):
            _tell(role, part)
    return int(any(error is not None for _, error in failures))


def _parts(error: BaseException | None) -> list[BaseException]:
    """A group of failures, as a role of several tasks has, one by one."""
    if isinstance(error, BaseExceptionGroup):
        return [part for inner in error.exceptions for part in _parts(inner)]
    return [] if error is None else [error]


def _tell(role: str, error: BaseException) -> None:
    """Of our own errors the message, too: whoever has to act needs it. Others' may hold values of rows."""
    name, fields = type(error).__name__, {}
    if isinstance(error, PortError):
        name, fields = f"{name}: {error}", error.fields
    log.error("role failed: %s", name, extra={"role": role, **fields}, exc_info=error)
