"""Who may ask: API keys with scopes, and how each route says what it needs."""

from __future__ import annotations

import asyncio
import hmac
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Request
from starlette.requests import HTTPConnection

from schemas.api_keys import KeyEntry, Scope, digest_of
from schemas.json_values import JsonObject
from schemas.problems import KINDS, MEDIA_TYPE, problem
from services.door.limits import Buckets, Sampled
from services.door.problems import Trouble
from services.door.proxies import Network, client_in, network_of
from services.ports.errors import StoreUnavailable

log = logging.getLogger("stafett.http")
KEY = "stafett.key"
"""Where the request of a key bears it."""
Key = KeyEntry
"""A key as file or store have it."""
WRONG_A_SECOND, WRONG_AT_ONCE = 0.5, 60
"""Keys of one address that are none. Who has a right one is never kept out: it cannot be guessed."""
NOTE_EVERY = timedelta(minutes=10)
"""Uses of one key are written down so seldom."""


class Access:
    """`keys` gives those of now, by name. `gone(person)` says why somebody may do nothing any more, None where they may.
    `note(names, now)` writes down that keys were used."""

    def __init__(
        self,
        keys: Callable[[], Awaitable[Mapping[str, Key]]],
        gone: Callable[[str], Awaitable[str | None]],
        now: Callable[[], datetime],
        note: Callable[[Sequence[str], datetime], Awaitable[None]],
        trusted: Sequence[Network] = (),
    ) -> None:
        self._keys, self._gone, self._now, self._note, self._trusted = keys, gone, now, note, trusted
        self._wrong, self._lines = Buckets(WRONG_A_SECOND, WRONG_AT_ONCE), Sampled()
        self._noted: dict[str, datetime] = {}
        self._noting: set[asyncio.Task[None]] = set()

    def needs(self, scope: Scope) -> Any:
        """A dependency that gives the key of the request. Raises Trouble: no key, or one without the scope."""

        async def check(request: Request, authorization: Annotated[str, Header(include_in_schema=False)] = "") -> Key:
            return await self.check(request, authorization, scope)

        return Depends(check)

    async def check(self, request: HTTPConnection, authorization: str, *scopes: Scope) -> Key:
        """The key of the request, which has one of these scopes. Raises Trouble."""
        key = await self.key_of(request, authorization)
        if not key.scopes or not set(scopes) & set(key.scopes):
            raise Trouble("no_scope", f"this key has no scope {' or '.join(scopes)}")
        return key

    async def key_of(self, request: HTTPConnection, authorization: str) -> Key:
        """Every configured key is compared, in constant time. Raises Trouble."""
        key = matching_key((await self._keys()).values(), authorization)
        if key is None:
            raise self._charge_refusal(request, "no_key", "send Authorization: Bearer and a key of this installation")
        now = self._now()
        if key.is_over(now):
            raise self._charge_refusal(request, "expired", "this key expired")
        if key.person is not None and (why := await self._gone(key.person)) is not None:
            raise self._charge_refusal(request, "gone", f"{why}; their key opens nothing")
        request.scope[KEY] = key
        self._note_use(key.name, now)
        return key

    def _charge_refusal(self, request: HTTPConnection, code: str, detail: str) -> Trouble:
        at = time.monotonic()
        client = network_of(client_in(request.scope, self._trusted))
        seconds = self._wrong.wait(client, at)
        self._wrong.charge(client, at)
        if (count := self._lines.count(code, at)) is not None:
            log.warning("an API key was refused", extra={"code": code, "count": count})
        if seconds:
            return Trouble("too_many", "too many keys from this address are none", seconds)
        return Trouble("no_key", detail)

    def _note_use(self, name: str, now: datetime) -> None:
        noted = self._noted.get(name)
        if noted is not None and now - noted < NOTE_EVERY:
            return
        self._noted[name] = now
        task = asyncio.get_running_loop().create_task(self._write_down(name, now))
        self._noting.add(task)
        task.add_done_callback(self._noting.discard)

    async def _write_down(self, name: str, now: datetime) -> None:
        try:
            await self._note([name], now)
        except StoreUnavailable as error:
            log.debug("the use of a key was not noted", extra={"error": type(error).__name__})


def matching_key(keys: Any, authorization: str) -> Key | None:
    """The one that was sent; None where it is none of these."""
    scheme, _, given = authorization.partition(" ")
    proof = digest_of(given.strip())
    found: list[Key] = [key for key in keys if hmac.compare_digest(key.digest, proof)]
    return found[0] if found and scheme.casefold() == "bearer" else None


def problems(*codes: str) -> dict[int | str, JsonObject]:
    """The `responses` of a route for these problems, with an example of each."""
    found: dict[int | str, JsonObject] = {}
    for code in codes:
        kind = KINDS[code]
        entry = found.setdefault(kind.status, {"description": kind.meaning, "content": {MEDIA_TYPE: {}}})
        content = entry["content"][MEDIA_TYPE]
        content["schema"] = {"$ref": "#/components/schemas/Problem"}
        content.setdefault("examples", {})[code] = {"summary": kind.title, "value": problem(code).model_dump()}
        if kind.meaning not in entry["description"]:
            entry["description"] += f" Or: {kind.meaning}"
    return found


def route(
    router: APIRouter, path: str, *errors: str, scope: Scope, operation: str, tag: str, method: str = "GET", **more: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a route that says which scope it needs, what it asks for and every problem it may answer with."""
    asks: JsonObject = {"requestBody": body} if (body := more.pop("asks", None)) else {}
    said = problems("no_key", "no_scope", "invalid", "too_many", "unavailable", *errors) | more.pop("responses", {})
    return router.api_route(
        path,
        methods=[method],
        tags=[tag],
        operation_id=operation,
        responses=said,
        openapi_extra={"security": [{"apiKey": [scope]}], **asks},
        **more,
    )
