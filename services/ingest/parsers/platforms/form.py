"""A plain form: urlencoded, multipart or JSON. Files are named, never kept."""

from __future__ import annotations

from schemas.json_values import COMPOSITE, JsonObject, JsonValue
from schemas.signals import Kind, Parsed
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.guesses.leaves import flat_answers
from services.ingest.parsers.platforms import generic
from services.ingest.parsers.platforms.gravity_forms import numbered_name
from services.ingest.parsers.reading.bodies import read_embedded_json, unfold_keys
from services.ingest.parsers.reading.form_fields import fields_of, words_of
from services.ingest.parsers.reading.former import with_former_emails
from services.ingest.parsers.reading.safely import (
    Result,
    body_key,
    company_of,
    only_known,
    person_facts,
    person_of,
    plain_name,
    text,
    utm_of,
    when,
)
from services.ingest.parsers.reading.tables import words

_FORM_NAMES = ("form_id", "formid", "form_name", "form", "form_type")
_WRAPPERS = words("""
    data payload fields form_data formdata form_fields submission contact lead person
""")
_TIMES = ("timestamp", "submitted_at", "created_at")


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One submission. Raises Unreadable."""
    fields = fields_of(body, content_type)
    return [submission(fields, words_of(fields, body, content_type))]


def submission(fields: JsonObject, body: bytes) -> Parsed:
    """The signal of a form that was filled in. Raises Unreadable for too many answers."""
    lifted = _lift_wrappers(fields)
    if _is_nested(lifted):
        return _read_nested(unfold_keys(lifted), body)
    parts = numbered_name(lifted)
    facts, others = person_facts(lifted)
    return with_former_emails(
        _signal({**{name: value for name, value in parts.items() if value}, **facts}, others, None, body), lifted
    )


def _read_nested(tree: JsonObject, body: bytes) -> Parsed:
    """A form whose answers are objects, lists or rows: who filled it in is found as in a body that nobody described."""
    answers = flat_answers(tree)
    try:
        guess = generic.one(generic.Event(tree, {}, {}), "$", body_key(body), form=True)
    except Unreadable:
        return _signal({}, answers, None, body)
    if not isinstance(guess, Parsed):
        return _signal({}, answers, None, body)
    person, company = guess.person.known_fields(), guess.company
    used = {*person.values(), company.name, company.domain}
    ident = person_facts({name: value for name, value in tree.items() if not isinstance(value, COMPOSITE)})[0].get(
        "external_id"
    )
    facts = {**person, "company": company.name, "domain": company.domain, "external_id": ident}
    others = {name: value for name, value in answers.items() if not isinstance(value, str) or value not in used}
    parsed = _signal({name: fact for name, fact in facts.items() if fact}, others, guess.form_id, body)
    return parsed.but(consents=guess.consents, former_emails=guess.former_emails)


def _signal(facts: dict[str, str], answers: JsonObject, form_id: str | None, body: bytes) -> Parsed:
    """`answers` are the further ones, of which a form's name, campaign parameters and consents are taken out."""
    others = dict(answers)
    utm = utm_of(others)
    named = next((text(others.pop(n)) for n in list(others) if plain_name(n) in _FORM_NAMES and text(others[n])), None)
    return Parsed(
        kind=Kind.FORM_SUBMITTED,
        source_kind="form",
        occurred_at=next((when(others[n]) for n in others if plain_name(n) in _TIMES), None),
        person=person_of(facts),
        company=company_of(facts),
        external_id=facts.get("external_id"),
        form_id=form_id or named,
        campaign=utm.get("utm_campaign"),
        utm=utm,
        fields=only_known(others.items()),
        dedupe_key=body_key(body),
    )


def _is_nested(fields: JsonObject) -> bool:
    """Whether an answer is an object or rows, or its name has a path in it (`a[b]`; `a[]` is only a list)."""
    return any("[" in name.removesuffix("[]") or _has_objects(value) for name, value in fields.items())


def _has_objects(value: JsonValue) -> bool:
    if isinstance(value, list):
        return any(isinstance(one, dict) for one in value)
    return isinstance(value, dict) and "file" not in value


def _lift_wrappers(fields: JsonObject, deep: int = 3) -> JsonObject:
    """What a wrapper among the fields holds (`data`, also with JSON in a text) stands beside the others; a file is none."""
    read = {name: read_embedded_json(value) if _is_wrapper(name) else value for name, value in fields.items()}
    inner = {name: value for name, value in read.items() if _is_wrapper(name) and _is_plain(value)}
    lifted = {str(name): value for held in inner.values() for name, value in held.items()}
    whole = {**lifted, **{name: value for name, value in read.items() if name not in inner}}
    again = deep > 0 and any(
        _is_wrapper(str(name)) and read_embedded_json(value) is not value for name, value in lifted.items()
    )
    return _lift_wrappers(whole, deep - 1) if again else whole


def _is_wrapper(name: str) -> bool:
    return plain_name(name) in _WRAPPERS or name.endswith((".json", "_json"))


def _is_plain(value: JsonValue) -> bool:
    """An object without further objects in it, which are read as a whole."""
    return isinstance(value, dict) and "file" not in value and not any(_has_objects(held) for held in value.values())
