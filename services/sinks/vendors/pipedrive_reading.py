"""What sales did in a Pipedrive: deals of ours that were changed or deleted since, and activities of deals that were done.

Lists of v2 are asked by `updated_since`, in the order of changes, page by page by Pipedrive's cursor. A page costs 10 tokens, however
long it is. Pipedrive's lists do not say who changed a deal: what is told of it is told of nobody. An activity counts for its owner.

Source: the models of Pipedrive's own client (v2), and its reference.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal
from urllib.parse import urlencode

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks.vendors import PipedriveSink
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.sightings import Change, Deletion, Page, Sighting, Work
from services.sinks.vendors.looks import Look, Place, read_look
from services.sinks.vendors.pipedrive_calls import PipedriveCalls

PAGE = 500
LISTS = ("deals", "activities")
_MARKER = re.compile(r"\bStafett ho_\w+\.\d+\s*(<[^<>]*>\s*)*$")


async def read_changes(pipedrive: PipedriveCalls, sink: PipedriveSink, cursor: str | None, since: datetime) -> Page:
    """A page of one list. Raises Trouble."""
    look = read_look(cursor, LISTS, since)
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
        return page._replace(works=[_work(row) for row in rows if row.get("deal_id") is not None])
    ours = [row for row in rows if (row.get("custom_fields") or {}).get(sink.key_field)]
    return page._replace(
        sightings=[_sighting(row) for row in ours if not _is_deleted(row)],
        deletions=[Deletion(str(row["id"]), _instant(row["update_time"])) for row in ours if _is_deleted(row)],
    )


async def look_at(pipedrive: PipedriveCalls, sink: PipedriveSink, vendor_ids: Sequence[str]) -> list[Sighting]:
    """These deals as they stand; those of the archive are in no list, and read one by one. Raises Trouble."""
    query = urlencode({"ids": ",".join(vendor_ids), "limit": PAGE, "custom_fields": sink.key_field}, safe=",")
    answer = await pipedrive.read(f"/api/v2/deals?{query}", cost=10) or {}
    rows = {str(row["id"]): row for row in answer.get("data") or ()}
    for ident in vendor_ids:
        if ident not in rows:
            one = await pipedrive.read(f"/api/v2/deals/{int(ident)}") or {}
            rows |= {ident: row} if isinstance(row := one.get("data"), dict) else {}
    return [_sighting(row) for row in rows.values() if not _is_deleted(row)]


async def _list(pipedrive: PipedriveCalls, sink: PipedriveSink, look: Look) -> JsonObject:
    query: dict[str, str | int] = {
        "updated_since": look.place.at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "sort_by": "update_time",
        "sort_direction": "asc",
        "limit": PAGE,
    }
    own = (
        {"status": "open,won,lost,deleted", "custom_fields": sink.key_field}
        if look.current == "deals"
        else {"done": "true"}
    )
    more = {"cursor": look.place.token} if look.place.token else {}
    path = f"/api/v2/{look.current}?{urlencode({**query, **own, **more}, safe=',')}"
    return await pipedrive.read(path, cost=10) or {}


def _following(look: Look, answer: JsonObject, since: datetime) -> Look:
    place = look.place
    newest = max([_instant(row["update_time"]) for row in answer.get("data") or ()], default=place.newest or place.at)
    token = str((answer.get("additional_data") or {}).get("next_cursor") or "")
    if token and token != place.token:
        return look.move(Place(place.at, token, newest), is_over=False)
    return look.move(Place(max(newest, since)), is_over=True)


def _is_deleted(row: JsonObject) -> bool:
    return row.get("is_deleted") is True or row.get("status") == "deleted"


def _sighting(row: JsonObject) -> Sighting:
    status = row.get("status")
    outcome: Literal["won", "lost"] | None = None
    if status == "won" or status == "lost":
        outcome = status
    changed_at = _instant(row["update_time"])
    stage_at = row.get(f"{outcome}_time") if outcome is not None else row.get("stage_change_time")
    return Sighting(
        vendor_id=str(row["id"]),
        stage=outcome or (str(row["stage_id"]) if row.get("stage_id") is not None else None),
        owner=str(row["owner_id"]) if row.get("owner_id") is not None else None,
        outcome=outcome,
        changed_at=changed_at,
        changed_by=None,
        reason=" ".join(str(row.get("lost_reason") or "").split())[:200] or None,
        of_stage=Change(_instant(stage_at), None) if stage_at else None,
    )


def _work(row: JsonObject) -> Work:
    at = _instant(row.get("marked_as_done_time") or row["update_time"])
    body: JsonObject = {
        "meta": {"entity": "activity", "action": "change"},
        "data": {**row, "note": None},
        "previous": {"done": False},
    }
    return Work(
        str(row["id"]),
        opportunity=str(row["deal_id"]),
        kind=str(row.get("type") or "task").casefold(),
        author=str(row["owner_id"]) if row.get("owner_id") is not None else None,
        happened_at=at,
        recorded_at=at,
        body=body,
        is_our_task=_MARKER.search(str(row.get("note") or "")) is not None,
    )


def _instant(text: JsonValue) -> datetime:
    """Instants of v2 have their zone; those of the older fields are UTC and say none."""
    at = datetime.fromisoformat(str(text))
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
