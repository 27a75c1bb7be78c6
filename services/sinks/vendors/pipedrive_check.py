"""Whether a company at Pipedrive is set up as the sinks file says: every problem, with the likely fix."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from schemas.json_values import JsonObject
from schemas.sinks.vendors import PipedriveSink
from services.sinks.outcomes import Trouble
from services.sinks.vendors.field_types import type_problems
from services.sinks.vendors.pipedrive_calls import PipedriveCalls

FIELDS: Mapping[Literal["contact", "company", "opportunity"], str] = {
    "contact": "personFields",
    "company": "organizationFields",
    "opportunity": "dealFields",
}
TEXTS = frozenset({"varchar", "text"})


async def check_company(calls: PipedriveCalls, sink: PipedriveSink, owners: Mapping[str, str]) -> list[str]:
    """One line for each problem. What may not be read is a problem too, and the rest is looked at all the same."""
    problems: list[str] = []
    for kind, path in FIELDS.items():
        try:
            known = {str(row["field_code"]): row for row in await _rows(calls, f"/api/v2/{path}?limit=500")}
        except Trouble as trouble:
            problems.append(f"{path} cannot be read: {trouble.code}")
            continue
        for setting, code in _own_fields(sink).get(path, {}).items():
            problems += _check_text(setting, code, known)
        rules = getattr(sink.fields, kind)
        problems += [
            f"fields.{kind}.{name}: there is no such field; its key of 40 characters is needed"
            for name in rules
            if name not in known
        ]
        for name, rule in rules.items():
            problems += type_problems(f"fields.{kind}.{name}", rule, known.get(name, {}).get("field_type"))
    try:
        problems += await _check_stages(calls, sink)
        problems += await _check_owners(calls, owners)
        problems += await _check_priority(calls, sink)
    except Trouble as trouble:
        problems.append(f"stages, users and priorities cannot be read: {trouble.code}")
    return problems


def _own_fields(sink: PipedriveSink) -> Mapping[str, Mapping[str, str]]:
    """Those that have to be there for us, by the list that they stand in and by the setting that names them."""
    domain = {"domain_field": sink.domain_field} if sink.domain_field is not None else {}
    return {"dealFields": {"key_field": sink.key_field}, "organizationFields": domain}


def _check_text(setting: str, code: str, known: Mapping[str, JsonObject]) -> list[str]:
    row = known.get(code)
    if row is None:
        return [f"{setting}: there is no field {code}; make a field of the type *text* and give its API key"]
    return [] if row.get("field_type") in TEXTS else [f"{setting}: {code} is no field of the type *text*"]


async def _check_stages(calls: PipedriveCalls, sink: PipedriveSink) -> list[str]:
    stages = {str(row["id"]): row for row in await _rows(calls, "/api/v2/stages?limit=500")}
    names = ", ".join(f"{ident} is {row.get('name')}" for ident, row in stages.items())
    problems = []
    for name, theirs in sink.stages.model_dump(exclude_none=True).items():
        row = stages.get(theirs)
        if row is None and theirs != name:
            problems.append(f"stages.{name}: there is no stage {theirs} ({names})")
        elif row is not None and sink.pipeline is not None and row.get("pipeline_id") != sink.pipeline:
            problems.append(
                f"stages.{name}: stage {theirs} is of the pipeline {row.get('pipeline_id')}, not of {sink.pipeline}"
            )
    return problems


async def _check_owners(calls: PipedriveCalls, owners: Mapping[str, str]) -> list[str]:
    active = {str(row["id"]) for row in await _rows(calls, "/v1/users") if row.get("active_flag") is not False}
    return [
        f"roster: {person} is {theirs} there, which is no active user"
        for person, theirs in owners.items()
        if theirs not in active
    ]


async def _check_priority(calls: PipedriveCalls, sink: PipedriveSink) -> list[str]:
    """Each company numbers its priorities by itself."""
    if sink.task.high_from == "never":
        return []
    rows = await _rows(calls, "/api/v2/activityFields?limit=500")
    options = next((row.get("options") or () for row in rows if row.get("field_code") == "priority"), ())
    names = {int(option["id"]): str(option.get("label")) for option in options}
    shown = ", ".join(f"{ident} is {name}" for ident, name in names.items()) or "there are none"
    if sink.high_priority is None:
        high = next((ident for ident, name in names.items() if name.casefold() == "high"), None)
        rule = f"write `high_priority: {high}`" if high is not None else "name the option"
        return [f"high_priority: {rule}, or `task: {{high_from: never}}` ({shown})"] if names else []
    return [] if sink.high_priority in names else [f"high_priority: there is no {sink.high_priority} ({shown})"]


async def _rows(calls: PipedriveCalls, path: str) -> list[JsonObject]:
    answer = await calls.read(path, cost=10) or {}
    rows = answer.get("data")
    return rows if isinstance(rows, list) else []
