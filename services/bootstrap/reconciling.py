"""Sinks that read back, with what their source's words mean and how their facts become signals."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from routing.people.roster import Roster
from schemas.json_values import JsonObject
from schemas.signals import Parsed
from schemas.sinks.vendors import AnySink
from schemas.sources import SalesMeaning, Source
from services.bootstrap.parts import Parts
from services.ingest.configured.sales import with_sales_words
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.registry import PARSERS, parse
from services.observability import metrics
from services.ports.rows import RecordOut
from services.ports.signal_records import record_of
from services.rules.in_force import InForce
from services.settings import Settings
from services.sinks.reconciling.facts import Words
from services.sinks.reconciling.role import Reconciler, Subject
from services.sinks.reconciling.sightings import Reader
from services.sinks.reconciling.webhooks import Hook, WebhookLister, WebhookWatch
from services.sinks.vendor import Vendor


def reconciler_of(parts: Parts, sink: AnySink, vendor: Vendor, sources: Mapping[str, Source]) -> Reconciler | None:
    """What reads this sink back; None where its file does not ask for it, or the vendor's file cannot."""
    if sink.reconcile is None or sink.source is None or not isinstance(vendor, Reader):
        return None
    source = sources[sink.source]
    ids, in_force = sink.owner_ids or source.own_system, InForce(parts.ruling)

    async def words() -> Words:
        roster: Roster = in_force(await parts.reading.roster_changes()).roster
        return Words(
            stage=sink.stages.meaning,
            person=lambda ident: roster.person_of(ids, ident),
            our_user=sink.user,
            system=source.own_system,
            account=source.account,
            target=sink.target,
            follow_ups=sink.reconcile.follow_ups if sink.reconcile is not None else (),
            read=reader_of_bodies(sink.kind, source.sales),
        )

    def record(fact: Parsed) -> RecordOut:
        told = with_sales_words(fact, source.sales)
        signal = to_signal(told, source, parts.now(), parts.key, proof="signed")
        return record_of(signal, parts.settings.topic("signals"))

    subject = Subject(sink.target, vendor, sink.reconcile, words=words, record_of=record)
    return Reconciler(
        subject,
        parts.sinks,
        parts.reading,
        parts.now,
        on_repair=metrics.count_repaired,
        on_audit=metrics.count_compared,
    )


def webhook_watch_of(parts: Parts, sink: AnySink, vendor: Vendor) -> WebhookWatch | None:
    """What asks this sink's vendor for its webhooks; None where it has no list of them, or none are to come."""
    if sink.source is None or not sink.webhooks or not isinstance(vendor, WebhookLister):
        return None
    return WebhookWatch(sink.target, vendor, hook_of(parts.settings, sink.source), sweeps=parts.sinks, now=parts.now)


def hook_of(settings: Settings, source: str) -> Hook:
    """Where webhooks of this source come in."""
    return Hook(f"/v1/hooks/{source}", settings.http.public_url)


def reader_of_bodies(kind: str, meaning: SalesMeaning) -> Callable[[JsonObject], Parsed | None]:
    """What reads one record as this kind's webhook would bring it, in the words of its source; nothing for a kind whose webhooks have no
    parser of their own."""

    def read(body: JsonObject) -> Parsed | None:
        if kind not in PARSERS:
            return None
        result = parse(kind, json.dumps(body).encode(), "application/json", {})
        read = next((item for item in result if isinstance(item, Parsed)), None)
        return with_sales_words(read, meaning) if read is not None else None

    return read
