"""The hand-over: one per pass, offered to one named person at a time, until somebody takes it or nobody is left."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from routing.assignment import ownership
from routing.assignment.assignment import Assignment, Wait
from routing.assignment.owner_fields import set_unowned_reason
from routing.draft import Draft
from routing.handover import offer_expiry
from routing.handover.offer_event import offer_event
from routing.handover.qualification import qualification_of
from routing.lead import dossier, steps
from routing.lifecycle import Fact
from routing.model.bounds import MAX_REFERENCES
from routing.model.ids import derive
from routing.model.records import Emission, Handover, Offer
from routing.sla import clocks
from routing.sla.verdict import is_standing_still
from schemas.certain import certain
from schemas.events import (
    Disposition,
    HandoverAccepted,
    HandoverBlocked,
    HandoverExpired,
    HandoverFollowedUp,
    HandoverLinked,
    HandoverLost,
    HandoverReturned,
    HandoverWithdrawn,
    HandoverWon,
)
from schemas.fates import Reason
from schemas.json_values import JsonObject

Withdrawal = Literal[
    "accepted_by_another", "answered_before", "merged", "owner_absent", "owner_changed", "owner_left", "sla_breached"
]
"""Why an offer is taken back while its lead is worked on; where the lead leaves the dialogue it is the fact or the disposition."""


def open_offer(draft: Draft) -> Offer | None:
    """The offer that is neither refused nor over (an accepted one is its holder's)."""
    handover = draft.lead.handover
    if handover is None or handover.closed_at is not None or handover.current is None:
        return None
    return handover.current if handover.current.is_live else None


def begin(draft: Draft) -> None:
    """Opens this pass's hand-over and offers it to the first person."""
    handover = open_one(draft).but(qualification=qualification_of(draft))
    put_handover(draft, handover)
    for policy in draft.context.agreement.policies.starting("hand_over"):
        clocks.start(draft, policy, handover.id, draft.at)
    if not _block_if_incomplete(draft):
        offer_or_give_up(draft)


def _block_if_incomplete(draft: Draft) -> bool:
    """An incomplete dossier is a finding against marketing; whether it keeps the offer back, the agreement says."""
    lacks = dossier.missing(draft.lead, draft.context.agreement)
    if lacks:
        draft.finding(f"the dossier lacks {', '.join(lacks)}")
    if not lacks or not _keeps_back(draft):
        return False
    put_handover(draft, the_handover(draft).but(blocked=lacks))
    if draft.lead.owner is None:
        set_unowned_reason(draft.lead, "waiting: the dossier")
    draft.emit(HandoverBlocked(**event_fields(draft, None), missing=lacks))
    return True


def _keeps_back(draft: Draft) -> bool:
    return draft.context.agreement.file.handover.dossier.incomplete == "block"


def offer_or_give_up(draft: Draft) -> None:
    """Offers to the next person by the rules; where nobody is left the lead goes back to marketing."""
    if not offer_next(draft):
        draft.facts.add("offers_exhausted")


def complete(draft: Draft) -> None:
    """Looks again at what the dossier lacked. Once nothing is missing marketing's promise is kept. A blocked offer is
    made then, or when the agreement no longer keeps it back."""
    lead = draft.lead
    handover = lead.handover
    if lead.stage != "hand_over" or handover is None:
        return
    lacks = dossier.missing(lead, draft.context.agreement)
    if not lacks:
        clocks.touch(draft, "dossier", max(draft.at, handover.opened_at), handover.id)
    if handover.blocked and not (lacks and _keeps_back(draft)):
        put_handover(draft, the_handover(draft).but(blocked=()))
        offer_or_give_up(draft)


def _note_known_steps(draft: Draft, offer: Offer) -> None:
    """Counts, for this offer, genuine steps that arrived before the offer they are about, or before the signal that
    opened the hand-over."""
    since = the_handover(draft).opened_at - clocks.COARSE
    if step_instants := [at for at in steps.instants_for_person(draft.lead, "follow_up", offer.person) if at > since]:
        note_follow_up(draft, offer, step_instants[0], None)
    if own_instants := [
        at for at in steps.instants_for_person(draft.lead, "follow_up", offer.person, named=True) if at > since
    ]:
        accept_by_step(draft, the_offer(draft, offer.id), own_instants[0])


def note_follow_up(draft: Draft, offer: Offer, at: datetime, activity_type: str | None) -> None:
    """Notes a genuine step for whoever has this offer. The earliest counts, and is told once."""
    handover, earlier = the_handover(draft), offer.followed_up_at
    earliest = at if earlier is None else min(at, earlier)
    put_offer(draft, offer.but(followed_up_at=earliest))
    if handover.current is not None and handover.current.id == offer.id:
        put_handover(draft, the_handover(draft).but(followed_up_at=earliest))
    if earlier is None:
        event = HandoverFollowedUp(**event_fields(draft, offer), followed_up_at=at, activity_type=activity_type)
        draft.emit(event, at)


def accept_by_step(draft: Draft, offer: Offer, at: datetime) -> None:
    """Accepts an open offer by a step of its person, where the agreement lets a follow-up accept."""
    if offer.state == "open" and draft.context.agreement.file.handover.follow_up_accepts:
        accept(draft, offer, at)


def open_one(draft: Draft) -> Handover:
    """This pass's hand-over, offered to nobody yet."""
    lead = draft.lead
    opened = Handover(
        id=derive("ho", lead.id, lead.pass_number),
        pass_number=lead.pass_number,
        opened_at=draft.at,
        mode=draft.signal.mode,
    )
    put_handover(draft, opened)
    return opened


def earlier_handover(draft: Draft) -> Handover:
    """A hand-over for what happened before the open one, which stays the lead's."""
    lead = draft.lead
    ident = derive("ho", lead.id, lead.pass_number, "before", draft.signal.id)
    return Handover(id=ident, pass_number=lead.pass_number, opened_at=draft.at, mode=draft.signal.mode)


def is_about_this(draft: Draft, offer: Offer | None = None) -> bool:
    """Whether a sales fact concerns the open hand-over (and this offer of it), not one that was over before.

    What the sender names decides. Where it names nothing, what happened before the hand-over began, or before a second
    offer was made, is about what was before it. Our own `clock.due` names its clock.
    """
    handover, signal = draft.lead.handover, draft.signal
    if handover is None or signal.clock is not None:
        return True
    named = signal.handover_id or (signal.offer_id or "").rpartition(".")[0]
    if offer is not None and signal.offer_id is not None:
        return signal.offer_id == offer.id
    if named:
        return named == handover.id
    since = handover.opened_at if offer is None or offer.number == 1 else offer.offered_at
    return draft.at + clocks.COARSE > since


def offer_next(draft: Draft) -> bool:
    """Offers to the next person by the rules; False when nobody is left or the agreed number of offers is reached."""
    handover = the_handover(draft)
    if len(handover.offers) >= draft.context.agreement.file.handover.max_offers:
        return False
    chosen = ownership.choose_or_wait(draft, "hand_over", people_asked(handover))
    if isinstance(chosen, Wait):
        ownership.wait_in_line(draft, chosen)
        return True
    if chosen is None:
        return False
    offer_to(draft, chosen)
    return True


def people_asked(handover: Handover) -> frozenset[str]:
    """Who was offered the lead in this hand-over, and not by mistake."""
    return frozenset(offer.person for offer in handover.offers if not offer.undone)


def offer_again(draft: Draft, reason: Withdrawal, *, bounded: bool = True) -> bool:
    """Takes the offer back and makes it to the next person who had no chance yet; False, and nothing is changed, where nobody is
    left, or where it is `bounded` by the agreed number of offers and that is reached."""
    handover = the_handover(draft)
    if bounded and len(handover.offers) >= draft.context.agreement.file.handover.max_offers:
        return False
    had_it = people_asked(handover) | {draft.lead.owner or ""}
    chosen = ownership.choose(draft, "hand_over", had_it)
    if chosen is None:
        return False
    withdraw(draft, reason)
    offer_to(draft, chosen)
    return True


def offer_to(draft: Draft, chosen: Assignment) -> None:
    """Offers the lead to one person, with the dossier. Clocks on the person start now, never before."""
    handover, now = the_handover(draft), max(draft.at, draft.context.now)
    number = len(handover.offers) + 1
    offer_id = f"{handover.id}.{number}"
    # In a deal whoever is offered it has it at once: there is nothing to fall back to.
    expires = offer_expiry.start(draft, offer_id, now) if draft.lead.stage == "hand_over" else None
    offer = Offer(
        id=offer_id, number=number, person=chosen.person, pool=chosen.pool, offered_at=now, expires_at=expires
    )
    # Whoever had it before, the next step is for this person to take.
    put_handover(draft, handover.but(offers=(*handover.offers, offer), blocked=(), followed_up_at=None))
    ownership.give(draft, chosen)
    draft.evidence["owners"][-1]["offer"] = offer_id
    place = len(draft.emissions)
    # What was done for the lead before the first offer counts for its holder; later holders start from nothing.
    counts_from = handover.opened_at - clocks.COARSE if number == 1 else None
    for policy in draft.context.agreement.policies.starting("offer"):
        clocks.start(draft, policy, offer_id, now, counts_from=counts_from)
    # Told before the clocks that start with it, though it says when the first of them is due.
    draft.emissions.insert(place, Emission(offer_event(draft, offer, event_fields(draft, offer)), now))
    if number == 1:
        _note_known_steps(draft, offer)


def why_not_accepted(draft: Draft, offer: Offer | None) -> tuple[Reason, str] | None:
    """Why an acceptance of now answers nothing; None where it does."""
    handover = the_handover(draft)
    # Only a hand-over that was imported is somebody's without an offer of ours.
    never_offered = offer is None and (handover.offers or handover.mode != "import")
    answered_already = handover.accepted_at is not None if offer is None else offer.state == "accepted"
    if answered_already or never_offered:
        return "no_open_offer", "there is no open offer to accept"
    return None if is_about_this(draft, offer) else ("earlier_offer", "it is about an earlier offer")


def accept(draft: Draft, offer: Offer | None, at: datetime | None = None) -> None:
    """Accepts the open offer for its holder at `at` (left out: when the signal's fact happened). The follow-up clock
    runs on."""
    at = at or draft.at
    if offer is not None:
        put_offer(draft, offer.but(state="accepted", decided_at=at))
        _end_expiry(draft, offer)
    put_handover(draft, the_handover(draft).but(accepted_at=at))
    draft.emit(HandoverAccepted(**event_fields(draft, offer)), at)
    keep_answer_promise(draft, offer, at)
    if offer is None:
        return
    for policy in draft.context.agreement.policies.starting("acceptance"):
        clocks.start(draft, policy, offer.id, max(at, offer.offered_at))


def keep_answer_promise(draft: Draft, offer: Offer | None, at: datetime | None = None) -> None:
    """Accepting and rejecting both keep the promise to answer."""
    at = at or draft.at
    clocks.touch(draft, "acceptance", at, the_handover(draft).id)
    if offer is not None:
        # A CRM's coarse clock may put the answer before the offer that it answers.
        clocks.touch(draft, "acceptance", max(at, offer.offered_at), offer.id)


def break_answer(draft: Draft, offer_id: str) -> list[str]:
    """Breaks the promise to answer of a person who lets an offer expire: it is due by then. A clock that stands still,
    because they are away, is not broken by it. Returns the clocks that are broken now; call it before the offer
    expires."""
    offer, due = open_offer(draft), draft.signal.clock
    if offer is None or offer.id != offer_id or offer.state != "open" or due is None:
        return []
    at = offer.expires_at or due.due_at
    waiting_for = [
        clock
        for clock in draft.lead.clocks.values()
        if clock.subject_id == offer_id and clock.metric == "acceptance" and clock.state == "running"
        if not is_standing_still(clock, at)
    ]
    for clock in waiting_for:
        ended = clock.but(offer_ended_at=at)
        clocks.settle(draft, clock, ended, "policy", announced=due)
    return [clock.id for clock in waiting_for]


def expire(draft: Draft, offer_id: str) -> None:
    """Ends an offer that nobody answered in time: the next person is offered the lead, or nobody is left."""
    offer = open_offer(draft)
    if offer is None or offer.id != offer_id or offer.state != "open":
        draft.ignore("already_answered", "the offer was answered already")
        return
    due = offer.expires_at or draft.at
    put_offer(draft, offer.but(state="expired", decided_at=due))
    clocks.cancel(draft, "offer_expired", offer.id)
    draft.emit(HandoverExpired(**event_fields(draft, offer), expired_at=due), due)
    offer_or_give_up(draft)


def withdraw(
    draft: Draft, reason: Withdrawal | Fact | Disposition | Literal["import"], at: datetime | None = None
) -> None:
    """Takes the open offer back, at `at` (left out: when the signal's fact happened); what runs on the offer stops."""
    offer, at = open_offer(draft), at or draft.at
    if offer is None:
        return
    put_offer(draft, offer.but(state="withdrawn", decided_at=at, reason=reason))
    if draft.lead.stage == "hand_over":
        # Who is offered it next has to say yes for themselves.
        put_handover(draft, the_handover(draft).but(accepted_at=None))
    clocks.cancel(draft, reason, offer.id, at)
    draft.emit(HandoverWithdrawn(**event_fields(draft, offer), reason=reason), at)


def link(draft: Draft) -> None:
    """Keeps the CRM's own ids of the opportunity."""
    handover = draft.lead.handover
    if handover is None:
        draft.ignore("no_open_handover", "there is no hand-over to link")
        return
    new = tuple(r for r in draft.signal.references if r not in handover.references)
    held = (handover.references + new)[-MAX_REFERENCES:]
    put_handover(draft, handover.but(references=held))
    draft.emit(HandoverLinked(**event_fields(draft, open_offer(draft))))


def close(draft: Draft, outcome: Fact | Literal["import"]) -> None:
    """Closes the hand-over (won, lost, returned, or handed back); nothing of it runs on."""
    handover = draft.lead.handover
    if handover is None or handover.closed_at is not None:
        return
    signal, offer = draft.signal, open_offer(draft)
    if outcome == "won":
        tell_won(draft)
    elif outcome == "lost":
        draft.emit(HandoverLost(**event_fields(draft, offer), reason=signal.reason))
    elif outcome == "returned":
        draft.emit(HandoverReturned(**event_fields(draft, offer), reason=signal.reason))
    elif offer is not None and (offer.state == "open" or outcome in ("taken_back", "contact_deleted")):
        withdraw(draft, outcome)
    clocks.cancel(draft, outcome)
    put_handover(draft, the_handover(draft).but(closed_at=draft.at, outcome=outcome, qualification=None))


def tell_won(draft: Draft, *, outside: bool = False, corrects: str | None = None) -> None:
    """Tells the sale with its amount, credited to who won it."""
    signal = draft.signal
    fields = event_fields(draft, None if outside else open_offer(draft))
    fields |= {"owner": draft.owner(draft.seller)} if draft.seller is not None else {}
    draft.emit(
        HandoverWon(
            **fields, amount=signal.amount, currency=signal.currency, outside_process=outside, corrects=corrects
        )
    )


def _end_expiry(draft: Draft, offer: Offer) -> None:
    for clock in list(draft.lead.clocks.values()):
        if clock.policy == clocks.OFFER_EXPIRY and clock.subject_id == offer.id:
            clocks.end_expiry(draft, clock)


def the_handover(draft: Draft) -> Handover:
    return certain(draft.lead.handover, "a hand-over is open in this stage")


def put_handover(draft: Draft, handover: Handover) -> None:
    """Puts this hand-over in the place of the lead's."""
    draft.lead.handover = handover


def put_offer(draft: Draft, offer: Offer) -> None:
    """Puts this offer in the place of the one with its id."""
    handover = the_handover(draft)
    offers = tuple(offer if other.id == offer.id else other for other in handover.offers)
    put_handover(draft, handover.but(offers=offers))


def the_offer(draft: Draft, offer_id: str) -> Offer:
    """The offer of this id as it is now."""
    return next(offer for offer in the_handover(draft).offers if offer.id == offer_id)


def event_fields(draft: Draft, offer: Offer | None) -> JsonObject:
    handover = the_handover(draft)
    return {
        "mode": "observe" if draft.signal.mode == "live" and handover.mode == "observe" else draft.signal.mode,
        "handover_id": handover.id,
        "pass_number": handover.pass_number,
        "offer_id": offer.id if offer else None,
        "owner": draft.owner(offer.person if offer else draft.lead.owner),
        "references": (*draft.lead.references, *handover.references),
    }
