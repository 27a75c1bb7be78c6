"""The owner is ill or gone: who takes over what they held."""

from __future__ import annotations

from routing.assignment import hunter_claim, hunter_credit, ownership, queue
from routing.assignment.assignment import Assignment
from routing.draft import Draft
from routing.handover import handover, transfer
from routing.lifecycle import route_of


def hand_back(draft: Draft) -> None:
    """Hands on what an owner who is ill or gone holds: an unanswered offer goes to the successor, else to the next by
    the rules. Somebody who is gone for good hands back everything."""
    command, lead = draft.signal.command, draft.lead
    if command is None or lead.owner != command.person:
        draft.ignore("no_change", "it is somebody else's by now")
        return
    give_back(draft, command.person, gone=command.name == "leave")


def give_back(draft: Draft, person: str | None, *, gone: bool) -> None:
    """Gives back what this owner, who is away or gone, holds of the lead."""
    lead, offer = draft.lead, handover.open_offer(draft)
    reason: handover.Withdrawal = "owner_left" if gone else "owner_absent"
    if lead.stage != "hand_over":
        if gone:
            _pass_on(draft, person)
    elif (offer is None or offer.state == "accepted") and not gone:
        draft.ignore("already_answered", "it was accepted: it waits for the return")
    elif queue.clock_of(draft) is not None or handover.the_handover(draft).blocked:
        ownership.leave_to_nobody(draft, f"waiting: {reason}")
    else:
        _offer_to_another(draft, person, reason)


def _offer_to_another(draft: Draft, person: str | None, reason: handover.Withdrawal) -> None:
    handover.withdraw(draft, reason)
    waits = (
        person is not None
        and person == hunter_claim.hunter_of(draft, "hand_over")
        and hunter_claim.is_waited_for(draft, person)
    )
    successor = None if waits else _successor(draft, person)
    if successor is not None:
        handover.offer_to(draft, successor)
    else:
        handover.offer_or_give_up(draft)


def _pass_on(draft: Draft, person: str | None) -> None:
    lead = draft.lead
    if lead.hunter == person:
        hunter_credit.forget_hunter(lead)
    chosen = _successor(draft, person) or ownership.choose(
        draft, route_of(lead.stage), frozenset(filter(None, [person]))
    )
    if chosen is not None:
        transfer.give(draft, chosen, "owner_left")


def _successor(draft: Draft, person: str | None) -> Assignment | None:
    roster = draft.context.roster
    member = roster.people.get(person or "")
    heir = member.successor if member is not None else None
    if heir is None or roster.why_away(heir, draft.context.now) is not None:
        return None
    return Assignment(person=heir, rule="successor", why={"rule": "successor", "of": person})
