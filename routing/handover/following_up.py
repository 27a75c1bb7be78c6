"""A genuine step by one of us: it keeps promises, takes up a lead that was accepted and, where the agreement says so, accepts
one that was offered to whoever took the step."""

from __future__ import annotations

from routing.assignment import ownership
from routing.draft import Draft
from routing.handover import handover, late_answers
from routing.lead import meetings, steps
from routing.lead.absorb import is_genuine
from routing.lifecycle import DIALOGUE
from routing.model.records import Handover
from routing.sla.clocks import COARSE, touch
from schemas.events import HandoverFollowedUp
from schemas.signals import Kind

_STEPS = frozenset({Kind.SALES_FOLLOW_UP, Kind.SALES_MEETING_HELD})
"""Steps of which nobody was told as of a touch."""


def follow_up(draft: Draft) -> None:
    """Notes a genuine step by a person. It counts for whoever was offered the lead then, whatever the order of arrival.
    A colleague's step keeps the lead's own promises, and the owner is told of it."""
    by, opened = steps.doer(draft), draft.lead.handover
    touch(draft, "follow_up", draft.at, by=by)
    if opened is None or not _is_within(opened, draft):
        draft.ignore("no_open_handover", "no hand-over was open then")
    elif opened.current is None:
        _note_without_offer(draft, opened, by)
    else:
        _note_for_offer(draft, opened, by)


def note_personal_message(draft: Draft) -> None:
    """A personal message of whoever has, or had, the lead is a step; a call that nobody answered is a try."""
    signal, opened = draft.signal, draft.lead.handover
    if not is_genuine(signal) or (signal.sales is not None and signal.sales.activity_type == "call"):
        return
    person = draft.context.roster.actor_of(signal.actor, signal.references, signal.source)
    offered = {offer.person for offer in opened.offers} if opened is not None else set()
    if person is not None and person in {draft.lead.owner, *offered}:
        follow_up(draft)


def note_booked_meeting(draft: Draft) -> None:
    """A meeting that one of us books with a lead in dialogue is a next step; one that the lead books is not."""
    signal = draft.signal
    meetings.note(draft)
    by_program = signal.automated or signal.actor.kind in ("automation", "system")
    person = draft.context.roster.actor_of(signal.actor, signal.references, signal.source)
    if draft.lead.stage in DIALOGUE and person is not None and not by_program:
        follow_up(draft)


def _is_within(opened: Handover, draft: Draft) -> bool:
    """Whether the hand-over was open when it happened."""
    return draft.at + COARSE > opened.opened_at and (opened.closed_at is None or draft.at <= opened.closed_at)


def _note_for_offer(draft: Draft, opened: Handover, by: str | None) -> None:
    offer = late_answers.offer_then(draft, opened, by)
    if offer is None or by not in (None, offer.person):
        _tell_holder(draft, by)
        return
    sales = draft.signal.sales
    handover.note_follow_up(draft, offer, draft.at, sales.activity_type if sales is not None else None)
    if by is not None and draft.context.agreement.file.handover.follow_up_accepts:
        late_answers.accept(draft, handover.the_offer(draft, offer.id))


def _note_without_offer(draft: Draft, opened: Handover, by: str | None) -> None:
    """Nobody was offered it by us: an imported hand-over is its owner's; else the step waits for the first offer."""
    if opened.mode != "import" or by not in (None, draft.lead.owner):
        _tell_holder(draft, by)
        return
    earlier, sales = opened.followed_up_at, draft.signal.sales
    handover.put_handover(draft, opened.but(followed_up_at=min(filter(None, (earlier, draft.at)))))
    if earlier is None:
        kind = sales.activity_type if sales is not None else None
        draft.emit(
            HandoverFollowedUp(**handover.event_fields(draft, None), followed_up_at=draft.at, activity_type=kind)
        )
    if by is not None and opened.accepted_at is None and draft.context.agreement.file.handover.follow_up_accepts:
        handover.accept(draft, None)


def _tell_holder(draft: Draft, by: str | None) -> None:
    """Tells the owner that a colleague spoke with the lead; such a step accepts nothing."""
    lead = draft.lead
    if by is None or lead.stage not in DIALOGUE or lead.owner in (None, by) or draft.signal.kind not in _STEPS:
        return
    ownership.tell_owner(draft)
