"""EspoCRM's API as an API user calls it, and what its answers mean.

A record that is refused is told by a body `{messageTranslation: {label, data}}` (a field that did not pass: `validationFailure` with
`field` and `type`), everything else by the status and the header `X-Status-Reason`, in words that may hold values: of those nothing
comes out. Read in the source of EspoCRM 10 (`Core/Api/ErrorOutput`, `Core/FieldValidation`, `Core/Record`).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from urllib.parse import quote, urlencode

from schemas.json_values import JsonObject, JsonValue
from services.sinks.calls import Caller, Reply, json_call
from services.sinks.outcomes import Trouble

Rows = Sequence[JsonObject]
PAGE = 100
LEFT_IN_PEACE = timedelta(seconds=60)
"""After the page of a firewall before EspoCRM."""
_REASON = "x-status-reason"
_SKIP = {"x-skip-duplicate-check": "true"}
_SET_UP = frozenset({"stage", "status", "priority"})
"""Fields whose words are in the sinks file or in ours: a word that is not among theirs is wrong for every record."""


class EspoCalls:
    """One EspoCRM; paths are below `/api/v1`."""

    def __init__(self, caller: Caller, secret: str) -> None:
        self._caller, self._secret = caller, secret

    async def read(self, entity: str, ident: str) -> JsonObject | None:
        """The record; None where it is not there any more. Raises Trouble."""
        reply = await self._send("GET", f"{entity}/{quote(ident, safe='')}")
        return None if reply.status == 404 else _object(reply, is_write=False)

    async def ask(self, path: str, **query: str) -> JsonValue:
        """What is answered to a question that is about no record. Raises Trouble."""
        return _whole(await self._send("GET", path + (f"?{urlencode(query)}" if query else "")), is_write=False)

    async def search(
        self, entity: str, where: Sequence[Mapping[str, JsonValue]], names: Iterator[str] | Sequence[str]
    ) -> Rows:
        """The oldest records of which all of `where` is true. Raises Trouble."""
        query = [*_flat("where", list(map(dict, where))), ("select", ",".join(sorted({"id", *names})))]
        query += [("orderBy", "createdAt"), ("order", "asc"), ("maxSize", str(PAGE))]
        reply = await self._send("GET", f"{entity}?{urlencode(query)}", {"x-no-total": "true"})
        return _rows(_object(reply, is_write=False))

    async def list_beside(self, path: str) -> list[JsonObject]:
        """Everything of a list, page by page. Raises Trouble."""
        rows: list[JsonObject] = []
        while True:
            query = urlencode({"offset": len(rows), "maxSize": PAGE})
            page = _rows(_object(await self._send("GET", f"{path}?{query}"), is_write=False))
            rows += page
            if len(page) < PAGE:
                return rows

    async def create(self, entity: str, values: JsonObject, *, skips_check: bool) -> JsonObject | Rows:
        """The record that was made, or those that are there already and look the same to EspoCRM. Raises Trouble."""
        reply = await self._send("POST", entity, _SKIP if skips_check else {}, values, is_write=True)
        if reply.status == 409 and isinstance(rows := _body(reply), list):
            return [row for row in rows if isinstance(row, dict)]
        return _object(reply, is_write=True)

    async def write(self, method: str, path: str, values: JsonObject | None = None) -> None:
        """Raises Trouble."""
        _whole(await self._send(method, path, {}, values, is_write=True), is_write=True)

    async def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        values: JsonValue = None,
        *,
        is_write: bool = False,
    ) -> Reply:
        secret = {"x-api-key": self._secret}
        return await self._caller(
            json_call(method, f"/api/v1/{path}", values, headers=headers, secret=secret, is_write=is_write)
        )


def _flat(name: str, value: JsonValue) -> Iterator[tuple[str, str]]:
    """As PHP reads lists and objects in a query: `where[0][type]=equals`."""
    match value:
        case dict():
            for key, inner in value.items():
                yield from _flat(f"{name}[{key}]", inner)
        case list():
            for number, inner in enumerate(value):
                yield from _flat(f"{name}[{number}]", inner)
        case _:
            yield name, str(value)


def _whole(reply: Reply, *, is_write: bool) -> JsonValue:
    if reply.status in (200, 201):
        if (answer := _body(reply)) is None:
            raise Trouble("unknown" if is_write else "transient", "no_json")
        return answer
    raise _trouble_of(reply, is_write=is_write)


def _object(reply: Reply, *, is_write: bool) -> JsonObject:
    answer = _whole(reply, is_write=is_write)
    if not isinstance(answer, dict):
        raise Trouble("unknown" if is_write else "transient", "no_object")
    return answer


def _rows(answer: JsonObject) -> list[JsonObject]:
    rows: JsonValue = answer.get("list")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []


def _body(reply: Reply) -> JsonValue:
    try:
        value: JsonValue = json.loads(reply.body)
    except ValueError:
        return None
    return value


def _trouble_of(reply: Reply, *, is_write: bool) -> Trouble:
    label, data = _translation(reply)
    match reply.status:
        case 429:
            return Trouble("throttled", "http_429", wait=_retry_after(reply) or LEFT_IN_PEACE)
        case 401:
            return Trouble("refused_setup", "http_401", field="secret")
        case 403:
            return _trouble_of_no_access(reply, label, data)
        case 404:
            return Trouble("gone" if is_write else "refused_setup", "http_404")
        case 409:
            return Trouble("locked", "http_409")
        case 400 | 422 if is_write:
            return _trouble_of_refusal(reply.status, label, data)
        case 400 | 422:
            # A question names fields of the set-up only, the key among them.
            return Trouble("refused_setup", "question_refused", field="key_field")
        case _:
            return Trouble("unknown" if is_write else "transient", f"http_{reply.status}", wait=_retry_after(reply))


def _trouble_of_no_access(reply: Reply, label: str, data: JsonObject) -> Trouble:
    if _REASON not in reply.headers and not label:
        return Trouble("throttled", "http_403_page", wait=LEFT_IN_PEACE)
    if reply.headers.get(_REASON, "").startswith("Assignment failure"):
        return Trouble("refused_data", "assignment_refused", field="assignedUser")
    if label in ("cannotRelateNonExisting", "cannotRelateForbidden", "noAccessToForeignRecord"):
        return Trouble("refused_data", label, field=_name(data.get("foreignEntityType")))
    return Trouble("refused_setup", label or "http_403", field=_name(data.get("link")))


def _trouble_of_refusal(status: int, label: str, data: JsonObject) -> Trouble:
    field, rule = _name(data.get("field")), _name(data.get("type"))
    code = f"{label or f'http_{status}'}" + (f".{rule}" if rule else "")
    return Trouble("refused_setup" if rule == "valid" and field in _SET_UP else "refused_data", code, field=field)


def _translation(reply: Reply) -> tuple[str, JsonObject]:
    """Label and data of the message, nothing where the body is none of EspoCRM's own."""
    body = _body(reply)
    message = body.get("messageTranslation") if isinstance(body, dict) else None
    if not isinstance(message, dict):
        return "", {}
    data: JsonValue = message.get("data")
    return _name(message.get("label")) or "", data if isinstance(data, dict) else {}


def _name(value: JsonValue) -> str | None:
    """A name of theirs; all else may be a value of a record."""
    return value if isinstance(value, str) and value.isascii() and value.isidentifier() else None


def _retry_after(reply: Reply) -> timedelta | None:
    text = reply.headers.get("retry-after", "")
    return timedelta(seconds=min(int(text), 3600)) if text.isdecimal() else None
