"""The answers of a nested body by names of one level, as people read them beside the lead."""

from __future__ import annotations

from schemas.json_values import COMPOSITE, JsonObject, JsonValue
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.answers import rows
from services.ingest.parsers.reading.bodies import read_embedded_json
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import MAX_ANSWERS, name_parts, text

_HOLDERS = ("value", "answer", "values")


def flat_answers(tree: JsonObject) -> JsonObject:
    """Every answer of the tree, a list whole; a name that is there twice has a number. Raises Unreadable for more than
    `MAX_ANSWERS`."""
    answers: JsonObject = {}
    for name, value in tree.items():
        _gather(str(name), value, answers)
    return answers


def _gather(name: str, value: JsonValue, answers: JsonObject) -> None:
    value = read_embedded_json(value)
    if isinstance(value, dict):
        _gather_object(name, value, answers)
    elif isinstance(value, list) and any(isinstance(one, COMPOSITE) for one in value):
        for title, answer in (
            rows(value) or {_name_with_number(name, i): one for i, one in enumerate(value, 1)}
        ).items():
            _gather(title, answer, answers) if isinstance(answer, COMPOSITE) else _put_answer(title, answer, answers)
    else:
        _put_answer(name, value, answers)


def _gather_object(name: str, value: JsonObject, answers: JsonObject) -> None:
    if parts := name_parts(value):
        _put_answer(name, " ".join(parts.values()), answers)
        return
    held = next((value[key] for key in _HOLDERS if key in value and not isinstance(value[key], dict)), None)
    if held is not None and len(value) <= 8:
        _put_answer(next((title for key in ("label", "title") if (title := text(value.get(key)))), name), held, answers)
        return
    for key, inner in value.items():
        _gather(_name_with_number(name, key) if not label(str(key)) or str(key).isdigit() else str(key), inner, answers)


def _name_with_number(name: str, number: object) -> str:
    return f"{name} {number}".strip()


def _put_answer(name: str, value: JsonValue, answers: JsonObject) -> None:
    if value in (None, "", [], {}):
        return
    title, number = name, 2
    while title in answers and answers[title] != value and number < 100:
        title, number = f"{name} ({number})", number + 1
    answers[title] = value
    if len(answers) > MAX_ANSWERS:
        raise Unreadable(f"over {MAX_ANSWERS} answers, so many are not taken at once")
