"""Mautic: segments of ours, tags, campaigns; and its own do-not-contact, of which we take back only what has our comment.

Read in Mautic's source (5.x). Answers: a map by id is `[]` where it is empty; errors are `{errors: [{code, message, details}]}`. What a
contact was merged into is what its id answers. A campaign that is not published hides its contacts.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from datetime import timedelta
from typing import assert_never
from urllib.parse import quote, urlencode

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks.platforms import MauticSink
from services.sinks.audiences import IN, Audience, Presence, Who
from services.sinks.calls import Caller, Reply, json_call
from services.sinks.outcomes import Trouble
from services.sinks.platforms.answers import object_in, raise_if_busy, rows_in

COMMENT = "Stafett: sales talks with them"
"""By which a do-not-contact is known as ours."""
MANUAL = 3
REASONS = {1: "unsubscribed", 2: "bounced", MANUAL: "manual"}
"""Mautic's numbers."""
OUT, CONTACTABLE = "out", "contactable"


class Mautic:
    """One Mautic, as one API user."""

    # A look-up sees what was written.
    settle = timedelta(0)

    def __init__(self, sink: MauticSink, caller: Caller, secret: str) -> None:
        token = base64.b64encode(f"{sink.login}:{secret}".encode()).decode()
        self._caller, self._secret = caller, {"authorization": f"Basic {token}"}

    async def read(self, contact: str) -> str | None:
        if not contact.isdigit():
            return None
        found = await self._ask_or_none(f"/api/contacts/{contact}")
        return _id_of(found["contact"]) if found is not None else None

    async def find(self, email: str) -> str | None:
        where = {"where[0][col]": "email", "where[0][expr]": "eq", "where[0][val]": email, "limit": "2"}
        answer = await self._ask("GET", f"/api/contacts?{urlencode(where)}")
        return next((_id_of(row) for row in rows_in(answer.get("contacts")) if _email_of(row) == email), None)

    async def create(self, who: Who) -> str | None:
        values = {"email": who.email, "firstname": who.first_name, "lastname": who.last_name}
        body = {name: value for name, value in values.items() if value is not None}
        # An address that is there already is that contact: e-mail is a unique field in Mautic.
        return _id_of((await self._ask("POST", "/api/contacts/new", body))["contact"])

    async def delete(self, contact: str) -> None:
        reply = await self._send("DELETE", f"/api/contacts/{contact}/delete", None, is_write=True)
        if reply.status != 404:
            _answer(reply)

    async def presence(self, contact: str, audience: Audience) -> Presence:
        match audience.kind:
            case "segment":
                lists = await self._of_contact(contact, "segments", "lists")
                return _presence(any(_id_of(row) == audience.id for row in lists))
            case "automation":
                return await self._presence_in_campaign(contact, audience.id)
            case "tag":
                tags = rows_in((await self._contact(contact)).get("tags"))
                return _presence(any(str(row.get("tag")) == audience.id for row in tags))
            case "unsubscribed":
                return _contactable(await self._contact(contact))
            case "list":
                raise Trouble("refused_setup", "mautic_has_no_lists")
            case _:
                assert_never(audience.kind)

    async def enter(self, contact: str, audience: Audience) -> None:
        await self._change(contact, audience, "add")

    async def restore(self, contact: str, audience: Audience, word: str) -> None:
        if word in (OUT, CONTACTABLE):
            await self._change(contact, audience, "remove")

    async def check(self, audiences: Sequence[Audience]) -> list[str]:
        problems = []
        for audience in audiences:
            match audience.kind:
                case "segment":
                    found = await self._ask_or_none(f"/api/segments/{audience.id}")
                    problems += _problems_of_segment(audience, (found or {}).get("list"))
                case "automation":
                    found = await self._ask_or_none(f"/api/campaigns/{audience.id}")
                    problems += _problems_of_campaign(audience, (found or {}).get("campaign"))
                case "tag" | "unsubscribed" | "list":
                    pass
                case _:
                    assert_never(audience.kind)
        return problems

    async def whoami(self) -> str:
        return str((await self._ask("GET", "/api/users/self")).get("username"))

    async def _contact(self, contact: str) -> JsonObject:
        found = await self._ask_or_none(f"/api/contacts/{contact}")
        if found is None:
            raise Trouble("gone", "no_such_contact")
        inner: JsonValue = found["contact"]
        return inner if isinstance(inner, dict) else {}

    async def _of_contact(self, contact: str, what: str, name: str) -> list[JsonObject]:
        found = await self._ask_or_none(f"/api/contacts/{contact}/{what}")
        if found is None:
            raise Trouble("gone", "no_such_contact")
        return rows_in(found.get(name))

    async def _presence_in_campaign(self, contact: str, campaign: str) -> Presence:
        rows = await self._of_contact(contact, "campaigns", "campaigns")
        if any(_id_of(row) == campaign for row in rows):
            return _presence(True)
        found = await self._ask_or_none(f"/api/campaigns/{campaign}")
        inner: JsonValue = (found or {}).get("campaign")
        if not isinstance(inner, dict) or not inner.get("isPublished"):
            raise Trouble("refused_setup", "campaign_is_not_published", field=f"automation {campaign}")
        return _presence(False)

    async def _change(self, contact: str, audience: Audience, verb: str) -> None:
        path = f"/api/contacts/{contact}"
        call: tuple[str, str, JsonValue]
        match audience.kind:
            case "segment":
                call = ("POST", f"/api/segments/{quote(audience.id)}/contact/{contact}/{verb}", None)
            case "automation":
                call = ("POST", f"/api/campaigns/{quote(audience.id)}/contact/{contact}/{verb}", None)
            case "tag":
                tag = audience.id if verb == "add" else f"-{audience.id}"
                call = ("PATCH", f"{path}/edit", {"tags": [tag]})
            case "unsubscribed":
                body = {"reason": MANUAL, "comments": COMMENT} if verb == "add" else None
                call = ("POST", f"{path}/dnc/email/{verb}", body)
            case "list":
                raise Trouble("refused_setup", "mautic_has_no_lists")
            case _:
                assert_never(audience.kind)
        method, target, sent = call
        reply = await self._send(method, target, sent, is_write=True)
        if reply.status == 404:
            # Either is not there, and the answers are alike.
            kept = await self.read(contact)
            raise (
                Trouble("gone", "no_such_contact")
                if kept is None
                else Trouble("refused_setup", "no_such_audience", field=str(audience))
            )
        _answer(reply)

    async def _ask(self, method: str, path: str, body: JsonValue = None) -> JsonObject:
        return _answer(await self._send(method, path, body, is_write=method != "GET"))

    async def _ask_or_none(self, path: str) -> JsonObject | None:
        reply = await self._send("GET", path, None, is_write=False)
        return None if reply.status == 404 else _answer(reply)

    async def _send(self, method: str, path: str, body: JsonValue, *, is_write: bool) -> Reply:
        reply = await self._caller(json_call(method, path, body, secret=self._secret, is_write=is_write))
        raise_if_busy(reply, is_write=is_write)
        return reply


def _answer(reply: Reply) -> JsonObject:
    """The answer of a call that succeeded. Raises Trouble; an answer with errors in it is one whatever its status."""
    answer = object_in(reply)
    if answer is None:
        raise Trouble("unknown", "no_json")
    if not (errors := rows_in(answer.get("errors"))):
        return answer
    code = errors[0].get("code")
    details = errors[0].get("details")
    field = next(iter(details), None) if isinstance(details, dict) else None
    if code in (401, 403):
        raise Trouble("refused_setup", f"access_denied_{code}", field="login")
    raise Trouble("gone" if code == 404 else "refused_data", f"error_{code}", field=field)


def _presence(is_in: bool) -> Presence:
    return Presence(IN if is_in else OUT, is_in)


def _contactable(contact: JsonObject) -> Presence:
    """Of the do-not-contact of e-mail: ours, somebody's, or none."""
    for row in rows_in(contact.get("doNotContact")):
        if row.get("channel") == "email":
            is_ours = row.get("reason") == MANUAL and row.get("comments") == COMMENT
            return Presence(IN if is_ours else REASONS.get(int(row.get("reason") or 0), "other"), True)
    return Presence(CONTACTABLE, False)


def _id_of(row: JsonObject) -> str:
    return str(row["id"])


def _email_of(row: JsonObject) -> str | None:
    fields: JsonValue = row.get("fields")
    values = fields.get("all") if isinstance(fields, dict) else None
    email = values.get("email") if isinstance(values, dict) else None
    return email.strip().lower() if isinstance(email, str) else None


def _problems_of_segment(audience: Audience, segment: JsonValue) -> list[str]:
    if not isinstance(segment, dict):
        return [f"segment {audience.id}: there is none with this id, or the API user may not see it (make it public)"]
    if segment.get("filters"):
        return [f"segment {audience.id}: it has filters, so Mautic fills it by itself; make one without"]
    return []


def _problems_of_campaign(audience: Audience, campaign: JsonValue) -> list[str]:
    if not isinstance(campaign, dict):
        return [f"automation {audience.id}: there is no campaign with this id, or the API user may not see it"]
    return [] if campaign.get("isPublished") else [f"automation {audience.id}: the campaign is not published"]
