"""The events of a body of an unknown sender: one, a list, or a list in an envelope; and a form's schema beside its answers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from schemas.json_values import COMPOSITE, PLAIN, JsonObject, JsonValue
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.answers import rows
from services.ingest.parsers.reading.bodies import read_embedded_json
from services.ingest.parsers.reading.naming import label, meaning
from services.ingest.parsers.reading.safely import LONGEST_IN_PATH, MAX_ANSWERS, as_object, refuse_too_many, text
from services.ingest.parsers.reading.tables import words

_LISTS = words("""
    events mandrill_events records notifications batch entries entry messages data payload leads contacts items results
    rows submissions responses people subscribers value object_keys
""")
_PARTS = words("""
    tags files attachments products line_items authors questions fields answers attendees participants recipients
    contacts users authorizations links options segments lists groups notes parties changes emails phones phone_numbers
    documents payments custom_fields input_parameters
""")
"""Lists that are parts of the one event that has them."""
_BESIDE = ("meta", "links", "account", "paging")
_REACH = ("email", "phone", "first_name", "last_name")


class Row(NamedTuple):
    """One event: its path in the body, itself, and what stood around the list that it was in."""

    where: str
    own: JsonValue
    around: Mapping[str, JsonValue]


def events_of(whole: JsonValue) -> list[Row]:
    """Every event of a body. A list of `{name, value}` is one form's answers. Raises Unreadable."""
    if not isinstance(whole, list):
        return list(_of_object("$", as_object(whole)))
    if all(isinstance(row, dict) and len(row) <= 6 for row in whole) and rows(whole):
        return [Row("$", {"answers": whole}, {})]
    events: list[Row] = []
    for i, row in enumerate(refuse_too_many(whole)):
        events.extend(_of_object(f"$[{i}]", row) if isinstance(row, dict) and row else [Row(f"$[{i}]", row, {})])
        refuse_too_many(events)
    return events


def _of_object(where: str, whole: JsonObject) -> Iterator[Row]:
    """The object, or what is in the only list of it, if nothing else in it tells of anybody."""
    if not whole:
        raise Unreadable("the body is empty")
    whole = {
        key: read_embedded_json(value) if type(value) is str and value[:1] in _OPENING else value
        for key, value in whole.items()
    }
    if PLAIN.issuperset(map(type, whole.values())):
        yield Row(where, whole, {})
        return
    held = [(k, v) for k, v in whole.items() if isinstance(v, list) and label(str(k)) in _LISTS and _are_events(v)]
    if not held and not any(text(whole.get(key)) for key in ("id", "uuid", "_id")):
        # An envelope of a sender's own: one list of objects, and scalars of which none is an id.
        lists = [(k, v) for k, v in whole.items() if isinstance(v, list) and v]
        held = [(k, v) for k, v in lists if len(lists) == 1 and label(str(k)) not in _PARTS and _are_events(v)]
    others = [v for k, v in whole.items() if isinstance(v, dict) and label(str(k)) not in _BESIDE]
    if len(held) == 1 and label(str(held[0][0])) in _EVENTS:
        others = [v for v in others if not _is_about_the_delivery(v)]
    if len(held) != 1 or others or _tells_of_somebody(whole):
        yield Row(where, _under_titles(whole), {})
        return
    name, listed = held[0]
    around = {k: v for k, v in whole.items() if k != name}
    for i, row in enumerate(refuse_too_many(listed)):
        yield Row(f"{where}[{i}]" if where == "$" else f"{where}.{name[:LONGEST_IN_PATH]}[{i}]", row, around)


_OPENING = frozenset("{[")
_EVENTS = frozenset(["events", "notifications", "records", "messages", "batch"])


def _is_about_the_delivery(value: JsonObject) -> bool:
    """Scalars of which none tells of anybody: when it was sent, of which account, by which request."""
    return not any(isinstance(held, COMPOSITE) for held in value.values()) and not _tells_of_somebody(value)


def _are_events(value: list[JsonValue]) -> bool:
    return (
        bool(value) and all(isinstance(row, dict) for row in value) and not (len(value) <= MAX_ANSWERS and rows(value))
    )


def _tells_of_somebody(whole: Mapping[str, JsonValue]) -> bool:
    """An order with its items is one event about its buyer."""
    scalars = [str(key) for key, value in list(whole.items())[:200] if text(value)]
    return any((meaning(name) or ("", 0))[0] in _REACH for name in scalars)


def _under_titles(whole: JsonObject) -> JsonObject:
    """Answers under the fields' titles, where a list in the body says which title `Field3` has."""
    titles: dict[str, str] = {}
    for key, value in [(key, value) for key, value in list(whole.items())[:200] if isinstance(value, dict)]:
        listed = next((v for v in value.values() if isinstance(v, list)), [])
        titles |= _titles(listed, whole) if label(str(key)).endswith(("structure", "schema")) else {}
    return {titles.get(key, key): value for key, value in whole.items()} if titles else whole


def _titles(fields: list[JsonValue], whole: Mapping[str, JsonValue]) -> dict[str, str]:
    titles: dict[str, str] = {}
    for field in fields[:MAX_ANSWERS]:
        held = {label(str(key)): value for key, value in field.items()} if isinstance(field, dict) else {}
        parts = next((v for n, v in held.items() if n in ("sub_fields", "parts") and isinstance(v, list)), [])
        inner = _titles(parts, whole)
        ident, title = text(held.get("id")), text(held.get("title")) or text(held.get("label"))
        titles |= {key: f"{title} {part}" for key, part in inner.items() if title}
        if not inner and ident and title and ident in whole and title not in whole:
            titles[ident] = title
    return titles
