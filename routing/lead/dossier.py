"""The dossier: what marketing knows of a lead, put together from its history, and whether that is as complete as agreed.

What was said, and who said it, is kept in two halves: facts with the lead (`record`), words with its personal part (`texts`).
Completeness is judged on facts only, so that it can be judged again when the words are erased.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from operator import attrgetter

import msgspec
from msgspec.structs import asdict, replace

from routing.agreement.agreement import Agreement
from routing.draft import Draft
from routing.model.bounds import shortened_words
from routing.model.records import Entry, Lead
from schemas.events import Dossier, DossierContact, DossierEntry, Proposed, Said
from schemas.handover import Part
from schemas.signals import INBOUND, Kind, Signal

ENTRIES_KEPT = 30
TOLD = frozenset(
    {
        Kind.FORM_SUBMITTED,
        Kind.EMAIL_REPLIED,
        Kind.MESSAGE_RECEIVED,
        Kind.CALL_RECEIVED,
        Kind.EVENT_ATTENDED,
        Kind.OUTREACH_LOGGED,
        Kind.NOTE_ADDED,
        Kind.SALES_FOLLOW_UP,
        Kind.SALES_MEETING_BOOKED,
        Kind.SALES_MEETING_HELD,
    }
)
"""What goes into the record: messages, calls, meetings, notes; not opens, clicks and automated mail."""
_kind_of = attrgetter("kind")
_in_order = attrgetter("at", "signal_id")
_WRITE = msgspec.json.Encoder().encode
_NEEDS = INBOUND | {Kind.NOTE_ADDED}
_TALKS = TOLD - {Kind.FORM_SUBMITTED, Kind.NOTE_ADDED, Kind.EVENT_ATTENDED}


def note(draft: Draft) -> None:
    """Takes the signal into the record, in the order of happening, and remembers which parts are known from now on."""
    lead, signal = draft.lead, draft.signal
    if new := _new(signal, lead.known):
        lead.known = tuple(sorted({*lead.known, *new}))
    if signal.kind in TOLD and not signal.automated:
        _record(draft)


def _new(signal: Signal, known_parts: tuple[str, ...]) -> list[str]:
    """Parts of a dossier that come with the signal and are not known."""
    person, new_parts = signal.person, []
    if "email" not in known_parts and (person.email or _has(signal, "email")):
        new_parts.append("email")
    if "phone" not in known_parts and (person.phone or _has(signal, "phone")):
        new_parts.append("phone")
    if "name" not in known_parts and (person.full_name or person.last_name):
        new_parts.append("name")
    if "need" not in known_parts and signal.fields and signal.kind in _NEEDS:
        new_parts.append("need")
    return new_parts


def _has(signal: Signal, kind: str) -> bool:
    return kind in map(_kind_of, signal.identities)


def _record(draft: Draft) -> None:
    lead, signal = draft.lead, draft.signal
    by = draft.context.roster.actor_of(signal.actor, signal.references, signal.source)
    entry = Entry(
        signal_id=signal.id, at=draft.at, kind=signal.kind, source=signal.source, form_id=signal.form_id, by=by
    )
    others = [e for e in lead.record if e.signal_id != signal.id]
    lead.record = tuple(sorted([*others, entry], key=_in_order)[-ENTRIES_KEPT:])
    if signal.fields:
        kept = {e.signal_id for e in lead.record}
        texts = {**lead.personal.texts, signal.id: shortened_words(signal.fields)}
        texts = {key: words for key, words in texts.items() if key in kept}
        lead.personal = lead.personal.but(texts=texts)


def missing(lead: Lead, agreement: Agreement) -> tuple[Part, ...]:
    """Parts that the agreement asks for and that nobody gave yet."""
    return tuple([part for part in agreement.dossier if not _HAS[part](lead, agreement)])


_HAS: dict[Part, Callable[[Lead, Agreement], object]] = {
    "need": lambda lead, _: "need" in lead.known,
    "contact": lambda lead, _: "email" in lead.known or "phone" in lead.known,
    "name": lambda lead, _: "name" in lead.known,
    "company": lambda lead, _: lead.company_name or lead.company_domain,
    "messages": lambda lead, _: any(e.kind in _TALKS for e in lead.record),
    "learned": lambda lead, _: lead.tags or any(e.kind == Kind.NOTE_ADDED for e in lead.record),
    "next_step": lambda lead, agreement: agreement.file.handover.next_step or lead.meeting_booked_at,
}
"""Whether the lead's dossier has it."""


def build_dossier(lead: Lead, agreement: Agreement) -> Dossier:
    """Facts of the dossier as the offer carries them."""
    lacks = missing(lead, agreement)
    made = Dossier(
        company_name=lead.company_name,
        company_domain=lead.company_domain,
        company_industry=lead.company_industry,
        company_employees=lead.company_employees,
        company_country=lead.company_country,
        company_region=lead.company_region,
        company_city=lead.company_city,
        company_postcode=lead.company_postcode,
        source=lead.source,
        campaign=lead.campaign,
        tags=lead.tags,
        signals={kind: len(instants) for kind, instants in sorted(lead.recent.items())},
        references=lead.references,
        next_step=agreement.file.handover.next_step,
        meeting_booked_at=lead.meeting_booked_at,
        entries=tuple(DossierEntry(**asdict(entry)) for entry in lead.record),
        complete=not lacks,
        missing=lacks,
        unproven=lead.unproven,
        assumed=tuple([f"company_{name}" for name in lead.assumed]),
    )
    return replace(made, hash=_hash_of(_WRITE(made)))


def in_words(lead: Lead, facts: Dossier) -> DossierContact:
    """The personal half: who it is, what they need, and what was said, by the entries of the record. `facts` is the other
    half, which its hash is over as well."""
    personal = lead.personal
    entries = [
        Said(signal_id=e.signal_id, words=personal.texts[e.signal_id])
        for e in lead.record
        if e.signal_id in personal.texts
    ]
    made = DossierContact(
        person=personal.person,
        answers=personal.answers,
        said=tuple(entries),
        unproven=personal.unproven,
        proposed=tuple(Proposed(name=name, **asdict(fact)) for name, fact in personal.proposed_facts.items()),
    )
    return replace(made, hash=_hash_of(f"{facts.hash}".encode() + _WRITE(made)))


def _hash_of(written: bytes) -> str:
    return hashlib.sha256(written).hexdigest()[:32]
