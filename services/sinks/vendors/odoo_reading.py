"""What sales did in an Odoo: opportunities of ours that were written since, and what people did for them.

`write_date` is in whole seconds, so places within a look are second and id; a bulk edit gives hundreds of rows one second. A step is
an activity that was done or a message to the customer, by a user; Odoo keeps both as messages of the opportunity.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple

from schemas.json_values import JsonObject, JsonValue
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.sightings import Page, Sighting, Work
from services.sinks.vendors.odoo_calls import OdooCalls

PAGE = 100
_FIELDS = ["stage_id", "user_id", "active", "probability", "write_date", "write_uid", "lost_reason_id"]
_ALL: JsonObject = {"active_test": False}
_MORE = "more"
_OURS: list[JsonValue] = ["referred", "=like", "Stafett %"]


class Place(NamedTuple):
    """After which row a look goes on: the second, as Odoo writes it, and the id within it."""

    at: str
    id: int = 0


class Cursor(NamedTuple):
    """Where a look got to, and whether it goes on from there."""

    leads: Place
    messages: Place
    goes_on: bool = False

    def __str__(self) -> str:
        parts = [self.leads.at, str(self.leads.id), self.messages.at, str(self.messages.id)]
        return "|".join([*parts, *([_MORE] if self.goes_on else [])])

    @staticmethod
    def read(text: str | None, since: datetime) -> Cursor:
        """A new look begins at `since`, or where the last one got to if that is earlier: an instant there is that of the begin of a
        transaction, and one that began earlier may be committed later. Raises Trouble for a text that is none of ours."""
        earliest = Place(since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S"))
        if text is None:
            return Cursor(earliest, earliest)
        match text.split("|"):
            case [leads, lead_id, messages, message_id, *more] if lead_id.isdigit() and message_id.isdigit():
                found = Cursor(Place(leads, int(lead_id)), Place(messages, int(message_id)), goes_on=more == [_MORE])
            case _:
                raise Trouble("refused_setup", "cursor_of_another_vendor")
        return found if found.goes_on else Cursor(min(found.leads, earliest), min(found.messages, earliest))


async def read_changes(odoo: OdooCalls, cursor: str | None, since: datetime) -> Page:
    """A page of what was written since. Raises Trouble."""
    at = Cursor.read(cursor, since)
    domain = [_OURS, *_after("write_date", at.leads)]
    rows = await _search(odoo, "crm.lead", domain, _FIELDS, order="write_date,id")
    messages = await _messages(odoo, at.messages)
    works = [work for row in messages if (work := _work(row)) is not None]
    is_last = len(rows) < PAGE and len(messages) < PAGE
    following = Cursor(_last(rows, "write_date", at.leads), _last(messages, "date", at.messages), goes_on=not is_last)
    return Page([_sighting(row) for row in rows], works, str(following), is_last=is_last)


def _after(name: str, place: Place) -> list[JsonValue]:
    """The rows behind the place, as a part of a domain."""
    return ["|", [name, ">", place.at], "&", [name, "=", place.at], ["id", ">", place.id]]


async def look_at(odoo: OdooCalls, vendor_ids: Sequence[str]) -> list[Sighting]:
    """These opportunities as they stand. Raises Trouble."""
    rows = await _search(odoo, "crm.lead", [["id", "in", [int(ident) for ident in vendor_ids]]], _FIELDS, order="id")
    return [_sighting(row) for row in rows]


async def _messages(odoo: OdooCalls, place: Place) -> list[JsonObject]:
    """Messages of opportunities behind the place: activities that were done, and what was sent to the customer."""
    domain: list[JsonValue] = [["model", "=", "crm.lead"], *_after("date", place)]
    domain += ["|", ["mail_activity_type_id", "!=", False], ["subtype_id.internal", "=", False]]
    fields = ["res_id", "date", "create_date", "create_uid", "mail_activity_type_id", "message_type"]
    return await _search(odoo, "mail.message", domain, fields, order="date,id")


async def _search(
    odoo: OdooCalls, model: str, domain: list[JsonValue], fields: list[str], *, order: str
) -> list[JsonObject]:
    values: JsonObject = {"domain": domain, "fields": fields, "order": order, "limit": PAGE, "context": _ALL}
    rows: list[JsonObject] = await odoo.ask(model, "search_read", values)
    return rows


def _sighting(row: JsonObject) -> Sighting:
    outcome: Literal["won", "lost"] | None = None
    if not row["active"]:
        outcome = "lost"
    elif row["probability"] == 100:
        outcome = "won"
    return Sighting(
        vendor_id=str(row["id"]),
        stage=_id(row["stage_id"]),
        owner=_id(row["user_id"]),
        outcome=outcome,
        changed_at=_instant(row["write_date"]),
        changed_by=_id(row["write_uid"]),
        reason=_name(row.get("lost_reason_id")),
    )


def _work(row: JsonObject) -> Work | None:
    """None for a message of nothing, and for what Odoo itself notes, as a new stage, which has no activity and is no message of a person."""
    is_of_person = row["mail_activity_type_id"] or row["message_type"] in ("comment", "email", "email_outgoing")
    if not row["res_id"] or not is_of_person:
        return None
    kind = _name(row["mail_activity_type_id"]) or "email"
    author = _id(row["create_uid"])
    at = _instant(row["date"])
    return Work(
        str(row["id"]),
        opportunity=str(row["res_id"]),
        kind=kind.casefold(),
        author=author,
        happened_at=at,
        recorded_at=_instant(row["create_date"]),
    )


def _last(rows: Sequence[JsonObject], name: str, before: Place) -> Place:
    return Place(str(rows[-1][name])[:19], int(rows[-1]["id"])) if rows else before


def _id(link: JsonValue) -> str | None:
    return str(link[0]) if isinstance(link, list) and link else None


def _name(link: JsonValue) -> str | None:
    return str(link[1]) if isinstance(link, list) and len(link) == 2 else None


def _instant(text: JsonValue) -> datetime:
    """Odoo's instants are UTC and say no zone."""
    return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
