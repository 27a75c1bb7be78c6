"""Routes on keys of this API: made, listed and revoked while everything runs. What they do is `key_desk.py`'s."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from schemas.api_keys import KeyOrder, Scope
from schemas.http import KeyList, KeyMade
from schemas.json_values import JsonObject
from services.api.access import Access, Key, route
from services.api.key_desk import OPERATOR, KeyDesk
from services.api.views import storable
from services.door.problems import Trouble

READ: Scope = "keys:read"
WRITE: Scope = "keys:write"
Name = Annotated[
    str,
    Path(
        description="The key's name; no two have the same, ever.",
        examples=["dashboard"],
        pattern=r"^[a-z0-9][a-z0-9_-]{0,62}$",
    ),
]
_ORDER: JsonObject = {"scopes": ["leads:read"], "brands": ["nord"], "expires": "2027-11-24T00:00:00Z"}
_ASKS: JsonObject = {
    "description": "What it may do: no more than the key that asks.",
    "content": {"application/json": {"examples": {"dashboard": {"value": _ORDER}}}},
}


def add_keys(router: APIRouter, access: Access, desk: KeyDesk) -> None:
    """Listing, making, revoking."""

    @route(router, "/keys", scope=READ, operation="listKeys", tag="keys", summary="List keys")
    async def keys(key: Key = access.needs(READ)) -> KeyList:
        """What each may do, who made it, when it was used last. A key of some brands sees those of these brands."""
        return KeyList(keys=await desk.all(key))

    @route(
        router,
        "/keys/{name}",
        "refused",
        "taken",
        "full",
        scope=WRITE,
        operation="makeKey",
        tag="keys",
        method="PUT",
        status_code=201,
        summary="Make a key",
        asks=_ASKS,
    )
    async def make(name: Name, asked: KeyOrder, key: Key = access.needs(WRITE)) -> KeyMade:
        """It opens what it says at once. It is in this answer and in no other; only its digest is kept. It may do no more than the
        key that asks, for no longer, and in nobody's name but that key's person's, unless that key acts as everybody."""
        if name == OPERATOR:
            raise Trouble("taken", "`operator` is what commands of the command line are recorded as")
        view, made = await desk.make(storable(name), asked, key)
        return KeyMade(**view.model_dump(), key=made)

    @route(
        router,
        "/keys/{name}",
        "not_found",
        "refused",
        "of_the_file",
        scope=WRITE,
        operation="revokeKey",
        tag="keys",
        method="DELETE",
        status_code=204,
        response_description="It opens nothing any more, in other processes within a second.",
        summary="Revoke a key",
    )
    async def revoke(name: Name, key: Key = access.needs(WRITE)) -> None:
        """For ever: its name is not given again. A key may revoke itself, and those that may do no more than it."""
        await desk.revoke(storable(name), key)
