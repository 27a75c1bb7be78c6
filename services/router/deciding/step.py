"""One signal's step: the state that it is decided on, and what it comes to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from routing.lead.proof import is_outranked
from routing.model.envelope import Outgoing, Stamp
from routing.model.identity import shared_number_links
from routing.model.links import ERASED, Key
from routing.model.records import Decision, Lead
from routing.people.capacity import carrier
from schemas.envelope import instant
from schemas.events import LeadInLimbo, SlaBreached
from schemas.signals import Signal
from services.ports.rows import DeadLetter
from services.privacy.faults import Fault
from services.router.deciding.changes import Changes
from services.router.deciding.promises import Promises
from services.router.deciding.records import outbox_rows
from services.router.deciding.shared_state import load_key, pool_key
from services.router.deciding.snapshot import Snapshot
from services.router.deciding.writes import clock_row
from services.rules.ruling import Ruling


class Handling(NamedTuple):
    """How a batch is decided: with the `fault` for which its one signal cannot be committed; with at most so many `letters` a
    redrive, as many as usual where it is None."""

    fault: Fault | None = None
    letters: int | None = None


USUAL = Handling()


class BatchState:
    """What the signals of a batch are decided on, one after the other: what was read, what rules, and what was decided so far.
    `dependent_leads` are the leads with a decision that depends on shared rows; `letters` those that signals before made."""

    def __init__(self, snapshot: Snapshot, ruling: Ruling, now: datetime, epoch: int, *, handling: Handling) -> None:
        self.snapshot, self.shared = snapshot, snapshot.shared
        self.ruling, self.now, self.handling = ruling, now, handling
        self.stamp = Stamp(ruling.organisation, ruling.agreement.hash, instant(now), epoch)
        self.promises = Promises(snapshot.shared, now)
        self.dependent_leads: set[str] = set()
        self.letters: list[DeadLetter] = []

    def follow_agreement(self, signal: Signal) -> None:
        """A signal is decided under the agreement that was in force when it was received."""
        ruling = self.ruling.at(signal.received_at)
        if ruling is not self.ruling:
            self.ruling = ruling
            self.stamp = self.stamp._replace(agreement=ruling.agreement.hash)

    def is_dependent(self, lead_id: str | None) -> bool:
        """Whether what was decided on this lead may be decided again once shared rows are locked."""
        return lead_id in self.dependent_leads or lead_id in self.snapshot.tentative


class Step:
    """Each of its changes goes both to `changes`, which are written, and to the state, on which later signals are decided.
    `depends_on_shared` is set if the outcome could differ with other shared rows; `next_batch_must_wait` where it may concern
    all that follows, in later batches, too."""

    def __init__(self, state: BatchState) -> None:
        self.state, self.changes = state, Changes()
        self.depends_on_shared = self.next_batch_must_wait = False

    def put_lead(self, lead: Lead, signal: Signal) -> None:
        """The lead as it is now."""
        self.state.snapshot.put_lead(lead)
        self.changes.put_lead(lead, signal)

    def link(self, links: Mapping[Key, str]) -> None:
        """Identities that are new, or of somebody who was erased and comes back, and whose they are."""
        known = self.state.snapshot.links
        revived = {key for key in links if known.get(key, "").startswith(ERASED)}
        self.changes.links |= {key: who for key, who in links.items() if key not in revived}
        self.changes.revived |= {key: links[key] for key in revived}
        known |= links

    def relink(self, links: Mapping[Key, str]) -> None:
        """Identities that led elsewhere until now."""
        self.state.snapshot.links |= links
        self.changes.relinks |= links

    def set_waiting(self, where: Key, text: str) -> None:
        """What somebody withdrew by an identity that is nobody's, as it is stored; "" once nothing waits by it."""
        self.state.snapshot.withdrawals[where] = self.changes.withdrawals[where] = text

    def emit(self, events: Iterable[Outgoing]) -> None:
        """Events to send, in this order."""
        self.changes.outbox += outbox_rows(events)

    def apply(self, decision: Decision, signal: Signal) -> None:
        """All that a decision changes: its lead, its company, turns and loads, clocks, identities."""
        lead = decision.lead
        if lead is None:
            return
        before = self.state.snapshot.lead(lead.id)
        self._move_load(before, lead, decision)
        self.put_lead(lead, signal)
        self._keep_account(decision)
        self._keep_turns(decision)
        for clock in decision.clocks:
            self.changes.clocks[clock.id] = clock_row(clock, lead.partition_key, lead_id=lead.id, owner=lead.owner)
        self._count(decision)
        self._link_decided(before, lead, decision, signal)

    def _link_decided(self, before: Lead | None, lead: Lead, decision: Decision, signal: Signal) -> None:
        snapshot = self.state.snapshot
        linked: dict[Key, str] = {
            (link.brand, link.identity.kind, link.identity.digest): link.subject_id for link in decision.links
        }
        for where in linked.keys() & snapshot.withdrawals.keys():
            self.set_waiting(where, "")
        self.link(linked)
        if not is_outranked(lead, signal):
            self.link(shared_number_links(signal, lead.id, snapshot.links))
        handover = before.handover if before is not None else None
        if lead.handover is not None and (handover is None or handover.id != lead.handover.id):
            self.link({(lead.brand, "handover", lead.handover.id): lead.id})

    def _count(self, decision: Decision) -> None:
        for data, _ in decision.emissions:
            if isinstance(data, SlaBreached):
                self.changes.breaches.append(data)
            elif isinstance(data, LeadInLimbo):
                self.changes.limbo += 1

    def _keep_turns(self, decision: Decision) -> None:
        for ledger in decision.ledgers:
            self.state.shared.ledgers[ledger.pool] = self.changes.ledgers[ledger.pool] = ledger
            self.changes.ledger_keys.add(pool_key(ledger.pool))

    def _keep_account(self, decision: Decision) -> None:
        """A company of which nobody works a lead needs no row."""
        account, accounts = decision.account, self.state.shared.accounts
        if account is None:
            return
        before = accounts.get(account.id)
        has_changed = before is not account and bool(before or account.open or account.customers)
        if has_changed:
            accounts[account.id] = self.changes.accounts[account.id] = account
        if has_changed or decision.asked_account:
            self.changes.account_ids.add(account.id)

    def _move_load(self, before: Lead | None, after: Lead, decision: Decision) -> None:
        """Who has one open lead more or less now. Whoever was looked at is locked, so that no other router gives them one
        meanwhile."""
        loads = self.state.shared.loads
        self.changes.ledger_keys.update(map(load_key, decision.consulted))
        for load in decision.loads:
            loads[load.person] = self.changes.loads[load.person] = load
            self.changes.ledger_keys.add(load_key(load.person))
        old, new = carrier(before), carrier(after)
        if old == new:
            return
        for person, change in ((old, -1), (new, 1)):
            if person is not None and person in loads:
                loads[person] = loads[person].but(open=max(0, loads[person].open + change))
