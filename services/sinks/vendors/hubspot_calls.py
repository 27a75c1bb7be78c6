"""HubSpot's API of one dated version as a service key calls it, and what its answers mean.

An error's body is `{status, message, correlationId, category, errors, context}`, each of which may be missing; a batch answers 207 where
one of its inputs failed. Classified by the body: a message may hold values of a record, so of it come out ids and names of properties only.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import timedelta

from schemas.json_values import JsonObject, JsonValue
from services.sinks.calls import Caller, Reply, json_call
from services.sinks.outcomes import Trouble, TroubleKind

WINDOWS = {"TEN_SECONDLY_ROLLING": timedelta(seconds=10), "SECONDLY": timedelta(seconds=1)}
"""How long a limit of calls takes to let somebody through again, by its `policyName`."""
LEFT_IN_PEACE = timedelta(seconds=60)
"""After the page of a firewall, which is what those get who call too often."""
_SET_UP = frozenset({"PROPERTY_DOESNT_EXIST", "NOT_UNIQUE", "READ_ONLY_VALUE", "INVALID_OBJECT_TYPE"})
"""What is wrong with the mapping, and so for every record."""
_CATEGORIES: dict[str, TroubleKind] = {
    "CONFLICT": "locked",
    "NOT_FOUND": "gone",
    "SCOPES": "refused_setup",
    "AUTHENTICATION": "refused_setup",
}
"""By a part of the category of what went wrong with one input of a batch."""
_STAGES = frozenset({"dealstage", "pipeline", "hs_pipeline_stage", "hs_pipeline"})
_EXISTING = re.compile(r"Existing ID: (\d+)")
_PROPERTY = re.compile(r'"name":"([A-Za-z_][A-Za-z0-9_]*)"')


class HubspotCalls:
    """One account, as one service key or app."""

    def __init__(self, caller: Caller, secret: str) -> None:
        self._caller, self._secret = caller, secret

    async def read(self, path: str, body: JsonValue = None) -> JsonObject | None:
        """The answer; None where there is no such record. Raises Trouble."""
        reply = await self._send("GET" if body is None else "POST", path, body, is_write=False)
        return None if reply.status == 404 and error_of(reply) is not None else whole(reply, is_write=False)

    async def write(self, method: str, path: str, body: JsonValue = None) -> JsonObject:
        """The answer, of a batch of one input the whole of it. Raises Trouble."""
        return whole(await self._send(method, path, body, is_write=True), is_write=True)

    async def create(self, path: str, body: JsonValue) -> tuple[JsonObject, str | None]:
        """The answer, and the id of the record that was there already, where it names one. Raises Trouble."""
        reply = await self._send("POST", path, body, is_write=True)
        if reply.status == 409 and (match := _EXISTING.search(str((error_of(reply) or {}).get("message")))):
            return {}, match[1]
        return whole(reply, is_write=True), None

    async def _send(self, method: str, path: str, body: JsonValue, *, is_write: bool) -> Reply:
        secret = {"authorization": f"Bearer {self._secret}"}
        return await self._caller(json_call(method, path, body, secret=secret, is_write=is_write))


def whole(reply: Reply, *, is_write: bool) -> JsonObject:
    """What a call that succeeded answers; nothing for one that has no body. Raises Trouble for all others."""
    if reply.status == 204:
        return {}
    if reply.status in (200, 201, 207):
        answer = _object(reply)
        if answer is None:
            raise Trouble("unknown" if is_write else "transient", "no_json")
        if is_write and answer.get("errors") and not answer.get("results"):
            raise _trouble_of_error(_first(answer["errors"]), 207)
        return answer
    error = error_of(reply)
    if error is None:
        raise _trouble_of_page(reply.status, is_write=is_write)
    raise _trouble_of_error(error, reply.status, is_write=is_write)


def error_of(reply: Reply) -> JsonObject | None:
    """The body of an error in HubSpot's own shape; None for a page of somebody between."""
    answer = _object(reply)
    return (
        answer
        if answer is not None and ("category" in answer or "policyName" in answer or "message" in answer)
        else None
    )


def _object(reply: Reply) -> JsonObject | None:
    try:
        value: JsonValue = json.loads(reply.body)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None


def _trouble_of_page(status: int, *, is_write: bool) -> Trouble:
    if status in (403, 429):
        return Trouble("throttled", f"http_{status}_page", wait=LEFT_IN_PEACE)
    if status == 401:
        return Trouble("refused_setup", "http_401")
    # A path that HubSpot does not have is answered by a page: the version has ended, or `base_url` is not theirs.
    if status == 404:
        return Trouble("refused_setup", "no_such_path", field="base_url")
    return Trouble("unknown" if is_write else "transient", f"http_{status}")


def _trouble_of_error(error: JsonObject, status: int, *, is_write: bool = True) -> Trouble:
    correlation = error.get("correlationId")
    kind, wait = _kind_of(error, status, is_write=is_write)
    return Trouble(
        kind,
        _code(error, status),
        field=next(_properties(error), None),
        wait=wait,
        correlation=correlation if isinstance(correlation, str) else None,
    )


def _kind_of(error: JsonObject, status: int, *, is_write: bool) -> tuple[TroubleKind, timedelta | None]:
    category = str(error.get("category") or "")
    match status:
        case 429:
            policy = str(error.get("policyName") or "")
            return ("spent", None) if policy == "DAILY" else ("throttled", WINDOWS.get(policy, timedelta(seconds=10)))
        case 423:
            return "locked", timedelta(seconds=2)
        case 477:
            return "transient", LEFT_IN_PEACE
        case 401 | 403:
            return "refused_setup", None
        case 404:
            return "gone", None
        case 409:
            return "locked", None
        case 400 | 207 | 414 | 422:
            return _kind_of_refusal(error, category), None
        case _:
            return "unknown" if is_write else "transient", None


def _kind_of_refusal(error: JsonObject, category: str) -> TroubleKind:
    for word, kind in _CATEGORIES.items():
        if word in category:
            return kind
    if "associations are not valid" in str(error.get("message")):
        return "gone"
    codes = {str(detail.get("code")) for detail in _details(error)}
    names = set(_properties(error))
    is_of_all = bool(codes & _SET_UP) or ("INVALID_OPTION" in codes and names <= _STAGES and bool(names))
    return "refused_setup" if is_of_all or "Invalid input JSON" in str(error.get("message")) else "refused_data"


def _code(error: JsonObject, status: int) -> str:
    detail = next((str(d["code"]) for d in _details(error) if d.get("code")), None)
    return detail or str(error.get("policyName") or error.get("category") or f"http_{status}")


def _properties(error: JsonObject) -> Iterator[str]:
    """The properties that it names: by themselves, or in the JSON that a message holds."""
    for detail in (*_details(error), error):
        context = detail.get("context")
        names = context.get("propertyName") if isinstance(context, dict) else None
        yield from (str(name) for name in (names if isinstance(names, list) else [names]) if name)
        scopes = context.get("requiredGranularScopes") if isinstance(context, dict) else None
        yield from (str(scope) for scope in scopes or ())
    yield from _PROPERTY.findall(str(error.get("message") or ""))


def _details(error: JsonObject) -> list[JsonObject]:
    details = error.get("errors")
    return [detail for detail in details if isinstance(detail, dict)] if isinstance(details, list) else []


def _first(errors: JsonValue) -> JsonObject:
    return next((error for error in errors if isinstance(error, dict)), {}) if isinstance(errors, list) else {}
