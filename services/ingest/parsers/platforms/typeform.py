"""Typeform: `form_response` with typed answers. A question is known by its reference or its title, never by its position."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from schemas.json_values import JsonObject, JsonValue
from schemas.places import language_code
from schemas.signals import Company, Kind, Parsed
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.firmographics import firm_facts
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.naming import is_anothers, label, meaning
from services.ingest.parsers.reading.safely import (
    Result,
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
    asked = list(_questions(response))
    answers, by_reference = _answers_by_name(asked), _telling(asked)
    hidden = {str(k): v for k, v in mapping(response.get("hidden")).items()}
    facts, others = person_facts(answers)
    facts, firm = {**person_facts(by_reference)[0], **facts}, firm_facts(by_reference)
    language = language_code(firm.pop("language", None))
    facts, hidden = _with_hidden(facts, hidden)
    utm = {k: str(v) for k, v in hidden.items() if plain_name(k).startswith("utm_")}
    return [
        Parsed(
            kind=Kind.FORM_SUBMITTED,
            source_kind=text(event.get("event_type")),
            occurred_at=when(response.get("submitted_at")),
            person=person_of(facts),
            company=Company(**{**firm, **company_of(facts).known_fields()}),
            language=language,
            external_id=identifier(event.get("event_id")) or identifier(token),
            form_id=text(response.get("form_id")),
            campaign=text(hidden.get("campaign")) or utm.get("utm_campaign"),
            utm=utm,
            fields=only_known([*others.items(), *((k, v) for k, v in hidden.items() if k not in utm)]),
            dedupe_key=f"response:{token}:{text(event.get('event_type'))}" if identifier(token) else body_key(body),
        )
    ]


def _with_hidden(facts: dict[str, str], hidden: JsonObject) -> tuple[dict[str, str], JsonObject]:
    """(facts, what is left of the hidden fields): a link in a letter can bring along who it was sent to; what the person
    answers themselves comes first, and a name is taken whole from one of the two."""
    brought, unread = person_facts(hidden)
    brought.pop("external_id", None)
    if facts.keys() & _NAMES:
        brought = {n: value for n, value in brought.items() if n not in _NAMES}
    taken = {n: value for n, value in brought.items() if n not in facts}
    return {**facts, **taken}, {n: v for n, v in hidden.items() if n in unread or text(v) not in taken.values()}


_NAMES = {"first_name", "last_name", "full_name"}


class Question(NamedTuple):
    """A question that was answered: `title` as people read it, `reference` as the form's maker named it, `kind` of the answer."""

    title: str | None
    reference: str | None
    ident: str
    kind: str | None
    value: JsonValue


def by_question(whole: JsonValue) -> JsonObject:
    """The answers of a body by the reference, the title and the id of their question, for mappings; {} where there are none."""
    asked = list(_questions(mapping(mapping(whole).get("form_response"))))
    names = ((question.reference, question.title, question.ident) for question in asked)
    rows = [(name, question.value) for question, row in zip(asked, names, strict=True) for name in row if name]
    answers: JsonObject = {}
    for name, value in rows:
        answers.setdefault(name, value)
    return answers


def _questions(response: JsonObject) -> Iterator[Question]:
    """In the order of the answers. Raises Unreadable."""
    titles = {text(f.get("id")): text(f.get("title")) for f in _fields(mapping(response.get("definition")))}
    answers = response.get("answers") or []
    if not isinstance(answers, list):
        raise Unreadable("a list of answers is expected here", "$.form_response.answers")
    for i, answer in enumerate(answers):
        answer, where = as_object(answer, f"$.form_response.answers[{i}]"), mapping(mapping(answer).get("field"))
        reference, ident = text(where.get("ref")), text(where.get("id"))
        yield Question(
            title=titles.get(ident),
            reference=reference,
            ident=ident or f"answer {i + 1}",
            kind=text(answer.get("type")),
            value=_value(answer),
        )


def _answers_by_name(asked: list[Question]) -> JsonObject:
    """Answers by our names where the type or the question tells, else by the question. Of two addresses the one that is asked
    of somebody else (`Your colleague's e-mail`) is an answer."""
    answers: JsonObject = {}
    for question in asked:
        title = question.title or question.reference or question.ident
        name = _name(question.kind, title)
        if name != title and _is_of_another(question) and _has_own(asked, question):
            name = title
        if name in answers and name != title:
            name = title
        answers.setdefault(name, question.value)
    return answers


def _telling(asked: list[Question]) -> JsonObject:
    """Answers by the reference of their question, where it tells what the title does not."""
    return {
        question.reference: question.value
        for question in asked
        if question.reference
        and not (question.title and (meaning(question.title) or firm_facts({question.title: question.value})))
    }


def _is_of_another(question: Question) -> bool:
    return any(is_anothers(name) for name in (question.title, question.reference) if name)


def _has_own(asked: list[Question], question: Question) -> bool:
    return any(other.kind == question.kind and other is not question and not _is_of_another(other) for other in asked)


def _fields(holder: JsonObject) -> Iterator[JsonObject]:
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
    if (target := meaning(asked)) is not None:
        return target[0]
    return next((fact for fact, question in _ASKED if question.search(asked)), title)


_OWN = re.compile(r"['’]s\b")
"""`Your company's name` is the company name."""
_ASKED = (
    ("full_name", re.compile(r"call_you")),
    ("company", re.compile(r"name_of_(?:your|the)_(?:company|business|organi[sz]ation|firm)$")),
)
"""Questions that no list of names has."""


def _value(answer: JsonObject) -> JsonValue:
    value = answer.get(str(answer.get("type")))
    if isinstance(value, dict):
        return value.get("label") or value.get("labels") or value.get("other") or value
    return value
