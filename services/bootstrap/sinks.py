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
from schemas.sinks import CrmSink, RecordKind, SinksFile
from schemas.sinks.vendors import AnySink
from schemas.sources import Source
from schemas.yamlfile import FileError, load, problems_of
from services.bootstrap.http import sources_of
from services.bootstrap.listening import Run
from services.bootstrap.parts import Parts, read_file, secrets_of
from services.bootstrap.reconciling import reconciler_of
from services.ingest.normalising.normalise import to_signal
from services.observability import metrics
from services.ports.rows import RecordOut
from services.ports.signal_records import record_of
from services.ports.sinks import SinkRecord
from services.settings import Settings
from services.sinks.calls import Caller
from services.sinks.carrying import Target
from services.sinks.http import Endpoint, HttpCaller, ShowingCaller
from services.sinks.limits import DAY, Allowance, Bucket
from services.sinks.planning.plan import Settings as PlanSettings
from services.sinks.role import SinkLoop
from services.sinks.vendor import Vendor
from services.sinks.vendors.registry import USUAL, vendor_of

LONGEST_READ = 120.0
"""Seconds; no sink may say more."""
OBJECTS: Mapping[RecordKind, Object] = {
    "contact": "person",
    "company": "company",
    "opportunity": "deal",
    "task": "activity",
}
"""What a record is as a reference; a note is none."""


def sinks_of(settings: Settings) -> list[AnySink]:
    """The sinks of the file; none where there is no file. Raises FileError."""
    path = settings.path(settings.files.sinks)
    if not path.exists():
        return []
    text = read_file(settings, "sinks")
    sinks = list(load(text, SinksFile, str(path)).sinks)
    sources = sources_of(settings)
    if broken := list(_broken_sources(sinks, {name: c.source for name, c in sources.items()})):
        raise FileError(problems_of(str(path), text, broken))
    return sinks


def _broken_sources(
    sinks: Sequence[CrmSink], sources: Mapping[str, Source]
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """(path, rule) of each sink whose source is not there, or may not say what sales does."""
    for number, sink in enumerate(sinks):
        if sink.source is None:
            continue
        if sink.source not in sources:
            names = ", ".join(sorted(sources)) or "none"
            yield ("sinks", number, "source"), f"`{sink.source}` is no source of sources.yaml ({names})"
        elif sink.user is None:
            rule = "`source` needs `user`, the id that we write as: `stafett sink check` prints it"
            yield ("sinks", number, "source"), f"{rule}; else our own writes would come back as somebody's work"


class SinkParts:
    """Makes targets: one client and one allowance for each sink."""

    def __init__(self, parts: Parts, client: httpx.AsyncClient) -> None:
        self._parts, self._client = parts, client
        self.sources = {name: c.source for name, c in sources_of(parts.settings).items()}

    def caller(self, sink: AnySink) -> HttpCaller:
        """What calls this sink's vendor."""
        endpoint = Endpoint(sink.base_url, sink.timeout_seconds, sink.allow_private)
        return HttpCaller(self._client, endpoint, _allowance(sink), self._parts.now)

    def vendor(self, sink: AnySink, caller: Caller) -> Vendor:
        """The vendor's file with its secret. Raises SettingsError."""
        (secret,) = secrets_of(self._parts.settings, (sink.secret,), f"sink {sink.name}")
        return vendor_of(sink, caller, secret, self._parts.now)

    def target(self, sink: AnySink) -> Target:
        """The sink as its mode has it. Raises SettingsError."""
        caller, plan = self.caller(sink), self.plan_settings(sink)
        tell = self._telling(sink)
        match sink.mode:
            case "live":
                return Target(plan, self.vendor(sink, caller), tell)
            case "dry_run" | "check":
                showing = ShowingCaller(caller if sink.mode == "dry_run" else None)
                return Target(plan, self.vendor(sink, showing), tell, showing.take)
            case _:
                assert_never(sink.mode)

    def plan_settings(self, sink: AnySink) -> PlanSettings:
        """What plans are made with."""
        source = self.sources.get(sink.source or "")
        system = source.own_system if source is not None else sink.kind
        ids = sink.owner_ids or system

        def owner_id(owner: Owner) -> str | None:
            # The roster of now counts: who mends it mends what waits for it.
            member = self._parts.ruling().roster.people.get(owner.person)
            return (member.ids.get(ids) if member is not None else None) or owner.ids.get(ids)

        return PlanSettings(sink, owner_id, system, public_url=self._parts.settings.http.public_url)

    def _telling(self, sink: AnySink) -> Callable[[SinkRecord, Envelope], Sequence[RecordOut]]:
        source = self.sources.get(sink.source or "")

        def tell(record: SinkRecord, event: Envelope) -> Sequence[RecordOut]:
            what = OBJECTS.get(record.kind)
            if source is None or what is None or record.vendor_id is None:
                return ()
            handover = event.data.get("handover_id")
            parsed = Parsed(
                kind=Kind.CRM_LINKED,
                references=(
                    Reference(system=source.own_system, account=source.account, object=what, id=record.vendor_id),
                ),
                handover_id=handover if isinstance(handover, str) else None,
                actor=Actor(kind="system"),
                automated=True,
                dedupe_key=f"id:{record.target}/{record.kind}/{record.key}/{record.vendor_id}",
            )
            signal = to_signal(parsed, source, self._parts.now(), self._parts.key, proof="signed")
            told = signal.but(partition_key=event.partitionkey)
            return (record_of(told, self._parts.settings.topic("signals")),)

        return tell


def sinks_run(parts: Parts) -> Run | None:
    """What writes into all sinks that are not in `check`; None where there is none. Raises FileError, SettingsError."""
    sinks = [sink for sink in sinks_of(parts.settings) if sink.mode != "check"]
    if not sinks or parts.settings.mode == "observe":
        return None

    async def run(stop: asyncio.Event) -> None:
        limits = httpx.Limits(max_connections=200, max_keepalive_connections=50)
        # The caller bounds the whole of each call; this is only what a single read of it may take.
        async with httpx.AsyncClient(limits=limits, trust_env=False, timeout=LONGEST_READ) as client:
            made = SinkParts(parts, client)
            async with asyncio.TaskGroup() as group:
                for sink in sinks:
                    target = made.target(sink)
                    reconciler = reconciler_of(parts, sink, target.vendor, made.sources)
                    if reconciler is not None and sink.mode == "live":
                        group.create_task(reconciler.run(stop))
                    loop = SinkLoop(
                        target,
                        parts.deliveries,
                        parts.sinks,
                        parts.now,
                        bell=parts.delivery_bell,
                        on_outcome=metrics.count_sink_outcome,
                        on_step=parts.pulses.of(f"sink {sink.name}", timedelta(seconds=12 * sink.timeout_seconds)),
                    )
                    group.create_task(loop.run(stop))

    return run


def _allowance(sink: AnySink) -> Allowance:
    """What the file says, else what the vendor usually allows."""
    usual, limits = USUAL[sink.kind], sink.limits
    burst, window = limits.burst or usual.burst, limits.window or usual.window
    per_day = limits.per_day or usual.per_day
    return Allowance(
        Bucket(burst, window) if burst is not None and window is not None else None,
        Bucket(per_day * limits.day_share, DAY) if per_day is not None else None,
    )
