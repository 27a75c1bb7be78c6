"""Signals that are set aside as letters: those that fail, those that queue behind one, and the lead that is held for them."""

from __future__ import annotations

from typing import Literal

from routing.model.envelope import about, seal
from routing.model.identity import resolve
from routing.model.records import Emission, Lead
from schemas.events import LeadHeld
from schemas.signals import Signal
from services.ports.rows import DeadLetter
from services.ports.signal_records import Incoming, dead_letter, forms
from services.privacy.faults import Fault
from services.router.deciding.kinds import JOINING, concerns_one_lead
from services.router.deciding.step import Step


def set_aside(
    step: Step, incoming: Incoming, lead: Lead | None, *, state: Literal["dead", "queued"], reason: str, error: str
) -> None:
    """Makes a letter of the signal. Where it is dead its lead is held, so that the lead's later signals queue behind it in
    order."""
    lead_id = lead.id if lead else None
    letter = dead_letter(incoming, lead_id, state=state, reason=reason, error=error, now=step.state.now)
    step.changes.dead.append(letter)
    step.changes.failures += state == "dead"
    if lead is not None and state == "dead" and incoming.signal is not None:
        _hold(step, lead, letter, incoming.signal)


def give_up(step: Step, incoming: Incoming, signal: Signal, fault: Fault) -> None:
    """What follows from the signal cannot be committed. Only what is about a lead holds it; a redrive's lead is held."""
    snapshot = step.state.snapshot
    lead_id = signal.clock.lead_id if signal.clock else resolve(signal, snapshot.links).lead_id
    lead = snapshot.lead(lead_id) if concerns_one_lead(signal) or signal.kind in JOINING else None
    set_aside(step, incoming, lead, state="dead", reason=fault.reason, error=fault.error_class)
    if fault.refused:
        _, step.changes.dead[-1], _ = forms(step.changes.dead[-1], incoming.record.value)


def mark_held(step: Step, lead: Lead, signal: Signal, *, held: bool, emission: Emission) -> None:
    """The lead is held from now on, or no longer; it tells so."""
    changes = {"held": held, "sequence": lead.sequence + 1, "version": lead.version + 1}
    marked = lead.but(**changes)
    step.put_lead(marked, signal)
    step.emit(seal((emission,), about(marked), signal, step.state.stamp))


def _hold(step: Step, lead: Lead, letter: DeadLetter, signal: Signal) -> None:
    event = LeadHeld(mode=signal.mode, dead_letter_id=letter.id, error_class=letter.error_class)
    mark_held(step, lead, signal, held=True, emission=Emission(event, step.state.now))
