"""Addresses that somebody had before: told by a field of its own, by what was before a change, or by both values of one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Literal

from schemas.json_values import JsonValue
from schemas.signals import Parsed
from services.ingest.parsers.reading.by_names import PLAIN, Names, cache_by_names, names_of
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


def _is_mail(name: str) -> bool:
    return (meaning(name) or ("", 0))[0] == "email"


def with_former_emails(parsed: Parsed, *records: JsonValue) -> Parsed:
    """With the addresses of before that these objects tell of; the same object where they tell of none."""
    own = (parsed.person.email or "").strip().casefold()
    addresses = (address for record in records for address in _former(record, MAX_LEVELS))
    others = [address for address in islice(addresses, MAX_ROWS) if address.casefold() != own]
    former = tuple(dict.fromkeys((*parsed.former_emails, *others)))[:MOST]
    changed = bool(own) and (parsed.address_changed or any(map(_tells_of_change, records)))
    if former == parsed.former_emails and changed == parsed.address_changed:
        return parsed
    return parsed.but(former_emails=former, address_changed=changed)


def _former(value: JsonValue, levels: int) -> Iterator[str]:
    if levels == 0 or not isinstance(value, Mapping):
        return
    tells = _tells(names_of(value, MAX_FIELDS))
    for key, held in islice(value.items(), MAX_FIELDS):
        what = tells.get(key)
        if what == "former":
            yield from _addresses(held)
        elif type(held) in PLAIN:
            continue
        elif what == "before" and isinstance(held, Mapping):
            yield from _in_past(held, levels - 1)
        elif what == "changes":
            yield from _in_changes(held)
        elif isinstance(held, Mapping):
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
        elif isinstance(value, Mapping) and levels > 0 and label(str(key)) in _THEIRS:
            yield from _in_past(value, levels - 1)


_THEIRS = word_set("""
    contact person customer lead subscriber profile member user properties attributes fields data object record values
    traits core
""")
"""Objects of what was before that are the person's; an `owner` is somebody else."""


def _in_changes(held: JsonValue) -> Iterator[str]:
    """`{email: [old, new]}`, `{email: {old, new}}`, `[{field: email, old, new}]`."""
    if isinstance(held, Mapping):
        for key, value in islice(held.items(), MAX_FIELDS):
            if _is_mail(str(key)):
                yield from _first_of(value)
            elif isinstance(value, Mapping) and label(str(key)) in ("fields", "attributes", "properties"):
                yield from _in_changes(value)
            elif label(str(key)) in _BEFORE and isinstance(value, Mapping):
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
    elif isinstance(value, Mapping):
        for key, held in islice(value.items(), MAX_FIELDS):
            if label(str(key)) in _OLD or label(str(key)).startswith(("old_", "previous_", "from_")):
                yield from _addresses(held)


def _addresses(value: JsonValue) -> Iterator[str]:
    """An address, or a list of them, alone or in objects."""
    if isinstance(value, list):
        for one in islice(value, MAX_ROWS):
            yield from _addresses(one)
    elif isinstance(value, Mapping):
        for key in ("value", "email", "address", "email_address"):
            if (address := text(value.get(key))) and is_address(address):
                yield address
                return
    elif (address := text(value)) is not None and is_address(address):
        yield address


def _tells_of_change(record: JsonValue) -> bool:
    """A list of what was changed has the address in it."""
    if not isinstance(record, Mapping):
        return False
    lists = (record[name] for name in _naming_changes(names_of(record, MAX_FIELDS)) if isinstance(record[name], list))
    return any(_is_mail(name) for held in lists for one in islice(held, MAX_ROWS) if (name := text(one)) is not None)


@cache_by_names
def _naming_changes(names: Names) -> Names:
    """Those of lists of what was changed."""
    return tuple(name for name in names if label(name) in _CHANGED)
