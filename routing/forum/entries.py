"""What people entered for the forum, as of an instant: costs, action points and lessons."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import NamedTuple

from routing.forum.figures import Entry
from schemas.envelope import instant
from schemas.forum import Action, Cost, ForumEntry, Lesson


class EntryRecord(NamedTuple):
    """One version of an entry: later ones of the same `id` replace it, none is changed. `by` is who entered it."""

    id: str
    entry: ForumEntry
    by: str
    recorded_at: datetime


class Entries(NamedTuple):
    """As of an instant, each in its last version, in the order of their ids."""

    costs: tuple[Cost, ...] = ()
    actions: tuple[EntryRecord, ...] = ()
    lessons: tuple[EntryRecord, ...] = ()


def entries_as_of(records: Iterable[EntryRecord], known_on: datetime) -> Entries:
    """The last version of each that was recorded by then; `records` are in the order of recording."""
    last = {record.id: record for record in records if record.recorded_at <= known_on}
    ordered = [last[ident] for ident in sorted(last)]
    return Entries(
        costs=tuple(record.entry for record in ordered if isinstance(record.entry, Cost)),
        actions=tuple(record for record in ordered if isinstance(record.entry, Action)),
        lessons=tuple(record for record in ordered if isinstance(record.entry, Lesson)),
    )


def actions_to_ask_about(entries: Entries, since: datetime, today: date) -> tuple[Entry, ...]:
    """Those that are open, the most urgent first, and those that were closed since the last report."""
    found = []
    for record in entries.actions:
        action = record.entry
        if isinstance(action, Action) and (action.state == "open" or record.recorded_at > since):
            late = action.state == "open" and action.by < today
            found.append((action.by, record, "overdue" if late else action.state))
    found.sort(key=lambda item: (item[0], item[1].id))
    return tuple(_entry_of(record, state) for _, record, state in found)


def lessons_since(entries: Entries, since: datetime) -> tuple[Entry, ...]:
    """What was learned since the last report."""
    return tuple(_entry_of(record, "learned") for record in entries.lessons if record.recorded_at > since)


def _entry_of(record: EntryRecord, state: str) -> Entry:
    fields = record.entry.model_dump(mode="json", by_alias=True, exclude={"kind", "state"}, exclude_none=True)
    return Entry(id=record.id, fields=fields, state=state, recorded_at=instant(record.recorded_at))
