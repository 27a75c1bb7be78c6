"""One transaction of the router: a class whose methods are its phases, in the order in which they run.

Nothing is locked while signals are decided on. A batch may be decided while the one before it is written, and look up what it
needs while that one is decided: what that one leaves lies over what the store says. Where leads are not as they were decided on
once they are locked, the batch is decided again; where only what routers share has moved, only what depends on that is.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime

from schemas.certain import certain
from services.ports.errors import Conflict
from services.ports.signal_records import Incoming
from services.ports.store import Batch
from services.router.cached_reads import CachedReads
from services.router.deciding.batch_decider import BatchDecider
from services.router.deciding.shared_state import load_key
from services.router.deciding.snapshot import NOTHING, Overlay
from services.router.deciding.step import USUAL, Handling
from services.router.inbox import claim_new_signals
from services.router.look_up import Identified, is_unchanged, look_up
from services.router.ruling_in_store import RulingInStore
from services.rules.ruling import Ruling

FEW = 200
"""Signals of which a batch is written in one go."""
AT_A_TIME = 10
"""Signals that are decided on without a pause, some milliseconds in which nothing else of the process goes on."""


class BatchTransaction:
    """`tx` is open, and whoever opened it ends it. What happens on kill -9 in any phase: nothing of it happened."""

    def __init__(self, tx: Batch, batch: Sequence[Incoming], now: datetime, handling: Handling = USUAL) -> None:
        self._tx, self._now, self._handling = tx, now, handling
        self.signals: Sequence[Incoming] = batch
        self._reads = CachedReads(tx)
        self._ruling: Ruling | None = None
        self._roster_changes: str | None = None
        self._epoch = 0
        self._identified: Identified | None = None
        self._decider: BatchDecider | None = None

    @property
    def decider(self) -> BatchDecider:
        """What was decided last."""
        return certain(self._decider, "the batch was decided")

    async def claim_new_signals(self) -> None:
        """Leaves out what was seen before."""
        self.signals = await claim_new_signals(self._tx, self.signals, self._now)

    async def read_ruling(self, rules: RulingInStore) -> None:
        """What rules the batch. Raises RulesUnreadable."""
        self._ruling, self._roster_changes = await rules.read(self._tx)

    async def look_up_early(self) -> None:
        """Reads what the batch needs while the one before it is still decided; what is read now is not read again."""
        await look_up(self._reads, self.signals, certain(self._ruling, "rules were read"), NOTHING)

    def forget_reads(self) -> None:
        """The batch before it may have changed anything: all is read again."""
        self._reads = CachedReads(self._tx)

    async def decide(self, epoch: int, over: Overlay = NOTHING) -> None:
        """Looks up identities and states, and decides on each signal upon them and what `over` leaves, with pauses in which other
        batches are written and looked up, and the log is told that we are there."""
        self._epoch, ruling = epoch, certain(self._ruling, "rules were read")
        self._identified, snapshot = await look_up(self._reads, self.signals, ruling, over)
        self._decider = BatchDecider(snapshot, ruling, self._now, epoch, handling=self._handling)
        for at in range(0, len(self.signals), AT_A_TIME):
            self._decider.decide(self.signals[at : at + AT_A_TIME])
            await asyncio.sleep(0)

    def rebase(self, left_before: Overlay, expected: BatchDecider, committed: BatchDecider) -> bool:
        """The previous batch was assumed to come out as `expected`, and was `committed`, upon what was `left_before`. False if they
        differ in more than what depends on shared rows: decide this one again."""
        old, new = expected.overlay(), committed.overlay()
        if not expected.differs_in_dependent_only(committed) or new.leads.keys() != old.leads.keys():
            return False
        if new.links != old.links or new.withdrawals != old.withdrawals:
            return False
        self.decider.rebase(left_before.followed_by(new))
        return True

    async def lock_leads_if_unchanged(self) -> bool:
        """Whether the batch's leads, locked now, are as they were decided on."""
        identified = certain(self._identified, "identities were looked up")
        return await is_unchanged(self._tx, identified, self.decider.state.snapshot.rows)

    async def lock_leads(self, *, is_valid: bool) -> None:
        """Locks the leads, and decides again if they are not as they were decided on, or if `is_valid` is false."""
        while not (is_valid and await self.lock_leads_if_unchanged()):
            self.forget_reads()
            await self.decide(self._epoch)
            is_valid = True

    async def lock_shared_and_redecide(self) -> None:
        """Locks in one order (accounts, then ledgers), so that routers never wait in a ring; where another router moved something
        between our look and our lock, what depends on it is decided again."""
        decider, people = self.decider, sorted(self.decider.state.shared.open_leads)
        while decider.account_ids or decider.ledger_keys or decider.is_outdated:
            account_ids, ledger_keys = decider.account_ids, decider.ledger_keys
            accounts = await self._tx.lock_accounts(sorted(account_ids))
            ledgers = await self._tx.lock_ledgers(sorted(ledger_keys))
            counts = decider.state.shared.open_leads
            if not ledger_keys.isdisjoint(map(load_key, people)):
                counts = await self._tx.open_leads(people)
            if not decider.is_outdated and not decider.state.shared.differs_from(accounts, ledgers, counts):
                break
            decider = decider.redecide(accounts, ledgers, counts)
            if decider.account_ids <= account_ids and decider.ledger_keys <= ledger_keys:
                break
        self._decider = decider

    async def write(self) -> None:
        """What depends on nothing shared first, so that what is shared is locked for as short a time as can be; of few signals all
        at once, since statements are what costs. Raises Conflict where what is shared made identities come out otherwise."""
        if len(self.signals) < FEW:
            await self.lock_shared_and_redecide()
            await self._tx.write(self.decider.writes())
            return
        first = self.decider
        await self._tx.write(first.independent_writes())
        await self.lock_shared_and_redecide()
        then = self.decider.result
        if (
            then.links != first.result.links
            or then.revived_links != first.result.revived_links
            or then.withdrawals != first.result.withdrawals
        ):
            raise Conflict("identities came out otherwise")
        await self._tx.write(self.decider.dependent_writes())

    async def follow_roster(self, rules: RulingInStore) -> None:
        """Writes what the batch changed of the roster, and asks those who went away to hand back."""
        await rules.follow_roster(self._tx, self.decider, self._roster_changes, self._now)
