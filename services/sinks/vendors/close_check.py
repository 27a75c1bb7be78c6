"""Whether an organisation of Close is set up as the file says: the key's field, custom fields, statuses, users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.json_values import JsonObject
from schemas.sinks import FieldRule
from schemas.sinks.vendors import CloseSink
from services.sinks.outcomes import Trouble
from services.sinks.vendors.close_calls import CloseCalls
from services.sinks.vendors.field_types import type_problems

MAPPED: Mapping[str, str] = {"contact": "contact", "company": "lead", "opportunity": "opportunity"}
CUSTOM = "custom."


async def check_close(close: CloseCalls, sink: CloseSink, owners: Mapping[str, str]) -> list[str]:
    """Everything that is wrong, one line each with the likely fix. Raises Trouble where it cannot be asked at all."""
    problems: list[str] = []
    for kind, noun in MAPPED.items():
        known = await _custom_fields(close, noun)
        if kind == "opportunity":
            problems += _check_key(sink.key_field, known)
        problems += _check_fields(kind, known, getattr(sink.fields, kind))
    problems += await _check_statuses(close, sink)
    return [*problems, *await _check_owners(close, owners)]


async def _custom_fields(close: CloseCalls, noun: str) -> dict[str, JsonObject]:
    answer = await close.ask(f"custom_field_schema/{noun}/")
    rows = answer.get("fields") or []
    return {str(row["id"]): row for row in rows if isinstance(row, dict) and row.get("id")}


def _check_key(key_field: str, known: Mapping[str, JsonObject]) -> Iterator[str]:
    row = known.get(key_field)
    if row is None:
        names = ", ".join(f"{ident} is {field.get('name')}" for ident, field in known.items()) or "there is none"
        yield (
            f"key_field: opportunities have no custom field {key_field}: make a text field Stafett id in Settings > Custom Fields > "
            f"Opportunities and give its id ({names})"
        )
    elif row.get("type") != "text" or row.get("accepts_multiple_values"):
        yield f"key_field: {key_field} has to be a text field of one value, and is {row.get('type')}"


def _check_fields(kind: str, known: Mapping[str, JsonObject], rules: Mapping[str, FieldRule]) -> Iterator[str]:
    for name, rule in rules.items():
        if not name.startswith(CUSTOM):
            continue
        row = known.get(name.removeprefix(CUSTOM))
        if row is None:
            yield f"fields.{kind}.{name}: there is no such custom field; custom.cf_... with its id is needed, not its name"
            continue
        yield from type_problems(f"fields.{kind}.{name}", rule, row.get("type"))
        choices = row.get("choices") or []
        words = [*rule.words.values(), *([str(rule.value)] if rule.value is not None else [])]
        yield from (
            f"fields.{kind}.{name}: `{word}` is none of its choices ({', '.join(map(str, choices[:10]))})"
            for word in words
            if choices and word not in choices
        )


async def _check_statuses(close: CloseCalls, sink: CloseSink) -> list[str]:
    rows = await close.list_all("status/opportunity/")
    statuses = {str(row["id"]): row for row in rows}
    names = ", ".join(f"{ident} is {row.get('label')}" for ident, row in statuses.items())
    problems = []
    for ours, theirs in sink.stages.model_dump(exclude_none=True).items():
        row = statuses.get(theirs)
        kind = ours if ours in ("won", "lost") else "active"
        if row is None:
            problems.append(f"stages.{ours}: there is no status {theirs} ({names})")
        elif row.get("type", kind) != kind:
            problems.append(f"stages.{ours}: {theirs} is a status of the type {row['type']}, and {kind} is meant")
    return problems


async def _check_owners(close: CloseCalls, owners: Mapping[str, str]) -> list[str]:
    try:
        rows = await close.list_all("user/")
    except Trouble as trouble:
        return [f"users cannot be read: {trouble.code}"]
    known = {str(row["id"]) for row in rows}
    return [
        f"roster: {person} is {theirs} there, which is the id of no user of this organisation"
        for person, theirs in owners.items()
        if theirs not in known
    ]
