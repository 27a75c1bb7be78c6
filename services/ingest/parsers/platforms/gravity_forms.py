"""Gravity Forms: an entry whose answers have numbers for names. A name's parts are `N.3` and `N.6`; an address has them too."""

from __future__ import annotations

import re

from schemas.json_values import JsonObject
from schemas.signals import Kind
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.answers import filled_in
from services.ingest.parsers.reading.bodies import object_of
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import Result, body_key, mapping, text, when
from services.ingest.parsers.reading.tables import word_set

_ABOUT = word_set("""
    id form_id post_id date_created date_updated is_starred is_read ip source_url source_id user_agent currency
    payment_status payment_date payment_amount payment_method transaction_id transaction_type is_fulfilled created_by
    status form_title entry_id
""")
_PART = re.compile(r"(?:input_)?(\d+)[._](\d+)")
"""`1.3` in an entry, `input_1.3` or `input_1_3` in the form's own post."""


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One entry. Raises Unreadable."""
    whole = object_of(body, content_type)
    entry = {**whole, **mapping(whole.get("entry"))}
    ident, form = identifier(entry.get("id")) or identifier(entry.get("entry_id")), text(entry.get("form_id"))
    answers = {str(n): v for n, v in entry.items() if str(n) not in _ABOUT and n not in ("entry", "form")}
    if ident is None and not answers:
        raise Unreadable("neither an id nor answers")
    status = text(entry.get("status"))
    unwanted = status in ("spam", "trash")
    return [
        filled_in(
            answers,
            numbered_name(answers),
            shapes=True,
            # A filter's verdict is no verdict on the person: what is spam starts nothing, and changes nobody.
            kind=Kind.UNCLASSIFIED if unwanted else Kind.FORM_SUBMITTED,
            source_kind=status if unwanted else "entry",
            reason=status if unwanted else None,
            occurred_at=when(entry.get("date_created")),
            external_id=ident,
            form_id=form,
            dedupe_key=f"entry:{form}:{ident}" if ident else body_key(body),
        )
    ]


def numbered_name(answers: JsonObject) -> dict[str, str | None]:
    """Takes the first name field out of the answers: parts 2, 3, 4, 6, 8, where an address also has a 1 or a 5."""
    parts: dict[str, dict[str, str]] = {}
    for name in answers:
        if (match := _PART.fullmatch(name)) is not None:
            parts.setdefault(match[1], {})[match[2]] = name
    for names in parts.values():
        held = {part: text(answers[name]) for part, name in names.items()}
        if held.keys() <= {"2", "3", "4", "6", "8"} and (held.get("3") or held.get("6")):
            for name in names.values():
                answers.pop(name)
            return {"first_name": held.get("3"), "last_name": held.get("6")}
    return {}
