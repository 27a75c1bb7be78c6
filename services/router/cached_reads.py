"""Reads of a transaction without a lock, each thing once: what was read early is not read again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from routing.model.links import Key
from services.ports.rows import AccountRow, DeadLetter, LeadRow, LedgerKey, LedgerRow
from services.ports.store import Batch

K = TypeVar("K")
V = TypeVar("V")


class CachedReads:
    """The reading half of `Batch`. Answers are those of when it was first asked."""

    def __init__(self, tx: Batch) -> None:
        self._tx = tx
        self._links: dict[Key, str | None] = {}
        self._leads: dict[str, LeadRow | None] = {}
        self._accounts: dict[str, AccountRow | None] = {}
        self._ledgers: dict[LedgerKey, LedgerRow | None] = {}
        self._opens: dict[str, int | None] = {}
        self._withdrawals: dict[Key, str | None] = {}

    async def links(self, keys: Sequence[Key]) -> dict[Key, str]:
        return await _once(self._links, keys, self._tx.links)

    async def read_leads(self, ids: Sequence[str]) -> dict[str, LeadRow]:
        return await _once(self._leads, ids, self._tx.read_leads)

    async def read_accounts(self, ids: Sequence[str]) -> dict[str, AccountRow]:
        return await _once(self._accounts, ids, self._tx.read_accounts)

    async def read_ledgers(self, keys: Sequence[LedgerKey]) -> dict[LedgerKey, LedgerRow]:
        return await _once(self._ledgers, keys, self._tx.read_ledgers)

    async def open_leads(self, people: Sequence[str]) -> dict[str, int]:
        return await _once(self._opens, people, self._tx.open_leads)

    async def withdrawals(self, keys: Sequence[Key]) -> dict[Key, str]:
        return await _once(self._withdrawals, keys, self._tx.withdrawals)

    async def links_of(self, lead_ids: Sequence[str]) -> dict[Key, str]:
        return await self._tx.links_of(lead_ids)

    async def waiting(self, lead_ids: Sequence[str], limit: int) -> list[DeadLetter]:
        return await self._tx.waiting(lead_ids, limit)


async def _once(
    known: dict[K, V | None], wanted: Sequence[K], ask: Callable[[Sequence[K]], Awaitable[dict[K, V]]]
) -> dict[K, V]:
    """None stands for what is not there."""
    if new := [key for key in wanted if key not in known]:
        found = await ask(new)
        known.update({key: found.get(key) for key in new})
    return {key: value for key in wanted if (value := known[key]) is not None}
