"""On hold: neither qualified nor handed over for now. A hold ends by itself, so that no lead is forgotten in it."""

from __future__ import annotations

from datetime import timedelta
from math import ceil

from routing.draft import Draft
from routing.handover import handover, offer_expiry
from routing.lifecycle import DIALOGUE
from routing.model.ids import derive
from routing.model.kept_signal import restore_signal, to_keep
from routing.model.records import Clock, Lead
from routing.sla.clocks import HOLD_END
from schemas.events import LeadParked, LeadUnparked

USUAL = timedelta(days=30)
"""How long a hold lasts that nobody gave an end."""
LONGEST = timedelta(days=366)
KEPT = 16
"""Signals of a hold that are kept to be judged at its end."""


def park(draft: Draft) -> None:
    """Puts the lead on hold until it is released, or until the end that was asked for."""
    lead, command = draft.lead, draft.signal.command
    if command is None or lead.parked is not None:
        draft.ignore("no_change", "it is on hold already")
        return
    until = min(max(command.until or draft.at + USUAL, draft.at), draft.at + LONGEST)
    lead.parked, lead.parked_until = command.principal, until
    draft.put_clock(_clock(draft))
    offer_expiry.stop(draft)
    draft.emit(LeadParked(mode=draft.signal.mode, by=command.principal, reason=draft.signal.reason, until=until))


def unpark(draft: Draft) -> None:
    """Releases the lead."""
    command = draft.signal.command
    if command is None or draft.lead.parked is None:
        draft.ignore("no_change", "it was not on hold")
        return
    _let_go(draft, command.principal, draft.signal.reason)


def end_of_hold(draft: Draft) -> None:
    """Ends a hold whose time is over, in the name of the person who asked for it."""
    if draft.lead.parked is not None:
        _let_go(draft, draft.lead.parked, "its time is over")


def remember(draft: Draft) -> None:
    """Keeps what comes during a hold and would move the lead, to be judged when the hold ends."""
    lead = draft.lead
    if lead.parked is None or lead.stage in DIALOGUE:
        return
    one = to_keep(draft.signal, draft.at)
    lead.heard = tuple(sorted((*lead.heard, one), key=lambda heard: (heard.at, heard.signal_id)))[-KEPT:]


def drop(draft: Draft) -> None:
    """Nobody works the lead any more, so nothing is held back."""
    draft.lead.parked, draft.lead.parked_until = None, None
    forget_pass(draft.lead)
    _end_clock(draft)


def forget_pass(lead: Lead) -> None:
    """Forgets what came during a hold of the pass that is over."""
    lead.heard = ()


def _let_go(draft: Draft, by: str, reason: str | None) -> None:
    """Judges now what happened during the hold."""
    lead = draft.lead
    draft.heard = tuple(restore_signal(heard, draft.signal) for heard in reversed(lead.heard))
    drop(draft)
    _let_offer_expire(draft)
    draft.note_learned()
    if lead.sales_ready:
        draft.facts.add("sales_ready")
    if lead.meeting_booked_at is not None:
        draft.facts.add("meeting_booked")
    draft.emit(LeadUnparked(mode=draft.signal.mode, by=by, reason=reason))
    # Noticed late, the end may lie before what is judged now: nothing that follows began before that.
    draft.at = max(filter(None, (draft.at, lead.stage_since, lead.last_touch_at)))


def _let_offer_expire(draft: Draft) -> None:
    """Lets an open offer expire later by as long as the hold took of its time."""
    expires, opened = offer_expiry.go_on(draft), draft.lead.handover
    if expires and opened is not None:
        offers = tuple(o.but(expires_at=expires.get(o.id, o.expires_at)) for o in opened.offers)
        handover.put_handover(draft, opened.but(offers=offers))


def _end_clock(draft: Draft) -> None:
    for clock in list(draft.lead.clocks.values()):
        if clock.policy == HOLD_END and clock.open:
            over = {"state": "fulfilled", "ended_at": draft.at, "next_at": None, "revision": clock.revision + 1}
            draft.put_clock(clock.but(**over))


def _clock(draft: Draft) -> Clock:
    lead, until = draft.lead, draft.lead.parked_until or draft.at
    return Clock(
        id=derive("clk", HOLD_END, lead.id, draft.signal.id),
        policy=HOLD_END,
        metric=HOLD_END,
        subject_kind="lead",
        subject_id=f"{lead.id}.{lead.pass_number}",
        started_at=draft.at,
        due_at=until,
        next_at=until,
        target=f"{ceil((until - draft.at) / timedelta(seconds=1))}s elapsed",
        mode=draft.signal.mode,
        agreement=draft.context.agreement.hash,
        cause=draft.signal.id,
    )
