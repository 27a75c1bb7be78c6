"""What sales did in a Pipedrive: deals of ours (or leads) that were changed or deleted since, and activities beside them that were done.

Lists of v2 are asked by `updated_since`, in the order of changes, page by page by Pipedrive's cursor. A page costs 10 tokens, however
long it is. Pipedrive's lists do not say who changed a deal: what is told of it is told of nobody. An activity counts for its owner.
Where a hand-over is a lead, the lists of leads are read as well (`pipedrive_leads.py`), and a deal that somebody made of one.

Source: the models of Pipedrive's own client (v2), and its reference.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlencode

from schemas.json_values import JsonObject
from schemas.sinks.vendors import PipedriveOpportunity, PipedriveSink
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.sightings import Change, Deletion, Page, Sighting, Work
from services.sinks.vendors.looks import Look, Place, read_look
from services.sinks.vendors.pipedrive_calls import PipedriveCalls
from services.sinks.vendors.pipedrive_leads import ARCHIVED, LEADS, look_at_lead, read_leads
from services.sinks.vendors.pipedrive_shapes import SOURCE_LEAD, instant_of

PAGE = 500
LISTS: Mapping[PipedriveOpportunity, tuple[str, ...]] = {
    "deal": ("deals", "activities"),
    # A deal that was made of a lead is known before what was done beside it.
    "lead": (LEADS, ARCHIVED, "deals", "activities"),
}
_MARKER = re.compile(r"\bStafett ho_\w+\.\d+\s*(<[^<>]*>\s*)*$")


async def read_changes(pipedrive: PipedriveCalls, sink: PipedriveSink, cursor: str | None, since: datetime) -> Page:
    """A page of one list. Raises Trouble."""
    look = read_look(cursor, LISTS[sink.opportunity], since)
    if look.current in (LEADS, ARCHIVED):
        return await read_leads(pipedrive, sink.key_field, look, since)
    try:
        answer = await _list(pipedrive, sink, look)
    except Trouble as trouble:
        if trouble.kind != "refused_data" or not look.place.token:
            raise
        # Their cursor has had its day: the list begins once more where it began.
        look = look.move(Place(look.place.at), is_over=False)
        answer = await _list(pipedrive, sink, look)
    rows = answer.get("data") or []
    following = _following(look, answer, since)
    page = Page([], [], str(following), is_last=following.current is None)
    if look.current == "activities":
        return page._replace(works=[work for row in rows if (work := _work(row)) is not None])
    ours = [row for row in rows if (row.get("custom_fields") or {}).get(sink.key_field)]
    return page._replace(
        sightings=[_sighting(row, sink) for row in ours if not _is_deleted(row)],
        deletions=[Deletion(str(row["id"]), instant_of(row["update_time"])) for row in ours if _is_deleted(row)],
    )


async def look_at(pipedrive: PipedriveCalls, sink: PipedriveSink, vendor_ids: Sequence[str]) -> list[Sighting]:
    """These deals and leads as they stand; leads, and deals of the archive, are read one by one. Raises Trouble."""
    deals = [ident for ident in vendor_ids if ident.isdigit()]
    leads = [await look_at_lead(pipedrive, ident) for ident in vendor_ids if not ident.isdigit()]
    rows = await _read_deals(pipedrive, sink, deals) if deals else {}
    seen = [_sighting(row, sink) for row in rows.values() if not _is_deleted(row)]
    return [*seen, *(lead for lead in leads if lead is not None)]


async def _read_deals(pipedrive: PipedriveCalls, sink: PipedriveSink, idents: Sequence[str]) -> dict[str, JsonObject]:
    query = urlencode({"ids": ",".join(idents), "limit": PAGE, **_names(sink)}, safe=",")
    answer = await pipedrive.read(f"/api/v2/deals?{query}", cost=10) or {}
    rows: dict[str, JsonObject] = {str(row["id"]): row for row in answer.get("data") or ()}
    for ident in idents:
        if ident not in rows:
            one = await pipedrive.read(f"/api/v2/deals/{int(ident)}") or {}
            rows |= {ident: row} if isinstance(row := one.get("data"), dict) else {}
    return rows


def _names(sink: PipedriveSink) -> dict[str, str]:
    """What a list of deals has to give beside the usual."""
    source = {"include_fields": SOURCE_LEAD} if sink.opportunity == "lead" else {}
    return {"custom_fields": sink.key_field, **source}


async def _list(pipedrive: PipedriveCalls, sink: PipedriveSink, look: Look) -> JsonObject:
    query: dict[str, str | int] = {
        "updated_since": look.place.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "sort_by": "update_time",
        "sort_direction": "asc",
        "limit": PAGE,
    }
    own = {"status": "open,won,lost,deleted", **_names(sink)} if look.current == "deals" else {"done": "true"}
    more = {"cursor": look.place.token} if look.place.token else {}
    path = f"/api/v2/{look.current}?{urlencode({**query, **own, **more}, safe=',')}"
    return await pipedrive.read(path, cost=10) or {}


def _following(look: Look, answer: JsonObject, since: datetime) -> Look:
    place = look.place
    newest = max([instant_of(row["update_time"]) for row in answer.get("data") or ()], default=place.newest or place.at)
    token = str((answer.get("additional_data") or {}).get("next_cursor") or "")
    if token and token != place.token:
        return look.move(Place(place.at, token, newest), is_over=False)
    return look.move(Place(max(newest, since)), is_over=True)


def _is_deleted(row: JsonObject) -> bool:
    return row.get("is_deleted") is True or row.get("status") == "deleted"


def _sighting(row: JsonObject, sink: PipedriveSink) -> Sighting:
    status = row.get("status")
    outcome: Literal["won", "lost"] | None = None
    if status == "won" or status == "lost":
        outcome = status
    changed_at = instant_of(row["update_time"])
    stage_at = row.get(f"{outcome}_time") if outcome is not None else row.get("stage_change_time")
    seen = Sighting(
        vendor_id=str(row["id"]),
        stage=outcome or (str(row["stage_id"]) if row.get("stage_id") is not None else None),
        owner=str(row["owner_id"]) if row.get("owner_id") is not None else None,
        outcome=outcome,
        changed_at=changed_at,
        changed_by=None,
        reason=" ".join(str(row.get("lost_reason") or "").split())[:200] or None,
        of_stage=Change(instant_of(stage_at), None) if stage_at else None,
    )
    if sink.opportunity == "deal":
        return seen
    body: JsonObject = {
        "meta": {"entity": "deal", "action": "change"},
        "data": row,
        "previous": {"stage_id": None},
    }
    return seen._replace(was=row.get(SOURCE_LEAD) or None, body=body)


def _work(row: JsonObject) -> Work | None:
    """One that is beside a deal or a lead."""
    beside = row.get("deal_id") or row.get("lead_id")
    if beside is None:
        return None
    at = instant_of(row.get("marked_as_done_time") or row["update_time"])
    body: JsonObject = {
        "meta": {"entity": "activity", "action": "change"},
        "data": {**row, "note": None},
        "previous": {"done": False},
    }
    return Work(
        str(row["id"]),
        opportunity=str(beside),
        kind=str(row.get("type") or "task").casefold(),
        author=str(row["owner_id"]) if row.get("owner_id") is not None else None,
        happened_at=at,
        recorded_at=at,
        body=body,
        is_our_task=_MARKER.search(str(row.get("note") or "")) is not None,
    )
