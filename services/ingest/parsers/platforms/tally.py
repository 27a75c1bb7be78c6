"""Tally: fields with type, label and value; a choice's value is a list of option ids, whose texts stand beside it."""

from __future__ import annotations

import re

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Mode
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.answers import filled_in
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.naming import meaning
from services.ingest.parsers.reading.safely import Result, as_object, body_key, mapping, read_json, text, when

_TYPES: dict[str, str] = {"INPUT_EMAIL": "email", "INPUT_PHONE_NUMBER": "phone", "INPUT_PHONE": "phone"}
_FREE = {"INPUT_TEXT", "HIDDEN_FIELDS", "TEXTAREA", "INPUT_LINK", None}
_TRIAL = re.compile(r"(?:.*[-_])?(?:staging|sandbox|test)|\[(?:staging|sandbox|test)\].*", re.IGNORECASE | re.DOTALL)
"""A form's id that ends in, or a form's name that begins with, a mark that it is not the real one."""


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One response. Raises Unreadable."""
    event = as_object(read_json(body))
    data = as_object(event.get("data"), "$.data")
    fields = data.get("fields")
    if not isinstance(fields, list):
        raise Unreadable("a response has fields", "$.data.fields")
    facts, answers = _answers(fields)
    ident, response = (
        identifier(event.get("eventId")),
        identifier(data.get("responseId")) or identifier(data.get("submissionId")),
    )
    name = text(data.get("formName")) or ""
    trial = _TRIAL.fullmatch(text(data.get("formId")) or "") or (name.startswith("[") and _TRIAL.fullmatch(name))
    mode: Mode = "test" if trial else "live"
    return [
        filled_in(
            answers,
            facts,
            source_kind=text(event.get("eventType")),
            occurred_at=when(data.get("createdAt")) or when(event.get("createdAt")),
            mode=mode,
            external_id=ident or response,
            form_id=text(data.get("formId")),
            dedupe_key=f"event:{ident}" if ident else f"response:{response}" if response else body_key(body),
        )
    ]


def _answers(fields: list[JsonValue]) -> tuple[dict[str, str], JsonObject]:
    """(what types and labels tell of the person, further answers by their labels)."""
    facts: dict[str, str] = {}
    ranks: dict[str, int] = {}
    answers: JsonObject = {}
    for i, field in enumerate(map(mapping, fields)):
        kind, title = text(field.get("type")), text(field.get("label")) or text(field.get("key")) or f"field {i + 1}"
        value = _value(field)
        fact, rank = _TYPES.get(kind or ""), -1
        if fact is None and kind in _FREE and text(value) is not None:
            fact, rank = meaning(title) or meaning(text(field.get("key")) or "") or (None, 0)
        held = text(value)
        misfit = (fact == "email" and "@" not in (held or "")) or kind == "TEXTAREA"
        if fact is None or held is None or misfit or ranks.get(fact, 9999) <= rank:
            answers.setdefault(title if title not in answers else f"{title} ({text(field.get('key')) or i})", value)
        else:
            facts[fact], ranks[fact] = held, rank
    return facts, {name: value for name, value in answers.items() if value is not False}


def _value(field: JsonObject) -> JsonValue:
    value, texts = field.get("value"), {}
    for option in map(mapping, field.get("options") or []):
        texts[text(option.get("id"))] = text(option.get("text")) or text(option.get("name"))
    if isinstance(value, list):
        chosen = [
            texts.get(text(v)) or (text(mapping(v).get("name")) if isinstance(v, dict) else text(v)) for v in value
        ]
        return chosen[0] if len(chosen) == 1 else chosen
    return texts.get(text(value)) or value if not isinstance(value, dict) else value
