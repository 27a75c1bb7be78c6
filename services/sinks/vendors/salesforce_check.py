"""Whether an org is set up as the sinks file says: every problem, with the likely fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from schemas.json_values import JsonObject
from schemas.sinks import FieldRule
from schemas.sinks.vendors import SalesforceSink
from services.sinks.outcomes import Trouble
from services.sinks.vendors.field_types import type_problems
from services.sinks.vendors.salesforce_calls import SalesforceCalls

Columns = Mapping[str, JsonObject]
MAPPED: Mapping[Literal["contact", "company", "opportunity"], str] = {
    "contact": "Contact",
    "company": "Account",
    "opportunity": "Opportunity",
}


async def check_account(calls: SalesforceCalls, sink: SalesforceSink, owners: Mapping[str, str], key: str) -> list[str]:
    """One line for each problem. What may not be read is a problem too, and the rest is looked at all the same."""
    problems: list[str] = []
    for kind, noun in MAPPED.items():
        try:
            columns = await _columns(calls, noun)
        except Trouble as trouble:
            problems.append(f"{noun} cannot be read: {trouble.code}; the app's user needs the object and its fields")
            continue
        problems += _check_fields(kind, columns, getattr(sink.fields, kind))
        if kind == "opportunity":
            problems += _check_opportunity(columns, sink, key)
    try:
        problems += _check_task(await _columns(calls, "Task"))
        problems += await _check_owners(calls, owners)
    except Trouble as trouble:
        problems.append(f"Task and User cannot be read: {trouble.code}")
    return problems


async def _columns(calls: SalesforceCalls, noun: str) -> Columns:
    answer = await calls.read(f"/sobjects/{noun}/describe")
    return {str(row["name"]): row for row in answer.get("fields") or ()}


def _check_fields(kind: str, columns: Columns, rules: Mapping[str, FieldRule]) -> Iterator[str]:
    for name, rule in rules.items():
        row, where = columns.get(name), f"fields.{kind}.{name}"
        if row is None:
            yield f"{where}: there is no such field, or the app's user may not see it; its API name is needed"
            continue
        yield from type_problems(where, rule, row.get("type"))
        if not (row.get("createable") and row.get("updateable")):
            yield f"{where}: it cannot be written by the app's user"
        elif row.get("restrictedPicklist"):
            values = _values(row)
            words = [*rule.words.values(), *([str(rule.value)] if rule.value is not None else [])]
            yield from (
                f"{where}: `{word}` is none of its values ({', '.join(values)})" for word in words if word not in values
            )


def _check_opportunity(columns: Columns, sink: SalesforceSink, key: str) -> Iterator[str]:
    row = columns.get(key)
    if row is None:
        yield (
            f"Opportunity has no field {key}, or the app's user may not see it: make it in Setup > Object Manager > Opportunity > "
            "Fields, a text of 80 characters with *Unique* and *External ID*"
        )
    elif not (row.get("externalId") and row.get("unique")):
        yield f"{key} of Opportunity has to be *External ID* and *Unique*: without the one it finds nothing, without the other it makes two"
    ours = sink.stages.model_dump(exclude_none=True)
    if "offered" not in ours:
        yield "stages.offered is missing: Salesforce has no opportunity without a stage"
    values = _values(columns.get("StageName") or {})
    yield from (
        f"stages.{name}: there is no stage `{theirs}` ({', '.join(values)})"
        for name, theirs in ours.items()
        if theirs not in values
    )


def _check_task(columns: Columns) -> Iterator[str]:
    for name, needed in (("Status", ("Not Started", "Completed")), ("Priority", ("Normal", "High"))):
        values = _values(columns.get(name) or {})
        yield from (
            f"Task has no {name} `{value}` ({', '.join(values)}): add it" for value in needed if value not in values
        )


async def _check_owners(calls: SalesforceCalls, owners: Mapping[str, str]) -> list[str]:
    rows = await calls.query("SELECT Id FROM User WHERE IsActive = true LIMIT 2000")
    # An id has 15 characters on pages, and three more over the API.
    active = {str(row["Id"])[:15] for row in rows}
    return [
        f"roster: {person} is {theirs} there, which is no active user"
        for person, theirs in owners.items()
        if theirs[:15] not in active
    ]


def _values(row: JsonObject) -> list[str]:
    return [str(value["value"]) for value in row.get("picklistValues") or () if value.get("active", True)]
