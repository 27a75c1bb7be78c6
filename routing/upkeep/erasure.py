"""A person is erased: offers and clocks end, nobody has the lead, and what named the person is gone from it. What was decided on stays,
so that decisions can be computed again. That the person was erased stays as the link of their identities (`routing.model.links.ERASED`)."""

from __future__ import annotations

from routing.assignment import queue
from routing.draft import Context, Draft
from routing.model.records import Decision, Handover, Lead, LeadPersonal
from routing.upkeep import disposition, expiry
from schemas.events import LeadErased
from schemas.signals import Kind, Reference, Signal

ASKED = "erasure"
"""The reason where nobody says another."""


def decide_erasure(lead: Lead | None, signal: Signal, context: Context) -> Decision:
    """What follows for the lead; for nobody known only the identities are kept as erased. Changes no argument."""
    if signal.proof == "none":
        return _refuse(lead, signal, context)
    if lead is None:
        return Decision(lead=None, account=context.account, outcome="changed", note="nobody is known by it yet")
    draft = Draft(lead.copy(), signal, context)
    if lead.disposition == "erased":
        draft.ignore("no_change", "the person was erased before")
    elif expiry.is_outdated(lead, signal.command):
        draft.ignore("older_fact", "somebody was in touch since it was found to be idle")
    else:
        _erase(draft)
    return draft.make_decision()


def pass_by(lead: Lead, signal: Signal, context: Context) -> Decision:
    """A signal that reached the lead of somebody who was erased: nothing of it is taken in."""
    draft = Draft(lead.copy(), signal, context)
    draft.ignore("person_erased", "the person was erased")
    return draft.make_decision()


def _refuse(lead: Lead | None, signal: Signal, context: Context) -> Decision:
    why = "a source that proves nothing erases nobody"
    if lead is None:
        return Decision(lead=None, account=context.account, outcome="no_lead", note=why, reason="not_allowed")
    draft = Draft(lead.copy(), signal, context)
    draft.refuse("not_allowed", why)
    return draft.make_decision()


def _erase(draft: Draft) -> None:
    """What was agreed about the lead ends first, then its references go: those who made records by them are told."""
    lead, signal = draft.lead, draft.signal
    records = _records(lead.handover)
    disposition.erase(draft, signal.reason or ASKED)
    queue.leave_line(draft)
    draft.emit(LeadErased(mode=signal.mode, reason=signal.reason or ASKED, references=lead.references, records=records))
    lead.personal = LeadPersonal()
    lead.references, lead.names, lead.gathered = (), (), {}
    lead.merged = tuple(other.but(references=()) for other in lead.merged)


def _records(handover: Handover | None) -> tuple[Reference, ...]:
    return handover.references if handover is not None else ()


def is_erasure(signal: Signal) -> bool:
    """Whether it asks for a person to be erased."""
    return signal.kind == Kind.PERSON_ERASURE_REQUESTED
