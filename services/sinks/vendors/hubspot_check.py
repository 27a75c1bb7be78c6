"""Whether an account of HubSpot is set up as the sinks file says: every problem, with the likely fix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import FieldRule
from schemas.sinks.vendors import HubspotSink
from services.outbound.hubspot_paths import VERSION
from services.sinks.outcomes import Trouble
from services.sinks.vendors.field_types import type_problems
from services.sinks.vendors.hubspot_calls import HubspotCalls
from services.sinks.vendors.hubspot_shapes import OPPORTUNITIES, nouns_of

Properties = Mapping[str, JsonObject]
MAPPED: tuple[Literal["contact", "company", "opportunity"], ...] = ("contact", "company", "opportunity")
PAGE = 100


async def check_account(calls: HubspotCalls, sink: HubspotSink, owners: Mapping[str, str], key: str) -> list[str]:
    """One line for each problem. What the key may not read is a problem too, and the rest is looked at all the same."""
    problems: list[str] = []
    nouns = nouns_of(OPPORTUNITIES[sink.opportunity])
    for kind in MAPPED:
        noun = nouns[kind]
        try:
            known = {str(row["name"]): row for row in await _results(calls, f"/crm/properties/{VERSION}/{noun}")}
        except Trouble as trouble:
            problems.append(_problem_of(noun, trouble))
            continue
        if kind == "opportunity":
            problems += _check_key(noun, known, key)
        problems += _check_fields(kind, known, getattr(sink.fields, kind))
    for check in (_check_stages(calls, sink), _check_owners(calls, owners)):
        try:
            problems += await check
        except Trouble as trouble:
            problems.append(_problem_of("pipelines and owners", trouble))
    return problems


def _check_key(noun: str, known: Properties, key: str) -> Iterator[str]:
    row = known.get(key)
    if row is None:
        yield (
            f"{noun} have no property {key}: make it in Settings > Properties > {noun.title()}, a single-line text with the "
            f"internal name {key} and *require unique values*"
        )
    elif not row.get("hasUniqueValue"):
        yield f"{key} of {noun} is not unique, and cannot be made so: take it away and make it again with *require unique values*"


def _check_fields(kind: str, known: Properties, rules: Mapping[str, FieldRule]) -> Iterator[str]:
    for name, rule in rules.items():
        row = known.get(name)
        if row is None:
            yield f"fields.{kind}.{name}: there is no such property; its internal name is needed, not its label"
            continue
        if (row.get("modificationMetadata") or {}).get("readOnlyValue"):
            yield f"fields.{kind}.{name}: HubSpot sets it by itself, so it cannot be written"
        options = {str(option["value"]) for option in row.get("options") or ()}
        yield from type_problems(f"fields.{kind}.{name}", rule, row.get("type"))
        if row.get("type") == "enumeration" and options:
            yield from _check_words(f"fields.{kind}.{name}", rule, options)


def _check_words(where: str, rule: FieldRule, options: set[str]) -> Iterator[str]:
    words = [*rule.words.values(), *([str(rule.value)] if rule.value is not None else [])]
    yield from (
        f"{where}: `{word}` is none of its values ({', '.join(sorted(options)[:10])})"
        for word in words
        if word not in options
    )


async def _check_stages(calls: HubspotCalls, sink: HubspotSink) -> list[str]:
    noun = OPPORTUNITIES[sink.opportunity].noun
    pipelines = {str(row["id"]): row for row in await _results(calls, f"/crm/pipelines/{VERSION}/{noun}")}
    ours = sink.stages.model_dump(exclude_none=True)
    problems = (
        [] if "offered" in ours else [f"stages.offered is missing: HubSpot has no {sink.opportunity} without a stage"]
    )
    if sink.pipeline not in pipelines:
        names = ", ".join(f"{ident} is {row.get('label')}" for ident, row in pipelines.items())
        return [*problems, f"pipeline: there is no pipeline {sink.pipeline} ({names})"]
    stages = {str(stage["id"]): stage for stage in pipelines[sink.pipeline].get("stages") or ()}
    names = ", ".join(f"{ident} is {stage.get('label')}" for ident, stage in stages.items())
    problems += [
        f"stages.{name}: the pipeline has no stage {theirs} ({names})"
        for name, theirs in ours.items()
        if theirs not in stages
    ]
    return problems


async def _check_owners(calls: HubspotCalls, owners: Mapping[str, str]) -> list[str]:
    active, after = set(), ""
    while True:
        query = f"?limit={PAGE}" + (f"&after={after}" if after else "")
        answer = await calls.read(f"/crm/owners/{VERSION}{query}") or {}
        active |= {str(row["id"]) for row in answer.get("results") or ()}
        after = ((answer.get("paging") or {}).get("next") or {}).get("after") or ""
        if not after:
            break
    return [
        f"roster: {person} is {theirs} there, which is the id of no active owner (it is not the id of a user)"
        for person, theirs in owners.items()
        if theirs not in active
    ]


async def _results(calls: HubspotCalls, path: str) -> list[JsonObject]:
    answer = await calls.read(path) or {}
    rows: JsonValue = answer.get("results")
    return rows if isinstance(rows, list) else []


def _problem_of(what: str, trouble: Trouble) -> str:
    scope = f": the key needs {trouble.field}" if trouble.field else ""
    return f"{what} cannot be read: {trouble.code}{scope}"
