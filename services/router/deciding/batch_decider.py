"""A batch decided in memory, one signal after the other. Nothing here touches the world.

Leads, accounts, ledgers and links come in as the transaction read them; what changed goes out as rows. A signal whose
decision fails is set aside and its lead held, so that the lead's later signals queue behind it in order.

Pools, people's loads, promises and accounts are shared with other routers. A signal depends on them when its decision looked
at one or changes one, and so does everything later about its lead. What depends on none holds whatever other routers did
meanwhile; only the rest is decided again where one of the shared rows had moved.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, Self

from routing.model.identity import keys_of
from routing.model.links import Key, pointer_targets
from schemas.signals import Signal
from services.ports.rows import AccountRow, LedgerKey, LedgerRow, WithdrawalChange, Writes
from services.ports.signal_records import Incoming
from services.router.deciding.changes import Changes
from services.router.deciding.kinds import concerns_one_lead
from services.router.deciding.many_leads import decide_about_many_leads
from services.router.deciding.one_lead import decide_about_one_lead
from services.router.deciding.setting_aside import give_up, set_aside
from services.router.deciding.snapshot import Overlay, Snapshot
from services.router.deciding.step import USUAL, BatchState, Handling, Step
from services.router.deciding.withdrawn import changes as withdrawal_changes
from services.router.deciding.writes import link_rows, writes_of
from services.rules.ruling import Ruling


class BatchResult(NamedTuple):
    """What a batch comes to: what depends on nothing shared, and the rest."""

    independent: Changes
    dependent: Changes

    @property
    def all(self) -> Changes:
        return self.independent.followed_by(self.dependent)

    @property
    def links(self) -> dict[Key, str]:
        """Identities that are new, and whose they are."""
        return self.independent.links | self.dependent.links

    @property
    def revived_links(self) -> dict[Key, str]:
        """Identities of people who were erased and came back, and whose they are."""
        return self.independent.revived | self.dependent.revived

    @property
    def withdrawals(self) -> dict[Key, str]:
        """What waits by identities that are nobody's, of those that the batch touched."""
        return self.independent.withdrawals | self.dependent.withdrawals


class BatchDecider:
    """`decide` takes the signals, in one go or in parts; then `result` says what they come to and the `writes` give it as rows.
    `independent` is what was already decided for good before a `redecide`. `next_batch_must_wait` is true once a signal came that may concern all
    that follows, in later batches, too; `is_outdated` where what depends on shared rows is to be decided again in any case."""

    def __init__(
        self,
        snapshot: Snapshot,
        ruling: Ruling,
        now: datetime,
        epoch: int,
        *,
        handling: Handling = USUAL,
        independent: Changes | None = None,
    ) -> None:
        self.state = BatchState(snapshot, ruling, now, epoch, handling=handling)
        self.result = BatchResult(independent or Changes(), Changes())
        self.next_batch_must_wait = self.is_outdated = False
        self._ruling_before, self._epoch = ruling, epoch
        self._all_depend = independent is not None
        self._dependent_signals: list[Incoming] = []
        self._keys_read: set[Key] = set()
        self._independent_writes: Writes | None = None
        self._dependent_writes: Writes | None = None
        self._overlay: Overlay | None = None

    def decide(self, batch: Iterable[Incoming]) -> None:
        """Each signal in its order; none stops the others."""
        for incoming in batch:
            step = self.begin_step()
            self._decide_one(step, incoming)
            self._take(step, incoming)

    def begin_step(self) -> Step:
        """A step upon all that was decided before."""
        return Step(self.state)

    def redecide(
        self, accounts: Mapping[str, AccountRow], ledgers: Mapping[LedgerKey, LedgerRow], open_leads: Mapping[str, int]
    ) -> Self:
        """What depends on shared rows, decided again on these; what depends on none stays as it was decided."""
        state, independent = self.state, self.result.independent
        shared = state.shared.replaced_by(accounts, ledgers, open_leads)
        other = type(self)(
            state.snapshot.with_shared(shared, independent),
            self._ruling_before,
            state.now,
            self._epoch,
            handling=state.handling,
            independent=independent,
        )
        other.decide(self._dependent_signals)
        return other

    def rebase(self, over: Overlay) -> None:
        """Takes over what the batch before this one left in the end; what depends on shared rows has to be decided again."""
        self.state.snapshot.rebase(over)
        self.is_outdated = True

    def differs_in_dependent_only(self, other: BatchDecider) -> bool:
        """Whether they differ at most in what depends on shared rows: one was made of the other by `redecide`."""
        return self.result.independent is other.result.independent

    @property
    def ledger_keys(self) -> set[LedgerKey]:
        """Rows of ledgers, loads and tallies that were looked at or moved."""
        return self.result.dependent.ledger_keys | self.state.promises.asked

    @property
    def account_ids(self) -> set[str]:
        """Accounts whose owners were looked at or changed."""
        return self.result.dependent.account_ids

    def writes(self) -> Writes:
        """All that the batch comes to, as rows."""
        state = self.state
        rows = writes_of(self.result.all, state.promises, state.snapshot.rows, state.now)
        return rows._replace(withdrawals=self._withdrawal_changes())

    def independent_writes(self) -> Writes:
        """What depends on nothing shared, and every link and withdrawal that waits, once each signal was decided: it may be written
        before what is shared is locked."""
        if self._independent_writes is None:
            rows = writes_of(self.result.independent, None, self.state.snapshot.rows, self.state.now)
            self._independent_writes = rows._replace(
                links=link_rows(self.result.links),
                revived=link_rows(self.result.revived_links),
                withdrawals=self._withdrawal_changes(),
            )
        return self._independent_writes

    def dependent_writes(self) -> Writes:
        """What depends on something shared, which is written after it."""
        if self._dependent_writes is None:
            state = self.state
            before = state.snapshot.rows | {row.id: row for row in self.independent_writes().leads}
            rows = writes_of(self.result.dependent, state.promises, before, state.now)
            self._dependent_writes = rows._replace(links=(), revived=())
        return self._dependent_writes

    def overlay(self) -> Overlay:
        """What the batch leaves, for the one after it."""
        if self._overlay is None:
            first, then, shared = self.independent_writes(), self.dependent_writes(), self.state.shared
            self._overlay = Overlay(
                leads={row.id: row for row in (*first.leads, *then.leads)},
                models=self.result.independent.leads | self.result.dependent.leads,
                accounts={**shared.account_rows, **{row.id: row for row in (*first.accounts, *then.accounts)}},
                ledgers={**shared.ledger_rows, **{row.key: row for row in then.ledgers}},
                open_leads={person: load.open for person, load in shared.loads.items()},
                links=self.result.links
                | self.result.revived_links
                | self.result.independent.relinks
                | self.result.dependent.relinks,
                tentative=frozenset(self.result.dependent.leads),
                withdrawals={**self.state.snapshot.withdrawals_read, **self.result.withdrawals},
            )
        return self._overlay

    def _decide_one(self, step: Step, incoming: Incoming) -> None:
        signal, fault = incoming.signal, self.state.handling.fault
        if signal is None:
            reason = incoming.fault or "undecodable"
            set_aside(step, incoming, None, state="dead", reason=reason, error="Undecodable")
            return
        self.state.follow_agreement(signal)
        if fault is not None:
            give_up(step, incoming, signal, fault)
        elif concerns_one_lead(signal):
            decide_about_one_lead(step, incoming, signal)
        else:
            # It may concern anything that comes after it.
            self._all_depend = step.next_batch_must_wait = True
            self.state.letters = [*self.result.independent.dead, *self.result.dependent.dead]
            decide_about_many_leads(step, incoming, signal)

    def _take(self, step: Step, incoming: Incoming) -> None:
        self.next_batch_must_wait |= step.next_batch_must_wait
        if not (step.depends_on_shared or self._all_depend or self._moves_what_was_read(step)):
            self.result.independent.add(step.changes)
            return
        self.result.dependent.add(step.changes)
        self.state.dependent_leads |= step.changes.leads.keys()
        self._dependent_signals.append(incoming)
        if incoming.signal is not None:
            self._keys_read |= self._keys_of(incoming.signal)

    def _moves_what_was_read(self, step: Step) -> bool:
        """Whether it links an identity by which a dependent signal before it looked for its lead: were that one decided again
        after this one, it would see what came later."""
        moved = step.changes.links.keys() | step.changes.relinks.keys() | step.changes.revived.keys()
        return not self._keys_read.isdisjoint(moved)

    def _keys_of(self, signal: Signal) -> set[Key]:
        """The identities of the signal, and those that these lead to."""
        links, keys, further = self.state.snapshot.links, set[Key](), list(keys_of(signal))
        while further:
            keys.update(further)
            further = [key for key in pointer_targets({k: links[k] for k in further if k in links}) if key not in keys]
        return keys

    def _withdrawal_changes(self) -> list[WithdrawalChange]:
        return withdrawal_changes(self.result.withdrawals, self.state.snapshot.withdrawals_read, self.state.now)
