"""What sales did in an Odoo: opportunities of ours that were written since, and what people did for them.

`write_date` is in whole seconds, so a look begins at the second of the last one and gives what it gave there once more. A step is
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
_OURS: list[JsonValue] = ["referred", "=like", "Stafett %"]


class _Cursor(NamedTuple):
    """Where a look got to: seconds of opportunities and of messages, as Odoo writes them."""

    leads: str
    messages: str

    @staticmethod
    def read(text: str | None, since: datetime) -> _Cursor:
        """Raises Trouble for a text that is none of ours."""
        if text is None:
            at = since.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
            return _Cursor(at, at)
        leads, separator, messages = text.partition("|")
        if not separator:
            raise Trouble("refused_setup", "cursor_of_another_vendor")
        return _Cursor(leads, messages)


async def read_changes(odoo: OdooCalls, cursor: str | None, since: datetime) -> Page:
    """A page of what was written since. Raises Trouble."""
    at = _Cursor.read(cursor, since)
    rows = await _search(odoo, "crm.lead", [_OURS, ["write_date", ">=", at.leads]], _FIELDS, order="write_date,id")
    messages = await _messages(odoo, at.messages)
    following = _Cursor(_last(rows, "write_date", at.leads), _last(messages, "date", at.messages))
    is_last = len(rows) < PAGE and len(messages) < PAGE
    works = [work for row in messages if (work := _work(row)) is not None]
    return Page([_sighting(row) for row in rows], works, "|".join(following), is_last=is_last)


async def look_at(odoo: OdooCalls, vendor_ids: Sequence[str]) -> list[Sighting]:
    """These opportunities as they stand. Raises Trouble."""
    rows = await _search(odoo, "crm.lead", [["id", "in", [int(ident) for ident in vendor_ids]]], _FIELDS, order="id")
    return [_sighting(row) for row in rows]


async def _messages(odoo: OdooCalls, since: str) -> list[JsonObject]:
    """Messages of ours' opportunities that a user wrote: activities that were done, and what was sent to the customer."""
    domain: list[JsonValue] = [["model", "=", "crm.lead"], ["date", ">=", since]]
    domain += ["|", ["mail_activity_type_id", "!=", False], ["subtype_id.internal", "=", False]]
    fields = ["res_id", "date", "create_date", "create_uid", "mail_activity_type_id", "message_type"]
    rows = await _search(odoo, "mail.message", domain, fields, order="date,id")
    # What Odoo itself notes, as a new stage, has no activity and is no message of a person.
    return [
        row
        for row in rows
        if row["mail_activity_type_id"] or row["message_type"] in ("comment", "email", "email_outgoing")
    ]


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
    """None for a message of nothing."""
    if not row["res_id"]:
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


def _last(rows: Sequence[JsonObject], name: str, before: str) -> str:
    return str(rows[-1][name])[:19] if rows else before


def _id(link: JsonValue) -> str | None:
    return str(link[0]) if isinstance(link, list) and link else None


def _name(link: JsonValue) -> str | None:
    return str(link[1]) if isinstance(link, list) and len(link) == 2 else None


def _instant(text: JsonValue) -> datetime:
    """Odoo's instants are UTC and say no zone."""
    return datetime.fromisoformat(str(text)).replace(tzinfo=UTC)
