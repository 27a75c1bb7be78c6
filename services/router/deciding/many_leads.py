"""Signals that concern more than one lead: changes of the roster, approvals, promises, merges, and letters tried again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from routing.model.identity import Resolution
from routing.model.ids import derive
from routing.model.links import pointer_to_lead
from routing.model.records import Decision, Emission, Lead
from routing.people.roster_changes import ChangeRefused, is_gone
from routing.upkeep.merging import join
from schemas.events import LeadReleased
from schemas.fates import Reason
from schemas.roster import RosterChange
from schemas.signals import Kind, Signal
from services.ports.rows import DeadLetter
from services.ports.signal_records import Incoming, next_attempt
from services.privacy.faults import place_of
from services.router.deciding.erasing import erase_person
from services.router.deciding.kinds import JOINING
from services.router.deciding.one_lead import context_of, decide_once_more, seal_events
from services.router.deciding.records import history
from services.router.deciding.setting_aside import mark_held, set_aside
from services.router.deciding.snapshot import due_promise
from services.router.deciding.step import Step
from services.rules.approvals import ApprovalRefused, approval_of
from services.rules.in_force import apply_roster_change
from services.rules.ruling import Ruling

REDRIVEN = 100
"""Letters of a lead that one redrive gives another try; further ones wait for the next transaction, for nobody knows how many
signals queued meanwhile."""
_NOBODY = Resolution(lead_id=None, others=(), account_id=None, unlinked=(), unlinked_account=())


def decide_about_many_leads(step: Step, incoming: Incoming, signal: Signal) -> None:
    """Decides on the signal, or sets it aside."""
    if signal.kind == Kind.LEAD_REDRIVE:
        _redrive(step, incoming, signal)
    elif signal.roster is not None:
        _change_roster(step, signal, signal.roster)
    elif signal.kind == Kind.PERIOD_BEGUN or due_promise(signal) is not None:
        _tell_promises(step, signal)
    elif signal.kind == Kind.AGREEMENT_APPROVED:
        _approve(step, signal)
    elif signal.kind == Kind.PERSON_ERASURE_REQUESTED:
        erase_person(step, incoming, signal)
    else:
        _join(step, incoming, signal)


def _change_roster(step: Step, signal: Signal, change: RosterChange) -> None:
    """From the next signal of the batch on the roster is another; who is away now hands back what they hold."""
    before = step.state.ruling
    try:
        step.state.ruling = apply_roster_change(before, signal, change)
    except ChangeRefused as refusal:
        _record(step, signal, before, note=f"refused: {refusal}", outcome="recorded", reason=refusal.reason)
        return
    step.changes.roster_changes.append(change)
    if is_gone(change, step.state.now):
        step.changes.away.append(signal)
    _record(step, signal, before, note="", outcome="changed")


def _approve(step: Step, signal: Signal) -> None:
    """One side approves a version of the agreement; the right to it is looked at once more."""
    ruling = step.state.ruling
    try:
        row = approval_of(signal, ruling)
    except ApprovalRefused as refusal:
        _record(step, signal, ruling, note=f"refused: {refusal}", outcome="recorded", reason="cannot_approve")
        return
    step.changes.approvals.append(row)
    note = f"{row.person} approves {row.hash[:12]} for {row.side}"
    _record(step, signal, ruling, note=note, outcome="changed")


def _tell_promises(step: Step, signal: Signal) -> None:
    """A volume promise begins to be measured, or its clock falls due."""
    state = step.state
    told = state.promises.hear(signal, state.ruling, state.stamp)
    step.emit(told.outgoing)
    _record(step, signal, state.ruling, note=told.note, outcome="changed" if told.outgoing else "recorded")


def _record(
    step: Step,
    signal: Signal,
    before: Ruling,
    *,
    note: str,
    outcome: Literal["changed", "recorded"],
    reason: Reason | None = None,
) -> None:
    """Its row in the history. `before` ruled until this signal."""
    evidence = {"roster": [before.roster.version, step.state.ruling.roster.version]}
    decision = Decision(lead=None, outcome=outcome, note=note, evidence=evidence, reason=reason)
    step.changes.history.append(history(signal, None, decision=decision, ruling=before, now=step.state.now))


def _join(step: Step, incoming: Incoming, signal: Signal) -> bool:
    """Two leads at once: both were locked, and every identity of the other one leads to the right one afterwards. False where
    the signal was set aside."""
    state = step.state
    kept, gone = state.snapshot.lead(signal.lead_id), state.snapshot.lead(signal.other_lead_id)
    if kept is None or gone is None:
        note = "refused: one of the two leads is not there"
        _record(step, signal, state.ruling, note=note, outcome="recorded", reason="cannot_merge")
        return True
    try:
        contexts = context_of(state, signal, kept, _NOBODY), context_of(state, signal, gone, _NOBODY)
        joined = join(kept, gone, signal, contexts)
        decisions = [decision for decision in joined if decision is not None]
        rows = [
            history(signal, d.lead.id if d.lead else None, decision=d, ruling=state.ruling, now=state.now)
            for d in decisions
        ]
        events = seal_events(state, decisions[0], signal)
        events += seal_events(state, decisions[1], signal, len(events)) if len(decisions) > 1 else []
    except Exception as error:  # noqa: BLE001 - a defect of ours for this one signal: it is set aside, and seen
        set_aside(step, incoming, kept, state="dead", reason=place_of(error), error=type(error).__name__)
        return False
    for decision in decisions:
        step.apply(decision, signal)
    if joined.gone is not None:
        _relink(step, gone, kept if signal.kind == Kind.LEAD_MERGE else gone)
    step.emit(events)
    step.changes.history += rows
    return True


def _relink(step: Step, gone: Lead, now: Lead) -> None:
    """Identities of the one that is gone point to it, and it points to `now`; to part them again is one link."""
    snapshot = step.state.snapshot
    theirs = {where for where, who in {**snapshot.links_of, **snapshot.links}.items() if who == gone.id}
    here = (gone.brand, "lead", gone.id)
    step.relink(dict.fromkeys(sorted(theirs - {here}), pointer_to_lead(gone.id)) | {here: now.id})


def _redrive(step: Step, incoming: Incoming, request: Signal) -> None:
    """The lead's dead and queued signals once more, in their order, up to the first that fails again. Where there are more
    than one transaction should take, the lead stays held, and asks for the rest itself."""
    state = step.state
    lead = state.snapshot.lead(request.lead_id)
    if lead is None or not lead.held:
        return
    state.snapshot.put_lead(lead.but(held=False))
    letters = [letter for letter in (*state.snapshot.waiting, *state.letters) if letter.lead_id == request.lead_id]
    first = letters[: state.handling.letters or REDRIVEN]
    succeeded = _redrive_in_order(step, incoming, first)
    after = state.snapshot.lead(request.lead_id)
    if after is None:
        return
    if succeeded == len(letters):
        released = Emission(LeadReleased(processed=succeeded), state.now)
        mark_held(step, after, request, held=False, emission=released)
        return
    step.put_lead(after.but(held=True), request)
    if succeeded == len(first):
        ident = derive("sig", "redrive", after.id, after.version)
        step.changes.further.append(request.but(id=ident, dedupe_key=ident, received_at=state.now))


def _redrive_in_order(step: Step, incoming: Incoming, letters: Sequence[DeadLetter]) -> int:
    """How many of them went well."""
    for succeeded, letter in enumerate(letters):
        if not _try_again(step, incoming, letter):
            return succeeded
        step.changes.redriven.append(letter.id)
    return len(letters)


def _try_again(step: Step, incoming: Incoming, letter: DeadLetter) -> bool:
    signal = next_attempt(letter)
    if signal is None:
        return False
    snapshot, changes = step.state.snapshot, step.changes
    lead, again = snapshot.lead(letter.lead_id), Incoming(incoming.record, signal)
    dead, events, failures = len(changes.dead), len(changes.outbox), changes.failures
    is_join = signal.kind in JOINING
    went_well = _join(step, again, signal) if is_join else decide_once_more(step, again, signal, lead)
    if not went_well:
        # It stays the dead letter that it was: no second row, no second event.
        del changes.dead[dead:], changes.outbox[events:]
        changes.failures = failures
        if lead is not None:
            snapshot.put_lead(lead)
    return went_well
