"""A rejection: its reason judged by what was agreed, and by it a second offer, or back to marketing.

Which reasons there are is agreed: `handover.reasons` of the agreement. Who may reject is in `routing/people/permissions.py`.
"""

from __future__ import annotations

from typing import assert_never

from routing.assignment.assignment import SECOND_OFFER, Assignment
from routing.draft import Draft
from routing.handover import handover, late_answers
from routing.lifecycle import DIALOGUE
from routing.model.records import Offer
from routing.sla import clocks
from schemas.events import HandoverRejected
from schemas.words import is_not_qualified, reason_key


def reject(draft: Draft) -> None:
    """Hands the lead back with the holder's reason; for `not_qualified` the failed criterion must be named."""
    lead, offer, signal = draft.lead, handover.open_offer(draft), draft.signal
    by = draft.context.roster.actor_of(signal.actor, signal.references, signal.source)
    if (earlier := late_answers.earlier_offer(draft, by)) is not None and late_answers.is_no_last_word(draft, earlier):
        late_answers.reject(draft, earlier)
    elif lead.stage not in DIALOGUE:
        draft.ignore("no_open_handover", f"no hand-over is open in {lead.stage}")
    elif not handover.is_about_this(draft, offer):
        draft.ignore("earlier_offer", "it is about an earlier offer")
    elif _is_older_than_acceptance(draft):
        handover.keep_answer_promise(draft, offer)
        draft.ignore("older_fact", "it was accepted later")
    elif lead.stage == "deal":
        _reject_after_step(draft, offer)
    else:
        reject_open(draft)


def reject_open(draft: Draft) -> None:
    """Rejects the open offer, or the hand-over that was offered to nobody yet."""
    offer = handover.open_offer(draft)
    _put_rejection(draft, offer)
    handover.keep_answer_promise(draft, offer)
    if offer is None or not _second_offer(draft, offer):
        draft.facts.add("rejected")


def _reject_after_step(draft: Draft, offer: Offer | None) -> None:
    """Accepted, called, found out: a return to marketing that counts as a rejection."""
    _put_rejection(draft, offer)
    if offer is not None and offer.state == "open":
        handover.keep_answer_promise(draft, offer)
    draft.facts.add("rejected")


def _is_older_than_acceptance(draft: Draft) -> bool:
    """What was said before the acceptance is an answer, and not the holder's last word."""
    accepted_at = handover.the_handover(draft).accepted_at
    return accepted_at is not None and draft.at + clocks.COARSE <= accepted_at


def _put_rejection(draft: Draft, offer: Offer | None) -> None:
    signal = draft.signal
    _judge_reason(draft)
    if offer is not None:
        # A CRM's coarse clock may put the answer before the offer that it answers.
        at = max(draft.at, offer.offered_at)
        changes = {"state": "rejected", "decided_at": at, "reason": signal.reason, "criterion": signal.criterion}
        handover.put_offer(draft, offer.but(**changes))
    draft.emit(
        HandoverRejected(**handover.event_fields(draft, offer), reason=signal.reason, criterion=signal.criterion)
    )


def _judge_reason(draft: Draft) -> None:
    """Findings for the forum: a reason that nobody agreed on, or one whose failed criterion was not named."""
    rules, signal = draft.context.agreement.file.handover, draft.signal
    agreed = rules.reason(signal.reason)
    if rules.reasons and agreed is None:
        draft.finding("rejected for a reason that is not among the agreed ones")
    needs_criterion = agreed.criterion if agreed else is_not_qualified(signal.reason)
    if needs_criterion and not signal.criterion:
        draft.finding("rejected as not qualified without naming the failed criterion")


def _second_offer(draft: Draft, offer: Offer) -> bool:
    """Offers the same opportunity to somebody else, by the agreed rule for this reason."""
    rules = draft.context.agreement.file.handover
    rule = rules.second(draft.signal.reason)
    if rule is None:
        return False
    clocks.cancel(draft, "rejected", offer.id)
    # The next holder has to say yes for themselves.
    handover.put_handover(draft, handover.the_handover(draft).but(accepted_at=None))
    draft.evidence["second_offer"] = {"reason": reason_key(draft.signal.reason), "to": rule.to}
    match rule.to:
        case "next":
            return handover.offer_next(draft)
        case "fallback":
            return _offer_to_fallback(draft)
        case _:
            assert_never(rule.to)


def _offer_to_fallback(draft: Draft) -> bool:
    opened, agreement = handover.the_handover(draft), draft.context.agreement
    person = agreement.routes["hand_over"].fallback
    if person in {offer.person for offer in opened.offers} or len(opened.offers) >= agreement.file.handover.max_offers:
        return False
    handover.offer_to(
        draft,
        Assignment(person=person, rule=SECOND_OFFER, why={"route": "hand_over", "rule": SECOND_OFFER}),
    )
    return True
