"""Whether an Odoo is set up as the file says: fields, stages, the type of task, users."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.sinks import FieldRule, RecordKind
from schemas.sinks.vendors import OdooSink
from services.sinks.outcomes import Trouble
from services.sinks.vendors.field_types import type_problems
from services.sinks.vendors.odoo_calls import OdooCalls

MODELS: Mapping[RecordKind, str] = {
    "contact": "res.partner",
    "company": "res.partner",
    "opportunity": "crm.lead",
    "note": "mail.message",
    "task": "mail.activity",
}
TASK_TYPE = "mail.mail_activity_data_todo"
LOST = "lost"
"""The stage of a lost opportunity, which in Odoo has no stage of its own: it is archived."""


async def check_odoo(sink: OdooSink, odoo: OdooCalls, owners: Mapping[str, str]) -> list[str]:
    """Everything that is wrong, one line each with the likely fix. Raises Trouble where it cannot be asked at all."""
    return [
        *await _check_fields(sink, odoo),
        *await _check_stages(sink, odoo),
        *await _check_task_type(sink, odoo),
        *await _check_owners(odoo, owners),
    ]


async def _check_fields(sink: OdooSink, odoo: OdooCalls) -> list[str]:
    problems = []
    kinds: tuple[RecordKind, ...] = ("contact", "company", "opportunity")
    for kind in kinds:
        theirs = await odoo.ask(MODELS[kind], "fields_get", {"attributes": ["type", "readonly"]})
        rules: Mapping[str, FieldRule] = getattr(sink.fields, kind)
        for name, rule in rules.items():
            if name not in theirs:
                problems.append(f"fields.{kind}.{name}: {MODELS[kind]} has no such field; its technical name is needed")
                continue
            problems += type_problems(f"fields.{kind}.{name}", rule, theirs[name].get("type"))
    return problems


async def _check_stages(sink: OdooSink, odoo: OdooCalls) -> list[str]:
    rows = await odoo.ask("crm.stage", "search_read", {"domain": [], "fields": ["name"]})
    ids = {str(row["id"]): row["name"] for row in rows}
    names = ", ".join(f"{ident} is {name}" for ident, name in ids.items())
    wanted = {ours: theirs for ours, theirs in sink.stages.model_dump(exclude_none=True).items() if theirs != LOST}
    return [
        f"stages.{ours}: there is no stage {theirs} ({names})" for ours, theirs in wanted.items() if theirs not in ids
    ]


async def _check_task_type(sink: OdooSink, odoo: OdooCalls) -> list[str]:
    """Odoo takes an unknown type without a word and makes another task of it."""
    module, _, name = (sink.task.type or TASK_TYPE).partition(".")
    try:
        await odoo.ask("ir.model.data", "check_object_reference", {"module": module, "xml_id": name})
    except Trouble:
        return [f"task.type: there is no activity type {module}.{name}; mail.mail_activity_data_call is one"]
    return []


async def _check_owners(odoo: OdooCalls, owners: Mapping[str, str]) -> list[str]:
    rows = await odoo.ask("res.users", "search_read", {"domain": [], "fields": ["id"]})
    active = {str(row["id"]) for row in rows}
    return [
        f"roster: {person} is {theirs} there, which is no active user"
        for person, theirs in owners.items()
        if theirs not in active
    ]
