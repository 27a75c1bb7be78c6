"""The fold: `decide` over the signals of a batch, in memory. Nothing here touches the world.

Leads, accounts, ledgers and links come in as the transaction read them; what changed goes out as rows. A signal whose
decision fails is set aside and its lead held, so that the lead's later signals queue behind it in order.

A signal leans on what other routers share when its decision looked at it or changes it, and so does everything later about
its lead. Those have a sheet of their own (`services.router.writes`), so that `again` decides on no others.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from routing.decide import decide
from routing.draft import Context
from routing.lead.companies import names_of_company, own_account
from routing.lead.proof import is_outranked
from routing.model.contradictions import addresses_by, new_address, with_gathered
from routing.model.envelope import Stamp, about, seal
from routing.model.identity import (
    BARRED,
    WAITING,
    Key,
    Resolution,
    key,
    match_evidence,
    new_account_links,
    pointer_to_lead,
    pointers,
    resolve,
    shared_number_links,
    without_strangers,
)
from routing.model.ids import derive
from routing.model.records import Account, Decision, Emission, Lead, Link
from routing.people.capacity import carrier
from routing.people.roster_changes import ChangeRefused, is_gone
from routing.upkeep.merging import join
from schemas.envelope import instant
from schemas.events import LeadHeld, LeadInLimbo, LeadPartingProposed, LeadReleased, SlaBreached
from schemas.fates import Reason
from schemas.roster import RosterChange
from schemas.signals import IdentityKey, Kind, Signal
from services.ports.rows import AccountRow, DeadLetter, LedgerKey, LedgerRow, OutboxRow, WithdrawalChange, Writes
from services.ports.signal_records import Incoming, dead_letter, forms, halves, next_attempt
from services.privacy.discretion import without_names
from services.privacy.faults import Fault, place_of
from services.router.promises import Promises
from services.router.records import history, outbox_rows
from services.router.snapshot import Loaded, Overlay, due_promise, row_of, row_of_pool
from services.router.withdrawn import changes, text_of, waiting_for
from services.router.writes import JOINING, Sheet, clock_row, link_rows, of_one_lead, writes_of
from services.rules.approvals import ApprovalRefused, approval_of
from services.rules.in_force import changed
from services.rules.ruling import Ruling

REDRIVEN = 100
"""Letters of a lead that one redrive gives another try; further ones wait for the next transaction, for nobody knows how many
signals queued meanwhile."""


class Handling(NamedTuple):
    """How a batch is folded: with the `fault` for which its one signal cannot be committed; with at most so many letters a
    redrive, REDRIVEN where it is not said."""

    fault: Fault | None = None
    letters: int | None = None


USUAL = Handling()


class Fold:
    """One pass over one batch. `writes()` gives the rows; `touched_pools` and `touched_accounts` name what must be locked
    for them. `free` is what another pass found that leans on nothing shared. `beyond_one` is true once a signal came that may
    concern all that follows, in later batches, too; `outdated` where what leans is to be decided anew in any case."""

    def __init__(
        self,
        loaded: Loaded,
        ruling: Ruling,
        now: datetime,
        epoch: int,
        free: Sheet | None = None,
        handling: Handling = USUAL,
    ) -> None:
        self.loaded, self.ruling, self.now, self._handling = loaded, ruling, now, handling
        self.stamp = Stamp(ruling.organisation, ruling.agreement.hash, instant(now), epoch)
        self._from = ruling, epoch
        self._free, self._leaning = free or Sheet(), Sheet()
        self._sheet = self._free
        self._all_lean = free is not None
        self._leaners: list[Incoming] = []
        self.beyond_one = self.outdated = False
        self._sure: Writes | None = None
        self._rest: Writes | None = None
        self._left: Overlay | None = None
        self._promises = Promises(loaded, now)

    def run(self, batch: Iterable[Incoming]) -> None:
        """Each signal in its order; none stops the others."""
        for incoming in batch:
            self._sheet = self._leaning if self._all_lean else self._free
            self._hear(incoming)
            if self._sheet is self._leaning:
                self._leaners.append(incoming)

    def again(
        self, accounts: Mapping[str, AccountRow], ledgers: Mapping[LedgerKey, LedgerRow], opens: Mapping[str, int]
    ) -> Fold:
        """What depends on shared rows, decided again on these; what depends on none stays as it was decided."""
        ruling, epoch = self._from
        free = self._free
        loaded = self.loaded.with_shared(
            accounts, ledgers, opens=opens, leads=free.leads, links=free.links, withdrawals=free.withdrawals
        )
        other = type(self)(loaded, ruling, self.now, epoch, self._free, self._handling)
        other.run(self._leaners)
        return other

    def _hear(self, incoming: Incoming) -> None:
        signal = incoming.signal
        if signal is None:
            self._set_aside(incoming, None, state="dead", reason=incoming.fault or "undecodable", error="Undecodable")
            return
        self._switch(signal)
        if self._handling.fault is not None:
            self._give_up(incoming, signal, self._handling.fault)
        elif of_one_lead(signal):
            self._judge(incoming, signal)
        else:
            # It may concern anything that comes after it.
            self._all_lean, self._sheet, self.beyond_one = True, self._leaning, True
            self._hear_beyond_one(incoming, signal)

    def _hear_beyond_one(self, incoming: Incoming, signal: Signal) -> None:
        if signal.kind == Kind.LEAD_REDRIVE:
            self._redrive(incoming, signal)
        elif signal.roster is not None:
            self._change_roster(signal, signal.roster)
        elif signal.kind == Kind.PERIOD_BEGUN or due_promise(signal) is not None:
            self._promise(signal)
        elif signal.kind == Kind.AGREEMENT_APPROVED:
            self._approve(signal)
        else:
            self._join(incoming, signal)

    def _switch(self, signal: Signal) -> None:
        """A signal is decided under the agreement that was in force when it was received."""
        ruling = self.ruling.at(signal.received_at)
        if ruling is not self.ruling:
            self.ruling = ruling
            self.stamp = self.stamp._replace(agreement=ruling.agreement.hash)

    def shares(self, other: Fold) -> bool:
        """Whether they differ at most in what leans on shared rows: one was made of the other by `again`."""
        return self._free is other._free

    def stand_on(self, over: Overlay) -> None:
        """The batch before this one came out as `over`, not as it was when this was decided: what leans is to be decided
        anew."""
        self.loaded.stand_on(over)
        self.outdated = True

    def writes(self) -> Writes:
        """All that the batch comes to, as rows."""
        rows = writes_of(self.sheet, self._promises, self.loaded.rows, self.now)
        return rows._replace(withdrawals=self._withdrawal_changes())

    def sure(self) -> Writes:
        """What depends on nothing shared, and every link and withdrawal that waits, once each signal was heard: it may be written before
        what is shared is locked."""
        if self._sure is None:
            rows = writes_of(self._free, None, self.loaded.rows, self.now)
            self._sure = rows._replace(links=link_rows(self.links), withdrawals=self._withdrawal_changes())
        return self._sure

    def rest(self) -> Writes:
        """What leans on something shared, which is written after it."""
        if self._rest is None:
            before = self.loaded.rows | {row.id: row for row in self.sure().leads}
            self._rest = writes_of(self._leaning, self._promises, before, self.now)._replace(links=())
        return self._rest

    def _withdrawal_changes(self) -> list[WithdrawalChange]:
        return changes(self.withdrawals, self.loaded.withdrawals_read, self.now)

    @property
    def withdrawals(self) -> dict[Key, str]:
        """What waits by identities that are nobody's, of those that the batch touched."""
        return self._free.withdrawals | self._leaning.withdrawals

    @property
    def links(self) -> dict[Key, str]:
        """Identities that are new, and whose they are."""
        return self._free.links | self._leaning.links

    def overlay(self) -> Overlay:
        """For the batch after this one."""
        if self._left is None:
            sure, rest, loaded = self.sure(), self.rest(), self.loaded
            self._left = Overlay(
                leads={row.id: row for row in (*sure.leads, *rest.leads)},
                models=self._free.leads | self._leaning.leads,
                accounts={**loaded.account_rows, **{row.id: row for row in (*sure.accounts, *rest.accounts)}},
                ledgers={**loaded.ledger_rows, **{row.key: row for row in rest.ledgers}},
                opens={person: load.open for person, load in loaded.loads.items()},
                links=self.links,
                tentative=frozenset(self._leaning.leads),
                withdrawals={**loaded.withdrawals_read, **self.withdrawals},
            )
        return self._left

    @property
    def sheet(self) -> Sheet:
        """All that the batch comes to."""
        return self._free.under(self._leaning)

    @property
    def touched_pools(self) -> set[LedgerKey]:
        """Rows of ledgers, loads and tallies that were looked at or moved."""
        return self._leaning.pools | self._promises.asked

    @property
    def touched_accounts(self) -> set[str]:
        """Companies whose owners were looked at or changed."""
        return self._leaning.companies

    def _change_roster(self, signal: Signal, change: RosterChange) -> None:
        """From the next signal of the batch on the roster is another; who is away now hands back what they hold."""
        before = self.ruling
        try:
            self.ruling = changed(before, signal, change)
        except ChangeRefused as refused:
            self._note(signal, before, note=f"refused: {refused}", outcome="recorded", reason=refused.reason)
            return
        self._sheet.roster_changes.append(change)
        if is_gone(change, self.now):
            self._sheet.away.append(signal)
        self._note(signal, before, "", "changed")

    def _approve(self, signal: Signal) -> None:
        """One side approves a version of the agreement; the right to it is looked at once more."""
        try:
            row = approval_of(signal, self.ruling)
        except ApprovalRefused as refused:
            self._note(signal, self.ruling, note=f"refused: {refused}", outcome="recorded", reason="cannot_approve")
            return
        self._sheet.approvals.append(row)
        self._note(signal, self.ruling, f"{row.person} approves {row.hash[:12]} for {row.side}", "changed")

    def _note(
        self,
        signal: Signal,
        before: Ruling,
        note: str,
        outcome: Literal["changed", "recorded"],
        reason: Reason | None = None,
    ) -> None:
        evidence = {"roster": [before.roster.version, self.ruling.roster.version]}
        nobody = Decision(lead=None, outcome=outcome, note=note, evidence=evidence, reason=reason)
        self._sheet.history.append(history(signal, None, decision=nobody, ruling=before, now=self.now))

    def _judge(self, incoming: Incoming, signal: Signal) -> bool:
        """True where the signal was decided on; False where it was set aside."""
        found = self._found(signal)
        lead_id = signal.clock.lead_id if signal.clock else found.lead_id
        lead = self.loaded.lead(lead_id)
        if any(self._leans_already(one) for one in (lead_id, *found.looked_at)):
            self._sheet = self._leaning
        if lead is not None and (nameless := without_names(signal, lead.personal.person)) is not signal:
            signal, incoming = nameless, incoming._replace(signal=nameless, halves=None)
        if lead is not None and lead.held:
            self._set_aside(
                incoming, lead, state="queued", reason="waits behind a dead letter of its lead", error="Held"
            )
            return False
        told, meant = self._suspect(signal, found), without_strangers(signal, found)
        if meant is not signal and incoming.halves is None:
            incoming = incoming._replace(halves=halves(signal))
        return self._try(incoming, meant, lead=lead, found=found, before=told)

    def _found(self, signal: Signal) -> Resolution:
        """Whom the signal is about; accounts of a system that it is the first to tell of are known from now on."""
        met = new_account_links(signal, self.loaded.links) if signal.mode != "test" else {}
        self._link(met)
        return resolve(signal, self.loaded.links, self.loaded.lead)

    def _link(self, links: Mapping[Key, str]) -> None:
        self.loaded.links |= links
        self._sheet.links |= links

    def _leans_already(self, lead_id: str | None) -> bool:
        return lead_id in self._leaning.leads or lead_id in self.loaded.tentative

    def _suspect(self, signal: Signal, found: Resolution) -> int:
        """An id that came with another person's address is remembered with its lead; one that did so too often names nobody from
        now on, and what it brought together is proposed to be parted. Returns how many events that came to."""
        address, told = new_address(signal), 0
        for suspect in found.suspects if signal.mode != "test" else ():
            lead = self.loaded.lead(suspect.lead_id)
            if lead is None or address is None or not suspect.noted:
                continue
            lead = lead.but(gathered=with_gathered(lead, suspect.identity, address), version=lead.version + 1)
            self._put(lead, signal)
            if suspect.barred:
                self._bar(signal, lead, suspect.identity, told)
                told += 1
        return told

    def _bar(self, signal: Signal, lead: Lead, identity: IdentityKey, before: int) -> None:
        where = key(signal, identity)
        self._sheet.relinks[where] = self.loaded.links[where] = f"{BARRED}{identity.digest}"
        self.beyond_one = True
        said = LeadPartingProposed(
            mode=signal.mode,
            kind=identity.kind,
            references=tuple(r for r in signal.references if r.object == "person"),
            addresses=addresses_by(lead, identity),
            merged=tuple(other.lead_id for other in lead.merged),
        )
        told = lead.but(sequence=lead.sequence + 1)
        self._put(told, signal)
        self._sheet.outbox += outbox_rows(
            seal((Emission(said, self.now),), about(told), signal=signal, stamp=self.stamp, before=before)
        )

    def _promise(self, signal: Signal) -> None:
        """A volume promise begins to be measured, or its clock falls due."""
        told = self._promises.hear(signal, self.ruling, self.stamp)
        self._sheet.outbox += outbox_rows(told.outgoing)
        self._note(signal, self.ruling, told.note, "changed" if told.outgoing else "recorded")

    def _join(self, incoming: Incoming, signal: Signal) -> bool:
        """Two leads at once: both were locked, and every identity of the other one leads to the right one afterwards. False
        where the signal was set aside."""
        kept, gone = self.loaded.lead(signal.lead_id), self.loaded.lead(signal.other_lead_id)
        if kept is None or gone is None:
            self._note(
                signal,
                self.ruling,
                note="refused: one of the two leads is not there",
                outcome="recorded",
                reason="cannot_merge",
            )
            return True
        nobody = Resolution(lead_id=None, others=(), account_id=None, unlinked=(), unlinked_account=())
        try:
            contexts = self._context(signal, kept, nobody), self._context(signal, gone, nobody)
            joined = join(kept, gone, signal, contexts)
            told = [decision for decision in joined if decision is not None]
            rows = [
                history(signal, d.lead.id if d.lead else None, decision=d, ruling=self.ruling, now=self.now)
                for d in told
            ]
            outgoing = self._sealed(told[0], signal)
            outgoing += self._sealed(told[1], signal, len(outgoing)) if len(told) > 1 else []
        except Exception as error:  # noqa: BLE001 - a defect of ours for this one signal: it is set aside, and seen
            self._set_aside(incoming, kept, state="dead", reason=place_of(error), error=type(error).__name__)
            return False
        for decision in told:
            self._apply(decision, signal)
        if joined.gone is not None:
            self._relink(gone, kept if signal.kind == Kind.LEAD_MERGE else gone)
        self._sheet.outbox += outgoing
        self._sheet.history += rows
        return True

    def _relink(self, gone: Lead, now: Lead) -> None:
        """Identities of the one that is gone point to it, and it points to `now`; to part them again is one link."""
        theirs = {where for where, who in {**self.loaded.links_of, **self.loaded.links}.items() if who == gone.id}
        theirs |= {where for where, who in self.sheet.links.items() if who == gone.id}
        here = (gone.brand, "lead", gone.id)
        moved = dict.fromkeys(sorted(theirs - {here}), pointer_to_lead(gone.id)) | {here: now.id}
        self.loaded.links |= moved
        self._sheet.relinks |= moved

    def _try(self, incoming: Incoming, signal: Signal, lead: Lead | None, found: Resolution, before: int = 0) -> bool:
        """`before` is how many events the signal had already, of another lead."""
        try:
            context = self._context(signal, lead, found)
            decision = decide(lead, signal, context)
            if self._leans(lead, decision, context):
                self._sheet = self._leaning
            outgoing = self._sealed(decision, signal, before)
            row = history(
                signal,
                decision.lead.id if decision.lead else lead.id if lead else None,
                decision=decision,
                ruling=self.ruling,
                now=self.now,
                parted=incoming.halves,
            )
        except Exception as error:  # noqa: BLE001 - a defect of ours for this one signal: it is set aside, and seen
            self._set_aside(incoming, lead, state="dead", reason=place_of(error), error=type(error).__name__)
            return False
        self._apply(decision, signal)
        self._claim_ids(decision, signal, found)
        counted = self._promises.count(decision, signal, self.ruling, self.stamp) if decision.tallied else []
        if decision.lead is None and signal.mode == "live":
            self._link(pointers(signal, found))
        self._keep_waiting(signal.brand, decision)
        self._sheet.outbox += outgoing + outbox_rows(counted)
        self._sheet.history.append(row)
        return True

    def _keep_waiting(self, brand: str, decision: Decision) -> None:
        """What somebody withdrew whom nobody knows waits from now on; their identities say so."""
        for identity, purposes in decision.waits.items():
            where: Key = (brand, identity.kind, identity.digest)
            if purposes and not self.loaded.withdrawals.get(where):
                self._link({where: WAITING})
            self._set_waiting(where, text_of(purposes))

    def _set_waiting(self, where: Key, text: str) -> None:
        self.loaded.withdrawals[where] = self._sheet.withdrawals[where] = text

    def _claim_ids(self, decision: Decision, signal: Signal, found: Resolution) -> None:
        """Ids that only somebody unproven had linked elsewhere lead to the lead that somebody proven names by them."""
        if decision.lead is None or not found.claimed or signal.mode == "test":
            return
        for identity in found.claimed:
            where = key(signal, identity)
            self._sheet.relinks[where] = self.loaded.links[where] = decision.lead.id
        self.beyond_one = True

    def _context(self, signal: Signal, lead: Lead | None, found: Resolution) -> Context:
        account = self._account(signal, lead, found)
        links = [Link(signal.brand, identity, "") for identity in found.unlinked]
        if account is not None:
            links += [Link(signal.brand, identity, account.id) for identity in names_of_company(signal, account, found)]
        return Context(
            agreement=self.ruling.agreement,
            roster=self.ruling.roster,
            ledgers=self.loaded.ledgers,
            account=account,
            now=self.now,
            others=found.others,
            links=tuple(links),
            match=match_evidence(found),
            brought=found.brought,
            past=self.ruling.past,
            loads=self.loaded.loads,
            waiting=waiting_for(signal.brand, found.unlinked, self.loaded.links, self.loaded.withdrawals),
        )

    def _account(self, signal: Signal, lead: Lead | None, found: Resolution) -> Account | None:
        account_id = (lead.account_id if lead else None) or found.account_id
        if account_id is None and found.unlinked_account and (lead is not None or found.unlinked):
            account_id = own_account(signal, found)
        if account_id is None:
            return None
        return self.loaded.accounts.get(account_id) or Account(id=account_id, brand=signal.brand)

    def _leans(self, before: Lead | None, decision: Decision, context: Context) -> bool:
        """Whether another decision could come out with other ledgers, loads, promises or owners in the company."""
        if decision.ledgers or decision.consulted or decision.loads or decision.tallied or decision.asked_account:
            return True
        if decision.account is not context.account:
            return True
        gone, come = carrier(before), carrier(decision.lead)
        return gone != come and (gone in self.loaded.loads or come in self.loaded.loads)

    def _sealed(self, decision: Decision, signal: Signal, before: int = 0) -> list[OutboxRow]:
        """`before` is how many events the signal had already, of another lead."""
        if decision.lead is None or not decision.emissions:
            return []
        return outbox_rows(
            seal(decision.emissions, about(decision.lead), signal=signal, stamp=self.stamp, before=before)
        )

    def _apply(self, decision: Decision, signal: Signal) -> None:
        lead = decision.lead
        if lead is None:
            return
        known = self.loaded.lead(lead.id)
        self._carry(known, lead, decision)
        self._put(lead, signal)
        self._keep_account(decision)
        for ledger in decision.ledgers:
            self.loaded.ledgers[ledger.pool] = self._sheet.ledgers[ledger.pool] = ledger
            self._sheet.pools.add(row_of_pool(ledger.pool))
        for clock in decision.clocks:
            self._sheet.clocks[clock.id] = clock_row(clock, lead.partition_key, lead_id=lead.id)
        for data, _ in decision.emissions:
            if isinstance(data, SlaBreached):
                self._sheet.breaches.append(data)
            elif isinstance(data, LeadInLimbo):
                self._sheet.limbo += 1
        linked: dict[Key, str] = {
            (link.brand, link.identity.kind, link.identity.digest): link.subject_id for link in decision.links
        }
        for where in linked.keys() & self.loaded.withdrawals.keys():
            self._set_waiting(where, "")
        self._link(linked)
        if not is_outranked(lead, signal):
            self._link(shared_number_links(signal, lead.id, self.loaded.links))
        if lead.handover is not None and (
            known is None or known.handover is None or known.handover.id != lead.handover.id
        ):
            where = (lead.brand, "handover", lead.handover.id)
            self.loaded.links[where] = self._sheet.links[where] = lead.id

    def _keep_account(self, decision: Decision) -> None:
        """A company of which nobody works a lead needs no row."""
        account = decision.account
        if account is None:
            return
        known = self.loaded.accounts.get(account.id)
        changed = known is not account and bool(known or account.open or account.customers)
        if changed:
            self.loaded.accounts[account.id] = self._sheet.accounts[account.id] = account
        if changed or decision.asked_account:
            self._sheet.companies.add(account.id)

    def _carry(self, before: Lead | None, after: Lead, decision: Decision) -> None:
        """Who has one open lead more or less now. Whoever was looked at is locked, so that no other router gives them
        one meanwhile."""
        if decision.consulted:
            self._sheet.pools.update(map(row_of, decision.consulted))
        loads = self.loaded.loads
        for load in decision.loads:
            loads[load.person] = self._sheet.loads[load.person] = load
            self._sheet.pools.add(row_of(load.person))
        gone, come = carrier(before), carrier(after)
        if gone == come:
            return
        for person, change in ((gone, -1), (come, 1)):
            if person is not None and person in loads:
                loads[person] = loads[person].but(open=max(0, loads[person].open + change))

    def _put(self, lead: Lead, signal: Signal) -> None:
        self.loaded.put(lead)
        self._sheet.put(lead, signal)

    def _set_aside(self, incoming: Incoming, lead: Lead | None, state: str, reason: str, error: str) -> None:
        letter = dead_letter(incoming, lead.id if lead else None, state=state, reason=reason, error=error, now=self.now)
        self._sheet.dead.append(letter)
        self._sheet.failures += state == "dead"
        if lead is not None and state == "dead" and incoming.signal is not None:
            self._hold(lead, letter, incoming.signal)

    def _give_up(self, incoming: Incoming, signal: Signal, fault: Fault) -> None:
        """What follows from the signal cannot be committed. Only what is about a lead holds it; a redrive's lead is held."""
        about = signal.clock.lead_id if signal.clock else resolve(signal, self.loaded.links).lead_id
        lead = self.loaded.lead(about) if of_one_lead(signal) or signal.kind in JOINING else None
        self._set_aside(incoming, lead, state="dead", reason=fault.reason, error=fault.error_class)
        if fault.refused:
            _, self._sheet.dead[-1], _ = forms(self._sheet.dead[-1], incoming.record.value)

    def _hold(self, lead: Lead, letter: DeadLetter, signal: Signal) -> None:
        said = LeadHeld(mode=signal.mode, dead_letter_id=letter.id, error_class=letter.error_class)
        self._mark(lead, signal, True, Emission(said, self.now))

    def _mark(self, lead: Lead, signal: Signal, held: bool, emission: Emission) -> None:
        changes = {"held": held, "sequence": lead.sequence + 1, "version": lead.version + 1}
        marked = lead.but(**changes)
        self._put(marked, signal)
        self._sheet.outbox += outbox_rows(seal((emission,), about(marked), signal, self.stamp))

    def _redrive(self, incoming: Incoming, request: Signal) -> None:
        """The lead's dead and queued signals once more, in their order, up to the first that fails again. Where there are more
        than one transaction should take, the lead stays held, and asks for the rest itself."""
        lead = self.loaded.lead(request.lead_id)
        if lead is None or not lead.held:
            return
        self.loaded.put(lead.but(held=False))
        letters = [letter for letter in self.loaded.waiting if letter.lead_id == request.lead_id]
        now = letters[: self._handling.letters or REDRIVEN]
        done = self._redrive_in_order(incoming, now)
        after = self.loaded.lead(request.lead_id)
        if after is None:
            return
        if done == len(letters):
            self._mark(after, request, False, Emission(LeadReleased(processed=done), self.now))
            return
        self._put(after.but(held=True), request)
        if done == len(now):
            ident = derive("sig", "redrive", after.id, after.version)
            self._sheet.further.append(request.but(id=ident, dedupe_key=ident, received_at=self.now))

    def _redrive_in_order(self, incoming: Incoming, letters: Sequence[DeadLetter]) -> int:
        """How many of them went well."""
        for done, letter in enumerate(letters):
            if not self._once_more(incoming, letter):
                return done
            self._sheet.redriven.append(letter.id)
        return len(letters)

    def _once_more(self, incoming: Incoming, letter: DeadLetter) -> bool:
        signal = next_attempt(letter)
        if signal is None:
            return False
        lead = self.loaded.lead(letter.lead_id)
        sheet, again = self._sheet, Incoming(incoming.record, signal)
        before = len(sheet.dead), sheet.failures, len(sheet.outbox)
        if self._join(again, signal) if signal.kind in JOINING else self._decide_again(again, signal, lead):
            return True
        # It stays the dead letter that it was: no second row, no second event.
        del sheet.dead[before[0] :], sheet.outbox[before[2] :]
        sheet.failures = before[1]
        if lead is not None:
            self.loaded.put(lead)
        return False

    def _decide_again(self, incoming: Incoming, signal: Signal, lead: Lead | None) -> bool:
        found = self._found(signal)
        again = incoming if incoming.halves is not None else incoming._replace(halves=halves(signal))
        return self._try(again, without_strangers(signal, found), lead, found)
