"""The dossier as a note that a salesperson reads: lines of text, in the language of the sink, with our marker last."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from html import escape
from typing import Literal

from schemas.envelope import instant
from schemas.events import HandoverOffered
from schemas.json_values import JsonValue
from schemas.sinks.base import NoteSettings
from services.sinks.planning.facts import Facts

Word = Literal[
    "title",
    "company",
    "contact",
    "phone",
    "source",
    "campaign",
    "tags",
    "needs",
    "why",
    "next_step",
    "meeting",
    "answer_by",
    "follow_up_by",
    "story",
    "record",
    "missing",
    "unproven",
    "touches",
]
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
        "follow_up_by": "Please follow up by",
        "why": "Why it is yours now",
        "story": "The whole story",
        "record": "What happened so far",
        "missing": "Not known, though agreed on",
        "unproven": "Said by nobody who is proven",
        "touches": "What they did since it is yours, newest first",
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
        "follow_up_by": "Följ upp senast",
        "why": "Varför den är din nu",
        "story": "Hela historien",
        "record": "Vad som hänt hittills",
        "missing": "Okänt, fast det är överenskommet",
        "unproven": "Sagt av någon som inte är bekräftad",
        "touches": "Vad de gjort sedan den blev din, senaste först",
    },
}
_OF_COMPANY = ("company.name", "company.domain", "company.employees", "company.city", "company.country")
ENTRIES = 50
"""Entries of the record in a note, the newest; all are in the lead's story."""


def note_text(offer: HandoverOffered, settings: NoteSettings, facts: Facts, marker: str) -> str:
    """The dossier, of `settings.longest` characters at most; the marker is always its last line. What is only of one offer is not in
    it, so that a second offer of the same dossier leaves the note as it is."""
    return _fitting("\n".join(_lines(offer, facts, WORDS[settings.language])), settings.longest, marker)


def task_text(settings: NoteSettings, facts: Facts, marker: str) -> str:
    """What is asked of the owner, and by when; the marker last."""
    words = WORDS[settings.language]
    asked: tuple[tuple[Word, str], ...] = (
        ("answer_by", "offer.expires_at"),
        ("follow_up_by", "offer.follow_up_due_at"),
        ("next_step", "dossier.next_step"),
        ("story", "links.lead"),
    )
    lines = [f"{words[word]}: {_plain(facts[name])}" for word, name in asked if facts.get(name)]
    return _fitting("\n".join(lines), settings.longest, marker)


def touches_text(touches: Iterable[tuple[datetime, str, str]], settings: NoteSettings, marker: str) -> str:
    """What the lead did: (when, which kind of signal, of which source), newest first."""
    lines = [f"- {_plain(at)} {kind} ({_plain(source)})" for at, kind, source in touches]
    return _fitting("\n".join((f"{WORDS[settings.language]['touches']}:", *lines)), settings.longest, marker)


def _fitting(text: str, longest: int, marker: str) -> str:
    """Cut by the length that it has as HTML, in which a sign may be six characters."""
    room, short = longest - len(marker) - 2, text
    while len(escape(short)) > room:
        short = f"{short[: min(room, len(short) * 9 // 10) - 1]}…"
    return f"{short}\n\n{marker}"


def as_html(text: str) -> str:
    """The same for vendors that take HTML: each line a paragraph, nothing in it is markup."""
    return "".join(f"<p>{escape(line)}</p>" for line in text.splitlines() if line)


def _lines(offer: HandoverOffered, facts: Facts, words: dict[Word, str]) -> Iterator[str]:
    dossier, personal = offer.dossier, offer.personal
    yield words["title"]
    contact = " ".join(str(facts[f"contact.{name}"]) for name in ("full_name", "email") if facts.get(f"contact.{name}"))
    company = " · ".join(str(facts[name]) for name in _OF_COMPANY if facts.get(name))
    shown: list[tuple[Word, JsonValue]] = [
        ("company", company),
        ("contact", contact),
        ("phone", facts.get("contact.phone")),
    ]
    shown += [("source", dossier.source), ("campaign", dossier.campaign), ("tags", ", ".join(dossier.tags))]
    shown += [
        ("next_step", dossier.next_step),
        ("meeting", dossier.meeting_booked_at),
        ("story", facts.get("links.lead")),
    ]
    shown += [("missing", ", ".join(dossier.missing)), ("unproven", ", ".join(dossier.unproven))]
    yield from (f"{words[word]}: {_plain(value)}" for word, value in shown if value)
    if offer.qualification is not None and offer.qualification.reasons:
        yield f"{words['why']}:"
        yield from (f"- {_plain(reason)}" for reason in offer.qualification.reasons)
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
