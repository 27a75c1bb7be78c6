"""What people do by hand, in the CRM or by a command: another owner, or an offer accepted by somebody else. It is obeyed
where that person is here, and counted; what does not fit their role is a finding."""

from __future__ import annotations

from datetime import datetime

from routing.assignment import matching, ownership
from routing.draft import Draft
from routing.handover import handover, late_answers, transfer
from routing.people.roster import ROLES
from routing.sla import clocks


def change_owner(draft: Draft) -> None:
    """Gives the lead to another owner. Where that person has left, the rules decide."""
    signal, roster = draft.signal, draft.context.roster
    ident = signal.sales.owner_id if signal.sales else None
    systems = (*(reference.system for reference in signal.references), signal.source)
    person = next(filter(None, (roster.person_of(system, ident) for system in systems)), None)
    if person is None:
        draft.ignore("unknown_colleague", "the new owner's id is not in the roster")
    elif draft.at < _last_word(draft):
        draft.ignore("older_fact", "the change is older than the owner of now, or than their acceptance")
    elif not roster.people[person].active:
        _pass_by_who_left(draft, person)
    else:
        reassign(draft, person)


def _last_word(draft: Draft) -> datetime:
    """Since when the lead is its owner's beyond doubt: since they have it, and since they accepted it."""
    lead = draft.lead
    opened = lead.handover if lead.handover is not None and lead.handover.closed_at is None else None
    offer = opened.current if opened is not None else None
    accepted = offer is not None and offer.state == "accepted" and offer.person == lead.owner
    instants = [lead.owner_since, offer.decided_at if offer is not None and accepted else None]
    return max((at for at in instants if at is not None), default=draft.at)


def reassign(draft: Draft, person: str) -> None:
    """Another owner by somebody's hand: obeyed. In a hand-over it is another offer of it."""
    lead = draft.lead
    if lead.owner == person:
        draft.ignore("no_change", "the owner is that person already")
        return
    chosen = ownership.assign_by_hand(draft, person)
    route = matching.route_now(lead)
    if route is not None and not draft.context.roster.has_role(person, "manager", *matching.roles_of(draft, route)):
        draft.finding(f"{person} was made the owner by hand and has no role for {route}")
    if lead.stage != "hand_over" or lead.handover is None:
        if draft.signal.command is not None and draft.signal.command.name == "delegate":
            clocks.delegate(draft, lead.owner, person)
        transfer.give(draft, chosen, "owner_changed")
        return
    handover.withdraw(draft, "owner_changed")
    handover.offer_to(draft, chosen)


def _pass_by_who_left(draft: Draft, person: str) -> None:
    """Chooses by the rules where the new owner has left. Neither they nor the owner before get the lead: somebody took
    it from the one, and the other is not here."""
    lead = draft.lead
    draft.finding(f"it was given to {person}, who left")
    route = matching.route_now(lead)
    if lead.stage == "hand_over" and lead.handover is not None:
        handover.offer_again(draft, "owner_changed")
    elif route is not None:
        chosen = ownership.choose(draft, route, frozenset(filter(None, (person, lead.owner))))
        if chosen is not None:
            transfer.give(draft, chosen, "owner_changed")


def accept(draft: Draft) -> None:
    """Accepts for the holder, who may be spoken for by a manager. A salesperson who accepts somebody else's offer takes
    it over; somebody without a role for it accepts nothing."""
    signal, roster = draft.signal, draft.context.roster
    actor = roster.actor_of(signal.actor, signal.references, signal.source)
    by_machine = signal.automated or signal.actor.kind in ("automation", "system")
    if (earlier := late_answers.earlier_offer(draft, None if by_machine else actor)) is not None:
        late_answers.accept(draft, earlier)
        return
    offer = handover.open_offer(draft)
    if draft.lead.stage != "hand_over" and (offer is None or offer.state != "open"):
        draft.ignore("no_open_handover", f"no hand-over is open in {draft.lead.stage}")
        return
    if why := handover.why_not_accepted(draft, offer):
        draft.ignore(*why)
        return
    holder = offer.person if offer is not None else draft.lead.owner
    if actor is None or by_machine or actor == holder or roster.has_role(actor, "manager"):
        handover.accept(draft, offer)
    elif roster.people[actor].active and roster.has_role(actor, *ROLES["hand_over"]):
        reassign(draft, actor)
        handover.accept(draft, handover.open_offer(draft))
    else:
        draft.finding(f"{actor} accepted what was offered to {holder}, without a role for hand_over: not counted")
