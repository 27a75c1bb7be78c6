"""Answers that come after their offer was over: the promise to answer is judged by when it was kept, not by when we heard.

An offer that was accepted while it was open is its person's again, as long as whoever it went on to has done nothing; else
they keep it. Either way both and the managers are told, so that nobody calls twice.
"""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from routing.assignment import ownership
from routing.assignment.assignment import ANSWERED_IN_TIME, Assignment
from routing.draft import Draft
from routing.handover import handover
from routing.lead import steps
from routing.model.records import Handover, Offer
from routing.sla import clocks
from schemas.events import HandoverAccepted, HandoverAcceptedLate, HandoverRejected
from schemas.json_values import JsonObject

_ENDED_BY_TIME = ("expired", "owner_absent")
"""What ended an offer because no answer was known: an answer of before gives it back."""


def offer_then(draft: Draft, opened: Handover, by: str | None) -> Offer | None:
    """The offer that this fact is about: the one that it names, else the one that was somebody's when it happened; of two at
    one instant, that of whoever acted."""
    named = draft.signal.offer_id
    if named is not None:
        return next((offer for offer in opened.offers if offer.id == named), None)
    if draft.signal.handover_id not in (None, opened.id):
        return None
    then = [offer for offer in opened.offers if _was_open(opened, offer, draft.at)]
    own = [offer for offer in then if offer.person == by]
    return next(reversed(own or then), None)


def _was_open(opened: Handover, offer: Offer, at: datetime) -> bool:
    since = opened.opened_at if offer.number == 1 else offer.offered_at
    until = offer.decided_at if not offer.is_live else opened.closed_at
    return since < at + clocks.COARSE and (until is None or at <= until)


def earlier_offer(draft: Draft, by: str | None) -> Offer | None:
    """The offer that an answer of `by` is about, where that is not the one that is open now; None where it is, or there is none.

    Nobody known, and a manager, answer for whoever had the offer; anybody else only for themselves."""
    opened = draft.lead.handover
    if opened is None:
        return None
    offer = offer_then(draft, opened, by)
    for_another = by is not None and not draft.context.roster.has_role(by, "manager")
    if for_another and (offer is None or offer.person != by):
        mine = [one for one in opened.offers if one.person == by and draft.signal.offer_id in (None, one.id)]
        offer = mine[-1] if mine else None
    if offer is None or draft.at + clocks.COARSE <= opened.opened_at:
        return None
    return None if offer == handover.open_offer(draft) and offer.state == "open" else offer


def accept(draft: Draft, offer: Offer) -> None:
    """Notes that the person of this offer took the lead, whatever became of the offer since."""
    ended = offer.decided_at or draft.at
    match offer.state:
        case "open" if offer == handover.open_offer(draft):
            handover.accept(draft, offer)
        case "accepted":
            _note_earlier_acceptance(draft, offer)
        case "open" | "rejected" | "withdrawn" | "expired" if draft.at > ended:
            _accept_too_late(draft, offer)
        case "rejected":
            _note_acceptance_before_rejection(draft, offer)
        case "open" | "withdrawn" | "expired":
            _accept_in_time(draft, offer)
        case _:
            assert_never(offer.state)


def _note_earlier_acceptance(draft: Draft, offer: Offer) -> None:
    """It is known that they took it: an earlier acceptance is when they did."""
    if offer.decided_at is None or draft.at >= offer.decided_at:
        draft.ignore("no_open_offer", "there is no open offer to accept")
        return
    _put_acceptance(draft, offer)
    handover.keep_answer_promise(draft, offer)
    _start_acceptance_clocks(draft, offer)


def _note_acceptance_before_rejection(draft: Draft, offer: Offer) -> None:
    """The rejection is the last word, and the answer was given before it."""
    handover.keep_answer_promise(draft, offer)
    opened = handover.the_handover(draft)
    if opened.accepted_at is not None or offer.answered_at is not None:
        draft.ignore("already_answered", "the offer was answered already")
        return
    handover.put_handover(draft, opened.but(accepted_at=draft.at))
    handover.put_offer(draft, offer.but(answered_at=draft.at))
    draft.emit(HandoverAccepted(**handover.event_fields(draft, offer)))


def _accept_in_time(draft: Draft, offer: Offer) -> None:
    opened = handover.the_handover(draft)
    handover.keep_answer_promise(draft, offer)
    if offer.answered_at is not None:
        draft.ignore("already_answered", "the offer was answered already")
        return
    given_back = opened.closed_at is None and _may_come_back(draft, offer)
    was_theirs = draft.lead.owner
    if given_back:
        _give_back(draft, offer)
    elif opened.closed_at is not None and not any(one.is_live for one in opened.offers):
        _put_acceptance(draft, offer)
    else:
        handover.put_offer(draft, offer.but(answered_at=draft.at))
    draft.emit(HandoverAccepted(**handover.event_fields(draft, offer)))
    if given_back:
        _start_acceptance_clocks(draft, offer)
    if opened.closed_at is None or opened.outcome == "offers_exhausted":
        _tell_people(draft, offer, was_theirs, in_time=True)


def _may_come_back(draft: Draft, offer: Offer) -> bool:
    """Whether the lead is still waiting for somebody, and its person is here."""
    ended_by_time = offer.state == "expired" or (offer.state == "withdrawn" and offer.reason in _ENDED_BY_TIME)
    member = draft.context.roster.people.get(offer.person)
    here = member is not None and member.active
    return draft.lead.stage == "hand_over" and ended_by_time and here and is_holder_idle(draft)


def is_holder_idle(draft: Draft) -> bool:
    """Whether nobody has done anything for the lead since it went on: no answer, no step."""
    current = handover.open_offer(draft)
    return current is None or (current.state == "open" and current.followed_up_at is None)


def _give_back(draft: Draft, offer: Offer) -> None:
    """Gives the lead back as if the answer had been known in time; what ran on its person runs on."""
    later = handover.open_offer(draft)
    if later is not None:
        handover.withdraw(draft, "answered_before", max(draft.at, draft.context.now))
    opened = handover.the_handover(draft)
    # Every offer after this one went out because no answer was known.
    undone = tuple(one.but(undone=True) if one.number > offer.number else one for one in opened.offers)
    handover.put_handover(draft, opened.but(offers=undone, followed_up_at=offer.followed_up_at))
    _put_acceptance(draft, offer)
    since = opened.opened_at - clocks.COARSE if offer.number == 1 else offer.offered_at
    own = [at for at in steps.instants_for_person(draft.lead, "follow_up", offer.person, named=True) if at > since]
    if own:
        handover.note_follow_up(draft, handover.the_offer(draft, offer.id), own[0], None)
    ownership.give(
        draft,
        Assignment(person=offer.person, rule=ANSWERED_IN_TIME, why={"rule": ANSWERED_IN_TIME}),
    )
    clocks.go_on(draft, offer.id)


def _put_acceptance(draft: Draft, offer: Offer) -> None:
    accepted = offer.but(state="accepted", decided_at=draft.at, reason=None, criterion=None)
    handover.put_offer(draft, accepted)
    opened = handover.the_handover(draft)
    if opened.accepted_at is None or draft.at < opened.accepted_at:
        handover.put_handover(draft, opened.but(accepted_at=draft.at))


def _start_acceptance_clocks(draft: Draft, offer: Offer) -> None:
    """Starts the clocks of an acceptance when it was; clocks that started later than that are moved there."""
    at = max(draft.at, offer.offered_at)
    for policy in draft.context.agreement.policies.starting("acceptance"):
        clocks.start_at(draft, policy, offer.id, at)


def _accept_too_late(draft: Draft, offer: Offer) -> None:
    """Whoever works it now keeps it; where nobody has done anything, whoever took it after all has it."""
    opened, was_theirs = handover.the_handover(draft), draft.lead.owner
    if opened.closed_at is not None:
        draft.ignore("no_open_handover", f"no hand-over is open in {draft.lead.stage}")
        return
    if offer.state == "rejected":
        draft.ignore("already_answered", "the offer was answered already")
        return
    member = draft.context.roster.people.get(offer.person)
    if draft.lead.stage == "hand_over" and is_holder_idle(draft) and member is not None and member.active:
        handover.withdraw(draft, "accepted_by_another", max(draft.at, draft.context.now))
        handover.offer_to(draft, ownership.assign_by_hand(draft, offer.person))
        handover.accept(draft, handover.open_offer(draft))
    else:
        draft.ignore("no_open_offer", "somebody else works it by now")
    _tell_people(draft, offer, was_theirs, in_time=False)


def _tell_people(draft: Draft, offer: Offer, was_theirs: str | None, *, in_time: bool) -> None:
    roster, holder = draft.context.roster, was_theirs if was_theirs != offer.person else None
    recipients = dict.fromkeys(filter(None, (offer.person, holder, *roster.active_with("manager"))))
    event = HandoverAcceptedLate(
        **handover.event_fields(draft, offer),
        accepted_at=draft.at,
        in_time=in_time,
        holder=draft.owner(holder),
        kept_by=draft.owner(draft.lead.owner),
        to=roster.owners(recipients),
    )
    draft.emit(event, max(draft.at, draft.context.now))


def is_no_last_word(draft: Draft, offer: Offer) -> bool:
    """Whether a rejection of now does not end this offer: it ended before, or was accepted later."""
    return offer.state != "accepted" or draft.at + clocks.COARSE <= (offer.decided_at or draft.at)


def reject(draft: Draft, offer: Offer) -> None:
    """Notes that the person of this offer refused it while it was theirs: the promise to answer is kept, and the reason
    is told. The lead stays where it went on to."""
    if draft.at > (offer.decided_at or draft.at):
        draft.ignore("already_answered", "the offer was over by then")
        return
    signal = draft.signal
    handover.keep_answer_promise(draft, offer)
    if offer.state in ("accepted", "rejected") or offer.answered_at is not None:
        draft.ignore("already_answered", "the offer was answered already")
        return
    changes: JsonObject = {
        "state": "rejected",
        "decided_at": draft.at,
        "reason": signal.reason,
        "criterion": signal.criterion,
    }
    handover.put_offer(draft, offer.but(**changes))
    rejected = HandoverRejected(**handover.event_fields(draft, offer), reason=signal.reason, criterion=signal.criterion)
    draft.emit(rejected)
