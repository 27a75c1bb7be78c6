"""Jotform: a form whose field `rawRequest` is JSON. `pretty` is not read: answers that hold its separators garble it."""

from __future__ import annotations

import re

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Parsed
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.answers import filled_in
from services.ingest.parsers.reading.bodies import object_of
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.naming import label, meaning
from services.ingest.parsers.reading.safely import (
    Result,
    as_object,
    body_key,
    mapping,
    name_parts,
    read_json,
    text,
    when,
)

_SHORT = {"fName": "first_name", "lName": "last_name"}
_QUESTION = re.compile(r"q\d+_(?:q\d+_)?(.+)")


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One submission. Raises Unreadable. Of the envelope only ids and the title are kept: the rest holds our URL with its
    secrets, and the sender's machinery."""
    form = object_of(body, content_type)
    raw = form.get("rawRequest")
    if isinstance(raw, str):
        raw = read_json(raw.encode("utf-8", "replace"))
    ident = identifier(form.get("submissionID"))
    if raw is None and isinstance(form.get("answers"), dict):
        return [_signal(_from_api(form["answers"]), form, ident or identifier(form.get("id")), body)]
    raw = as_object(raw, "$.rawRequest")
    answers = {
        _SHORT.get(match[1], match[1]): _plain(v) for k, v in raw.items() if (match := _QUESTION.fullmatch(str(k)))
    }
    if ident is None and not answers:
        raise Unreadable("neither a submissionID nor answers")
    return [_signal(answers, form, ident, body)]


def _signal(answers: JsonObject, form: JsonObject, ident: str | None, body: bytes) -> Parsed:
    return filled_in(
        answers,
        _name(answers),
        shapes=True,
        source_kind="submission",
        occurred_at=when(form.get("created_at")),
        external_id=ident,
        form_id=text(form.get("formID")) or text(form.get("form_id")),
        dedupe_key=f"submission:{ident}" if ident else body_key(body),
    )


def _name(answers: JsonObject) -> dict[str, str]:
    """Of several names in parts the one whose question asks for a name, else the first."""
    named = {n: v for n, v in answers.items() if name_parts(v)}
    telling = [n for n in named if meaning(n) is not None or label(n).startswith("name")]
    chosen = next(iter([*telling, *named]), None)
    parts = name_parts(named[chosen]) if chosen else {}
    for name in named:
        answers[name] = " ".join(filter(None, map(text, named[name].values())))
    if chosen:
        del answers[chosen]
    return parts


def _plain(value: JsonValue) -> JsonValue:
    """Numbers and dates come in parts."""
    parts = mapping(value)
    if "full" in parts:
        return parts["full"]
    if {"area", "phone"} <= parts.keys():
        return " ".join(filter(None, map(text, (parts.get("country"), parts["area"], parts["phone"]))))
    if {"day", "month", "year"} <= parts.keys():
        return "-".join(text(parts[n]) or "" for n in ("year", "month", "day"))
    return value


def _from_api(answers: JsonObject) -> JsonObject:
    """The shape of the vendor's API, which go-betweens post: questions by number, each with its name and answer."""
    found: JsonObject = {}
    for number, row in answers.items():
        row = mapping(row)
        if row.get("answer") not in (None, "", [], {}):
            found[text(row.get("name")) or text(row.get("text")) or str(number)] = _plain(row["answer"])
    return found
