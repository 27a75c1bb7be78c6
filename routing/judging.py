"""What a signal means for its lead: each kind has one function that notes facts, answers offers, ends clocks.

The facts are the words that the lifecycle's rows ask for (`routing.lifecycle`)."""

from __future__ import annotations

from collections.abc import Callable

from routing.assignment import ownership
from routing.draft import Draft
from routing.escalation import ladder
from routing.handover import end_of_wait, following_up, handover, manual, rejection, succession
from routing.lead import consent_requests, deletion, meetings
from routing.lead.absorb import counts_for_pass, note_consent
from routing.lifecycle import DIALOGUE
from routing.model.records import Lead
from routing.nurturing import dialogue, nurturing
from routing.sla import agreed_signals, clocks
from routing.sla.clocks import DIALOGUE_END, HOLD_END, QUEUE, WAKE
from routing.stages import closing, hold, waking
from routing.stages.readiness import is_engagement, note_sales_ready
from routing.upkeep import disposition
from schemas.signals import LISTINGS, TOUCHES, Kind

OF_SALES = frozenset(
    {
        Kind.SALES_ACCEPTED,
        Kind.SALES_REJECTED,
        Kind.SALES_FOLLOW_UP,
        Kind.SALES_OWNER_CHANGED,
        Kind.SALES_WON,
        Kind.SALES_LOST,
        Kind.SALES_RETURNED,
    }
)
"""Kinds that are news only where somebody else than our sinks did it."""
ALWAYS = frozenset({Kind.DISPOSITION_SET, Kind.CONSENT_GIVEN, Kind.CONSENT_WITHDRAWN, Kind.LIST_UNSUBSCRIBED})
"""Kinds that are acted on whatever the lead's disposition."""
_TOLD = TOUCHES - {Kind.SALES_FOLLOW_UP, Kind.EMAIL_DELIVERED, Kind.SALES_MEETING_HELD}


def note_signal(draft: Draft) -> None:
    """Notes what the signal means, before any stage is considered."""
    signal, lead = draft.signal, draft.lead
    kind = signal.kind
    if kind in LISTINGS:
        draft.facts.add("listed")
    if kind in TOUCHES:
        draft.facts.add("touched")
        if lead.stage in DIALOGUE and kind in _TOLD:
            ownership.tell_owner(draft)
    nurturing.watch_mail(draft)
    if signal.tags:
        note_sales_ready(draft)
    if signal.echo is not None and kind in OF_SALES:
        draft.ignore("our_own_write", f"what a sink wrote came back, known by its {signal.echo}")
    elif act := _ACTS.get(kind):
        act(draft)
    follow_consents(draft)
    consent_requests.ask(draft)
    if lead.disposition == "active":
        if is_engagement(draft) and counts_for_pass(draft):
            hold.remember(draft)
        dialogue.note(draft)
        agreed_signals.note(draft)
        handover.complete(draft)


def follow_consents(draft: Draft) -> None:
    """What comes of the consents that a signal tells of beside what it is about: also where that comes to nothing, or is about a
    lead that nobody works."""
    for consent in draft.signal.consents:
        nurturing.follow_consent(draft, consent.state)


def _follow_up(draft: Draft) -> None:
    signal = draft.signal
    if signal.automated or signal.actor.kind in ("automation", "system"):
        draft.ignore("not_by_a_person", "not a person's doing: no follow-up")
    elif signal.sales is not None and signal.sales.done is False:
        draft.ignore("not_done_yet", "not done yet: no follow-up")
    else:
        following_up.follow_up(draft)


def _note_withdrawal(draft: Draft) -> None:
    """Notes a withdrawal. One that does not say what for means everything, the mail first of all. Leaving a list that
    is named says nothing of other mail (`routing.lead.lists`)."""
    one_list = draft.signal.kind == Kind.LIST_UNSUBSCRIBED and draft.signal.lists
    if not one_list and "withdrawn" not in [consent.state for consent in draft.signal.consents]:
        note_consent(draft, "email", "withdrawn", draft.at)
    nurturing.follow_consent(draft, "withdrawn")


def _note_given_consent(draft: Draft) -> None:
    """Notes a consent. One given in general gives back what a withdrawal in general took away."""
    if not draft.signal.consents:
        note_consent(draft, "email", "given", draft.at)
    nurturing.follow_consent(draft, "given")


def _clock_due(draft: Draft) -> None:
    due = draft.signal.clock
    clock = clocks.fall_due(draft, due) if due is not None else None
    if clock is None:
        return
    if clock.policy in _OVER:
        _OVER[clock.policy](draft)
    elif clock.policy == clocks.OFFER_EXPIRY:
        for broken in handover.break_answer(draft, clock.subject_id):
            ladder.climb(draft, broken)
        handover.expire(draft, clock.subject_id)
    else:
        ladder.climb(draft, clock.id)


def _owner_away(draft: Draft) -> None:
    """Hands on what waits for an owner who is away. What stays theirs does not count meanwhile, where agreed. An
    absence is told of a person, not of a lead: what follows from it for a lead on trial is on trial, too."""
    if _is_on_trial(draft.lead):
        draft.signal = draft.signal.but(mode="observe")
    succession.hand_back(draft)
    clocks.recheck(draft, adopt=False)


def _is_on_trial(lead: Lead) -> bool:
    """Whether its open hand-over, or else each of its clocks that still run, began on trial."""
    if lead.handover is not None and lead.handover.closed_at is None:
        return lead.handover.mode == "observe"
    modes = {clock.mode for clock in lead.clocks.values() if clock.open}
    return modes == {"observe"}


_OVER: dict[str, Callable[[Draft], None]] = {
    QUEUE: end_of_wait.wait_no_more,
    DIALOGUE_END: dialogue.fall_silent,
    HOLD_END: hold.end_of_hold,
    WAKE: waking.wake,
}
"""What comes of a clock that is no promise."""
_ACTS: dict[Kind, Callable[[Draft], None]] = {
    Kind.SALES_ACCEPTED: manual.accept,
    Kind.SALES_REJECTED: rejection.reject,
    Kind.SALES_FOLLOW_UP: _follow_up,
    Kind.OUTREACH_LOGGED: following_up.note_personal_message,
    Kind.SALES_MEETING_HELD: _follow_up,
    Kind.SALES_MEETING_BOOKED: following_up.note_booked_meeting,
    Kind.SALES_MEETING_CANCELLED: meetings.note,
    Kind.SALES_OWNER_CHANGED: manual.change_owner,
    Kind.SALES_WON: closing.win,
    Kind.SALES_LOST: lambda draft: closing.lose(draft, "lost"),
    Kind.SALES_RETURNED: lambda draft: closing.lose(draft, "returned"),
    Kind.CRM_LINKED: handover.link,
    Kind.CONTACT_DELETED: deletion.note,
    Kind.DISPOSITION_SET: disposition.change,
    Kind.CONSENT_GIVEN: _note_given_consent,
    Kind.CONSENT_WITHDRAWN: _note_withdrawal,
    Kind.LIST_UNSUBSCRIBED: _note_withdrawal,
    Kind.CLOCK_DUE: _clock_due,
    Kind.CLOCK_RECHECK: lambda draft: clocks.recheck(draft, adopt=draft.signal.reason == "adopt"),
    Kind.OWNER_AWAY: _owner_away,
    Kind.LEAD_PARKED: hold.park,
    Kind.LEAD_UNPARKED: hold.unpark,
    Kind.LEAD_LISTED: nurturing.set_exempt_lists,
}
