"""What both sides entered for the forum, as the page shows it, and the forms by which they enter it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Literal, NamedTuple

from pydantic import TypeAdapter

from routing.forum.entries import EntryRecord, actions_to_ask_about, entries_as_of, lessons_since
from routing.forum.frame import Frame
from routing.people.permissions import SIDES
from schemas.forum import Action, Cost, ForumEntry
from schemas.words import Side
from services.console.language.reader import Reader, person_name
from services.console.language.words import mark
from services.console.signed_in import SignedIn

_ENTRY: TypeAdapter[ForumEntry] = TypeAdapter(ForumEntry)
Kind = Literal["action", "cost", "lesson"]
FIELDS: Mapping[Kind, tuple[str, ...]] = {
    "action": ("what", "who", "by", "note"),
    "cost": ("side", "amount", "currency", "from", "to", "note"),
    "lesson": ("about", "name", "words"),
}
"""What a form of each kind tells."""
STATES: Mapping[str, str] = {
    "open": mark("open"),
    "overdue": mark("should be done by now"),
    "done": mark("done"),
    "dropped": mark("dropped"),
}
ABOUT: Mapping[str, str] = {
    "content": mark("content"),
    "criterion": mark("a criterion"),
    "question": mark("a question"),
}
SIDE_NAMES: Mapping[Side, str] = {"marketing": mark("marketing"), "sales": mark("sales")}
DONE: Mapping[str, str] = {
    "action": mark("It is noted, and the next report asks about it."),
    "cost": mark("It counts from the next report on."),
    "lesson": mark("It is noted for the next report."),
    "closed": mark("Noted how it went."),
}
COSTS_SHOWN = 20


class ActionRow(NamedTuple):
    """An action point. `state` is the code, for its colour; `is_open`: it can be closed."""

    entry_id: str
    what: str
    who: str
    by: str
    state: str
    state_text: str
    note: str
    is_open: bool


class EntriesView(NamedTuple):
    """What is asked about first, lessons since the last report, and the newest costs; each row of texts."""

    actions: list[ActionRow]
    lessons: list[tuple[str, str, str]]
    costs: list[tuple[str, str, str, str]]


def entries_view(records: Sequence[EntryRecord], frame: Frame, known_on: datetime, reader: Reader) -> EntriesView:
    """As they stood at `known_on`."""
    entries, today = entries_as_of(records, known_on), known_on.astimezone(frame.zone).date()
    rows = [
        ActionRow(
            entry_id=entry.id,
            what=entry.fields["what"],
            who=person_name(entry.fields["who"]),
            by=reader.date(date.fromisoformat(entry.fields["by"])),
            state=entry.state,
            state_text=reader.say(STATES[entry.state]),
            note=entry.fields.get("note", ""),
            is_open=entry.state in ("open", "overdue"),
        )
        for entry in actions_to_ask_about(entries, frame.known_before, today)
    ]
    lessons = [
        (reader.say(ABOUT[entry.fields["about"]]), entry.fields["name"], entry.fields["words"])
        for entry in lessons_since(entries, frame.known_before)
    ]
    costs = sorted(entries.costs, key=lambda cost: (cost.by, cost.since), reverse=True)
    return EntriesView(rows, lessons, [_cost_row(cost, reader) for cost in costs[:COSTS_SHOWN]])


def _cost_row(cost: Cost, reader: Reader) -> tuple[str, str, str, str]:
    days = f"{reader.date(cost.since)} - {reader.date(cost.by)}"
    return reader.say(SIDE_NAMES[cost.side]), reader.money(float(cost.amount), cost.currency), days, cost.note or ""


def may_enter(somebody: SignedIn) -> bool:
    """Whether anything can be entered by them: entries are of no brand."""
    return somebody.may("forum") and somebody.brands is None


def sides_of(somebody: SignedIn) -> list[Side]:
    """Whose costs they enter: of the sides that their roles stand for; a manager, of both."""
    return [side for side, roles in SIDES.items() if somebody.roles & set(roles)]


def entry_of(kind: Kind, form: Mapping[str, str]) -> ForumEntry:
    """What a form enters. Raises ValueError (pydantic's) where something is missing or is none of what can be."""
    given = {name: value for name in FIELDS[kind] if (value := form.get(name, "").strip())}
    if "amount" in given:
        given["amount"] = plain_amount(given["amount"])
    return _ENTRY.validate_python({"kind": kind, **given})


def plain_amount(text: str) -> str:
    """`31 000,50` or `31,000.50`, as people of either language write it, is 31000.50."""
    bare = "".join(text.split())
    whole, comma, decimals = bare.rpartition(",")
    if comma and "." not in bare and "," not in whole and len(decimals) < 3:
        return f"{whole}.{decimals}"
    return bare.replace(",", "")


def close_action(action: Action, state: str, note: str) -> Action:
    """How it went. Raises ValueError for a state that is none."""
    return Action.model_validate({**action.model_dump(), "state": state, "note": note.strip() or action.note})
