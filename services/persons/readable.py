"""The file as a text: plain lines, in English or Swedish. What people wrote is shown as they wrote it, on lines of its own."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, assert_never

from schemas.json_values import JsonObject
from schemas.persons import (
    Entry,
    ExportedEvent,
    ExportedFact,
    ExportedGiving,
    ExportedLead,
    ExportedSignal,
    ExportedWait,
    ReadableLanguage,
)

WORDS: Mapping[ReadableLanguage, Mapping[str, str]] = {
    "en": {
        "title": "What {organisation} knows of you",
        "made_at": "Made at",
        "about": "All instants are in UTC.",
        "leads": "What is known of you now",
        "signals": "What we were told of you, who told us, and what came of it",
        "events": "What was decided, and on which topic it was told",
        "given_to": "Who got it",
        "waiting": "What was set aside and not decided on",
        "complete": "End of the file: it is complete.",
        "record": "Record {id} of {brand}, since {at}",
        "where": "stage {stage} since {since}, {disposition}; owner: {owner}",
        "nobody": "nobody",
        "said_by": "said by {source} at {at}, {proof}",
        "unknown_origin": "where it came from is not known any more",
        "signed": "proven",
        "none": "unproven",
        "proposed": "proposed, not believed",
        "consent": "consent",
        "tags": "tags",
        "ids": "id in {system}",
        "from": "{at}: {kind}, from {source}, {proof}",
        "came": "what came of it: {outcome}",
        "told": "{at}: {type} on {topic}",
        "given": "{to} ({by}): {what}, {state}{at}",
        "set_aside": "{at}: {reason}",
        "receiver": "events as webhooks",
        "records": "record kept there",
        "alert": "alert",
    },
    "sv": {
        "title": "Vad {organisation} vet om dig",
        "made_at": "Framställd",
        "about": "Alla tider är i UTC.",
        "leads": "Vad som är känt om dig nu",
        "signals": "Vad vi har fått veta om dig, av vem, och vad det ledde till",
        "events": "Vad som beslutades, och på vilket ämne det berättades",
        "given_to": "Vem som har fått det",
        "waiting": "Vad som lades åt sidan utan beslut",
        "complete": "Slut på filen: den är fullständig.",
        "record": "Post {id} hos {brand}, sedan {at}",
        "where": "steg {stage} sedan {since}, {disposition}; ansvarig: {owner}",
        "nobody": "ingen",
        "said_by": "enligt {source} {at}, {proof}",
        "unknown_origin": "varifrån det kom är inte längre känt",
        "signed": "bevisat",
        "none": "obevisat",
        "proposed": "föreslaget, inte trott",
        "consent": "samtycke",
        "tags": "etiketter",
        "ids": "id i {system}",
        "from": "{at}: {kind}, från {source}, {proof}",
        "came": "vad det ledde till: {outcome}",
        "told": "{at}: {type} på {topic}",
        "given": "{to} ({by}): {what}, {state}{at}",
        "set_aside": "{at}: {reason}",
        "receiver": "händelser som webhooks",
        "records": "post som finns där",
        "alert": "larm",
    },
}


def lines_of(entry: Entry, language: ReadableLanguage) -> Iterator[str]:
    """One entry as lines."""
    words = WORDS[language]
    match entry:
        case ExportedLead():
            yield from _lead(entry, words)
        case ExportedSignal():
            yield words["from"].format(
                at=_at(entry.occurred_at), kind=entry.kind, source=entry.source or "?", proof=words[entry.proof]
            )
            yield from _lines_of_words(entry.personal)
            yield "  " + words["came"].format(outcome=entry.note or entry.outcome)
        case ExportedEvent():
            yield words["told"].format(at=_at(entry.time), type=entry.type, topic=entry.topic)
            yield from _lines_of_words(entry.data.get("personal"))
        case ExportedGiving():
            by = words["records"] if entry.by == "record" else words[entry.by]
            at = f", {_at(entry.at)}" if entry.at else ""
            yield words["given"].format(to=entry.to, by=by, what=entry.what, state=entry.state, at=at)
            if entry.url:
                yield f"  {entry.url}"
        case ExportedWait():
            yield words["set_aside"].format(at=_at(entry.recorded_at), reason=entry.reason)
            yield from _lines_of_words(entry.personal)
        case _:
            assert_never(entry)


def _lead(lead: ExportedLead, words: Mapping[str, str]) -> Iterator[str]:
    yield words["record"].format(id=lead.id, brand=lead.brand, at=_at(lead.created_at))
    yield "  " + words["where"].format(
        stage=lead.stage,
        since=_at(lead.stage_since),
        disposition=lead.disposition,
        owner=lead.owner or words["nobody"],
    )
    for fact in lead.facts:
        yield f"  {fact.name}: {_one_line(fact.value)}"
        yield f"    ({_origin(fact, words)})"
    for consent in lead.consents:
        yield f"  {words['consent']} {consent.purpose}: {consent.state}{f', {_at(consent.at)}' if consent.at else ''}"
    if lead.tags:
        yield f"  {words['tags']}: {', '.join(lead.tags)}"
    for name, value in lead.attributes.items():
        yield f"  {name}: {_one_line(value)}"
    for reference in lead.references:
        yield f"  {words['ids'].format(system=reference['system'])}: {reference['id']}"


def _origin(fact: ExportedFact, words: Mapping[str, str]) -> str:
    if fact.source is None or fact.at is None:
        return words["unknown_origin"]
    where = words["said_by"].format(source=fact.source, at=_at(fact.at), proof=words[fact.proof or "none"])
    return f"{where}; {words['proposed']}" if fact.proposed else where


def _lines_of_words(personal: JsonObject | None) -> Iterator[str]:
    for name, value in (personal or {}).items():
        members = value if isinstance(value, dict) else {"": value}
        for member, text in members.items():
            yield f"  {name}{'.' if member else ''}{member}: {_one_line(text)}"


def _one_line(value: Any) -> str:
    """On one line: a text with line ends could look like lines of ours."""
    return value if isinstance(value, str) and value.isprintable() else json.dumps(value, ensure_ascii=False)


def _at(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M}"
