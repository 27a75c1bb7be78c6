"""The sinks of the file, each with its vendor, its secret and its allowance in hand."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import assert_never

import httpx

from schemas.envelope import Envelope
from schemas.events import Owner
from schemas.signals import Actor, Kind, Object, Parsed, Reference
from schemas.sinks import CrmSink, KeptKind
from schemas.sinks.vendors import AnySink
from schemas.sources import Source
from schemas.words import probably
from schemas.yamlfile import FileError, problem
from services.bootstrap.http import sources_of
from services.bootstrap.listening import Run
from services.bootstrap.parts import Parts, read_file, secrets_of
from services.bootstrap.reconciling import reconciler_of, webhook_watch_of
from services.bootstrap.sinks_file import read_sinks
from services.ingest.normalising.normalise import to_signal
from services.observability import metrics
from services.outbound.sockets import transport
from services.ports.rows import RecordOut
from services.ports.signal_records import record_of
from services.ports.sinks import SinkRecord
from services.settings import Settings
from services.sinks.calls import Caller
from services.sinks.carrying import Target
from services.sinks.http import Endpoint, HttpCaller, ShowingCaller
from services.sinks.limits import allowance_of
from services.sinks.planning.plan import Settings as PlanSettings
from services.sinks.planning.when import WhenError, compile_when
from services.sinks.role import SinkLoop
from services.sinks.showing import UnaskedVendor
from services.sinks.vendor import Vendor
from services.sinks.vendors.registry import USUAL, names_of_secrets, vendor_of

LONGEST_READ = 120.0
"""Seconds; no sink may say more."""
OBJECTS: Mapping[KeptKind, Object] = {
    "contact": "person",
    "company": "company",
    "opportunity": "deal",
    "task": "activity",
}
"""What a record is as a reference; a note is none."""


def sinks_of(settings: Settings) -> list[AnySink]:
    """The sinks of the file; none where there is no file. Raises FileError."""
    sinks = read_sinks(settings)
    if problems := [*source_problems(settings, sinks), *when_problems(settings, sinks)]:
        raise FileError([problem for _, problem in problems])
    return sinks


def when_problems(settings: Settings, sinks: Sequence[CrmSink]) -> list[tuple[CrmSink, str]]:
    """Each sink whose `when` is no condition, with a line for it. Raises FileError for a file that cannot be read."""
    path = str(settings.path(settings.files.sinks))
    found: list[tuple[CrmSink, str]] = []
    for number, sink in enumerate(sinks):
        try:
            compile_when(sink.when) if sink.when is not None else None
        except WhenError as error:
            text = read_file(settings, "sinks")
            found.append((sink, problem(path, text, ("sinks", number, "when"), str(error))))
    return found


def source_problems(settings: Settings, sinks: Sequence[CrmSink]) -> list[tuple[CrmSink, str]]:
    """Each sink whose source does not fit, with a line for it. Raises FileError for a file that cannot be read."""
    if not sinks:
        return []
    path, text = str(settings.path(settings.files.sinks)), read_file(settings, "sinks")
    sources = {name: c.source for name, c in sources_of(settings).items()}
    return [
        (sinks[number], problem(path, text, ("sinks", number, "source"), rule))
        for number, rule in _broken_sources(sinks, sources)
    ]


def _broken_sources(sinks: Sequence[CrmSink], sources: Mapping[str, Source]) -> Iterator[tuple[int, str]]:
    """(number, rule) of each sink whose source is not there, or may not say what sales does."""
    for number, sink in enumerate(sinks):
        if sink.source is None:
            continue
        if sink.source not in sources:
            near = probably(sink.source, sources)
            names = ", ".join(sorted(sources)) or "none"
            yield number, f"`{sink.source}` is no source of sources.yaml ({names}){near}"
        elif sink.user is None:
            rule = f"`source` needs `user`, the id that we write as: `stafett sink check {sink.name}` prints it"
            yield number, f"{rule}; else our own writes would come back as somebody's work"


class SinkParts:
    """Makes targets: one client and one allowance for each sink."""

    def __init__(self, parts: Parts, client: httpx.AsyncClient) -> None:
        self._parts, self._client = parts, client
        self.sources = {name: c.source for name, c in sources_of(parts.settings).items()}

    def caller(self, sink: AnySink) -> HttpCaller:
        """What calls this sink's vendor."""
        endpoint = Endpoint(sink.base_url, sink.timeout_seconds, sink.allow_private)
        return HttpCaller(self._client, endpoint, allowance_of(sink.limits, USUAL[sink.kind]), self._parts.now)

    def vendor(self, sink: AnySink, caller: Caller) -> Vendor:
        """The vendor's file with its secrets. Raises SettingsError, FileError for a kind that nobody has written."""
        settings = self._parts.settings
        secrets = secrets_of(settings, names_of_secrets(sink), f"sink {sink.name}")
        try:
            return vendor_of(sink, caller, secrets, self._parts.now)
        except NotImplementedError as error:
            raise FileError([f"{settings.path(settings.files.sinks)}:1: sink {sink.name}: {error}"]) from None

    def target(self, sink: AnySink) -> Target:
        """The sink as its mode has it. Raises SettingsError, FileError."""
        match sink.mode:
            case "live":
                return Target(self.plan_settings(sink), self.vendor(sink, self.caller(sink)), self._telling(sink))
            case "dry_run" | "check":
                return self.showing_target(sink, asks=sink.mode == "dry_run")
            case _:
                assert_never(sink.mode)

    def showing_target(self, sink: AnySink, *, asks: bool) -> Target:
        """The sink as one that writes nothing and only shows; `asks`: it looks up what is there. Raises SettingsError, FileError."""
        caller = ShowingCaller(self.caller(sink) if asks else None)
        vendor = self.vendor(sink, caller)
        return Target(self.plan_settings(sink), vendor if asks else UnaskedVendor(vendor), lambda *_: (), caller.take)

    def system_of_ids(self, sink: AnySink) -> str:
        """The name under which the roster has people's ids at this sink."""
        return sink.owner_ids or self._system_of(sink)

    def _system_of(self, sink: AnySink) -> str:
        source = self.sources.get(sink.source or "")
        return source.own_system if source is not None else sink.kind

    def plan_settings(self, sink: AnySink) -> PlanSettings:
        """What plans are made with."""
        system, ids = self._system_of(sink), self.system_of_ids(sink)

        def owner_id(owner: Owner) -> str | None:
            # The roster of now counts: who mends it mends what waits for it.
            member = self._parts.ruling().roster.people.get(owner.person)
            return (member.ids.get(ids) if member is not None else None) or owner.ids.get(ids)

        made = PlanSettings(sink, owner_id, system, public_url=self._parts.settings.http.public_url)
        return made if sink.when is None else made._replace(takes=compile_when(sink.when))

    def _telling(self, sink: AnySink) -> Callable[[SinkRecord, Envelope], Sequence[RecordOut]]:
        def tell(record: SinkRecord, event: Envelope) -> Sequence[RecordOut]:
            handover = event.data.get("handover_id")
            handover_id = handover if isinstance(handover, str) else None
            return self.link_signals(sink, record, handover_id, event.partitionkey)

        return tell

    def link_signals(
        self, sink: AnySink, record: SinkRecord, handover_id: str | None, partition_key: str
    ) -> Sequence[RecordOut]:
        """What tells our own intake that the record there is the hand-over's; nothing where the sink names no source."""
        source, what = self.sources.get(sink.source or ""), OBJECTS.get(record.kind)
        if source is None or what is None or record.vendor_id is None:
            return ()
        parsed = Parsed(
            kind=Kind.CRM_LINKED,
            references=(Reference(system=source.own_system, account=source.account, object=what, id=record.vendor_id),),
            handover_id=handover_id,
            actor=Actor(kind="system"),
            automated=True,
            dedupe_key=f"id:{record.target}/{record.kind}/{record.key}/{record.vendor_id}",
        )
        signal = to_signal(parsed, source, self._parts.now(), self._parts.key, proof="signed")
        told = signal.but(partition_key=partition_key)
        return (record_of(told, self._parts.settings.topic("signals")),)


def client_for_sinks() -> httpx.AsyncClient:
    """The client that all sinks of a process share, to be closed by whoever asks for it."""
    limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
    # The caller bounds the whole of each call; this is only what a single read of it may take.
    return httpx.AsyncClient(transport=transport(limits), trust_env=False, timeout=LONGEST_READ)


def sinks_run(parts: Parts) -> Run | None:
    """What writes into all sinks that are not in `check`; None where there is none. Raises FileError, SettingsError."""
    sinks = [sink for sink in sinks_of(parts.settings) if sink.mode != "check"]
    if not sinks or parts.settings.mode == "observe":
        return None

    async def run(stop: asyncio.Event) -> None:
        async with client_for_sinks() as client:
            made = SinkParts(parts, client)
            async with asyncio.TaskGroup() as group:
                for sink in sinks:
                    target = made.target(sink)
                    reconciler = reconciler_of(parts, sink, target.vendor, made.sources)
                    if reconciler is not None and sink.mode == "live":
                        group.create_task(reconciler.run(stop))
                    webhooks = webhook_watch_of(parts, sink, target.vendor)
                    if webhooks is not None and sink.mode == "live":
                        group.create_task(webhooks.run(stop))
                    loop = SinkLoop(
                        target,
                        parts.deliveries,
                        parts.sinks,
                        parts.now,
                        bell=parts.delivery_bell,
                        on_outcome=metrics.count_sink_outcome,
                        traces=parts.traces,
                        on_step=parts.pulses.of(f"sink {sink.name}", timedelta(seconds=12 * sink.timeout_seconds)),
                    )
                    group.create_task(loop.run(stop))

    return run
