"""The dossier as a note that a salesperson reads: lines of text, in the language of the sink, with our marker last."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from html import escape
from typing import Literal

from schemas.envelope import instant
from schemas.events import HandoverOffered
from schemas.json_values import JsonValue
from schemas.sinks.base import NoteSettings

Word = Literal[
    "title",
    "company",
    "contact",
    "phone",
    "source",
    "campaign",
    "tags",
    "needs",
    "next_step",
    "meeting",
    "answer_by",
    "record",
    "missing",
    "unproven",
]  # fmt: skip - one column of words is no easier to read
WORDS: dict[Literal["en", "sv"], dict[Word, str]] = {
    "en": {
        "title": "Handed over by marketing",
        "company": "Company",
        "contact": "Contact",
        "phone": "Phone",
        "source": "First heard of through",
        "campaign": "Campaign",
        "tags": "Tags",
        "needs": "What they said they need",
        "next_step": "Next step",
        "meeting": "Meeting booked for",
        "answer_by": "Please answer by",
        "record": "What happened so far",
        "missing": "Not known, though agreed on",
        "unproven": "Said by nobody who is proven",
    },
    "sv": {
        "title": "Överlämnad av marknad",
        "company": "Företag",
        "contact": "Kontakt",
        "phone": "Telefon",
        "source": "Kom först via",
        "campaign": "Kampanj",
        "tags": "Etiketter",
        "needs": "Vad de sagt att de behöver",
        "next_step": "Nästa steg",
        "meeting": "Möte bokat till",
        "answer_by": "Svara senast",
        "record": "Vad som hänt hittills",
        "missing": "Okänt, fast det är överenskommet",
        "unproven": "Sagt av någon som inte är bekräftad",
    },
}
ENTRIES = 50
"""Entries of the record in a note, the newest; all are in the lead's story."""


def note_text(offer: HandoverOffered, settings: NoteSettings, marker: str) -> str:
    """The note, of `settings.longest` characters at most; the marker is always its last line."""
    text = "\n".join(_lines(offer, WORDS[settings.language]))
    room = settings.longest - len(marker) - 2
    return f"{text if len(text) <= room else text[: room - 1] + '…'}\n\n{marker}"


def as_html(text: str) -> str:
    """The same for vendors that take HTML: each line a paragraph, nothing in it is markup."""
    return "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line)


def _lines(offer: HandoverOffered, words: dict[Word, str]) -> Iterator[str]:
    dossier, personal = offer.dossier, offer.personal
    yield words["title"]
    facts: list[tuple[Word, JsonValue]] = [("company", dossier.company_name or dossier.company_domain)]
    if personal is not None:
        person = personal.person
        full = person.full_name or " ".join(filter(None, (person.first_name, person.last_name)))
        facts += [("contact", " ".join(filter(None, (full, person.email and f"<{person.email}>"))))]
        facts += [("phone", person.phone)]
    facts += [("source", dossier.source), ("campaign", dossier.campaign), ("tags", ", ".join(dossier.tags))]
    facts += [("next_step", dossier.next_step), ("meeting", dossier.meeting_booked_at), ("answer_by", offer.expires_at)]
    facts += [("missing", ", ".join(dossier.missing)), ("unproven", ", ".join(dossier.unproven))]
    yield from (f"{words[word]}: {_plain(value)}" for word, value in facts if value)
    if personal is not None and personal.answers:
        yield f"{words['needs']}:"
        yield from (f"- {name}: {_plain(value)}" for name, value in personal.answers.items())
    if dossier.entries:
        yield f"{words['record']}:"
        yield from _record(offer)


def _record(offer: HandoverOffered) -> Iterator[str]:
    said = {entry.signal_id: entry.words for entry in offer.personal.said} if offer.personal else {}
    for entry in offer.dossier.entries[-ENTRIES:]:
        words = "; ".join(_plain(value) for value in said.get(entry.signal_id, {}).values())
        yield f"- {_plain(entry.at)} {entry.kind} ({entry.source})" + (f": {words}" if words else "")


def _plain(value: JsonValue) -> str:
    if isinstance(value, datetime):
        return f"{instant(value)[:16].replace('T', ' ')} UTC"
    return " ".join(str(value).split())
