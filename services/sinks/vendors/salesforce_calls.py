"""Salesforce's REST API as an External Client App calls it by client credentials, and what its answers mean.

Errors are a list of `{message, errorCode, fields}`, whatever the status; the code decides. The day's use of the whole org stands in
`Sforce-Limit-Info` of every answer, and is all that Salesforce says of its limits.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks.vendors import SalesforceSink
from services.outbound.salesforce_paths import DATA
from services.sinks.calls import Call, Caller, Reply, json_call
from services.sinks.outcomes import Trouble, TroubleKind

KINDS: Mapping[str, TroubleKind] = {
    "UNABLE_TO_LOCK_ROW": "locked",
    "DUPLICATE_VALUE": "locked",
    "ENTITY_IS_DELETED": "gone",
    "NOT_FOUND": "gone",
    "SERVER_UNAVAILABLE": "transient",
    "UNKNOWN_EXCEPTION": "unknown",
    # Of a session that has just begun: who may not begin one is told by other codes.
    "INVALID_SESSION_ID": "transient",
    "INVALID_FIELD": "refused_setup",
    "INVALID_FIELD_FOR_INSERT_UPDATE": "refused_setup",
    "INVALID_TYPE": "refused_setup",
    "MALFORMED_QUERY": "refused_setup",
    "JSON_PARSER_ERROR": "refused_setup",
    "API_DISABLED_FOR_ORG": "refused_setup",
    "API_CURRENTLY_DISABLED": "refused_setup",
    "INSUFFICIENT_ACCESS": "refused_setup",
    "INSUFFICIENT_ACCESS_OR_READONLY": "refused_setup",
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": "refused_setup",
    "OPERATION_TOO_LARGE": "refused_setup",
    "invalid_client": "refused_setup",
    "invalid_client_id": "refused_setup",
    "invalid_grant": "refused_setup",
    "unsupported_grant_type": "refused_setup",
}
"""By code; every other is about a value or a rule of this record. A value that is taken already is somebody's who was quicker, perhaps
our own: the look-up that comes next finds it."""
NEARLY_SPENT = 0.95
"""Of the org's day, which others use as well; the rest is left to them."""
_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")
AGAIN = timedelta(minutes=15)


class Existing(NamedTuple):
    """A duplicate rule objects, and names these records of this object."""

    noun: str
    ids: tuple[str, ...]


class SalesforceCalls:
    """One org, as one user. Keeps the session's token, and how much of the day the org has used."""

    def __init__(self, sink: SalesforceSink, caller: Caller, secret: str, now: Callable[[], datetime]) -> None:
        self._sink, self._caller, self._secret, self._now = sink, caller, secret, now
        self._token: str | None = None
        self._user = ""
        self._rest_until: datetime | None = None

    async def query(self, soql: str, *, with_deleted: bool = False) -> list[JsonObject]:
        """Its rows. Raises Trouble."""
        path = f"{DATA}/{'queryAll' if with_deleted else 'query'}?{urlencode({'q': soql})}"
        answer = whole(await self._send("GET", path), is_write=False)
        return list(answer.get("records") or ())

    async def read(self, path: str) -> JsonObject:
        """Raises Trouble."""
        return whole(await self._send("GET", DATA + path), is_write=False)

    async def write(self, method: str, path: str, body: JsonValue = None) -> JsonObject:
        """Raises Trouble."""
        return whole(await self._send(method, DATA + path, body), is_write=True)

    async def create(self, path: str, body: JsonValue) -> tuple[JsonObject, Existing | None]:
        """The answer, or what a duplicate rule names instead. Raises Trouble."""
        reply = await self._send("POST", DATA + path, body)
        existing = _existing_of(reply)
        return ({}, existing) if existing is not None else (whole(reply, is_write=True), None)

    async def user_id(self) -> str:
        """The user that the app runs as, who is told with each session. Raises Trouble."""
        if self._token is None:
            await self._log_in()
        return self._user

    async def _send(self, method: str, path: str, body: JsonValue = None) -> Reply:
        now = self._now()
        if self._rest_until is not None and now < self._rest_until:
            raise Trouble("spent", "day_of_the_org_is_nearly_spent", wait=self._rest_until - now)
        if self._token is None:
            await self._log_in()
        reply = await self._send_once(method, path, body)
        if reply.status == 401:
            # A session ends when it ends: nothing was done, and the same is asked by a new one.
            await self._log_in()
            reply = await self._send_once(method, path, body)
        self._look_at_usage(reply)
        return reply

    async def _send_once(self, method: str, path: str, body: JsonValue) -> Reply:
        allowed = "true" if self._sink.allow_duplicates else "false"
        rule = {
            "sforce-duplicate-rule-header": f"allowSave={allowed}; includeRecordDetails=false; runAsCurrentUser=true"
        }
        secret = {"authorization": f"Bearer {self._token}"}
        # By this name a change event says who wrote (`changeOrigin`).
        headers = {"sforce-call-options": f"client={self._sink.client_name}", **(rule if method == "POST" else {})}
        return await self._caller(
            json_call(method, path, body, headers=headers, secret=secret, is_write=method != "GET")
        )

    async def _log_in(self) -> None:
        form = {"grant_type": "client_credentials", "client_id": self._sink.client_id}
        body, shown = (urlencode({**form, "client_secret": text}).encode() for text in (self._secret, "..."))
        headers = {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        reply = await self._caller(Call("POST", "/services/oauth2/token", body, headers=headers, shown=shown))
        answer = whole(reply, is_write=False)
        self._token = str(answer["access_token"])
        self._user = str(answer.get("id") or "").rpartition("/")[2]

    def _look_at_usage(self, reply: Reply) -> None:
        match = _USAGE.search(reply.headers.get("sforce-limit-info", ""))
        if match is not None and int(match[1]) >= NEARLY_SPENT * int(match[2]):
            self._rest_until = self._now() + AGAIN


def whole(reply: Reply, *, is_write: bool) -> JsonObject:
    """What a call that succeeded answers; nothing for one that has no body. Raises Trouble for all others."""
    if reply.status == 204:
        return {}
    value = _value_of(reply)
    if reply.status in (200, 201) and isinstance(value, dict):
        return value
    if reply.status == 300:
        raise Trouble("refused_setup", "external_id_is_not_unique")
    raise _trouble_of(reply, value, is_write=is_write)


def _trouble_of(reply: Reply, value: JsonValue, *, is_write: bool) -> Trouble:
    first = value[0] if isinstance(value, list) and value else value
    code = (first.get("errorCode") or first.get("error")) if isinstance(first, dict) else None
    if not code or not isinstance(first, dict):
        # A page of somebody between, or of Salesforce on its way up or down.
        return Trouble("unknown" if is_write else "transient", f"http_{reply.status}_no_json")
    names = first.get("fields")
    field = str(names[0]) if isinstance(names, list) and names else None
    if code == "REQUEST_LIMIT_EXCEEDED":
        is_burst = "Concurrent" in str(first.get("message"))
        return Trouble("throttled" if is_burst else "spent", str(code))
    kind = KINDS.get(str(code), "refused_data")
    if kind == "unknown" and not is_write:
        kind = "transient"
    if code == "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST" and field == "StageName":
        kind = "refused_setup"
    return Trouble(kind, str(code), field=field)


def _existing_of(reply: Reply) -> Existing | None:
    value = _value_of(reply)
    first = value[0] if isinstance(value, list) and value else None
    if not isinstance(first, dict) or first.get("errorCode") != "DUPLICATES_DETECTED":
        return None
    results = (first.get("duplicateResult") or {}).get("matchResults") or ()
    records = [
        (str(result.get("entityType")), match["record"])
        for result in results
        for match in result.get("matchRecords") or ()
    ]
    ids = tuple(dict.fromkeys(str(record["Id"]) for _, record in records))
    nouns = {noun for noun, _ in records}
    return Existing(nouns.pop() if len(nouns) == 1 else "", ids)


def _value_of(reply: Reply) -> JsonValue:
    try:
        value: JsonValue = json.loads(reply.body)
    except ValueError:
        return None
    return value
