"""ActiveCampaign: tags, lists and automations of ours; and the subscription to lists of yours, which can be set back.

Read in its reference (API 3). Numbers are texts. What is not there is told in words, `No Result found for ... with id ...`, with 404 or with
403; a refusal of a value is 422 with `errors`. Who is in an automation has an entry of status 1 there; one that is through has 2.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import assert_never
from urllib.parse import urlencode

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks.platforms import ActivecampaignSink
from services.sinks.audiences import IN, Audience, Presence, Who
from services.sinks.calls import Caller, Reply, json_call
from services.sinks.outcomes import Trouble
from services.sinks.platforms.answers import object_in, raise_if_busy, rows_in

OUT = "out"
SUBSCRIBED, UNSUBSCRIBED = "1", "2"
WORDS = {"0": "unconfirmed", SUBSCRIBED: "subscribed", UNSUBSCRIBED: IN, "3": "bounced"}
"""What a contact is in a list, for a stop of that list's mail."""
_NOT_THERE = "No Result found"
_NAMES = {"tag": "contactTags", "list": "contactLists", "automation": "contactAutomations"}
_ENTRY = {"tag": "contactTag", "list": "contactList", "automation": "contactAutomation"}
_ALL = {"tag": "tags", "list": "lists", "automation": "automations"}


class Activecampaign:
    """One account."""

    settle = timedelta(0)

    def __init__(self, sink: ActivecampaignSink, caller: Caller, secret: str) -> None:
        self._sink, self._caller, self._secret = sink, caller, {"api-token": secret}

    async def read(self, contact: str) -> str | None:
        if not contact.isdigit():
            return None
        found = await self._ask_or_none(f"/api/3/contacts/{contact}")
        return _id_of(found.get("contact")) if found is not None else None

    async def find(self, email: str) -> str | None:
        answer = await self._ask("GET", f"/api/3/contacts?{urlencode({'email': email})}")
        same = (row for row in rows_in(answer.get("contacts")) if str(row.get("email")).strip().lower() == email)
        return next(map(_id_of, same), None)

    async def create(self, who: Who) -> str | None:
        values = {"email": who.email, "firstName": who.first_name, "lastName": who.last_name}
        contact: JsonValue = {name: value for name, value in values.items() if value is not None}
        return _id_of((await self._ask("POST", "/api/3/contact/sync", {"contact": contact})).get("contact"))

    async def delete(self, contact: str) -> None:
        await self._remove(f"/api/3/contacts/{contact}")

    async def presence(self, contact: str, audience: Audience) -> Presence:
        match audience.kind:
            case "tag" | "automation":
                return _presence(await self._entry(contact, audience) is not None)
            case "list":
                entry = await self._entry(contact, audience)
                return _presence(entry is not None and _status(entry) == SUBSCRIBED)
            case "unsubscribed":
                entry = await self._entry(contact, audience)
                word = WORDS.get(_status(entry), "unknown") if entry is not None else "not_in_the_list"
                return Presence(word, word != "subscribed")
            case "segment":
                raise Trouble("refused_setup", "activecampaign_fills_segments_itself")
            case _:
                assert_never(audience.kind)

    async def enter(self, contact: str, audience: Audience) -> None:
        match audience.kind:
            case "tag" | "automation":
                await self._add(audience.kind, {"contact": contact, audience.kind: audience.id}, contact)
            case "list":
                await self._subscribe(contact, audience.id, SUBSCRIBED)
            case "unsubscribed":
                await self._subscribe(contact, audience.id, UNSUBSCRIBED)
            case "segment":
                raise Trouble("refused_setup", "activecampaign_fills_segments_itself")
            case _:
                assert_never(audience.kind)

    async def restore(self, contact: str, audience: Audience, word: str) -> None:
        match audience.kind:
            case "tag" | "automation":
                entry = await self._entry(contact, audience)
                if entry is not None:
                    await self._remove(f"/api/3/{_NAMES[audience.kind]}/{_id_of(entry)}")
            case "list":
                # Nobody can be taken off a list; they are no longer subscribed to it.
                await self._subscribe(contact, audience.id, UNSUBSCRIBED)
            case "unsubscribed":
                if word == WORDS[SUBSCRIBED]:
                    await self._subscribe(contact, audience.id, SUBSCRIBED)
            case "segment":
                raise Trouble("refused_setup", "activecampaign_fills_segments_itself")
            case _:
                assert_never(audience.kind)

    async def check(self, audiences: Sequence[Audience]) -> list[str]:
        problems = []
        for audience in audiences:
            kind = "list" if audience.kind == "unsubscribed" else audience.kind
            if await self._ask_or_none(f"/api/3/{_ALL[kind]}/{audience.id}") is None:
                problems.append(f"{kind} {audience.id}: there is none with this id (its number is in its address)")
        return problems

    async def whoami(self) -> str:
        user = (await self._ask("GET", "/api/3/users/me")).get("user")
        return str(user.get("username")) if isinstance(user, dict) else "unknown"

    async def _entry(self, contact: str, audience: Audience) -> JsonObject | None:
        """The contact's entry for the audience; of an automation only one that it is in now."""
        kind = "list" if audience.kind == "unsubscribed" else audience.kind
        found = await self._ask_or_none(f"/api/3/contacts/{contact}/{_NAMES[kind]}")
        if found is None:
            raise Trouble("gone", "no_such_contact")
        rows = (row for row in rows_in(found.get(_NAMES[kind])) if str(row.get(kind)) == audience.id)
        return next((row for row in rows if kind != "automation" or _status(row) == "1"), None)

    async def _subscribe(self, contact: str, ident: str, status: str) -> None:
        await self._add("list", {"contact": contact, "list": ident, "status": status}, contact)

    async def _add(self, kind: str, entry: JsonObject, contact: str) -> None:
        reply = await self._send("POST", f"/api/3/{_NAMES[kind]}", {_ENTRY[kind]: entry})
        if not _is_not_there(reply):
            _answer(reply)
            return
        # Either is not there, and the answers are alike.
        if await self.read(contact) is None:
            raise Trouble("gone", "no_such_contact")
        raise Trouble("refused_setup", "no_such_audience", field=f"{kind}/{entry[kind]}")

    async def _remove(self, path: str) -> None:
        reply = await self._send("DELETE", path)
        if not _is_not_there(reply):
            _answer(reply)

    async def _ask(self, method: str, path: str, body: JsonValue = None) -> JsonObject:
        return _answer(await self._send(method, path, body))

    async def _ask_or_none(self, path: str) -> JsonObject | None:
        reply = await self._send("GET", path)
        return None if _is_not_there(reply) else _answer(reply)

    async def _send(self, method: str, path: str, body: JsonValue = None) -> Reply:
        is_write = method != "GET"
        reply = await self._caller(json_call(method, path, body, secret=self._secret, is_write=is_write))
        raise_if_busy(reply, is_write=is_write)
        return reply


def _is_not_there(reply: Reply) -> bool:
    """By its words: 403 is told of what is not there, and of a key that may not."""
    answer = object_in(reply)
    return reply.status in (403, 404) and answer is not None and _NOT_THERE in str(answer.get("message"))


def _answer(reply: Reply) -> JsonObject:
    """The answer of a call that succeeded. Raises Trouble."""
    answer = object_in(reply)
    if answer is None:
        raise Trouble("unknown", "no_json")
    if reply.status < 400:
        return answer
    if reply.status in (401, 402, 403, 404):
        raise Trouble("refused_setup", f"http_{reply.status}", field="secret" if reply.status != 404 else "base_url")
    error = next(iter(rows_in(answer.get("errors"))), {})
    source = error.get("source")
    pointer = source.get("pointer") if isinstance(source, dict) else None
    raise Trouble(
        "refused_data", str(error.get("code") or f"http_{reply.status}"), field=str(pointer) if pointer else None
    )


def _presence(is_in: bool) -> Presence:
    return Presence(IN if is_in else OUT, is_in)


def _status(entry: JsonObject) -> str:
    return str(entry.get("status"))


def _id_of(row: JsonValue) -> str:
    if not isinstance(row, dict) or not row.get("id"):
        raise Trouble("unknown", "answer_without_id")
    return str(row["id"])
