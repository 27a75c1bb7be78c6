"""What sales did with leads of ours in a Pipedrive: who has them, and which were put into the archive.

The list of leads is of v1: it is asked by `updated_since`, in the order of changes, but goes on by a number only. While it is read somebody
may change a lead, and what stood behind it moves up; so each page begins at the last instant of the one before, and only what shares
one instant is counted through. The archive's list knows no `updated_since`: it is read from its newest change back to the place.
A lead that was deleted, or of which a deal was made, is in neither.

Source: the requests of Pipedrive's own client (v1 of leads), and its reference, which names the cost of the list.
"""

from __future__ import annotations

from datetime import UTC, datetime
from urllib.parse import quote, urlencode

from schemas.json_values import JsonObject
from services.sinks.reconciling.sightings import Page, Sighting
from services.sinks.vendors.looks import Look, Place
from services.sinks.vendors.pipedrive_calls import PipedriveCalls
from services.sinks.vendors.pipedrive_shapes import instant_of

LEADS, ARCHIVED = "leads", "leads/archived"
PAGE = 500
COST = 20


async def read_leads(pipedrive: PipedriveCalls, key_field: str, look: Look, since: datetime) -> Page:
    """A page of one of both lists; only leads that have our key. Raises Trouble."""
    is_archive = look.current == ARCHIVED
    own = (
        {"sort": "update_time DESC"}
        if is_archive
        else {"updated_since": _text(look.place.at), "sort": "update_time ASC"}
    )
    query = urlencode({**own, "limit": PAGE, "start": int(look.place.token or 0)})
    answer = await pipedrive.read(f"/v1/{look.current}?{query}", cost=COST) or {}
    rows: list[JsonObject] = answer.get("data") or []
    following = _following_of_archive(look, rows, since) if is_archive else _following(look, rows, since)
    seen = [_sighting(row) for row in rows if row.get(key_field) and instant_of(row["update_time"]) >= look.place.at]
    return Page(seen, [], str(following), is_last=following.current is None)


async def look_at_lead(pipedrive: PipedriveCalls, vendor_id: str) -> Sighting | None:
    """It as it stands; None where it is gone. Raises Trouble."""
    answer = await pipedrive.read(f"/v1/{LEADS}/{quote(vendor_id)}", cost=2) or {}
    row = answer.get("data")
    return _sighting(row) if isinstance(row, dict) and row.get("is_deleted") is not True else None


def _following(look: Look, rows: list[JsonObject], since: datetime) -> Look:
    place = look.place
    last = max([instant_of(row["update_time"]) for row in rows], default=place.at)
    if len(rows) < PAGE:
        return look.move(Place(max(last, since)), is_over=True)
    if last > place.at:
        return look.move(Place(last), is_over=False)
    return look.move(place._replace(token=str(int(place.token or 0) + len(rows))), is_over=False)


def _following_of_archive(look: Look, rows: list[JsonObject], since: datetime) -> Look:
    """Its first page has the newest change; the last that is read reaches back to the place."""
    place = look.place
    times = [instant_of(row["update_time"]) for row in rows]
    newest = place.newest or max(times, default=place.at)
    if len(rows) < PAGE or min(times) < place.at:
        return look.move(Place(max(newest, since)), is_over=True)
    return look.move(Place(place.at, str(int(place.token or 0) + len(rows)), newest), is_over=False)


def _sighting(row: JsonObject) -> Sighting:
    body: JsonObject | None = None
    if row.get("is_archived") is True:
        body = {
            "meta": {"entity": "lead", "action": "change"},
            "data": row,
            "previous": {"is_archived": False},
        }
    return Sighting(
        vendor_id=str(row["id"]),
        stage=None,
        owner=str(row["owner_id"]) if row.get("owner_id") is not None else None,
        outcome=None,
        changed_at=instant_of(row["update_time"]),
        changed_by=None,
        body=body,
    )


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
