"""Whether an environment of Dynamics is set up as the sinks file says, by its own metadata: every problem, with the likely fix."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Mapping, Sequence
from typing import Literal
from urllib.parse import quote
from uuid import UUID

from schemas.json_values import JsonObject
from schemas.sinks import FieldRule, RecordKind
from schemas.sinks.vendors import DynamicsSink
from services.sinks.outcomes import Trouble
from services.sinks.vendors.dynamics_calls import DynamicsCalls
from services.sinks.vendors.field_types import type_problems

TABLES: Mapping[RecordKind, str] = {
    "contact": "contact",
    "company": "account",
    "opportunity": "opportunity",
    "note": "annotation",
    "task": "task",
}
SETS: Mapping[RecordKind, str] = {
    "contact": "contacts",
    "company": "accounts",
    "opportunity": "opportunities",
    "note": "annotations",
    "task": "tasks",
}
STATUS = "statuscode"
OPEN, WON, LOST = 0, 1, 2
"""States of an opportunity."""
_MAPPED: tuple[Literal["contact", "company", "opportunity"], ...] = ("contact", "company", "opportunity")
_LINKS = frozenset({"Lookup", "Customer", "Owner", "Uniqueidentifier", "PartyList", "Virtual", "ManagedProperty"})
_AT_A_TIME = 20


async def check_environment(sink: DynamicsSink, calls: DynamicsCalls, owners: Mapping[str, str]) -> list[str]:
    """One line for each problem. What we may not read is a problem too, and the rest is looked at all the same. Raises Trouble
    where nobody lets us in."""
    await calls.read("/WhoAmI")
    checks: list[tuple[str, Awaitable[list[str]]]] = [
        *((f"the columns of {TABLES[kind]}", _check_columns(sink, calls, kind)) for kind in _MAPPED),
        ("the stages", _check_stages(sink, calls)),
        ("the alternate keys", _check_key(sink, calls)),
        ("the users", _check_owners(calls, owners)),
    ]
    problems: list[str] = []
    for what, check in checks:
        try:
            problems += await check
        except Trouble as trouble:
            missing = f"; the application user lacks {trouble.field}" if trouble.field else ""
            problems.append(f"{what} cannot be read: {trouble.code}{missing}")
    return problems


async def _check_columns(sink: DynamicsSink, calls: DynamicsCalls, kind: RecordKind) -> list[str]:
    select = "$select=LogicalName,AttributeType,IsValidForCreate,IsValidForUpdate"
    path = f"/EntityDefinitions(LogicalName='{TABLES[kind]}')/Attributes?{select}"
    known = {str(row["LogicalName"]): row for row in _rows(await calls.read(path))}
    rules: Mapping[str, FieldRule] = getattr(sink.fields, kind)
    problems = [
        p for name, rule in rules.items() for p in _check_column(f"fields.{kind}.{name}", known.get(name), rule)
    ]
    if kind == "opportunity" and sink.stage_column not in known:
        problems.append(f"stage_column: opportunity has no column {sink.stage_column}; its logical name is needed")
    return problems


def _check_column(where: str, row: JsonObject | None, rule: FieldRule) -> Iterator[str]:
    if row is None:
        yield f"{where}: there is no such column; its logical name is needed, in small letters, not its label"
        return
    of = str(row.get("AttributeType"))
    if of in _LINKS:
        yield f"{where}: it is a {of}, which cannot be filled from a fact"
    elif not (row.get("IsValidForCreate") and row.get("IsValidForUpdate")):
        yield f"{where}: Dynamics sets it by itself, so it cannot be written"
    if of != "DateTime":
        # Whether one takes a day or an instant is said elsewhere.
        yield from type_problems(where, rule, of)
    yield from (f"{where}: {problem}" for problem in _check_words(of, rule))


def _check_words(of: str, rule: FieldRule) -> Iterator[str]:
    words = rule.words.values()
    match of:
        case "Picklist" | "State" | "Status" if not words and not isinstance(rule.value, int):
            yield "it is a choice; say in `words` which number each of our words is"
        case "Picklist" | "State" | "Status" | "Integer" | "BigInt" if not all(word.isdigit() for word in words):
            yield f"it is a {of}; write numbers in `words`"
        case "String" | "Memo" if words and all(word.isdigit() or word in ("true", "false") for word in words):
            yield "it is a text, and words that are all numbers are written as numbers; write one of them in letters"
        case _:
            pass


async def _check_stages(sink: DynamicsSink, calls: DynamicsCalls) -> list[str]:
    is_status = sink.stage_column == STATUS
    of = "Status" if is_status else "Picklist"
    column = f"/EntityDefinitions(LogicalName='opportunity')/Attributes(LogicalName='{sink.stage_column}')"
    path = (
        f"{column}/Microsoft.Dynamics.CRM.{of}AttributeMetadata?$select=LogicalName&$expand=OptionSet,GlobalOptionSet"
    )
    answer = await calls.read(path) or {}
    options = {str(option["Value"]): option for option in _options(answer)}
    names = ", ".join(f"{value} is {_label(option)}" for value, option in options.items())
    stages = sink.stages.model_dump(exclude_none=True)
    problems = [
        f"stages.{ours}: {sink.stage_column} has no choice {theirs} ({names})"
        for ours, theirs in stages.items()
        if theirs not in options
    ]
    wanted = {"won": WON, "lost": LOST}
    for ours, theirs in stages.items() if is_status else ():
        state = wanted.get(ours, OPEN)
        if theirs in options and options[theirs].get("State") != state:
            what = {OPEN: "open", WON: "won", LOST: "lost"}[state]
            problems.append(f"stages.{ours}: {theirs} is no reason of an opportunity that is {what}")
    return problems


async def _check_key(sink: DynamicsSink, calls: DynamicsCalls) -> list[str]:
    column = sink.key_column
    if column is None:
        return []
    select = "$select=LogicalName,KeyAttributes,EntityKeyIndexStatus"
    keys = _rows(await calls.read(f"/EntityDefinitions(LogicalName='opportunity')/Keys?{select}"))
    ours = next((key for key in keys if key.get("KeyAttributes") == [column]), None)
    if ours is None:
        return [
            f"key_column: opportunity has no alternate key of {column} alone; make it in Power Apps under Tables, Opportunity, Keys"
        ]
    status = ours.get("EntityKeyIndexStatus")
    return (
        []
        if status == "Active"
        else [f"key_column: the key of {column} is {status}, not Active; its index is not made yet"]
    )


async def _check_owners(calls: DynamicsCalls, owners: Mapping[str, str]) -> list[str]:
    problems = [
        f"roster: {person} is {theirs} there, which is no id of a user"
        for person, theirs in owners.items()
        if not _is_guid(theirs)
    ]
    ids = sorted({theirs.lower() for theirs in owners.values() if _is_guid(theirs)})
    active: set[str] = set()
    for start in range(0, len(ids), _AT_A_TIME):
        wanted = " or ".join(f"systemuserid eq {ident}" for ident in ids[start : start + _AT_A_TIME])
        rows = _rows(await calls.read(f"/systemusers?$select=systemuserid,isdisabled&$filter={quote(wanted)}"))
        active |= {str(row["systemuserid"]).lower() for row in rows if not row.get("isdisabled")}
    return problems + [
        f"roster: {person} is {theirs} there, which is no user who is enabled"
        for person, theirs in owners.items()
        if _is_guid(theirs) and theirs.lower() not in active
    ]


def _rows(answer: JsonObject | None) -> Sequence[JsonObject]:
    rows = (answer or {}).get("value")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _options(answer: JsonObject) -> Iterator[JsonObject]:
    for name in ("OptionSet", "GlobalOptionSet"):
        held = answer.get(name)
        if isinstance(held, dict):
            yield from (option for option in held.get("Options") or () if isinstance(option, dict))


def _label(option: JsonObject) -> str:
    label = (option.get("Label") or {}).get("UserLocalizedLabel") or {}
    return str(label.get("Label") or "without a name")


def _is_guid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
