"""Who may ask: API keys with scopes, and how each route says what it needs."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Mapping
from typing import Annotated, Any, NamedTuple

from fastapi import APIRouter, Depends, Header

from schemas.api_keys import Scope
from schemas.problems import KINDS, MEDIA_TYPE, problem
from services.problems import Trouble


class Key(NamedTuple):
    """An API key as configured: the SHA-256 of it, in hex, what it may do, and whose it is."""

    name: str
    sha256: str
    scopes: frozenset[str]
    person: str | None = None


class Access:
    """The configured keys."""

    def __init__(self, keys: Mapping[str, Key]) -> None:
        self._keys = tuple(keys.values())

    def needs(self, scope: Scope) -> Any:
        """A dependency that gives the key of the request. Raises Trouble: no key, or one without the scope."""

        def check(authorization: Annotated[str, Header(include_in_schema=False)] = "") -> Key:
            key = self.key_of(authorization)
            if key is None:
                raise Trouble("no_key", "send Authorization: Bearer and a key of this installation")
            if scope not in key.scopes:
                raise Trouble("no_scope", f"this key has no scope {scope}")
            return key

        return Depends(check)

    def key_of(self, authorization: str) -> Key | None:
        """None where it is no key of ours. Every configured key is compared, in constant time."""
        scheme, _, given = authorization.partition(" ")
        proof = hashlib.sha256(given.strip().encode()).hexdigest()
        found = [key for key in self._keys if hmac.compare_digest(key.sha256, proof)]
        return found[0] if found and scheme.casefold() == "bearer" else None


def problems(*codes: str) -> dict[int | str, dict[str, Any]]:
    """The `responses` of a route for these problems, with an example of each."""
    found: dict[int | str, dict[str, Any]] = {}
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
    router: APIRouter, path: str, scope: Scope, operation: str, tag: str, *errors: str, method: str = "GET", **more: Any
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Registers a route that says which scope it needs, what it asks for and every problem it may answer with."""
    asks: dict[str, Any] = {"requestBody": body} if (body := more.pop("asks", None)) else {}
    said = problems("no_key", "no_scope", "invalid", "unavailable", *errors) | more.pop("responses", {})
    return router.api_route(
        path,
        methods=[method],
        tags=[tag],
        operation_id=operation,
        responses=said,
        openapi_extra={"security": [{"apiKey": [scope]}], **asks},
        **more,
    )
