"""The end of an offer that nobody answers, as a clock that is no promise; it stands still while the lead is on hold."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from routing.calendar.business_time import due_at
from routing.draft import Draft
from routing.model.ids import derive
from routing.model.records import Clock, Mark
from routing.sla.clocks import OFFER_EXPIRY
from routing.sla.own_hours import calendar_of
from routing.sla.verdict import standing


def start(draft: Draft, offer_id: str, at: datetime) -> datetime | None:
    """Starts the clock that ends this offer; returns when, or None where offers do not end."""
    rules = draft.context.agreement.file.handover
    if rules.offer_expires is None:
        return None
    due = due_at(at, rules.offer_expires, draft.context.agreement.calendar(rules.calendar), ())
    clock = Clock(
        id=derive("clk", OFFER_EXPIRY, offer_id),
        policy=OFFER_EXPIRY,
        metric=OFFER_EXPIRY,
        subject_kind="offer",
        subject_id=offer_id,
        started_at=at,
        due_at=due,
        target=rules.offer_expires.text,
        calendar=rules.calendar,
        mode=draft.signal.mode,
        agreement=draft.context.agreement.hash,
        cause=draft.signal.id,
        next_at=due,
    )
    draft.put_clock(clock)
    if draft.lead.parked is not None:
        stop(draft)
    return due


def stop(draft: Draft) -> None:
    """Stops the time of all offers, so that none expires; `go_on` lets it go on."""
    for clock in _clocks_in_state(draft, "running"):
        held = clock.but(marks=(*clock.marks, _mark(draft, "pause", draft.at)))
        draft.put_clock(held.but(state="paused", next_at=None, revision=clock.revision + 1))


def go_on(draft: Draft) -> dict[str, datetime]:
    """Lets offers expire later by as long as `stop` held them; returns the new instants by the offers' ids."""
    expiries = {}
    for clock in _clocks_in_state(draft, "paused"):
        calendar = calendar_of(clock, draft.context.agreement_of(clock.agreement))
        begun = max(mark.at for mark in clock.marks)
        freed = clock.but(marks=(*clock.marks, _mark(draft, "resume", max(draft.at, begun + timedelta.resolution))))
        due = standing(freed, calendar).due_at or clock.due_at
        draft.put_clock(freed.but(state="running", due_at=due, next_at=due, revision=clock.revision + 1))
        expiries[clock.subject_id] = due
    return expiries


def _clocks_in_state(draft: Draft, state: str) -> list[Clock]:
    return [c for c in draft.lead.clocks.values() if c.policy == OFFER_EXPIRY and c.state == state]


def _mark(draft: Draft, what: Literal["pause", "resume"], at: datetime) -> Mark:
    return Mark(at=at, what=what, signal_id=draft.signal.id, signal_kind=draft.signal.kind)
