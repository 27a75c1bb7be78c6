"""What sales did in a Salesforce: opportunities of ours that were changed or deleted since, and tasks of opportunities that were done.

Salesforce lists the ids of what changed in a span of time, and says until when that list is whole: `latestDateCovered`, where the next
span begins, since a transaction that began before may still end. Spans are in whole minutes and reach 30 days back; here they are six
hours at most, so that one answer stays short. What the ids name is then asked for, ours alone.

Source: Salesforce's REST guide, *sObject Get Updated* and *sObject Get Deleted*, and its object reference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

from schemas.json_values import JsonObject, JsonValue
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.sightings import Change, Deletion, Page, Sighting, Work
from services.sinks.vendors.looks import Place, read_look
from services.sinks.vendors.salesforce_calls import SalesforceCalls
from services.sinks.vendors.salesforce_values import quote_id

SPAN = timedelta(hours=6)
REACH = timedelta(days=30) - timedelta(hours=1)
"""How far back Salesforce lists changes, less what clocks may differ by."""
MINUTE = timedelta(minutes=1)
IDS = 200
"""Ids in one query, which go into its address."""
LISTS = ("Opportunity", "Task", "deleted")
KEY = "Stafett_Handover_Id__c"
_OPPORTUNITY = "Id, StageName, OwnerId, IsClosed, IsWon, LastModifiedDate, LastModifiedById"
_TASK = (
    "Id, WhatId, Subject, Status, IsClosed, Type, TaskSubtype, CallType, CallDisposition, ActivityDate, OwnerId, CreatedDate, "
    "CompletedDateTime, LastModifiedDate, LastModifiedById"
)


async def read_changes(salesforce: SalesforceCalls, cursor: str | None, since: datetime, now: datetime) -> Page:
    """One span of one list. Raises Trouble."""
    look = read_look(cursor, LISTS, since)
    begin, end = _minute(max(look.place.at, now - REACH)), _minute(now)
    until = min(begin + SPAN, end)
    if until <= begin:
        # Spans are in whole minutes: there is none yet.
        following = look.move(Place(begin), is_over=True)
        return Page([], [], str(following), is_last=following.current is None)
    noun = "Opportunity" if look.current == "deleted" else str(look.current)
    what = "deleted" if look.current == "deleted" else "updated"
    answer = await _span(salesforce, noun, what, begin=begin, until=until)
    whole_until = min(until, _instant(answer["latestDateCovered"]))
    # A list that is not whole beyond its begin is asked again by the next look.
    is_over = until == end or whole_until <= begin
    following = look.move(Place(whole_until), is_over=is_over)
    page = Page([], [], str(following), is_last=following.current is None)
    match look.current:
        case "Opportunity":
            return page._replace(sightings=await look_at(salesforce, _idents(answer)))
        case "Task":
            return page._replace(works=await _works(salesforce, _idents(answer)))
        case _:
            return page._replace(deletions=list(_deletions(answer)))


async def look_at(salesforce: SalesforceCalls, vendor_ids: Sequence[str]) -> list[Sighting]:
    """Those of these opportunities that are ours, as they stand. Raises Trouble."""
    seen: list[Sighting] = []
    for some in _pieces(vendor_ids):
        rows = await salesforce.query(
            f"SELECT {_OPPORTUNITY} FROM Opportunity WHERE Id IN ({some}) AND {KEY} LIKE 'ho\\_%' LIMIT {IDS}"  # noqa: S608 - put in are names of ours, and ids that are letters and digits
        )
        stages = await _stages(salesforce, [str(row["Id"]) for row in rows])
        seen += [_sighting(row, stages.get(str(row["Id"]))) for row in rows]
    return seen


async def check_reading(salesforce: SalesforceCalls, now: datetime) -> list[str]:
    """A line for each list that may not be read."""
    problems = []
    for noun, what in (("Opportunity", "updated"), ("Task", "updated"), ("Opportunity", "deleted")):
        try:
            await _span(salesforce, noun, what, begin=_minute(now) - MINUTE, until=_minute(now))
        except Trouble as trouble:
            problems.append(f"reconcile: what was {what} of {noun} cannot be read: {trouble.code}")
    return problems


async def _span(salesforce: SalesforceCalls, noun: str, what: str, *, begin: datetime, until: datetime) -> JsonObject:
    query = urlencode({"start": _text(begin), "end": _text(until)})
    answer = await salesforce.read(f"/sobjects/{noun}/{what}/?{query}")
    if "latestDateCovered" not in answer:
        raise Trouble("transient", "answer_without_latest_date_covered")
    return answer


async def _stages(salesforce: SalesforceCalls, idents: Sequence[str]) -> Mapping[str, Change]:
    """When each of these opportunities came into the stage that it is in, and by which user."""
    stages: dict[str, tuple[JsonValue, Change]] = {}
    for some in _pieces(idents):
        rows = await salesforce.query(
            f"SELECT OpportunityId, StageName, CreatedDate, CreatedById FROM OpportunityHistory WHERE OpportunityId IN ({some}) ORDER BY CreatedDate LIMIT 2000"  # noqa: S608 - put in are ids that are letters and digits
        )
        for row in rows:
            ident, change = str(row["OpportunityId"]), Change(_instant(row["CreatedDate"]), str(row["CreatedById"]))
            # A row comes with each change of stage, amount or day; the first of the last run of equal ones is the change.
            if ident not in stages or stages[ident][0] != row["StageName"]:
                stages[ident] = (row["StageName"], change)
    return {ident: change for ident, (_, change) in stages.items()}


async def _works(salesforce: SalesforceCalls, idents: Sequence[str]) -> list[Work]:
    """Those of these tasks that are done, and are about an opportunity."""
    works: list[Work] = []
    for some in _pieces(idents):
        rows = await salesforce.query(
            f"SELECT {_TASK} FROM Task WHERE Id IN ({some}) AND IsClosed = true LIMIT {IDS}"  # noqa: S608 - put in are names of ours, and ids that are letters and digits
        )
        works += [_work(row) for row in rows if str(row.get("WhatId") or "").startswith("006")]
    return works


def _deletions(answer: JsonObject) -> Iterator[Deletion]:
    for row in answer.get("deletedRecords") or ():
        yield Deletion(str(row["id"]), _instant(row["deletedDate"]))


def _idents(answer: JsonObject) -> list[str]:
    return [str(ident) for ident in answer.get("ids") or ()]


def _pieces(idents: Iterable[str]) -> Iterator[str]:
    """Lists of ids as a query has them."""
    every = [quote_id(ident) for ident in dict.fromkeys(idents)]
    yield from (", ".join(every[start : start + IDS]) for start in range(0, len(every), IDS))


def _sighting(row: JsonObject, of_stage: Change | None) -> Sighting:
    outcome: Literal["won", "lost"] | None = None
    if row.get("IsWon"):
        outcome = "won"
    elif row.get("IsClosed"):
        outcome = "lost"
    return Sighting(
        vendor_id=str(row["Id"]),
        stage=str(row["StageName"]),
        owner=str(row["OwnerId"]),
        outcome=outcome,
        changed_at=_instant(row["LastModifiedDate"]),
        changed_by=str(row["LastModifiedById"]),
        of_stage=of_stage,
    )


def _work(row: JsonObject) -> Work:
    at = _instant(row.get("CompletedDateTime") or row["LastModifiedDate"])
    head: JsonObject = {"entityName": "Task", "changeType": "UPDATE", "recordIds": [row["Id"]]}
    fields = {name: value for name, value in row.items() if name != "attributes"}
    return Work(
        str(row["Id"]),
        opportunity=str(row["WhatId"]),
        kind=str(row.get("TaskSubtype") or row.get("Type") or "task").casefold(),
        author=str(row["LastModifiedById"]),
        happened_at=at,
        recorded_at=at,
        body={"ChangeEventHeader": head, **fields},
    )


def _minute(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(second=0, microsecond=0)


def _text(at: datetime) -> str:
    return at.isoformat()


def _instant(text: JsonValue) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)
