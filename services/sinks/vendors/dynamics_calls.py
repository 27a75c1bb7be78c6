"""Dataverse's Web API as an application user calls it, with tokens of Entra ID; and what its answers mean.

An error's body is `{error: {code, message}}`, the code often empty. Statuses, codes and messages were read in Microsoft's pages of the
Web API; a message may hold values of a record, so of it come out names of tables, columns and privileges only.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from urllib.parse import urlencode

from schemas.json_values import JsonObject, JsonValue
from schemas.sinks.vendors import DynamicsSink
from services.sinks.calls import Call, Caller, Reply, Shown, json_call
from services.sinks.outcomes import Trouble, TroubleKind

API = "/api/data/v9.2"
BY_RULE = "0x80040333"
"""A duplicate by a rule of the environment; it comes with a status of 500 or 412."""
DUPLICATES = frozenset({BY_RULE, "0x80040237", "0x80060892"})
"""The others are duplicates by the primary key and by an alternate key."""
_OF_THE_RECORD = frozenset({"0x80044331", "0x80040265", "0x80040203"})
"""A text that is too long, a plug-in that objects, an argument: these may come with a status of 500 too."""
_DISABLED = "0x80040225"
_NO_CHOICE = "0x8004431a"
_EARLY = timedelta(minutes=5)
"""A token is renewed so long before it ends."""
_COMMON = {"OData-MaxVersion": "4.0", "OData-Version": "4.0"}
_UNKNOWN_COLUMN = re.compile(r"(?:[Pp]roperty '|property named ')(\w+)(?:@odata\.bind)?'")
_WRONG_TYPE = "Cannot convert"
_COLUMN = re.compile(r"(?:length of the|of) '(\w+)'|[Aa]ttribute '(\w+)'|'(\w+)' attribute")
_PRIVILEGE = re.compile(r"\bprv\w+")
_PRINCIPAL = re.compile(r"Id ?= ?([0-9a-fA-F-]{36})")
_AADSTS = re.compile(r"AADSTS\d+")


class DynamicsCalls:
    """One environment, as one application. The token is kept as long as it holds, and asked for once by all who need it."""

    def __init__(self, sink: DynamicsSink, caller: Caller, secret: str, now: Callable[[], datetime]) -> None:
        self._sink, self._caller, self._secret, self._now = sink, caller, secret, now
        self._token: tuple[str, datetime] | None = None
        self._asking = asyncio.Lock()

    async def read(self, path: str, table: str = "") -> JsonObject | None:
        """The answer; None where the record of `table` is not there. Raises Trouble."""
        headers = {**_COMMON, "If-None-Match": "null"}
        reply = await self._send(lambda secret: json_call("GET", API + path, headers=headers, secret=secret))
        if reply.status == 200:
            answer = reply.json()
            return answer if isinstance(answer, dict) else {}
        trouble = trouble_of(reply, table=table, is_write=False)
        if trouble.kind == "gone":
            return None
        raise trouble

    async def write(
        self,
        method: str,
        path: str,
        value: JsonObject | None = None,
        *,
        table: str,
        headers: Mapping[str, str] | None = None,
        owner: str | None = None,
    ) -> Reply:
        """The answer of a write that succeeded, or that was refused since the record is there already (412, only with
        `If-None-Match`). `owner` is whose the record becomes. Raises Trouble."""
        given = {**_COMMON, **(headers or {})}
        if self._sink.detect_duplicates and table in ("contact", "account"):
            given["MSCRM.SuppressDuplicateDetection"] = "false"
        reply = await self._send(
            lambda secret: json_call(method, API + path, value, headers=given, secret=secret, is_write=True)
        )
        is_there = reply.status == 412 and "If-None-Match" in given and _error_of(reply)[0] != BY_RULE
        if reply.status in (200, 201, 204) or is_there:
            return reply
        raise trouble_of(reply, table=table, is_write=True, owner=owner)

    async def _send(self, make: Callable[[Mapping[str, str]], Call]) -> Reply:
        token = await self._get_token()
        reply = await self._caller(make({"authorization": f"Bearer {token}"}))
        if reply.status != 401:
            return reply
        # Withdrawn before its time; nothing was done, so that a write may be sent once more as well.
        if self._token is not None and self._token[0] == token:
            self._token = None
        return await self._caller(make({"authorization": f"Bearer {await self._get_token()}"}))

    async def _get_token(self) -> str:
        async with self._asking:
            if self._token is None or self._now() >= self._token[1]:
                self._token = await self._ask_for_token()
            return self._token[0]

    async def _ask_for_token(self) -> tuple[str, datetime]:
        """A token and until when it may be used. Raises Trouble."""
        sink = self._sink
        values = {"grant_type": "client_credentials", "client_id": sink.client_id, "scope": f"{sink.base_url}/.default"}
        call = Call(
            "POST",
            f"/{sink.directory}/oauth2/v2.0/token",
            urlencode({**values, "client_secret": self._secret}).encode(),
            headers={"accept": "application/json", "content-type": "application/x-www-form-urlencoded"},
            shown=urlencode({**values, "client_secret": "..."}).encode(),
            base=sink.authority,
            is_login=True,
        )
        try:
            reply = await self._caller(call)
        except Shown:
            # Nobody is asked, so nobody needs one.
            return "", self._now()
        if reply.status != 200:
            raise _trouble_of_login(reply)
        answer = reply.json()
        if not isinstance(answer, dict) or not isinstance(answer.get("access_token"), str):
            raise Trouble("transient", "login_without_token")
        lasts = timedelta(seconds=float(answer.get("expires_in") or 0))
        return answer["access_token"], self._now() + max(lasts - _EARLY, lasts / 2)


def trouble_of(reply: Reply, *, table: str, is_write: bool, owner: str | None = None) -> Trouble:
    """What an answer means that is no success. `table` is the one that was asked for, `owner` whose the record was to become."""
    code, message = _error_of(reply)
    kind, field = _classify(reply.status, code, message, table=table, owner=owner)
    if kind is None:
        kind = "unknown" if is_write else "transient"
    correlation = reply.headers.get("x-ms-service-request-id") or reply.headers.get("req_id")
    return Trouble(kind, code or f"http_{reply.status}", field=field, wait=_wait(reply), correlation=correlation)


def _classify(
    status: int, code: str, message: str, *, table: str, owner: str | None
) -> tuple[TroubleKind | None, str | None]:
    """The kind and the field; no kind where nobody knows whether it happened."""
    if code in DUPLICATES:
        return "refused_data", table
    if code == _DISABLED or status == 403:
        return _classify_right(message, owner)
    if code in _OF_THE_RECORD or code == _NO_CHOICE:
        return "refused_data", _column(message)
    match status:
        case 429:
            return "throttled", None
        case 401 | 405 | 501:
            return "refused_setup", None
        case 404:
            return _classify_missing(message, table)
        case 400 | 412 | 413 | 422:
            return _classify_refusal(code, message)
        case _:
            return None, None


def _classify_right(message: str, owner: str | None) -> tuple[TroubleKind, str | None]:
    """Whose right it is that is missing: an owner who may not have such records is a fault of one hand-over, ours is of all."""
    principals = {found.lower() for found in _PRINCIPAL.findall(message)}
    privilege = _PRIVILEGE.search(message)
    if owner is not None and owner.lower() in principals:
        return "refused_data", "ownerid"
    return "refused_setup", privilege[0] if privilege else None


def _classify_missing(message: str, table: str) -> tuple[TroubleKind, str | None]:
    before, of, rest = message.partition(" With Id")
    if not of or "Not Exist" not in rest:
        # No such set of records, key or path: Sales is not installed, or `base_url` is not an environment's.
        return ("gone", None) if "specified key values" in message else ("refused_setup", "base_url")
    other = before.rpartition(" ")[2].strip("'").lower()
    return ("gone", None) if other == table else ("refused_data", other)


def _classify_refusal(code: str, message: str) -> tuple[TroubleKind, str | None]:
    unknown = _UNKNOWN_COLUMN.search(message)
    if _WRONG_TYPE in message:
        # It quotes the value, so no name is taken out of it.
        return "refused_data", None
    if unknown is not None:
        return "refused_setup", unknown[1]
    is_of_the_request = code in ("0x80048d19", "0x80060888", "0x8006088a") or "key in the request URI" in message
    return ("refused_setup" if is_of_the_request else "refused_data"), _column(message)


def _column(message: str) -> str | None:
    found = _COLUMN.search(message)
    return next((name for name in found.groups() if name), None) if found else None


def _wait(reply: Reply) -> timedelta | None:
    """Seconds are what Dataverse says; anything else is left to us."""
    text = reply.headers.get("retry-after", "")
    return timedelta(seconds=min(int(text), 86_400)) if text.isascii() and text.isdigit() else None


def _error_of(reply: Reply) -> tuple[str, str]:
    """Code and message; nothing for a page of somebody between."""
    error = _object(reply).get("error")
    if not isinstance(error, dict):
        return "", ""
    return str(error.get("code") or "").lower(), str(error.get("message") or "")


def _object(reply: Reply) -> JsonObject:
    try:
        value: JsonValue = json.loads(reply.body)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def _trouble_of_login(reply: Reply) -> Trouble:
    answer = _object(reply)
    error, text = str(answer.get("error") or ""), str(answer.get("error_description") or "")
    found = _AADSTS.search(text)
    code = found[0] if found else error or f"http_{reply.status}"
    correlation = answer.get("correlation_id")
    kind: TroubleKind = "refused_setup" if 400 <= reply.status < 500 else "transient"
    if reply.status == 429:
        kind = "throttled"
    elif error == "temporarily_unavailable" or reply.status == 408:
        kind = "transient"
    field = "secret" if error == "invalid_client" else "directory or client_id" if kind == "refused_setup" else None
    return Trouble(kind, code, field=field, wait=_wait(reply), correlation=str(correlation) if correlation else None)
