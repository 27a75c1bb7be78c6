"""A lead that a salesperson found belongs to that salesperson: who made it known, or reached out while it was nobody's."""

from __future__ import annotations

from routing.assignment import ownership
from routing.assignment.assignment import Assignment
from routing.draft import Draft
from routing.lead.absorb import is_genuine
from routing.lead.proof import is_outranked
from routing.model.records import Lead
from schemas.signals import Kind, Signal

_FINDS = frozenset({Kind.CONTACT_CREATED, Kind.OUTREACH_LOGGED, Kind.SALES_FOLLOW_UP})


def credit_hunter(draft: Draft) -> None:
    """The first salesperson who enters or reaches somebody that nobody else owns, before anybody was asked to judge it."""
    lead, signal, roster = draft.lead, draft.signal, draft.context.roster
    if signal.kind not in _FINDS or signal.mode == "import" or lead.hunter is not None or not is_genuine(signal):
        return
    if is_outranked(lead, signal):
        return
    if lead.stage not in ("prospecting", "contact") or lead.disposition != "active":
        return
    person = roster.actor_of(signal.actor, signal.references, signal.source)
    if person is None or not roster.has_role(person, "sales") or not roster.people[person].active:
        return
    if lead.owner not in (None, person) or _names_another(draft, signal, person):
        return
    lead.hunter = person
    if lead.owner is None:
        ownership.give(draft, Assignment(person=person, rule="hunter", why={"rule": "hunter"}))


def forget_hunter(lead: Lead) -> None:
    """Forgets who found the lead: they have left, or gave it away."""
    lead.hunter = None


def _names_another(draft: Draft, signal: Signal, person: str) -> bool:
    """Whether the CRM's record, at its making, was somebody else's: then who typed it found it for them."""
    ident = signal.sales.owner_id if signal.sales is not None else None
    if signal.kind != Kind.CONTACT_CREATED or ident is None:
        return False
    systems = (*(reference.system for reference in signal.references), signal.source)
    return all(draft.context.roster.person_of(system, ident) != person for system in systems)
