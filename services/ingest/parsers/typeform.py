"""Typeform: `form_response` with typed answers; questions are joined by the field's id, for a `ref` may be absent."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from schemas.signals import Kind, Parsed
from services.ingest.parsers.identifiers import identifier
from services.ingest.parsers.naming import label, meaning
from services.ingest.parsers.reading import (
    Result,
    Unreadable,
    as_object,
    body_key,
    company_of,
    mapping,
    only_known,
    person_facts,
    person_of,
    plain_name,
    read_json,
    text,
    when,
)


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One response. Raises Unreadable."""
    event = as_object(read_json(body))
    response = as_object(event.get("form_response"), "$.form_response")
    token = text(response.get("token"))
    if token is None:
        raise Unreadable("a response has a token", "$.form_response.token")
    answers = _answers(response)
    hidden = {str(k): v for k, v in mapping(response.get("hidden")).items()}
    facts, rest = person_facts(answers)
    facts, hidden = _with_hidden(facts, hidden)
    utm = {k: str(v) for k, v in hidden.items() if plain_name(k).startswith("utm_")}
    return [
        Parsed(
            kind=Kind.FORM_SUBMITTED,
            source_kind=text(event.get("event_type")),
            occurred_at=when(response.get("submitted_at")),
            person=person_of(facts),
            company=company_of(facts),
            external_id=identifier(event.get("event_id")) or identifier(token),
            form_id=text(response.get("form_id")),
            campaign=text(hidden.get("campaign")) or utm.get("utm_campaign"),
            utm=utm,
            fields=only_known([*rest.items(), *((k, v) for k, v in hidden.items() if k not in utm)]),
            dedupe_key=f"response:{token}:{text(event.get('event_type'))}" if identifier(token) else body_key(body),
        )
    ]


def _with_hidden(facts: dict[str, str], hidden: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """(facts, what is left of the hidden fields): a link in a letter can bring along whom it was sent to; what the person
    answers themselves comes first, and a name is taken whole from one of the two."""
    brought, left = person_facts(hidden)
    brought.pop("external_id", None)
    if facts.keys() & _NAMES:
        brought = {n: said for n, said in brought.items() if n not in _NAMES}
    taken = {n: said for n, said in brought.items() if n not in facts}
    return {**facts, **taken}, {n: v for n, v in hidden.items() if n in left or text(v) not in taken.values()}


_NAMES = {"first_name", "last_name", "full_name"}


def _answers(response: dict[str, Any]) -> dict[str, Any]:
    """Answers by our names where the type or the question tells, else by the question."""
    titles = {f.get("id"): text(f.get("title")) for f in _fields(mapping(response.get("definition")))}
    found: dict[str, Any] = {}
    for i, answer in enumerate(response.get("answers") or []):
        answer, where = as_object(answer, f"$.form_response.answers[{i}]"), mapping(mapping(answer).get("field"))
        title = titles.get(where.get("id")) or text(where.get("ref")) or f"answer {i + 1}"
        found.setdefault(_name(text(answer.get("type")), title), _value(answer))
    return found


def _fields(holder: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The questions, those inside a group or a contact block too."""
    rows = holder.get("fields")
    for field in map(mapping, rows if isinstance(rows, list) else []):
        yield field
        yield from _fields(mapping(field.get("properties")))


def _name(kind: str | None, title: str) -> str:
    if kind == "email":
        return "email"
    if kind == "phone_number":
        return "phone"
    if kind != "text" or meaning(title) is not None:
        return title
    asked = label(_OWN.sub("", title))
    if (found := meaning(asked)) is not None:
        return found[0]
    return next((fact for fact, question in _ASKED if question.search(asked)), title)


_OWN = re.compile(r"['’]s\b")
"""`Your company's name` is the company name."""
_ASKED = (
    ("full_name", re.compile(r"call_you")),
    ("company", re.compile(r"name_of_(?:your|the)_(?:company|business|organi[sz]ation|firm)$")),
)
"""Questions that no list of names has."""


def _value(answer: dict[str, Any]) -> Any:
    value = answer.get(str(answer.get("type")))
    if isinstance(value, dict):
        return value.get("label") or value.get("labels") or value.get("other") or value
    return value
