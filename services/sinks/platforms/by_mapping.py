"""A platform by its requests as the file describes them. What its statuses mean is what HTTP says; of its bodies only what is named is read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import quote

from schemas.json_values import JsonValue
from schemas.sinks.requests import PLACEHOLDER, AudienceRequests, Change, HttpMarketingSink, Lookup, PresenceLookup
from services.sinks.audiences import IN, Audience, Presence, Who
from services.sinks.calls import Caller, Reply, json_call
from services.sinks.outcomes import Trouble
from services.sinks.platforms.answers import raise_if_busy

_GONE = (404, 410)
Names = Mapping[str, str | None]


class ByMapping:
    """One account at a platform of whatever kind."""

    def __init__(self, sink: HttpMarketingSink, caller: Caller, secret: str) -> None:
        self._sink, self._caller = sink, caller
        self._secret = {sink.header.lower(): f"{sink.scheme} {secret}".strip()}
        self.settle = sink.settle or timedelta(0)

    async def read(self, contact: str) -> str | None:
        return contact if self._sink.read is None else await self._id_of(self._sink.read, {"contact": contact})

    async def find(self, email: str) -> str | None:
        find = self._sink.find
        reply = await self._get(find.path, {"email": email})
        if reply.status in _GONE:
            return None
        _raise_if_refused(reply)
        answer = reply.json()
        is_them = (_text(value_at(answer, find.email)) or "").strip().lower() == email.strip().lower()
        return _text(value_at(answer, find.id)) if is_them else None

    async def create(self, who: Who) -> str | None:
        make = self._sink.make
        if make is None:
            return None
        names = {"email": who.email, "first_name": who.first_name, "last_name": who.last_name, "lead": who.lead_id}
        reply = await self._change(make, names)
        _raise_if_refused(reply)
        return _text(value_at(reply.json(), make.id))

    async def delete(self, contact: str) -> None:
        if self._sink.delete is None:
            raise Trouble("refused_data", "delete_is_not_described", field="delete")
        reply = await self._change(self._sink.delete, {"contact": contact})
        if reply.status not in _GONE:
            _raise_if_refused(reply)

    async def presence(self, contact: str, audience: Audience) -> Presence:
        lookup = self._requests(audience).presence
        reply = await self._get(lookup.path, {"contact": contact, "audience": audience.id})
        if reply.status in _GONE:
            raise Trouble("gone", f"http_{reply.status}")
        _raise_if_refused(reply)
        is_in = audience.id in _ids_in(reply.json(), lookup)
        return Presence(IN if is_in else "out", is_in)

    async def enter(self, contact: str, audience: Audience) -> None:
        await self._change_membership(self._requests(audience).enter, contact, audience)

    async def restore(self, contact: str, audience: Audience, word: str) -> None:
        if word != IN:
            await self._change_membership(self._requests(audience).leave, contact, audience)

    async def check(self, audiences: Sequence[Audience]) -> list[str]:
        """Only whether it answers who may ask: whether an audience is there, no request of the file says."""
        for audience in audiences:
            self._requests(audience)
        reply = await self._get(self._sink.find.path, {"email": "nobody@stafett.invalid"})
        if reply.status not in _GONE:
            _raise_if_refused(reply)
        if self._sink.create and self._sink.erased == "delete" and self._sink.delete is None:
            return ["delete: without it a contact that we made stays when the person is erased; or say `erased: leave`"]
        return []

    async def whoami(self) -> str:
        return self._sink.name

    def _requests(self, audience: Audience) -> AudienceRequests:
        requests = self._sink.requests.get(audience.kind) if audience.kind != "unsubscribed" else None
        if requests is None:
            raise Trouble("refused_setup", "no_requests_for_it", field=str(audience))
        return requests

    async def _id_of(self, lookup: Lookup, names: Names) -> str | None:
        reply = await self._get(lookup.path, names)
        if reply.status in _GONE:
            return None
        _raise_if_refused(reply)
        return _text(value_at(reply.json(), lookup.id))

    async def _change_membership(self, change: Change, contact: str, audience: Audience) -> None:
        reply = await self._change(change, {"contact": contact, "audience": audience.id})
        if reply.status in _GONE and change is not self._requests(audience).leave:
            raise Trouble("gone", f"http_{reply.status}")
        # In already, or out already: 409, and 404 of what has to be taken out.
        if reply.status not in (*_GONE, 409):
            _raise_if_refused(reply)

    async def _get(self, path: str, names: Names) -> Reply:
        return await self._send("GET", path, None, names)

    async def _change(self, change: Change, names: Names) -> Reply:
        body = None if change.body is None else _fill(change.body, names)
        return await self._send(change.method, change.path, body, names)

    async def _send(self, method: str, path: str, body: JsonValue, names: Names) -> Reply:
        is_write = method != "GET"
        target = PLACEHOLDER.sub(lambda match: quote(names.get(match[1]) or "", safe=""), path)
        reply = await self._caller(json_call(method, target, body, secret=self._secret, is_write=is_write))
        if reply.status not in (*_GONE, 409):
            raise_if_busy(reply, is_write=is_write)
        return reply


def value_at(answer: JsonValue, path: str) -> JsonValue:
    """What stands at `data.0.id`; None where nothing does."""
    for name in path.split("."):
        if isinstance(answer, dict):
            answer = answer.get(name)
        elif isinstance(answer, list) and name.isdigit() and int(name) < len(answer):
            answer = answer[int(name)]
        else:
            return None
    return answer


def _ids_in(answer: JsonValue, lookup: PresenceLookup) -> set[str]:
    rows = value_at(answer, lookup.rows)
    if rows is None:
        return set()
    if not isinstance(rows, list):
        raise Trouble("refused_setup", "rows_are_no_list", field="rows")
    fitting = (row for row in rows if all(_text(value_at(row, name)) == word for name, word in lookup.where.items()))
    ids = (row if lookup.key is None else value_at(row, lookup.key) for row in fitting)
    return {text for value in ids if (text := _text(value)) is not None}


def _fill(value: JsonValue, names: Names) -> JsonValue:
    """The body with its placeholders filled; a text that is one placeholder of what is not known is null."""
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        return names.get(whole[1]) if whole else PLACEHOLDER.sub(lambda match: names.get(match[1]) or "", value)
    if isinstance(value, dict):
        return {name: _fill(inner, names) for name, inner in value.items()}
    return [_fill(inner, names) for inner in value] if isinstance(value, list) else value


def _text(value: JsonValue) -> str | None:
    """An id as a text; None for what is none."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) and value != "" else None


def _raise_if_refused(reply: Reply) -> None:
    if reply.status < 300:
        return
    if reply.status in (400, 409, 413, 422):
        raise Trouble("refused_data", f"http_{reply.status}")
    raise Trouble("refused_setup", f"http_{reply.status}", field="secret" if reply.status in (401, 403) else "requests")
