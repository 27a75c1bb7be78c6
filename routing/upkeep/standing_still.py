"""A lead that is merged into another stands still as it was, and goes on when they are parted: its clocks, its offer, its owner's
turn."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal, assert_never

from routing.assignment.rotation import with_turns_moved
from routing.draft import Draft
from routing.handover import succession
from routing.handover.handover import event_fields, open_offer, put_offer
from routing.handover.offer_event import offer_event
from routing.model.records import Clock, Ledger, Mark, Offer
from routing.sla import clocks
from routing.sla.own_hours import calendar_of
from routing.sla.verdict import standing
from schemas.events import HandoverWithdrawn
from schemas.signals import Kind

MERGED = "merged"
"""The reason with which an offer is withdrawn and mail stops, that `unmerge` gives back."""


def stand_still(draft: Draft) -> None:
    """Stops all of the lead's clocks from now on; one that an agreed signal stopped before stays as it is."""
    for clock in list(draft.lead.clocks.values()):
        mark = _mark(draft, "pause", draft.at)
        marked = clock if _paused_by(clock) else clock.but(marks=(*clock.marks, mark))
        if clock.policy in clocks.SILENT and clock.open:
            draft.put_clock(marked.but(state="paused"))
        elif clock.open:
            clocks.settle(draft, clock, marked, "late_fact")
        if draft.lead.clocks[clock.id].state != "running":
            never_look(draft, clock.id)


def never_look(draft: Draft, clock_id: str) -> None:
    """The watcher does not look at this clock any more."""
    clock = draft.lead.clocks[clock_id]
    if clock.next_at is not None:
        draft.put_clock(clock.but(next_at=None, revision=clock.revision + 1))


def go_on(draft: Draft) -> None:
    """Its clocks run on, later by as long as they stood still."""
    for clock in list(draft.lead.clocks.values()):
        pause, marked = _paused_by(clock), clock
        if pause is not None and pause.signal_kind == Kind.LEAD_MERGE:
            # After it even where both have one instant: at one instant a resume comes first.
            at = max(draft.at, pause.at + timedelta.resolution)
            marked = clock.but(marks=(*clock.marks, _mark(draft, "resume", at)))
        if clock.policy in clocks.SILENT and clock.open and _paused_by(marked) is not None:
            draft.put_clock(marked)  # The lead is on hold: its offer expires no sooner than that ends.
        elif clock.policy in clocks.SILENT and clock.open:
            _wait_on(draft, marked)
        elif clock.open or clock.state == "breached":
            clocks.settle(draft, clock, marked, "late_fact")


def _wait_on(draft: Draft, clock: Clock) -> None:
    """Moves the end of an offer, or of waiting in a queue, later by as long as it stood still. A clock by which the lead is asked again
    has no length of its own: it is asked at its instant, or now where that is over."""
    now = max(draft.at, draft.context.now)
    if clock.policy == clocks.WAKE:
        due, look = clock.due_at, max(now, clock.due_at)
    else:
        calendar = calendar_of(clock, draft.context.agreement_of(clock.agreement))
        due = standing(clock, calendar).due_at or clock.due_at
        look = now if clock.policy == clocks.QUEUE else due
    changes = {"state": "running", "due_at": due, "next_at": look, "revision": clock.revision + 1}
    draft.put_clock(clock.but(**changes))


def _paused_by(clock: Clock) -> Mark | None:
    """The mark that the clock stands still by."""
    begun = None
    for mark in sorted(clock.marks, key=lambda m: (m.at, m.what == "pause", m.signal_id)):
        match mark.what:
            case "pause":
                begun = begun or mark
            case "resume":
                begun = None
            case _:
                assert_never(mark.what)
    return begun


def _mark(draft: Draft, what: Literal["pause", "resume"], at: datetime) -> Mark:
    return Mark(at=at, what=what, signal_id=draft.signal.id, signal_kind=draft.signal.kind)


def withdraw_offer(draft: Draft) -> None:
    """Withdraws the open offer. Its clocks are not ended, for it may come back."""
    offer = open_offer(draft)
    if offer is not None and offer.state == "open":
        put_offer(draft, offer.but(state="withdrawn", decided_at=draft.at, reason=MERGED))
        draft.emit(HandoverWithdrawn(**event_fields(draft, offer), reason=MERGED))


def _withdrawn_offer(draft: Draft) -> Offer | None:
    handover = draft.lead.handover
    if handover is None or handover.closed_at is not None or handover.current is None:
        return None
    last = handover.current
    return last if (last.state, last.reason) == ("withdrawn", MERGED) else None


def offer_again(draft: Draft) -> None:
    """Makes the same offer to the same person; it expires later by as long as it was withdrawn."""
    offer = _withdrawn_offer(draft)
    if offer is None:
        return
    expiry = [
        c.due_at for c in draft.lead.clocks.values() if c.policy == clocks.OFFER_EXPIRY and c.subject_id == offer.id
    ]
    changes = {"state": "open", "decided_at": None, "reason": None, "expires_at": next(iter(expiry), offer.expires_at)}
    again = offer.but(**changes)
    put_offer(draft, again)
    draft.emit(offer_event(draft, again, event_fields(draft, again)))


def pass_on_if_away(draft: Draft) -> None:
    """Passes the lead on where its owner has left or fallen ill meanwhile."""
    lead, roster = draft.lead, draft.context.roster
    if lead.owner is None or roster.why_away(lead.owner, draft.context.now) is None:
        return
    member = roster.people.get(lead.owner)
    succession.give_back(draft, lead.owner, gone=member is None or not member.active)


def move_turn(draft: Draft, turns: int) -> None:
    """Moves the owner's turn in the pool's ledger: it is given back, or counted again."""
    lead = draft.lead
    pool = draft.context.roster.pools.get(lead.owner_pool or "")
    if pool is None or lead.owner is None or all(seat.person != lead.owner for seat in pool.seats):
        return
    before = draft.ledgers.get(pool.name) or Ledger(pool=pool.name)
    after = with_turns_moved(pool, before, lead.owner, turns)
    draft.put_ledger(after)
    draft.evidence["ledger"] = {"pool": pool.name, "person": lead.owner, "turns": turns, "seq": after.seq}
