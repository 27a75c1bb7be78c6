"""Addresses that somebody had before: told by a field of its own, by what was before a change, or by both values of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Literal

from schemas.json_values import PLAIN, JsonValue
from schemas.signals import Parsed
from services.ingest.parsers.reading.by_names import Names, cache_by_names, names_of
from services.ingest.parsers.reading.naming import is_former, is_new_address, label, meaning
from services.ingest.parsers.reading.safely import text
from services.ingest.parsers.reading.tables import word_set
from services.ingest.parsers.reading.values import is_address

MOST = 5
"""Former addresses of one signal."""
MAX_FIELDS, MAX_ROWS, MAX_LEVELS = 300, 50, 4
_PAST = "previous old before previous_attributes previous_data previous_values old_values old_data previous_properties old_attributes previous_record"
_BEFORE = frozenset(_PAST.split())
"""Objects of what was before a change."""
_OLD = _BEFORE | {"from", "was", "prev", "former", "old_value", "original"}
"""The earlier one of two values."""
_CHANGES = word_set("""
    changes changed changeset diff updated_attributes property_changes modifications modified updates change
    field_changes
""")
_NAMES = ("field", "name", "property", "property_name", "attribute", "key", "field_name", "column")
_CHANGED = word_set("""
    changed_fields changed updated_fields modified_fields changed_properties fields_changed changes modified
    updated_attributes changed_attributes
""")


def _is_object(value: JsonValue) -> bool:
    """An object of JSON, or a mapping as a reader has it; an abstract class is asked only where it has to be."""
    return type(value) is dict or (type(value) not in PLAIN and isinstance(value, Mapping))


def _is_mail(name: str) -> bool:
    return (meaning(name) or ("", 0))[0] == "email"


def with_former_emails(parsed: Parsed, *records: JsonValue) -> Parsed:
    """With the addresses of before that these objects tell of; the same object where they tell of none."""
    if not parsed.address_changed and all([_says_nothing(record, MAX_LEVELS) for record in records]):
        return parsed
    own = (parsed.person.email or "").strip().casefold()
    addresses = (address for record in records for address in _former(record, MAX_LEVELS))
    others = [address for address in islice(addresses, MAX_ROWS) if address.casefold() != own]
    former = tuple(dict.fromkeys((*parsed.former_emails, *others)))[:MOST] if others else parsed.former_emails
    changed = bool(own) and (parsed.address_changed or any(map(_tells_of_change, records)))
    if former == parsed.former_emails and changed == parsed.address_changed:
        return parsed
    return parsed.but(former_emails=former, address_changed=changed)


def _says_nothing(record: JsonValue, levels: int) -> bool:
    """A quick look: whether none of its names tells of addresses of before or of a change, at any depth that is looked at."""
    if levels == 0 or type(record) in PLAIN:
        return True
    if type(record) is not dict or len(record) > MAX_FIELDS:
        return type(record) is list
    if _tells(names := names_of(record)) or _naming_changes(names):
        return False
    if PLAIN.issuperset(map(type, record.values())):
        return True
    return all([_says_nothing(held, levels - 1) for held in record.values() if type(held) not in PLAIN])


def _former(value: JsonValue, levels: int) -> Iterator[str]:
    if levels == 0 or not _is_object(value):
        return
    tells = _tells(names_of(value, MAX_FIELDS))
    shown = islice(value.items(), MAX_FIELDS)
    for key, held in [(key, held) for key, held in shown if type(held) not in PLAIN or key in tells]:
        what = tells.get(key)
        if what == "former":
            yield from _addresses(held)
        elif type(held) in PLAIN:
            continue
        elif what == "before" and _is_object(held):
            yield from _in_past(held, levels - 1)
        elif what == "changes":
            yield from _in_changes(held)
        elif _is_object(held):
            yield from _former(held, levels - 1)


_Tells = Literal["former", "before", "changes"]


@cache_by_names
def _tells(names: Names) -> dict[str, _Tells]:
    """Which of them tell of addresses of before, and how. Beside a new address the plain one is a former."""
    renewed = any(map(is_new_address, names))
    plain = frozenset(["email", "email_address", "mail"] if renewed else [])
    tells: dict[str, _Tells] = {}
    for name in names:
        if is_former(name) or label(name) in plain:
            tells[name] = "former"
        elif label(name) in _BEFORE:
            tells[name] = "before"
        elif label(name) in _CHANGES:
            tells[name] = "changes"
    return tells


def _in_past(held: Mapping[JsonValue, JsonValue], levels: int) -> Iterator[str]:
    """Of what was before a change, whatever means an address."""
    for key, value in islice(held.items(), MAX_FIELDS):
        if _is_mail(str(key)) or is_former(str(key)):
            yield from _addresses(value)
        elif _is_object(value) and levels > 0 and label(str(key)) in _THEIRS:
            yield from _in_past(value, levels - 1)


_THEIRS = word_set("""
    contact person customer lead subscriber profile member user properties attributes fields data object record values
    traits core
""")
"""Objects of what was before that are the person's; an `owner` is somebody else."""


def _in_changes(held: JsonValue) -> Iterator[str]:
    """`{email: [old, new]}`, `{email: {old, new}}`, `[{field: email, old, new}]`."""
    if _is_object(held):
        for key, value in islice(held.items(), MAX_FIELDS):
            if _is_mail(str(key)):
                yield from _first_of(value)
            elif _is_object(value) and label(str(key)) in ("fields", "attributes", "properties"):
                yield from _in_changes(value)
            elif label(str(key)) in _BEFORE and _is_object(value):
                yield from _in_past(value, 2)
    elif isinstance(held, list):
        for row in islice(held, MAX_ROWS):
            named = next((name for n in _NAMES if isinstance(row, Mapping) and (name := text(row.get(n)))), "")
            if _is_mail(named):
                yield from _first_of(row)


def _first_of(value: JsonValue) -> Iterator[str]:
    """The earlier of two values; one alone is that of now."""
    if isinstance(value, list) and len(value) == 2:
        yield from _addresses(value[0])
    elif _is_object(value):
        for key, held in islice(value.items(), MAX_FIELDS):
            if label(str(key)) in _OLD or label(str(key)).startswith(("old_", "previous_", "from_")):
                yield from _addresses(held)


def _addresses(value: JsonValue) -> Iterator[str]:
    """An address, or a list of them, alone or in objects."""
    if isinstance(value, list):
        for one in islice(value, MAX_ROWS):
            yield from _addresses(one)
    elif _is_object(value):
        for key in ("value", "email", "address", "email_address"):
            if (address := text(value.get(key))) and is_address(address):
                yield address
                return
    elif (address := text(value)) is not None and is_address(address):
        yield address


def _tells_of_change(record: JsonValue) -> bool:
    """A list of what was changed has the address in it."""
    if not _is_object(record):
        return False
    lists = (record[name] for name in _naming_changes(names_of(record, MAX_FIELDS)) if isinstance(record[name], list))
    return any(_is_mail(name) for held in lists for one in islice(held, MAX_ROWS) if (name := text(one)) is not None)


@cache_by_names
def _naming_changes(names: Names) -> Names:
    """Those of lists of what was changed."""
    return tuple(name for name in names if label(name) in _CHANGED)
