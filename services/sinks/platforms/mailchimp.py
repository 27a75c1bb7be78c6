"""Mailchimp: tags of ours in one audience; and unsubscribing, which it lets nobody take back for a member who did so themselves.

A member is named by their `contact_id`, or by the MD5 of their address in lower case. Answers: problems (RFC 7807) with a `title` to
go by; tags answer 204. A member that is archived is nobody; one that is cleaned, pending or transactional gets no campaign.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from datetime import timedelta
from hashlib import md5
from typing import assert_never
from urllib.parse import quote

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks.platforms import MailchimpSink
from services.sinks.audiences import IN, Audience, Presence, Who
from services.sinks.calls import Caller, Reply, json_call
from services.sinks.outcomes import Trouble, TroubleKind
from services.sinks.platforms.answers import object_in, raise_if_busy, rows_in

_MEMBER = re.compile(r"[0-9a-f]{32}")
"""What its paths take. Webhooks tell another id, which they do not."""
_FIELDS = "fields=id,contact_id,status"
_PAGE = 1000
_TITLES: dict[str, TroubleKind] = {
    "Too Many Requests": "throttled",
    "API Key Invalid": "refused_setup",
    "API Key Missing": "refused_setup",
    "User Does Not Have Access": "refused_setup",
    "Forbidden": "refused_setup",
    "Account Deactivated": "refused_setup",
    "Member In Compliance State": "refused_data",
    "Forgotten Email Not Subscribed": "refused_data",
    "Invalid Resource": "refused_data",
}


class Mailchimp:
    """One audience of one account."""

    # A look-up sees what was written.
    settle = timedelta(0)

    def __init__(self, sink: MailchimpSink, caller: Caller, secret: str) -> None:
        token = base64.b64encode(f"stafett:{secret}".encode()).decode()
        self._sink, self._caller, self._secret = sink, caller, {"authorization": f"Basic {token}"}
        self._members = f"/lists/{quote(sink.audience)}/members"
        self._is_audience_there = False

    async def read(self, contact: str) -> str | None:
        return await self._member_id(contact) if _MEMBER.fullmatch(contact) else None

    async def find(self, email: str) -> str | None:
        return await self._member_id(_hash(email))

    async def create(self, who: Who) -> str | None:
        email = who.email or ""
        names = {"FNAME": who.first_name, "LNAME": who.last_name}
        fields = {name: value for name, value in names.items() if value is not None}
        body = {"email_address": email, "status_if_new": self._sink.new_status, "merge_fields": fields}
        path = f"{self._members}/{_hash(email)}?skip_merge_validation=true"
        try:
            return _id_of(_answer(await self._send("PUT", path, body)))
        except Trouble as trouble:
            if trouble.code in ("Forgotten Email Not Subscribed", "Member In Compliance State"):
                return None
            raise

    async def delete(self, contact: str) -> None:
        """Permanently: from then on only the person themselves can bring this address into the audience."""
        reply = await self._send("POST", f"{self._members}/{contact}/actions/delete-permanent")
        if reply.status not in (204, 404):
            _answer(reply)

    async def presence(self, contact: str, audience: Audience) -> Presence:
        match audience.kind:
            case "tag":
                tags = await self._tags(contact)
                is_in = audience.id.casefold() in {str(row.get("name")).casefold() for row in tags}
                return Presence(IN if is_in else "out", is_in)
            case "unsubscribed":
                member = await self._member(contact)
                status = str(member.get("status")) if member is not None else "archived"
                if status == "archived":
                    raise Trouble("gone", "no_such_member")
                return Presence(IN if status == "unsubscribed" else status, status != "subscribed")
            case "list" | "segment" | "automation":
                raise Trouble("refused_setup", "mailchimp_takes_tags_only")
            case _:
                assert_never(audience.kind)

    async def enter(self, contact: str, audience: Audience) -> None:
        await self._change(contact, audience, "unsubscribed", is_in=True)

    async def restore(self, contact: str, audience: Audience, word: str) -> None:
        await self._change(contact, audience, word, is_in=False)

    async def check(self, audiences: Sequence[Audience]) -> list[str]:
        if (await self._send("GET", f"/lists/{quote(self._sink.audience)}?fields=id")).status == 404:
            return [f"audience: there is none with the id {self._sink.audience} (Audience > Settings shows it)"]
        problems = []
        for tag in (audience.id for audience in audiences if audience.kind == "tag"):
            answer = _answer(
                await self._send("GET", f"/lists/{quote(self._sink.audience)}/tag-search?name={quote(tag)}")
            )
            names = {str(row.get("name")).casefold() for row in rows_in(answer.get("tags"))}
            problems += [] if tag.casefold() in names else [f"tag {tag}: there is none of this name yet; make it"]
        return problems

    async def whoami(self) -> str:
        return str(_answer(await self._send("GET", "/?fields=account_id")).get("account_id"))

    async def _member(self, contact: str) -> JsonObject | None:
        reply = await self._send("GET", f"{self._members}/{contact}?{_FIELDS}")
        if reply.status != 404:
            return _answer(reply)
        await self._insist_on_audience()
        return None

    async def _member_id(self, contact: str) -> str | None:
        member = await self._member(contact)
        return _id_of(member) if member is not None and member.get("status") != "archived" else None

    async def _insist_on_audience(self) -> None:
        """An audience that is not there answers like a member that is not: nobody would be there, for ever."""
        if self._is_audience_there:
            return
        if (await self._send("GET", f"/lists/{quote(self._sink.audience)}?fields=id")).status == 404:
            raise Trouble("refused_setup", "no_such_audience", field="audience")
        self._is_audience_there = True

    async def _tags(self, contact: str) -> list[JsonObject]:
        reply = await self._send("GET", f"{self._members}/{contact}/tags?count={_PAGE}")
        if reply.status == 404:
            raise Trouble("gone", "no_such_member")
        return rows_in(_answer(reply).get("tags"))

    async def _change(self, contact: str, audience: Audience, status: str, *, is_in: bool) -> None:
        path = f"{self._members}/{contact}"
        if audience.kind == "tag":
            tag: JsonValue = [{"name": audience.id, "status": "active" if is_in else "inactive"}]
            reply = await self._send("POST", f"{path}/tags", {"tags": tag})
        else:
            reply = await self._send("PATCH", path, {"status": status})
        if reply.status == 404:
            raise Trouble("gone", "no_such_member")
        if reply.status != 204:
            _answer(reply)

    async def _send(self, method: str, path: str, body: JsonValue = None) -> Reply:
        is_write = method != "GET"
        reply = await self._caller(json_call(method, path, body, secret=self._secret, is_write=is_write))
        raise_if_busy(reply, is_write=is_write)
        return reply


def _answer(reply: Reply) -> JsonObject:
    """The answer of a call that succeeded. Raises Trouble by the problem's title."""
    answer = object_in(reply)
    if answer is None:
        raise Trouble("unknown", "no_json")
    if reply.status < 400:
        return answer
    title = str(answer.get("title") or f"http_{reply.status}")
    kind = _TITLES.get(title, "refused_setup" if reply.status in (401, 403, 405) else "refused_data")
    instance = answer.get("instance")
    correlation = instance if isinstance(instance, str) else None
    if "compliance state" in str(answer.get("detail")).casefold():
        title, kind = "Member In Compliance State", "refused_data"
    raise Trouble(kind, title, field=_field(answer), correlation=correlation)


def _field(answer: JsonObject) -> str | None:
    """The name of the first field that it is about; what it says of it may hold a value."""
    return next((str(row["field"]) for row in rows_in(answer.get("errors")) if row.get("field")), None)


def _id_of(member: JsonObject) -> str:
    return str(member.get("contact_id") or member["id"])


def _hash(email: str) -> str:
    return md5(email.strip().lower().encode(), usedforsecurity=False).hexdigest()
