"""What may be done with keys while everything runs: who may make which, and that each is revoked in every process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime

from schemas.api_keys import KeyEntry, KeyOrder, digest_of, new_key
from schemas.http import KeyView
from services.door.problems import Trouble
from services.ports.keys import KeyStore, StoredKey

OPERATOR = "operator"
"""Whoever has the command line and the store."""
MOST = 1000
"""Keys that were made and open something."""


class KeyDesk:
    """`of_file` gives the keys of the file, by name. `uses` when each was used last. `on_change` lets this process look at the store
    at once; others do within a second. `giver` is the key that asks, None for the operator, who may make any."""

    def __init__(
        self,
        store: KeyStore,
        of_file: Callable[[], Mapping[str, KeyEntry]],
        uses: Callable[[], Awaitable[Mapping[str, datetime]]],
        now: Callable[[], datetime],
        on_change: Callable[[], None] = lambda: None,
    ) -> None:
        self._store, self._of_file, self._uses, self._now, self._on_change = store, of_file, uses, now, on_change

    async def all(self, giver: KeyEntry | None) -> list[KeyView]:
        """By name; somebody with a key of some brands sees keys of those alone. Raises StoreUnavailable."""
        uses, stored, of_file = await self._uses(), await self._store.keys(), self._of_file()
        views = [_of_store(one, uses) for one in stored if one.entry.name not in of_file and _is_seen(one.entry, giver)]
        views += [_of_file(entry, uses) for entry in of_file.values() if _is_seen(entry, giver)]
        return sorted(views, key=lambda view: view.name)

    async def make(self, name: str, order: KeyOrder, giver: KeyEntry | None) -> tuple[KeyView, str]:
        """The key is given back this once. Raises Trouble, StoreUnavailable, and ValidationError for a name that cannot be one."""
        now = self._now()
        if giver is not None and (why := giver.may_give(order)) is not None:
            raise Trouble("refused", why)
        if order.is_over(now):
            raise Trouble("refused", "`expires` is in the past")
        key = new_key()
        entry = KeyEntry(name=name, sha256=digest_of(key), **order.model_dump())
        if name in self._of_file():
            raise Trouble("taken", f"{name} stands in api_keys.yaml")
        if sum(one.revoked_at is None and not one.entry.is_over(now) for one in await self._store.keys()) >= MOST:
            raise Trouble("full", f"there are {MOST} keys already; revoke some")
        made = StoredKey(entry, giver.name if giver is not None else OPERATOR, now)
        if not await self._store.add(made):
            raise Trouble("taken", f"{name} is there already, or was and is revoked")
        self._on_change()
        return _of_store(made, {}), key

    async def revoke(self, name: str, giver: KeyEntry | None) -> None:
        """Raises Trouble, StoreUnavailable."""
        found = next((one for one in await self._store.keys() if one.entry.name == name), None)
        if name in self._of_file() and (giver is None or giver.includes(self._of_file()[name]) is None):
            raise Trouble("of_the_file", f"{name} stands in api_keys.yaml; take it out there, which needs no restart")
        if found is None or found.revoked_at is not None or not _is_seen(found.entry, giver):
            raise Trouble("not_found", "there is no such key, or it was revoked already")
        if giver is not None and giver.name != name and (why := giver.includes(found.entry)) is not None:
            raise Trouble("refused", why)
        await self._store.revoke(name, self._now())
        self._on_change()


def _is_seen(entry: KeyEntry, giver: KeyEntry | None) -> bool:
    if giver is None or giver.brands is None:
        return True
    return entry.brands is not None and set(entry.brands) <= set(giver.brands)


def _of_store(stored: StoredKey, uses: Mapping[str, datetime]) -> KeyView:
    return _view(stored.entry, uses).model_copy(
        update={
            "origin": "api",
            "made_by": stored.made_by,
            "made_at": stored.made_at,
            "revoked_at": stored.revoked_at,
        }
    )


def _of_file(entry: KeyEntry, uses: Mapping[str, datetime]) -> KeyView:
    return _view(entry, uses)


def _view(entry: KeyEntry, uses: Mapping[str, datetime]) -> KeyView:
    return KeyView(
        name=entry.name,
        origin="file",
        scopes=entry.scopes,
        person=entry.person,
        acts_as=entry.acts_as,
        brands=entry.brands,
        expires=entry.expires,
        made_by=None,
        made_at=None,
        revoked_at=None,
        last_used_at=uses.get(entry.name),
    )
