"""What sales did in a HubSpot: deals (or leads) of ours that were changed since, and calls, meetings, mails and tasks of theirs.

Changes are found by HubSpot's search, whose index comes late, so a look begins five minutes before the last one's end at least. A search
gives 10,000 results at most: each page asks from the last instant of the one before on, and only what shares one instant is counted
through. What the search names is then read itself, with the history of its fields: who changed them, and when.

Source: HubSpot's reference of search and of batch reads, version 2026-09.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal, NamedTuple

from schemas.json_values import JsonObject, JsonValue
from services.outbound.hubspot_paths import OBJECTS, VERSION
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.sightings import Change, Page, Sighting, Work
from services.sinks.vendors.hubspot_calls import HubspotCalls
from services.sinks.vendors.hubspot_shapes import KEY, Opportunity
from services.sinks.vendors.looks import Look, Place, read_look

PAGE = 100
HISTORIES = 50
"""Records of one batch read with histories."""
MOST = 10_000
"""Results of one search, through all its pages."""
LAG = timedelta(minutes=5)
"""How late the index may be; told are some 30 seconds."""
MODIFIED = "hs_lastmodifieddate"
_MACHINES = frozenset({"INTEGRATION", "AUTOMATION_PLATFORM", "API", "WORKFLOWS", "IMPORT"})
_OWNER, _REASON = "hubspot_owner_id", "closed_lost_reason"


class Noun(NamedTuple):
    """A kind of activity: HubSpot's type, what is read of it, and the property whose value says that it was done (none where it
    was done when it was written down)."""

    type_id: str
    properties: tuple[str, ...]
    state: str | None = None


WORKS: Mapping[str, Noun] = {
    "calls": Noun("0-48", ("hs_call_direction", "hs_call_status", "hs_call_disposition", "hs_call_duration")),
    "meetings": Noun("0-47", ("hs_meeting_outcome",), "hs_meeting_outcome"),
    "emails": Noun("0-49", ("hs_email_direction", "hs_email_status", "hs_sequence_id")),
    "tasks": Noun("0-27", ("hs_task_status",), "hs_task_status"),
}
DONE = "COMPLETED"
_OF_ALL = ("hs_timestamp", "hubspot_owner_id", "hs_created_by_user_id", "hs_object_source", MODIFIED)


class Lists(NamedTuple):
    """What is read: the opportunities of this shape, and these kinds of activities."""

    shape: Opportunity
    works: tuple[str, ...]

    @property
    def nouns(self) -> list[str]:
        return [self.shape.noun, *self.works]


def lists_to_read(shape: Opportunity, follow_ups: Sequence[str]) -> Lists:
    """With the activities that keep promises; all where none is named."""
    return Lists(shape, tuple(noun for noun in WORKS if not follow_ups or noun.removesuffix("s") in follow_ups))


async def read_changes(hubspot: HubspotCalls, lists: Lists, cursor: str | None, since: datetime) -> Page:
    """A page of one list. Raises Trouble."""
    look = read_look(cursor, lists.nouns, since)
    noun = str(look.current)
    rows = await _search(hubspot, noun, look.place)
    following = _following(look, rows, since)
    page = Page([], [], str(following), is_last=following.current is None)
    if noun == lists.shape.noun:
        return page._replace(sightings=await look_at(hubspot, lists.shape, [str(row["id"]) for row in rows]))
    return page._replace(works=await _works(hubspot, lists.shape, noun, rows))


async def look_at(hubspot: HubspotCalls, shape: Opportunity, vendor_ids: Sequence[str]) -> list[Sighting]:
    """These deals, or leads, as they stand. Raises Trouble."""
    closed = [shape.closed, f"{shape.closed}_won", _REASON] if shape.closed is not None else []
    names = [shape.stage, _OWNER, *closed, MODIFIED]
    rows = await _read(hubspot, shape.noun, vendor_ids, names, histories=(shape.stage, _OWNER))
    people = await _people(hubspot, rows)
    return [_sighting(row, shape, people) for row in rows]


async def check_reading(hubspot: HubspotCalls, lists: Lists) -> list[str]:
    """A line for each list that may not be read."""
    problems = []
    for noun in lists.nouns:
        try:
            await _search(hubspot, noun, Place(datetime(2020, 1, 1, tzinfo=UTC)), most=1)
        except Trouble as trouble:
            scope = f": the key needs {trouble.field}" if trouble.field else ""
            problems.append(f"reconcile: {noun} cannot be read: {trouble.code}{scope}")
    return problems


async def _search(hubspot: HubspotCalls, noun: str, place: Place, *, most: int = PAGE) -> list[JsonObject]:
    """Opportunities of ours, or activities that were done, changed at the place or later; the earliest first."""
    changed: JsonObject = {"propertyName": MODIFIED, "operator": "GTE", "value": _text(place.at)}
    filters: list[JsonValue] = [changed]
    state = WORKS[noun].state if noun in WORKS else None
    if noun not in WORKS:
        filters.append({"propertyName": KEY, "operator": "HAS_PROPERTY"})
    elif state is not None:
        filters.append({"propertyName": state, "operator": "EQ", "value": DONE})
    body: JsonObject = {
        "filterGroups": [{"filters": filters}],
        "sorts": [MODIFIED],
        "properties": [MODIFIED],
        "limit": most,
        "after": place.token,
    }
    answer = await hubspot.read(f"{OBJECTS}/{noun}/search", body) or {}
    return list(answer.get("results") or ())


def _following(look: Look, rows: Sequence[JsonObject], since: datetime) -> Look:
    """From the last instant on; further in, where all of the page share it with the place. What changed until `since` was in the index
    when the list ended, so that the next look need not see it again. Raises Trouble where too many share an instant."""
    place = look.place
    last = max((_instant(row["properties"][MODIFIED]) for row in rows), default=place.at)
    if len(rows) < PAGE:
        return look.move(Place(max(last, since)), is_over=True)
    if last > place.at:
        return look.move(Place(last), is_over=False)
    offset = int(place.token or 0) + len(rows)
    if offset + PAGE > MOST:
        raise Trouble("refused_data", "too_many_changes_of_one_instant")
    return look.move(place._replace(token=str(offset)), is_over=False)


async def _works(hubspot: HubspotCalls, shape: Opportunity, noun: str, rows: Sequence[JsonObject]) -> list[Work]:
    """The activities that are associated with opportunities, one for each of those."""
    deals = await _beside(hubspot, shape, noun, [str(row["id"]) for row in rows])
    if not deals:
        return []
    about = WORKS[noun]
    histories = (about.state,) if about.state is not None else ()
    records = await _read(hubspot, noun, list(deals), (*about.properties, *_OF_ALL), histories=histories)
    people = await _people(hubspot, records)
    return [_work(noun, record, deal, people) for record in records for deal in deals.get(str(record["id"]), ())]


async def _beside(hubspot: HubspotCalls, shape: Opportunity, noun: str, idents: Sequence[str]) -> dict[str, list[str]]:
    """The opportunities of each activity that has any."""
    if not idents:
        return {}
    inputs: list[JsonValue] = [{"id": ident} for ident in idents]
    path = f"/crm/associations/{VERSION}/{noun}/{shape.noun}/batch/read"
    answer = await hubspot.read(path, {"inputs": inputs}) or {}
    rows = {
        str(row["from"]["id"]): [str(one["toObjectId"]) for one in row["to"]] for row in answer.get("results") or ()
    }
    return {ident: deals for ident, deals in rows.items() if deals}


async def _read(
    hubspot: HubspotCalls, noun: str, idents: Sequence[str], names: Sequence[str], *, histories: Sequence[str]
) -> list[JsonObject]:
    """The records themselves; those that are gone are left out."""
    rows: list[JsonObject] = []
    for start in range(0, len(idents), HISTORIES):
        inputs: list[JsonValue] = [{"id": ident} for ident in idents[start : start + HISTORIES]]
        body: JsonObject = {"inputs": inputs, "properties": list(names), "propertiesWithHistory": list(histories)}
        answer = await hubspot.read(f"{OBJECTS}/{noun}/batch/read", body) or {}
        rows += answer.get("results") or ()
    return rows


async def _people(hubspot: HubspotCalls, rows: Sequence[JsonObject]) -> Mapping[str, str]:
    """The owner that each user is, for the roster knows people by that; asked where somebody changed something."""
    if not rows:
        return {}
    people, after = dict[str, str](), ""
    while True:
        query = f"?limit={PAGE}" + (f"&after={after}" if after else "")
        answer = await hubspot.read(f"/crm/owners/{VERSION}{query}") or {}
        people |= {str(row["userId"]): str(row["id"]) for row in answer.get("results") or () if row.get("userId")}
        after = ((answer.get("paging") or {}).get("next") or {}).get("after") or ""
        if not after:
            return people


def _sighting(row: JsonObject, shape: Opportunity, people: Mapping[str, str]) -> Sighting:
    """A lead says by its stage alone that it is over."""
    properties = row["properties"]
    outcome: Literal["won", "lost"] | None = None
    if properties.get(f"{shape.closed}_won") == "true":
        outcome = "won"
    elif properties.get(str(shape.closed)) == "true":
        outcome = "lost"
    return Sighting(
        vendor_id=str(row["id"]),
        stage=properties.get(shape.stage),
        owner=properties.get(_OWNER) or None,
        outcome=outcome,
        changed_at=_instant(properties[MODIFIED]),
        changed_by=None,
        reason=" ".join(str(properties.get(_REASON) or "").split())[:200] or None,
        of_stage=_change(row, shape.stage, people),
        of_owner=_change(row, _OWNER, people),
    )


def _change(row: JsonObject, name: str, people: Mapping[str, str]) -> Change | None:
    """The last one of this property, which its history begins with."""
    history = (row.get("propertiesWithHistory") or {}).get(name) or []
    if not history:
        return None
    last = max(history, key=lambda entry: _instant(entry["timestamp"]))
    user = last.get("updatedByUserId") or str(last.get("sourceId") or "").removeprefix("userId:")
    is_program = last.get("sourceType") in _MACHINES
    by = None if is_program or not user else people.get(str(user), str(user))
    return Change(_instant(last["timestamp"]), by, is_program)


def _work(noun: str, row: JsonObject, deal: str, people: Mapping[str, str]) -> Work:
    """A call or mail was done by whoever wrote it down, a meeting or task by whoever set it to done."""
    about, properties, ident = WORKS[noun], row["properties"], str(row["id"])
    user = str(properties.get("hs_created_by_user_id") or "")
    owner = properties.get("hubspot_owner_id") or None
    creation = Change(_instant(row["createdAt"]), people.get(user, user) if user else owner)
    if properties.get("hs_object_source") in _MACHINES:
        creation = creation._replace(by=None)
    change = creation
    if about.state is not None:
        change = _change(row, about.state, people) or creation
    says = properties.get("hs_timestamp") if noun != "tasks" else None
    instant = _instant(says) if says else change.at
    body: JsonObject = {"objectTypeId": about.type_id, "objectId": ident, "properties": dict(properties)}
    return Work(
        ident,
        opportunity=deal,
        kind=noun.removesuffix("s"),
        author=change.by,
        happened_at=min(instant, change.at),
        recorded_at=change.at,
        body=body,
    )


def _instant(text: JsonValue) -> datetime:
    return datetime.fromisoformat(str(text)).astimezone(UTC)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
