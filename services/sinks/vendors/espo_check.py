"""Whether an EspoCRM is set up as the file says: the key's field, fields, stages, words of tasks, users."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks import FieldRule
from schemas.sinks.vendors import EspoSink
from services.sinks.outcomes import Trouble
from services.sinks.vendors.espo_calls import EspoCalls
from services.sinks.vendors.field_types import type_problems

MAPPED: Mapping[str, str] = {"contact": "Contact", "company": "Account", "opportunity": "Opportunity"}
TASK_WORDS: Mapping[str, tuple[str, ...]] = {
    "status": ("Not Started", "Completed", "Canceled"),
    "priority": ("Normal", "High"),
}
_IDS = "Id"


async def check_espo(espo: EspoCalls, sink: EspoSink, owners: Mapping[str, str]) -> list[str]:
    """Everything that is wrong, one line each with the likely fix. What may not be read is a problem too."""
    problems: list[str] = []
    for kind, entity in {**MAPPED, "task": "Task"}.items():
        fields = await _fields(espo, entity)
        if fields is None:
            problems.append(f"{entity} cannot be read: give the API user's role access to it")
        elif kind == "task":
            problems += _check_task_words(fields)
        else:
            problems += _check_fields(kind, entity, fields, getattr(sink.fields, kind))
            problems += _check_opportunity(sink, fields) if kind == "opportunity" else ()
    return [*problems, *await _check_owners(espo, owners)]


async def _fields(espo: EspoCalls, entity: str) -> dict[str, JsonObject] | None:
    try:
        answer = await espo.ask("Metadata", key=f"entityDefs.{entity}.fields")
    except Trouble as trouble:
        if trouble.code == "http_401":
            raise
        return None
    if not isinstance(answer, dict):
        return None
    return {name: value if isinstance(value, dict) else {} for name, value in answer.items()}


def _check_opportunity(sink: EspoSink, fields: Mapping[str, JsonObject]) -> Iterator[str]:
    key = fields.get(sink.key_field)
    if key is None:
        yield (
            f"key_field: Opportunity has no field {sink.key_field}: make a Varchar field Stafett Id in Administration > Entity "
            "Manager > Opportunity > Fields (EspoCRM calls it cStafettId)"
        )
    elif key.get("type") != "varchar":
        yield f"key_field: {sink.key_field} is of the type {key.get('type')}, and a Varchar is needed"
    options = fields.get("stage", {}).get("options") or []
    for ours, theirs in sink.stages.model_dump(exclude_none=True).items():
        if theirs not in options:
            yield f"stages.{ours}: there is no stage {theirs} ({', '.join(map(str, options))})"
    written = {*sink.fields.opportunity, "name", "amount", "closeDate", "stage", "assignedUser", sink.key_field}
    for name, defined in fields.items():
        if defined.get("required") and name not in written and f"{name}{_IDS}" not in written:
            yield f"fields.opportunity: {name} is required there, and nothing writes it"


def _check_fields(
    kind: str, entity: str, fields: Mapping[str, JsonObject], rules: Mapping[str, FieldRule]
) -> Iterator[str]:
    for name, rule in rules.items():
        defined = fields.get(name) or fields.get(name.removesuffix(_IDS) if name.endswith(_IDS) else name)
        if defined is None:
            yield f"fields.{kind}.{name}: {entity} has no such field, and EspoCRM would leave it out without a word"
            continue
        if defined.get("readOnly"):
            yield f"fields.{kind}.{name}: EspoCRM sets it by itself, so it cannot be written"
        yield from type_problems(f"fields.{kind}.{name}", rule, defined.get("type"))
        options: JsonValue = defined.get("options")
        if defined.get("type") == "enum" and isinstance(options, list):
            words = [*rule.words.values(), *([str(rule.value)] if rule.value is not None else [])]
            yield from (
                f"fields.{kind}.{name}: `{word}` is none of its values" for word in words if word not in options
            )


def _check_task_words(fields: Mapping[str, JsonObject]) -> Iterator[str]:
    for name, words in TASK_WORDS.items():
        options = fields.get(name, {}).get("options") or []
        yield from (
            f"tasks: {name} has no value `{word}` any more; add it again in Administration > Entity Manager > Task"
            for word in words
            if word not in options
        )


async def _check_owners(espo: EspoCalls, owners: Mapping[str, str]) -> list[str]:
    try:
        rows = await espo.list_beside("User")
    except Trouble as trouble:
        return [f"users cannot be read ({trouble.code}): give the API user's role access to the scope User"]
    active = {str(row["id"]) for row in rows if row.get("isActive")}
    return [
        f"roster: {person} is {theirs} there, which is the id of no active user"
        for person, theirs in owners.items()
        if theirs not in active
    ]
