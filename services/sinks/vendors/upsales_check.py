"""Whether an account of Upsales is set up as the sinks file says: every problem, with the likely fix."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping
from typing import Literal

from schemas.json_values import JsonObject
from schemas.sinks import FieldRule
from schemas.sinks.vendors import UpsalesSink
from services.sinks.outcomes import Trouble
from services.sinks.vendors.field_types import type_problems
from services.sinks.vendors.upsales_calls import UpsalesCalls

ENTITIES: Mapping[Literal["contact", "company", "opportunity"], str] = {
    "contact": "contact",
    "company": "account",
    "opportunity": "order",
}
"""What their own fields are listed under."""
STANDARD: Mapping[str, frozenset[str]] = {
    "contact": frozenset({"title", "cellPhone"}),
    "company": frozenset({"phone", "notes", "orgNo", "noEmployees", "turnover"}),
    "opportunity": frozenset({"date", "currency"}),
}
"""Fields that every account has and that a fact may fill."""
_CUSTOM = "custom_"


async def check_account(sink: UpsalesSink, calls: UpsalesCalls, owners: Mapping[str, str]) -> list[str]:
    """One line for each problem. What the key may not read is a problem too, and the rest is looked at all the same. Raises Trouble
    where the key is refused."""
    await calls.read("/self")
    checks: list[tuple[str, Awaitable[list[str]]]] = [
        *((f"fields of {kind}", _check_fields(sink, calls, kind)) for kind in ENTITIES),
        ("fields of activities", _check_task_key(sink, calls)),
        ("stages", _check_stages(sink, calls)),
        ("the product, the type of task and the company", _check_ids(sink, calls)),
        ("users", _check_owners(calls, owners)),
        ("look-ups", _check_look_ups(sink, calls)),
    ]
    problems: list[str] = []
    for what, check in checks:
        try:
            problems += await check
        except Trouble as trouble:
            problems.append(f"{what} cannot be read: {trouble.code}")
    return problems


async def _check_fields(
    sink: UpsalesSink, calls: UpsalesCalls, kind: Literal["contact", "company", "opportunity"]
) -> list[str]:
    known = {str(row["id"]): row for row in await calls.select(f"/customfields/{ENTITIES[kind]}")}
    rules: Mapping[str, FieldRule] = getattr(sink.fields, kind)
    problems = [p for name in rules for p in _check_field(f"fields.{kind}.{name}", name, known, STANDARD[kind])]
    for name, rule in rules.items():
        row = known.get(name.removeprefix(_CUSTOM)) or {}
        problems += type_problems(f"fields.{kind}.{name}", rule, row.get("datatype"))
    if kind == "opportunity":
        problems += _check_key("key_field", sink.key_field, known, "orders")
    return problems


def _check_field(where: str, name: str, known: Mapping[str, JsonObject], standard: frozenset[str]) -> Iterator[str]:
    if name in standard:
        return
    row = known.get(name.removeprefix(_CUSTOM)) if name.startswith(_CUSTOM) else None
    if row is None:
        names = ", ".join(f"{_CUSTOM}{ident} is {field.get('name')}" for ident, field in known.items())
        yield f"{where}: there is no such field ({names or 'it has no fields of its own'}; {', '.join(sorted(standard))})"
    elif not row.get("editable", 1) or row.get("locked") or row.get("viewonly"):
        yield f"{where}: `{row.get('name')}` cannot be written over the API"


def _check_key(where: str, number: int, known: Mapping[str, JsonObject], of: str) -> Iterator[str]:
    row = known.get(str(number))
    if row is None:
        names = ", ".join(f"{ident} is {field.get('name')}" for ident, field in known.items()) or "it has none"
        yield f"{where}: {of} have no field {number} of their own ({names}); make a text field for our id"
    elif row.get("datatype") != "String":
        yield f"{where}: `{row.get('name')}` is a {row.get('datatype')}; our id is a text (String)"
    elif not row.get("editable", 1) or row.get("locked") or row.get("viewonly"):
        yield f"{where}: `{row.get('name')}` cannot be written over the API"


async def _check_task_key(sink: UpsalesSink, calls: UpsalesCalls) -> list[str]:
    known = {str(row["id"]): row for row in await calls.select("/customfields/activity")}
    return list(_check_key("task_key_field", sink.task_key_field, known, "activities"))


async def _check_stages(sink: UpsalesSink, calls: UpsalesCalls) -> list[str]:
    rows = {str(row["id"]): row for row in await calls.select("/orderstages")}
    names = ", ".join(f"{ident} is {row.get('name')}" for ident, row in rows.items())
    problems = []
    for ours, theirs in sink.stages.model_dump(exclude_none=True).items():
        if theirs not in rows:
            problems.append(f"stages.{ours}: there is no stage {theirs} ({names})")
            continue
        probability = rows[theirs].get("probability")
        if not _fits(ours, probability):
            what = {"won": "100, an order", "lost": "0, a lost one"}.get(ours, "1 to 99, an opportunity")
            problems.append(
                f"stages.{ours}: {rows[theirs].get('name')} has a probability of {probability}; it needs {what}"
            )
    return problems


def _fits(stage: str, probability: object) -> bool:
    match stage:
        case "won":
            return probability == 100
        case "lost":
            return probability == 0
        case _:
            return isinstance(probability, int) and 0 < probability < 100


async def _check_ids(sink: UpsalesSink, calls: UpsalesCalls) -> list[str]:
    problems = []
    product = await calls.read(f"/products/{sink.product}")
    if product is None or not product.get("active", 1):
        problems.append(f"product: there is no active product {sink.product}; an opportunity cannot be without a row")
    types = {str(row["id"]): row.get("name") for row in await calls.select("/activitytypes/activity")}
    if sink.task.type not in types:
        names = ", ".join(f"{ident} is {name}" for ident, name in types.items())
        problems.append(f"task.type: there is no type {sink.task.type} of activities ({names})")
    other = sink.company_for_others
    if other is not None and await calls.read(f"/accounts/{other}") is None:
        problems.append(f"company_for_others: there is no company {other}")
    return problems


async def _check_owners(calls: UpsalesCalls, owners: Mapping[str, str]) -> list[str]:
    rows = await calls.select("/users?limit=2000&sort=id")
    active = {str(row["id"]) for row in rows if row.get("active", 1) and not row.get("ghost")}
    return [
        f"roster: {person} is {theirs} there, which is no active user"
        for person, theirs in owners.items()
        if theirs not in active
    ]


async def _check_look_ups(sink: UpsalesSink, calls: UpsalesCalls) -> list[str]:
    """Whether the filters are heard: one that is not gives all there is, and what is there already would be made once more."""
    filters = {
        f"/orders?custom=eq:{sink.key_field}:stafett-check": "orders by key_field",
        f"/activities?custom=eq:{sink.task_key_field}:stafett-check": "activities by task_key_field",
        "/contacts?email=eq:check%40stafett.invalid": "contacts by email",
        "/accounts?webpage=eq:stafett.invalid%2Chttps%3A%2F%2Fstafett.invalid&isExternal=0": "companies by webpage",
    }
    return [
        f"{what}: Upsales does not heed this filter here; ask their support, since hand-overs could be there twice"
        for path, what in filters.items()
        if await calls.select(f"{path}&limit=1")
    ]
