"""All that a batch may need, read without a lock: what the store says, and over it what the batch before leaves."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from routing.model.links import Key, pointer_targets, pointer_to_lead
from schemas.signals import Kind
from services.ports.rows import LeadRow, LedgerKey
from services.ports.signal_records import Incoming, next_attempt
from services.ports.store import Batch
from services.router.cached_reads import CachedReads
from services.router.deciding.many_leads import REDRIVEN
from services.router.deciding.shared_state import SharedState, load_key, pool_key
from services.router.deciding.snapshot import (
    Overlay,
    Snapshot,
    wanted_accounts,
    wanted_keys,
    wanted_leads,
    wanted_tallies,
)
from services.router.deciding.withdrawn import wanted_withdrawals
from services.rules.ruling import Ruling

K = TypeVar("K", str, Key, LedgerKey)
R = TypeVar("R")


class Identified(NamedTuple):
    """By which identities leads were looked up, what those said, and which leads that may be about."""

    keys: Sequence[Key]
    links: Mapping[Key, str]
    leads: Sequence[str]


async def look_up(
    reads: CachedReads, batch: Sequence[Incoming], ruling: Ruling, over: Overlay
) -> tuple[Identified, Snapshot]:
    """As it is now and as `over` leaves it."""
    redriven = [i.signal.lead_id for i in batch if i.signal and i.signal.kind == Kind.LEAD_REDRIVE and i.signal.lead_id]
    waiting = await reads.waiting(redriven, REDRIVEN + 1) if redriven else []
    signals = [i.signal for i in batch if i.signal is not None] + list(filter(None, map(next_attempt, waiting)))
    keys = wanted_keys(signals)
    links = await look_up_links(reads, keys, over.links)
    wanted = wanted_leads(signals, links)
    leads = await _read(reads.read_leads, wanted, over.leads)
    merging = sorted({signal.other_lead_id for signal in signals if signal.other_lead_id})
    erasing = sorted(wanted_leads([s for s in signals if s.kind == Kind.PERSON_ERASURE_REQUESTED], links))
    links_of = await reads.links_of([*merging, *erasing, *map(pointer_to_lead, erasing)]) if merging or erasing else {}
    accounts = await _read(reads.read_accounts, wanted_accounts(leads.values(), links), over.accounts)
    people = sorted(ruling.roster.limited)
    tallies = wanted_tallies(signals, [ruling.agreement, *(agreement for _, agreement in ruling.timeline)])
    ledger_keys = {*map(pool_key, ruling.roster.pools), *map(load_key, people), *tallies}
    ledgers = await _read(reads.read_ledgers, ledger_keys, over.ledgers)
    counts = over.open_leads if over.open_leads.keys() == set(people) else await reads.open_leads(people)
    withdrawn = set(wanted_withdrawals(links))
    withdrawals = dict.fromkeys(withdrawn, "") | await _read(reads.withdrawals, withdrawn, over.withdrawals)
    snapshot = Snapshot(
        links,
        leads,
        SharedState(accounts, ledgers, counts),
        waiting=waiting,
        links_of=links_of,
        withdrawals=withdrawals,
    )
    snapshot.rebase(over)
    return Identified(keys, links, sorted(wanted)), snapshot


async def look_up_links(reads: CachedReads | Batch, keys: Sequence[Key], over: Mapping[Key, str]) -> dict[Key, str]:
    """What the identities lead to, and what that leads to in turn."""
    links: dict[Key, str] = {}
    further = list(keys)
    while further:
        more = await reads.links(further) | {key: over[key] for key in further if key in over}
        links |= more
        further = [key for key in pointer_targets(more) if key not in links]
    return links


async def is_unchanged(tx: Batch, identified: Identified, rows: Mapping[str, LeadRow]) -> bool:
    """Locks the leads: whether they, and the identities that led to them, are as they were looked up."""
    if await tx.lock_leads(identified.leads) != {ident: row.version for ident, row in rows.items()}:
        return False
    if not _may_have_moved(identified.links, rows):
        return True
    return await look_up_links(tx, identified.keys, {}) == identified.links


def _may_have_moved(links: Mapping[Key, str], leads: Mapping[str, LeadRow]) -> bool:
    """Whether a merge, or its taking back, may have come between the look at identities and the lock of their leads. Nothing
    else moves an identity; one that another router links at the same time is a conflict when we write."""
    return bool(pointer_targets(links)) or any(row.disposition == "merged" for row in leads.values())


async def _read(ask: Callable[[Sequence[K]], Awaitable[dict[K, R]]], wanted: set[K], over: Mapping[K, R]) -> dict[K, R]:
    """Only what `over` does not say is asked for."""
    return await ask(sorted(wanted - over.keys())) | {name: over[name] for name in wanted & over.keys()}
