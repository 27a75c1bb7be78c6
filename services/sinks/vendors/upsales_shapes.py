"""What Upsales calls our values, in which shape it takes and gives them, and our part of an opportunity's notes. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import RecordKind, ValueName
from services.sinks.outcomes import Trouble

PATHS: Mapping[RecordKind, str] = {
    "contact": "contacts",
    "company": "accounts",
    "opportunity": "orders",
    "note": "orders",
    "task": "activities",
}
NAMES: Mapping[RecordKind, Mapping[ValueName, str]] = {
    "contact": {"email": "email", "first_name": "firstName", "last_name": "lastName", "phone": "phone"},
    "company": {"name": "name", "domain": "webpage"},
    "opportunity": {"name": "description", "owner": "user", "stage": "stage"},
    "note": {"text": "notes"},
    "task": {
        "subject": "description",
        "text": "notes",
        "owner": "user",
        "due_at": "date",
        "priority": "priority",
        "state": "state",
    },
}
"""Their fields of our values; `user` and `stage` by their ids. `state` is none of theirs: a task is done when it has a day on which it
was."""
LONGEST = {"firstName": 50, "lastName": 50, "phone": 30, "name": 100, "webpage": 100, "description": 100}
PRIORITIES = {"normal": 0, "high": 3}
CUSTOM = "custom_"
"""Before the number of a field of their own."""
FIRST_LINE = "--- Stafett ---"
TOUCHES = "/touches"
"""How the marker of that part ends, and the id that we know it by, which else is that of the opportunity."""
_PART = re.compile(rf"{FIRST_LINE}(?:(?!{FIRST_LINE}).)*?\nStafett [^\n]*", re.DOTALL)


def path_of(kind: RecordKind, vendor_id: str) -> str:
    """Where a record is. Raises Trouble (gone) for an id that is none."""
    number = vendor_id.removesuffix(TOUCHES) if kind == "note" else vendor_id
    return f"/{PATHS[kind]}/{number_of(number)}"


def number_of(vendor_id: str) -> int:
    """Raises Trouble (gone) for what is no number."""
    if not (vendor_id.isascii() and vendor_id.isdigit()):
        raise Trouble("gone", "no_id_of_upsales")
    return int(vendor_id)


def to_write(name: str, value: JsonValue) -> JsonValue:
    """A value of ours in the shape of its field."""
    match name:
        case "user" | "stage":
            return int(value)
        case "date":
            return str(value)[:10]
        case "priority":
            return PRIORITIES.get(str(value), 0)
        case _:
            # It takes away what is blank at both ends, and so would never read back equal.
            text = value.strip() if isinstance(value, str) else value
            return text[: LONGEST[name]].strip() if isinstance(text, str) and name in LONGEST else text


def as_read(kind: RecordKind, name: str, row: JsonObject) -> JsonValue:
    """In the shape in which it is written."""
    if name.startswith(CUSTOM):
        return custom_of(row).get(int(name.removeprefix(CUSTOM)))
    match name:
        case "user" if kind == "task":
            users = row.get("users") or [{}]
            return users[0].get("id")
        case "user" | "stage":
            return (row.get(name) or {}).get("id")
        case "state":
            return "open" if row.get("closeDate") is None else "done"
        case "date":
            return str(row["date"])[:10] if row.get("date") else None
        case _:
            return row.get(name)


def custom_of(row: JsonObject) -> dict[int, JsonValue]:
    """The fields of their own by their numbers."""
    held = row.get("custom") or ()
    return {int(one["fieldId"]): one.get("value") for one in held if isinstance(one, dict) and "fieldId" in one}


def part_of(notes: JsonValue, *, of_touches: bool = False) -> str | None:
    """Ours of an opportunity's notes, the dossier or what the lead did since; None where there is none."""
    parts = _PART.findall(str(notes or ""))
    return next((part for part in parts if part.endswith(TOUCHES) == of_touches), None)


def with_part(notes: JsonValue, part: str) -> str:
    """The notes with ours in its place, or at their end."""
    text = str(notes or "")
    held = part_of(text, of_touches=part.endswith(TOUCHES))
    return text.replace(held, part, 1) if held is not None else f"{text}\n\n{part}" if text.strip() else part


def id_of(value: JsonValue) -> str | None:
    """Of a record or of one that is referred to."""
    ident = value.get("id") if isinstance(value, dict) else None
    return None if ident is None else str(ident)


def is_same(theirs: JsonValue, ours: str | None) -> bool:
    """Without regard to case and to blanks at the ends."""
    return str(theirs or "").strip().casefold() == str(ours or "").strip().casefold()


def domain_of(webpage: JsonValue) -> str:
    """Of a web site, however it is written."""
    text = str(webpage or "").strip().casefold()
    return text.rpartition("://")[2].partition("/")[0].removeprefix("www.")
