"""A lead's story from what was judged and what followed: lines a salesperson understands, by day, in the order of happening."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from routing.people.commands import SOURCE
from schemas.json_values import JsonObject
from schemas.signals import OWN_QUESTIONS, Kind
from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import DISPOSITIONS, plain
from services.console.language.words import mark
from services.console.lead.effects import Effect, effects_of
from services.console.lead.tellings import OURS, TELLINGS, By
from services.ports.console import StoryPage
from services.ports.reading import HistoryEntry
from services.ports.rows import EventRow

LONGEST = 600
"""Characters of what somebody wrote that are shown; the whole is in the system that it came from."""
MOST_WORDS = 12
"""Fields of a form that are shown."""


class Quote(NamedTuple):
    """What somebody wrote, and the field that they wrote it in."""

    label: str
    text: str


class StoryItem(NamedTuple):
    """One thing that happened. `times`: how often in a row on that day, where nothing followed from any of them."""

    by: By
    line: str
    at: str
    iso: str
    source: str
    quotes: Sequence[Quote]
    hidden: bool
    effects: Sequence[Effect]
    times: int = 1


class StoryDay(NamedTuple):
    """What happened on one day of the reader's."""

    title: str
    items: Sequence[StoryItem]


class Listener(NamedTuple):
    """Whose story it is, and who reads it: `lead` is what the lead is called, `notes` whether what colleagues wrote is shown."""

    reader: Reader
    lead: str
    notes: bool


def story_days(page: StoryPage, listener: Listener, people: Mapping[str, str]) -> list[StoryDay]:
    """`people` are the ids that other systems have of our people, with the person."""
    days: dict[str, list[StoryItem]] = {}
    for entry in sorted(page.signals, key=lambda one: (one.row.occurred_at, one.id)):
        item = _item(entry, page.caused.get(entry.row.signal_id, ()), listener, people)
        if item is not None:
            days.setdefault(listener.reader.day(entry.row.occurred_at), []).append(item)
    return [StoryDay(title, list(_together(items))) for title, items in days.items()]


def _item(
    entry: HistoryEntry, events: Sequence[EventRow], listener: Listener, people: Mapping[str, str]
) -> StoryItem | None:
    """None for a question that Stafett asked itself and from which nothing followed."""
    row, reader = entry.row, listener.reader
    kind, facts = Kind(row.kind), json.loads(row.facts)
    effects = list(effects_of(events, reader))
    if kind in OWN_QUESTIONS and not effects:
        return None
    telling, hidden = TELLINGS[kind], kind in OURS and not listener.notes
    what = None if hidden and kind is not Kind.SALES_REJECTED else _what(kind, facts, people, reader)
    values = {
        "lead": listener.lead,
        "who": _who(facts, people, reader),
        "source": reader.say("the page") if facts.get("source") == SOURCE else plain(str(facts.get("source", ""))),
    }
    line = reader.say(telling.with_what, what=what, **values) if what else reader.say(telling.plain, **values)
    return StoryItem(
        by=telling.by,
        line=line,
        at=reader.time_of_day(row.occurred_at),
        iso=row.occurred_at.isoformat(),
        source="" if facts.get("source") == SOURCE or kind in OWN_QUESTIONS else values["source"],
        quotes=[] if hidden else list(_quotes(row.personal)),
        hidden=hidden and bool(row.personal),
        effects=effects,
    )


def _who(facts: JsonObject, people: Mapping[str, str], reader: Reader) -> str:
    """Who of us did it: somebody of the roster by name, else nobody in particular."""
    command, actor, sales = facts.get("command") or {}, facts.get("actor") or {}, facts.get("sales") or {}
    for ident in (command.get("person"), actor.get("reference"), actor.get("email"), sales.get("owner_id")):
        if isinstance(ident, str) and ident in people:
            return person_name(people[ident])
    return reader.say("Somebody") if actor.get("kind") in (None, "person") else reader.say("A program")


_ACTIVITIES = {
    "call": mark("a call"),
    "meeting": mark("a meeting"),
    "email": mark("a personal mail"),
    "message": mark("a message"),
    "task": mark("a task"),
    "demo": mark("a demo"),
    "lunch": mark("a lunch"),
}


_DISPOSITIONS = {str(name): text for name, text in DISPOSITIONS.items()}


def _what(kind: Kind, facts: JsonObject, people: Mapping[str, str], reader: Reader) -> str | None:
    """The form, campaign, tags or reason that belongs to it."""
    sales = facts.get("sales") or {}
    if kind is Kind.SALES_OWNER_CHANGED:
        person = people.get(str(sales.get("owner_id")))
        return person_name(person) if person is not None else None
    if kind is Kind.DISPOSITION_SET:
        text = _DISPOSITIONS.get(str(sales.get("to")))
        return reader.say(text) if text is not None else None
    if kind is Kind.SALES_FOLLOW_UP:
        activity = str(sales.get("activity_type") or "").casefold()
        return reader.say(_ACTIVITIES[activity]) if activity in _ACTIVITIES else _plain(activity)
    if kind is Kind.SALES_WON:
        return reader.money(facts["amount"], facts.get("currency")) if facts.get("amount") else None
    return _plain_list(_values(kind, facts, sales))


def _values(kind: Kind, facts: JsonObject, sales: JsonObject) -> Sequence[object]:
    match kind:
        case Kind.FORM_SUBMITTED:
            return [facts.get("form_id")]
        case Kind.TAG_ADDED | Kind.TAG_REMOVED:
            return list(facts.get("tags", ()))
        case Kind.LIST_SUBSCRIBED | Kind.LIST_UNSUBSCRIBED:
            return list(facts.get("lists", ()))
        case Kind.SALES_STAGE_CHANGED:
            return [sales.get("to")]
        case Kind.SALES_REJECTED | Kind.SALES_RETURNED | Kind.SALES_LOST:
            return [facts.get("reason"), facts.get("criterion")]
        case Kind.SALES_ACCEPTED | Kind.LEAD_PARKED | Kind.LEAD_UNPARKED:
            return [facts.get("reason")] if facts.get("source") == SOURCE else []
        case _:
            return [facts.get("campaign")]


def _plain_list(values: Iterable[object]) -> str | None:
    return ", ".join(text for text in map(_plain, values) if text) or None


def _plain(value: object) -> str | None:
    return plain(str(value)).strip() or None if value is not None else None


def _quotes(personal: str | None) -> Iterator[Quote]:
    """What was written with it. Erased words are not there."""
    fields = (json.loads(personal) if personal else {}).get("fields") or {}
    for label, value in list(fields.items())[:MOST_WORDS]:
        text = " ".join(str(value).split()) if not isinstance(value, dict | list) else ""
        if text:
            yield Quote(plain(str(label))[:80], text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _together(items: Iterable[StoryItem]) -> Iterator[StoryItem]:
    """The same thing several times in a row, with nothing between and nothing that followed, is one line."""
    last: StoryItem | None = None
    for item in items:
        quiet = not item.effects and not item.quotes and not item.hidden
        if last is not None and quiet and (item.line, item.source) == (last.line, last.source):
            last = last._replace(times=last.times + 1)
            continue
        if last is not None:
            yield last
        last = item if quiet else None
        if not quiet:
            yield item
    if last is not None:
        yield last
