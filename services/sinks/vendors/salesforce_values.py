"""Values as Salesforce takes them, gives them back, and has them in a query."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from schemas.json_values import JsonValue
from services.sinks.outcomes import Trouble

WORDS: Mapping[str, Mapping[str, str]] = {
    "Status": {"open": "Not Started", "done": "Completed", "cancelled": "Cancelled"},
    "Priority": {"normal": "Normal", "high": "High"},
}
"""A task that is cancelled is taken away: no status of Salesforce's own says so."""
LONGEST: Mapping[str, int] = {"Name": 120, "Subject": 255, "FirstName": 40, "LastName": 80, "Description": 32_000}
"""Characters; what is longer is refused whole."""
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:?\d\d)")


def to_write(name: str, value: JsonValue) -> JsonValue:
    if name in WORDS:
        return WORDS[name].get(str(value), value)
    if name == "ActivityDate":
        return str(value)[:10]
    if isinstance(value, str) and len(value) > LONGEST.get(name, len(value)):
        # The marker is the last line, and stays.
        text, _, last = value.rpartition("\n")
        return f"{text[: LONGEST[name] - len(last) - 2]}…\n{last}" if text else value[: LONGEST[name]]
    return to_compare(value)


def to_compare(value: JsonValue) -> JsonValue:
    """A value in the one shape in which it is compared: instants with milliseconds and `Z`, lines that end with a line feed."""
    if not isinstance(value, str):
        return value
    if not _INSTANT.fullmatch(value):
        return value.replace("\r\n", "\n")
    try:
        at = datetime.fromisoformat(value).astimezone(UTC)
    except (ValueError, OverflowError):  # a text that only looks like one
        return value
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def host_of(site: str) -> str:
    return re.sub(r"^(https?://)?(www\.)?", "", site.strip().lower()).partition("/")[0]


def quote_text(value: str) -> str:
    """As a text in a query; nothing in it ends it."""
    quoted = value.replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{quoted}'"


def quote_id(ident: str) -> str:
    return f"'{id_segment(ident)}'"


def id_segment(ident: str) -> str:
    if not (ident.isascii() and ident.isalnum() and len(ident) <= 18):
        raise Trouble("gone", "no_id")
    return ident
