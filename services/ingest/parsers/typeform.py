"""Typeform: `form_response` with typed answers; questions are joined by the field's id, for a `ref` may be absent."""

from __future__ import annotations

from typing import Any

from schemas.signals import Kind, Parsed
from services.ingest.parsers.reading import (
    Result,
    Unreadable,
    as_object,
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

_NAME_WORDS = ("name", "namn", "nom")
_PLACES = {"company", "organisation", "organization", "företag", "foretag", "event", "product", "user", "file", "job"}


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
    utm = {k: str(v) for k, v in hidden.items() if plain_name(k).startswith("utm_")}
    return [
        Parsed(
            kind=Kind.FORM_SUBMITTED,
            source_kind=text(event.get("event_type")),
            occurred_at=when(response.get("submitted_at")),
            person=person_of(facts),
            company=company_of(facts),
            external_id=text(event.get("event_id")) or token,
            form_id=text(response.get("form_id")),
            campaign=text(hidden.get("campaign")) or utm.get("utm_campaign"),
            utm=utm,
            fields=only_known([*rest.items(), *((k, v) for k, v in hidden.items() if k not in utm)]),
            dedupe_key=f"response:{token}:{text(event.get('event_type'))}",
        )
    ]


def _answers(response: dict[str, Any]) -> dict[str, Any]:
    """Answers by our names where the type or the question tells, else by the question."""
    fields = mapping(response.get("definition")).get("fields")
    titles = {f.get("id"): text(f.get("title")) for f in fields or [] if isinstance(f, dict)}
    found: dict[str, Any] = {}
    for i, answer in enumerate(response.get("answers") or []):
        answer, where = as_object(answer, f"$.form_response.answers[{i}]"), mapping(mapping(answer).get("field"))
        title = titles.get(where.get("id")) or text(where.get("ref")) or f"answer {i + 1}"
        found.setdefault(_name(text(answer.get("type")), title), _value(answer))
    return found


def _name(kind: str | None, title: str) -> str:
    if kind == "email":
        return "email"
    if kind == "phone_number":
        return "phone"
    words = set(title.casefold().strip(" ?!.:*").replace("'", " ").replace("’", " ").split())
    if kind == "text" and words & set(_NAME_WORDS) and not words & _PLACES:
        part = "first_name" if "first" in words else "last_name" if words & {"last", "family"} else "full_name"
        return part
    return title


def _value(answer: dict[str, Any]) -> Any:
    value = answer.get(str(answer.get("type")))
    if isinstance(value, dict):
        return value.get("label") or value.get("labels") or value.get("other") or value
    return value
