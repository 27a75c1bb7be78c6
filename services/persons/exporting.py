"""All that is known of a person, entry after entry, in the order of the file. A page is held at a time, never the whole.

Nothing is written here: a reader that stops, or is killed, has a file without `complete` at its end, and asks again.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence

from routing.incidents.records import Incident
from routing.model.records import Lead, LeadPersonal
from schemas.envelope import Envelope, whole
from schemas.persons import (
    Entry,
    ExportedConsent,
    ExportedEvent,
    ExportedFact,
    ExportedGiving,
    ExportedLead,
    ExportedSignal,
    ExportedWait,
    Section,
)
from services.persons.finding import Found
from services.persons.provenance import facts_of, note_origins, with_proposals
from services.ports.persons import PersonReading
from services.ports.reading import HistoryEntry
from services.ports.rows import DeadLetter, EventRow, LeadRow

PAGE = 200
MOST_LETTERS = 1000
"""Signals of one lead that wait behind one that failed; more are redriven before anybody asks for an export."""


async def entries_of(reading: PersonReading, found: Found) -> AsyncIterator[tuple[Section, Entry]]:
    """Each entry with the section that it belongs to, section after section. Raises StoreUnavailable."""
    for section, of_lead in _SECTIONS.items():
        for row in found.leads:
            async for entry in of_lead(reading, row):
                yield section, entry


async def _leads(reading: PersonReading, row: LeadRow) -> AsyncIterator[Entry]:
    yield await _lead(reading, row)


async def _signals(reading: PersonReading, row: LeadRow) -> AsyncIterator[Entry]:
    async for entries in _history_pages(reading, row.id):
        for entry in entries:
            yield _signal(entry)


async def _events(reading: PersonReading, row: LeadRow) -> AsyncIterator[Entry]:
    async for events in _event_pages(reading, row.id):
        for event in events:
            yield _event(event)


async def _waits(reading: PersonReading, row: LeadRow) -> AsyncIterator[Entry]:
    for letter in await reading.letters_of(row.id, MOST_LETTERS):
        if letter.state in ("dead", "queued"):
            yield _wait(row.id, letter)


async def _history_pages(reading: PersonReading, lead_id: str) -> AsyncIterator[Sequence[HistoryEntry]]:
    after = 0
    while page := await reading.history(lead_id, after, PAGE):
        yield page
        after = page[-1].id


async def _event_pages(reading: PersonReading, lead_id: str) -> AsyncIterator[Sequence[EventRow]]:
    after = -1
    while page := await reading.events_of(lead_id, after, PAGE):
        yield page
        after = page[-1].row.sequence


async def _lead(reading: PersonReading, row: LeadRow) -> ExportedLead:
    lead, personal = Lead.read(row.state), LeadPersonal.read(row.personal or "{}")
    known, origins = facts_of(lead, personal), dict[str, ExportedFact]()
    async for entries in _history_pages(reading, row.id):
        note_origins(origins, known, [entry.row for entry in entries])
    return ExportedLead(
        id=lead.id,
        brand=lead.brand,
        created_at=lead.created_at,
        stage=lead.stage,
        stage_since=lead.stage_since,
        disposition=row.disposition,
        owner=lead.owner,
        source=lead.source,
        merged_into=lead.merged_into,
        suppressed=lead.suppressed,
        facts=with_proposals(known, origins, personal),
        consents=[
            ExportedConsent(purpose=name, state=state, at=lead.consents_at.get(name))
            for name, state in lead.consents.items()
        ],
        tags=list(lead.tags),
        attributes=dict(lead.attributes or {}),
        references=[{"system": r.system, "account": r.account, "id": r.id} for r in lead.references],
    )


def _signal(entry: HistoryEntry) -> ExportedSignal:
    row, facts = entry.row, json.loads(entry.row.facts)
    return ExportedSignal(
        lead=row.lead_id,
        signal=row.signal_id,
        source=row.source or facts.get("source"),
        proof=facts.get("proof", "signed"),
        kind=row.kind,
        mode=facts.get("mode", "live"),
        occurred_at=row.occurred_at,
        received_at=row.received_at,
        recorded_at=row.recorded_at,
        outcome=row.outcome,
        note=row.note,
        facts=facts,
        personal=json.loads(row.personal) if row.personal else None,
    )


def _event(event: EventRow) -> ExportedEvent:
    row = event.row
    envelope = Envelope.model_validate_json(whole(row.head, row.personal))
    return ExportedEvent(
        lead=row.lead_id, id=row.event_id, type=row.type, topic=row.topic, time=envelope.time, data=envelope.data
    )


async def _givings(reading: PersonReading, row: LeadRow) -> AsyncIterator[Entry]:
    lead_id = row.id
    async for events in _event_pages(reading, lead_id):
        for given in await reading.deliveries_at([event.position for event in events]):
            yield ExportedGiving(
                lead=lead_id,
                by="receiver",
                to=given.receiver,
                what=given.event_id,
                state=given.state,
                at=given.at,
                attempts=given.attempts,
            )
    for record in await reading.records_of(lead_id):
        what = f"{record.kind}/{record.key}"
        yield ExportedGiving(
            lead=lead_id, by="record", to=record.target, what=what, state=record.state, at=record.at, url=record.url
        )
    for text in await reading.incidents_of(lead_id):
        incident = Incident.read(text)
        for thread in incident.threads:
            to = f"{thread.channel}/{thread.person}" if thread.person else thread.channel
            yield ExportedGiving(
                lead=lead_id, by="alert", to=to, what=incident.policy, state=thread.level, at=incident.opened_at
            )


def _wait(lead_id: str, letter: DeadLetter) -> ExportedWait:
    return ExportedWait(
        lead=lead_id,
        letter=letter.id,
        signal=letter.signal_id,
        state=letter.state,
        reason=letter.reason,
        recorded_at=letter.recorded_at,
        facts=json.loads(letter.facts) if letter.facts else None,
        personal=json.loads(letter.personal) if letter.personal else None,
    )


_SECTIONS: Mapping[Section, Callable[[PersonReading, LeadRow], AsyncIterator[Entry]]] = {
    "leads": _leads,
    "signals": _signals,
    "events": _events,
    "given_to": _givings,
    "waiting": _waits,
}
"""In the order of the file."""
