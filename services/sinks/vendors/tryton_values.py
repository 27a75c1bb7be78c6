"""Tryton's names and shapes for our values: which model and field, how a date, a number and an address are written and read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from datetime import UTC, date, datetime

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import RecordKind, ValueName
from services.sinks.outcomes import Trouble
from services.sinks.records import Fields

MODELS: Mapping[RecordKind, str] = {
    "contact": "party.party",
    "company": "party.party",
    "opportunity": "sale.opportunity",
    "note": "ir.note",
}
NAMES: Mapping[RecordKind, Mapping[ValueName, str]] = {
    "contact": {"full_name": "name", "email": "email", "phone": "phone"},
    "company": {"name": "name", "domain": "website"},
    "opportunity": {"name": "description", "owner": "employee", "stage": "state", "due_at": "end_date"},
    "note": {"text": "message"},
    "task": {},
}
"""Their fields of our values; what is not among them has no place in Tryton."""
MECHANISMS = ("email", "phone", "website")
"""What is no field of a party but a row of its own: a contact mechanism of that type."""


def to_show(name: str, value: JsonValue) -> JsonValue:
    """A value of ours as it reads back: an employee as their number, a date as its day, a text on one line but for a note's.
    Raises Trouble (refused_data) for an owner that is no number."""
    match name:
        case "employee":
            return to_id(value)
        case "end_date":
            return str(value)[:10]
        case _:
            return clean(name, value)


def clean(name: str, value: JsonValue) -> JsonValue:
    """A text as Tryton keeps it: without blanks around, without the zero that PostgreSQL refuses; a `Char` has one line."""
    if not isinstance(value, str):
        return value
    text = value.replace("\0", "")
    return text.strip() if name in ("message", "comment") else " ".join(text.split())


def to_id(value: JsonValue) -> int:
    """Raises Trouble (refused_data) for what is none."""
    if not re.fullmatch(r"[0-9]{1,18}", str(value)):
        raise Trouble("refused_data", "no_id_of_tryton")
    return int(str(value))


def to_write(name: str, value: JsonValue) -> JsonValue:
    """A value as JSON-RPC takes it (`JSONDecoder` of trytond/protocols/jsonrpc.py)."""
    if name != "end_date" or value is None:
        return value
    day = date.fromisoformat(str(value))
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def as_read(value: JsonValue) -> JsonValue:
    """A value that was read, as `to_show` gives it."""
    if not isinstance(value, dict):
        return value
    match value.get("__class__"):
        case "date":
            return date(value["year"], value["month"], value["day"]).isoformat()
        case "Decimal":
            return float(value["decimal"])
        case _:
            return value


def escape(value: str) -> str:
    """For `like` and `ilike`, in which three characters are none of their own."""
    return re.sub(r"([\\%_])", r"\\\1", value)


def adding(kind: str, value: JsonValue) -> list[JsonValue]:
    """A contact mechanism more, as a command of a list of rows."""
    return ["create", [{"type": kind, "value": value}]]


def party_values(fields: Fields, marker: str | None = None) -> JsonObject:
    """A new party. `marker`: what it can be found by where it has no address of its own."""
    mechanisms = [adding(name, fields[name]) for name in MECHANISMS if fields.get(name) is not None]
    if marker is not None:
        mechanisms.append(adding("other", marker))
    values: JsonObject = {name: value for name, value in fields.items() if name not in MECHANISMS}
    return {**values, "contact_mechanisms": mechanisms} if mechanisms else values


def party_fields(row: JsonObject, names: Collection[str]) -> Fields:
    """A party that was read, with the first address of each type among its fields."""
    listed = sorted(row.get("contact_mechanisms.") or [], key=lambda one: one["id"], reverse=True)
    first = {str(one["type"]): one["value"] for one in listed}
    return {name: first.get(name) if name in MECHANISMS else as_read(row.get(name)) for name in names}


def instant_to_write(at: datetime) -> JsonObject:
    """As `JSONDecoder` of trytond/protocols/jsonrpc.py reads it, in UTC."""
    parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{part: getattr(at.astimezone(UTC), part) for part in parts}}
