"""What is wrong with the set-up in Tryton, one line each: the company, the integration user's rights, fields, employees."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.json_values import JsonValue
from schemas.sinks import RecordKind
from schemas.sinks.vendors import TrytonSink
from services.sinks.outcomes import Trouble
from services.sinks.vendors.field_types import type_problems
from services.sinks.vendors.tryton_calls import TrytonCalls
from services.sinks.vendors.tryton_values import MECHANISMS, MODELS


async def problems_of_setup(sink: TrytonSink, tryton: TrytonCalls, owners: Mapping[str, str]) -> list[str]:
    """Empty where all is well; `owners` by person of the roster. Raises Trouble where it cannot be looked at."""
    try:
        return [
            *await _problems_of_rights(sink, tryton),
            *await _problems_of_fields(sink, tryton),
            *await _problems_of_owners(sink, tryton, owners),
        ]
    except Trouble as trouble:
        match trouble.field:
            case "company_id":
                return [f"company_id: there is no company {sink.company_id} there"]
            case "sale.opportunity":
                return ["the module sale_opportunity is not activated in this database"]
            case _:
                raise


async def _problems_of_rights(sink: TrytonSink, tryton: TrytonCalls) -> list[str]:
    models: list[JsonValue] = ["party.party", "party.contact_mechanism", "sale.opportunity", "ir.note"]
    may = await tryton.ask("ir.model.access.get_access", models)
    problems = [
        f"login: {sink.login} may not {right} {model}; put the user into the group Sale Opportunity"
        for model in models
        for right in ("read", "create", "write")
        if not may[model][right]
    ]
    preferences = await tryton.ask("res.user.get_preferences", True)
    seen = list(preferences.get("companies") or [])
    if sink.company_id not in seen:
        problems.append(f"company_id: {sink.login} is in the companies {seen}; give the user {sink.company_id}")
    return problems


async def _problems_of_fields(sink: TrytonSink, tryton: TrytonCalls) -> list[str]:
    problems: list[str] = []
    kinds: tuple[RecordKind, ...] = ("contact", "company", "opportunity")
    for kind in kinds:
        names: list[JsonValue] = [name for name in getattr(sink.fields, kind) if name not in MECHANISMS]
        theirs = await tryton.ask(f"{MODELS[kind]}.fields_get", names) if names else {}
        for name, rule in getattr(sink.fields, kind).items():
            if name in theirs:
                problems += type_problems(f"fields.{kind}.{name}", rule, theirs[name].get("type"))
            elif name in names:
                problems.append(f"fields.{kind}.{name}: {MODELS[kind]} has no such field")
    return problems


async def _problems_of_owners(sink: TrytonSink, tryton: TrytonCalls, owners: Mapping[str, str]) -> list[str]:
    rows = await tryton.rows("company.employee", [["company", "=", sink.company_id]], ["rec_name"])
    names = {str(row["id"]): str(row["rec_name"]) for row in rows}
    there = ", ".join(f"{ident} is {name}" for ident, name in names.items()) or "there is none"
    return [
        f"roster: {person} is {theirs} there, which is no employee of the company ({there})"
        for person, theirs in owners.items()
        if theirs not in names
    ]
