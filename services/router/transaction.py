"""What one transaction of the router asks of the store, step by step: a look, a decision, and only then the locks.

Nothing is locked while signals are decided on. A batch may be decided on while the one before it is written, and look while
that one is decided on: what those leave stands over what the store says. Where leads are not as they were decided on once they
are locked, the batch is decided anew; where only what routers share has moved, only what leans on that is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

from pydantic import ValidationError

from routing.model.errors import RoutingError
from routing.model.identity import Key, pointer_targets
from schemas.certain import certain
from schemas.signals import Kind, Signal
from schemas.yamlfile import FileError
from services.ports.errors import Conflict, RulesUnreadable
from services.ports.rows import LeadRow, LedgerKey
from services.ports.signal_records import Incoming, next_attempt, record_of
from services.ports.store import Batch
from services.router.batch_decider import REDRIVEN, USUAL, Fold, Handling
from services.router.cached_reads import Asked
from services.router.snapshot import (
    NOTHING,
    Loaded,
    Overlay,
    row_of,
    row_of_pool,
    wanted_accounts,
    wanted_keys,
    wanted_leads,
    wanted_tallies,
)
from services.router.withdrawn import wanted_withdrawals
from services.rules.in_force import InForce, away_signals, read_changes, who_is_away, write_changes
from services.rules.publications import PublishedAgreements
from services.rules.ruling import Ruling

K = TypeVar("K", str, Key, LedgerKey)
R = TypeVar("R")
FEW = 200
"""Signals of which a batch is written in one go."""
PAGE = 500
"""Leads of somebody who went away that are read at once."""
AT_A_TIME = 10
"""Signals that are decided on without a pause, some milliseconds in which nothing else of the process goes on."""


class Look(NamedTuple):
    """By which identities leads were looked up, what those said, and which leads that may be about."""

    keys: Sequence[Key]
    links: Mapping[Key, str]
    leads: Sequence[str]


class Steps:
    """`topic` is where leads are told that their person is away."""

    def __init__(self, ruling: Callable[[], Ruling], topic: str) -> None:
        self._in_force, self._topic = InForce(ruling), topic
        self._published = PublishedAgreements()
        self._kept: str | None = None

    async def ruled(self, tx: Batch) -> tuple[Ruling, str | None]:
        """What rules this batch (which agreement rules a signal is chosen by when it was received), and the recorded changes of
        the roster. Raises RulesUnreadable."""
        changes = await tx.roster_changes()
        said = await tx.published()
        try:
            rows = await tx.agreements(self._published.missing(said))
            return self._published.follow(self._in_force(changes), said, rows), changes
        except (FileError, RoutingError, ValidationError) as error:
            raise RulesUnreadable(
                f"{type(error).__name__} in a published agreement or a change of the roster"
            ) from error

    async def follow_roster(self, tx: Batch, fold: Fold, changes: str | None, now: datetime) -> None:
        """The changes, the version that rules from now on, who has to hand back what."""
        roster, sheet = fold.ruling.roster, fold.sheet
        if sheet.roster_changes:
            await tx.put_roster_changes(write_changes((*read_changes(changes), *sheet.roster_changes)))
        if roster.version != self._kept:
            await tx.keep_roster(roster.version, roster.file.model_dump_json(by_alias=True), now)
            self._kept = roster.version
        for cause in sheet.away:
            await self._hand_back(tx, cause, now)
        await tx.spool([record_of(signal, self._topic) for signal in sheet.further])

    async def _hand_back(self, tx: Batch, cause: Signal, now: datetime) -> None:
        """Page by page: one person may have any number of leads."""
        after = ""
        while rows := await tx.owned_by(who_is_away(cause), after, PAGE):
            signals = away_signals(cause, rows, now)
            await tx.spool([record_of(signal, self._topic) for signal in signals])
            if len(rows) < PAGE:
                return
            after = rows[-1].id


async def fresh(tx: Batch, batch: Sequence[Incoming], now: datetime) -> list[Incoming]:
    """Without what was seen before, in this batch or an earlier one; what does not decode passes. A fact that has no id of
    its own enters the id that a repetition has in the next window, too: no border parts the two."""
    known = {(i.signal.id, i.signal.attempt): i for i in reversed(batch) if i.signal is not None}
    new = await tx.fresh(list(known), now)
    taken: set[str] = set()
    found: list[Incoming] = []
    for incoming in batch:
        if incoming.signal is None:
            found.append(incoming)
        elif _first(incoming, known, new) and incoming.signal.id not in taken:
            found.append(incoming)
            if incoming.signal.next_window_id is not None:
                taken.add(incoming.signal.next_window_id)
    if taken:
        await tx.fresh([(ident, 0) for ident in sorted(taken)], now)
    return found


def _first(incoming: Incoming, known: dict[tuple[str, int], Incoming], new: set[tuple[str, int]]) -> bool:
    signal = certain(incoming.signal, "what does not decode was set aside before")
    identity = (signal.id, signal.attempt)
    return identity in new and known[identity] is incoming


async def look(tx: Asked, batch: Sequence[Incoming], ruling: Ruling, over: Overlay) -> tuple[Look, Loaded]:
    """All that the batch may need, as it is now and as `over` leaves it. Nothing is locked."""
    redriven = [i.signal.lead_id for i in batch if i.signal and i.signal.kind == Kind.LEAD_REDRIVE and i.signal.lead_id]
    waiting = await tx.waiting(redriven, REDRIVEN + 1) if redriven else []
    signals = [i.signal for i in batch if i.signal is not None] + list(filter(None, map(next_attempt, waiting)))
    keys = wanted_keys(signals)
    links = await _links(tx, keys, over.links)
    wanted = wanted_leads(signals, links)
    leads = await _read(tx.read_leads, wanted, over.leads)
    merging = sorted({signal.other_lead_id for signal in signals if signal.other_lead_id})
    links_of = await tx.links_of(merging) if merging else {}
    accounts = await _read(tx.read_accounts, wanted_accounts(leads.values(), links), over.accounts)
    people = sorted(ruling.roster.limited)
    tallies = wanted_tallies(signals, [ruling.agreement, *(agreement for _, agreement in ruling.timeline)])
    pools = {*map(row_of_pool, ruling.roster.pools), *map(row_of, people), *tallies}
    ledgers = await _read(tx.read_ledgers, pools, over.ledgers)
    opens = over.opens if over.opens.keys() == set(people) else await tx.open_leads(people)
    waited = set(wanted_withdrawals(links))
    withdrawals = dict.fromkeys(waited, "") | await _read(tx.withdrawals, waited, over.withdrawals)
    loaded = Loaded(
        links=links,
        leads=leads,
        accounts=accounts,
        ledgers=ledgers,
        waiting=waiting,
        opens=opens,
        links_of=links_of,
        withdrawals=withdrawals,
    )
    loaded.stand_on(over)
    return Look(keys, links, sorted(wanted)), loaded


async def _read(ask: Callable[[Sequence[K]], Awaitable[dict[K, R]]], wanted: set[K], over: Mapping[K, R]) -> dict[K, R]:
    """Only what `over` does not say is asked for."""
    return await ask(sorted(wanted - over.keys())) | {name: over[name] for name in wanted & over.keys()}


async def _links(tx: Asked | Batch, keys: Sequence[Key], over: Mapping[Key, str]) -> dict[Key, str]:
    links: dict[Key, str] = {}
    further = list(keys)
    while further:
        found = await tx.links(further) | {key: over[key] for key in further if key in over}
        links |= found
        further = [key for key in pointer_targets(found) if key not in links]
    return links


async def decided(
    tx: Asked,
    batch: Sequence[Incoming],
    ruling: Ruling,
    now: datetime,
    epoch: int,
    over: Overlay = NOTHING,
    handling: Handling = USUAL,
) -> tuple[Look, Fold]:
    """With pauses, in which other batches are written and looked up, and the log is told that we are there."""
    seen, loaded = await look(tx, batch, ruling, over)
    fold = Fold(loaded, ruling, now, epoch, handling=handling)
    for at in range(0, len(batch), AT_A_TIME):
        fold.run(batch[at : at + AT_A_TIME])
        await asyncio.sleep(0)
    return seen, fold


def moved_on(fold: Fold, below: Overlay, said: Fold, came: Fold) -> bool:
    """Tells the fold, decided on what `said` leaves over what is `below`, that `came` was committed in its place. False where
    that is another one in more than what leans on what routers share."""
    old, new = said.overlay(), came.overlay()
    if not said.shares(came) or new.leads.keys() != old.leads.keys():
        return False
    if new.links != old.links or new.withdrawals != old.withdrawals:
        return False
    fold.stand_on(below.under(new))
    return True


async def locked(tx: Batch, fold: Fold, seen: Look) -> bool:
    """Whether the batch's leads, locked now, are as they were decided on."""
    rows = fold.loaded.rows
    if await tx.lock_leads(seen.leads) != {ident: row.version for ident, row in rows.items()}:
        return False
    return not _may_have_moved(seen.links, rows) or await _links(tx, seen.keys, {}) == seen.links


def _may_have_moved(links: Mapping[Key, str], leads: Mapping[str, LeadRow]) -> bool:
    """Whether a merge, or its taking back, may have come between the look at identities and the lock of their leads. Nothing
    else moves an identity; one that another router links at the same time is a conflict when we write."""
    return bool(pointer_targets(links)) or any(row.disposition == "merged" for row in leads.values())


async def written(tx: Batch, fold: Fold, count: int) -> Fold:
    """What leans on nothing shared first, so that what is shared is locked for as short a time as can be; of few signals all at
    once, since statements are what costs. Returns what was written in the end; raises Conflict where that links other
    identities."""
    if count < FEW:
        done = await settled(tx, fold)
        await tx.write(done.writes())
        return done
    await tx.write(fold.sure())
    done = await settled(tx, fold)
    if done.links != fold.links or done.withdrawals != fold.withdrawals:
        raise Conflict("identities came out otherwise")
    await tx.write(done.rest())
    return done


async def settled(tx: Batch, fold: Fold) -> Fold:
    """Locks in one order (companies, then ledgers), so that routers never wait in a ring; where another router moved
    something between our look and our lock, what leans on it is decided on anew."""
    people = sorted(fold.loaded.opens)
    while fold.touched_accounts or fold.touched_pools or fold.outdated:
        held = fold.touched_accounts, fold.touched_pools
        accounts = await tx.lock_accounts(sorted(held[0]))
        ledgers = await tx.lock_ledgers(sorted(held[1]))
        opens = await tx.open_leads(people) if not held[1].isdisjoint(map(row_of, people)) else fold.loaded.opens
        if not fold.outdated and not fold.loaded.moved(accounts, ledgers, opens):
            break
        fold = fold.again(accounts, ledgers, opens)
        if fold.touched_accounts <= held[0] and fold.touched_pools <= held[1]:
            break
    return fold
