"""What form builders and ad platforms have in common: answers by name, of which some tell who the person is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import repeat

from schemas.json_values import COMPOSITE, JsonObject, JsonValue
from schemas.signals import Kind, Parsed
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.addresses import addresses_in
from services.ingest.parsers.reading.bodies import read_embedded_json
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import (
    MAX_ANSWERS,
    by_shape,
    company_of,
    mapping,
    name_parts,
    only_known,
    person_facts,
    person_of,
    text,
    utm_of,
)
from services.ingest.parsers.reading.tables import words

_TITLES = words("""
    name label title question column_id column_name key field_name field_label field_title question_title question_text
    question_name question_label label_text caption prompt field
""")
_NAME = (*_TITLES, "ref", "id", "type")
"""What a row calls its question, the most telling first; `type: EMAIL` only where nothing else does."""
_VALUE = words("""
    value answer string_value values text response answers user_data answer_text field_value answer_value response_value
    response_text user_response input_value
""")

_TYPES = ("type", "field_type", "input_type", "question_type", "element_type")
_TYPED = {
    **dict.fromkeys(("email", "emailinput", "email_input", "input_email", "email_address", "e_mail", "mail"), "email"),
    **dict.fromkeys(
        (
            "tel",
            "phone",
            "telephone",
            "phonenumber",
            "phone_number",
            "input_phone_number",
            "phoneinput",
            "phone_input",
            "mobile",
            "cell",
        ),
        "phone",
    ),
}
"""Types of a form's fields that tell what stands in them, whatever they are called."""
_RECORDS = ("owner", "contact", "person", "customer", "company", "organization", "account", "stage", "pipeline", "user")
"""What a record has as objects of their own, and no answer."""
_NAMELESS = frozenset([*_TYPES, "raw_value", "required"])
"""What a form builder says of a field; a row with one of these may do without a title."""


def filled_in(
    answers: Mapping[str, JsonValue],
    known: Mapping[str, str | None] | None = None,
    *,
    shapes: bool = False,
    **rest: JsonValue,
) -> Parsed:
    """The signal of answers. `known` are facts that the format itself tells: they win over what names suggest.
    `shapes`: the format numbers its fields, so an address may be told by its shape alone. `rest` goes into the signal.
    """
    remaining = dict(answers)
    for name in list(remaining):
        if parts := name_parts(remaining[name]):
            known = {**parts, **{k: v for k, v in (known or {}).items() if v}}
            del remaining[name]
    utm = utm_of(remaining)
    facts, unread = person_facts(remaining)
    facts.pop("external_id", None)
    format_facts = {name: value for name, value in (known or {}).items() if value}
    # An answer that meant the same as a fact of the format is kept as an answer.
    remaining = {n: v for n, v in remaining.items() if n in unread or _would_be_lost(v, facts, format_facts)}
    facts |= format_facts
    if shapes:
        for name in by_shape(remaining, facts):
            remaining.pop(name, None)
    return Parsed(
        **{
            "kind": Kind.FORM_SUBMITTED,
            "person": person_of(facts),
            "company": company_of(facts),
            "utm": utm,
            "campaign": utm.get("utm_campaign"),
            "fields": only_known(remaining.items()),
            **rest,
        }
    )


def _would_be_lost(value: JsonValue, facts: Mapping[str, str], format_facts: Mapping[str, str]) -> bool:
    answer = text(value)
    return any(facts[n] == answer and format_facts[n] != answer for n in facts.keys() & format_facts.keys())


def rows(value: JsonValue) -> JsonObject:
    """Answers that come as a list of `{name, value}` in one of the usual spellings, or as an object of such rows with titles;
    {} for what is none. Raises Unreadable for more than `MAX_ANSWERS`."""
    keyed = isinstance(value, dict)
    items = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    if len(items) > MAX_ANSWERS:
        raise Unreadable(f"{len(items)} answers, at most {MAX_ANSWERS} are taken at once")
    answers: JsonObject = {}
    own_names: Iterable[str] = map(str, value) if isinstance(value, dict) else repeat("")
    for row, own_name in zip(items, own_names, strict=False):
        read = _row(
            {label(str(key)): held for key, held in mapping(row).items()}, _TITLES if keyed else _NAME, own_name
        )
        if keyed and not read:
            return {}
        for name, answer in read.items():
            answers[name] = _with_one_more(answers[name], answer) if name in answers else answer
    return answers


def _with_one_more(held: JsonValue, value: JsonValue) -> JsonValue:
    """The boxes that were ticked under one question, each in a row of its own; of objects the first counts."""
    if isinstance(value, COMPOSITE) or isinstance(held, dict) or value in (None, ""):
        return held
    if isinstance(held, list):
        return held if value in held else [*held, value]
    return held if held == value else [held, value] if held not in (None, "") else value


def _row(row: Mapping[str, JsonValue], names: tuple[str, ...], own_name: str) -> JsonObject:
    """`own_name`: what an object of rows calls this one, which counts where the row itself has no title."""
    name = next((title for key in names if key in row and (title := _title_of(row[key]))), None)
    if name is None and (not _NAMELESS.isdisjoint(row)):
        name = own_name or None
    holder = next((key for key in _VALUE if key in row), None)
    if name is None or holder is None:
        return {}
    value = single(read_embedded_json(row[holder]))
    parts = any(isinstance(row.get(key), dict) for key in _RECORDS)
    if "id" in row and ((isinstance(value, dict) and len(row) > 4) or parts):
        # A record that has a value, such as a deal, is no answer.
        return {}
    if (fact := fact_of_type(row, value)) is not None:
        name = fact
    # A name that the row has whole and in parts.
    return {name: value, **name_parts({key: row[key] for key in ("first", "middle", "last") if key in row})}


def _title_of(question: JsonValue) -> str | None:
    """A question's text, also of a question that is an object."""
    if isinstance(question, dict):
        return next((title for key in ("label", "title", "text", "name") if (title := text(question.get(key)))), None)
    return text(question)


def fact_of_type(row: Mapping[str, JsonValue], value: JsonValue) -> str | None:
    """`email` or `phone` where the type of a form's field says so and its value can be one. Names of `row` are labels."""
    fact = next((_TYPED[kind] for key in _TYPES if (kind := label(text(row.get(key)) or "")) in _TYPED), None)
    answer = text(value) or ""
    if fact == "email":
        return fact if addresses_in(answer) else None
    return fact if fact and sum(map(str.isdigit, answer)) >= 5 else None


def single(value: JsonValue) -> JsonValue:
    """A list of one value is that value, one of several keeps them all; an option is its text."""
    if isinstance(value, list):
        if len(value) != 1:
            return [single(one) if isinstance(one, dict) else one for one in value]
        value = value[0]
    if isinstance(value, dict):
        return next((value[k] for k in ("label", "text", "value", "name", "answer") if text(value.get(k))), value)
    return value
