"""SLA clocks: started, fulfilled, breached, cancelled, corrected. Due instants are reckoned by `routing.business_time`."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from routing.business_time import due_at
from routing.draft import Draft
from routing.ids import derive
from routing.model import Clock
from schemas.agreement import Policy
from schemas.duration import Target
from schemas.events import SlaBreached, SlaCancelled, SlaCorrected, SlaFulfilled, SlaStarted
from schemas.signals import ClockDue

OFFER_EXPIRY = "offer_expiry"
"""Name of the clock that ends an offer; it is no promise, so nothing is breached and no SLA event is emitted."""

COARSE = timedelta(seconds=1)
"""Many CRMs cut instants to the second: a touch in the second in which a clock started is after its start."""


def start(draft: Draft, policy: Policy, subject_id: str, at: datetime) -> None:
    """Starts the clock of a policy, unless this very clock runs or ran already."""
    calendar = draft.context.agreement.calendar(policy.calendar)
    clock = _clock(draft, policy.name, policy.metric, subject_id, at, policy.target, policy.calendar).model_copy(
        update={
            "subject_kind": "offer" if policy.starts == "offer" else "lead",
            "due_at": due_at(at, policy.target, calendar, ()),
        }
    )
    if clock.id in draft.lead.clocks or draft.signal.mode == "import":
        return
    draft.put_clock(clock)
    draft.emit(SlaStarted(**_said(draft, clock)), at)


def start_expiry(draft: Draft, offer_id: str, at: datetime) -> datetime | None:
    """Starts the clock that ends this offer; returns when, or None where offers do not end."""
    rules = draft.context.agreement.file.handover
    if rules.offer_expires is None:
        return None
    due = due_at(at, rules.offer_expires, draft.context.agreement.calendar(rules.calendar), ())
    clock = _clock(draft, OFFER_EXPIRY, OFFER_EXPIRY, offer_id, at, rules.offer_expires, rules.calendar)
    draft.put_clock(clock.model_copy(update={"subject_kind": "offer", "due_at": due}))
    return due


def fulfil(draft: Draft, metric: str, at: datetime) -> None:
    """A genuine fact of this metric happened at `at`: each clock on it that had started by then is over.

    A running clock that was due before is breached, for its due instant has passed whoever noticed first; a breached
    clock whose promise turns out to have been kept in time is corrected.
    """
    for clock in list(draft.lead.clocks.values()):
        if clock.metric != metric or at + COARSE <= clock.started_at:
            continue
        if clock.state == "running":
            _fulfil_or_breach(draft, clock, at)
        elif clock.state == "breached" and at <= clock.due_at:
            _end(draft, clock, "fulfilled", at)
            said = _said(draft, clock) | {"old": "breached", "new": "fulfilled"}
            draft.emit(SlaCorrected(**said, fulfilled_at=at, cause=draft.signal.id))


def fall_due(draft: Draft, due: ClockDue) -> Clock | None:
    """The running clock that this `clock.due` is about, breached if it is a promise; None when it is over already."""
    clock = draft.lead.clocks.get(due.clock_id)
    if clock is None or clock.state != "running" or clock.revision != due.revision:
        draft.notes.append("the clock is over, or was changed since")
        return None
    if clock.policy != OFFER_EXPIRY:
        _breach(draft, clock, due.noticed_at)
    else:
        _end(draft, clock, "fulfilled", clock.due_at)
    return clock


def cancel(draft: Draft, reason: str, subject_id: str | None = None) -> None:
    """Ends the running clocks (of this subject) without a verdict."""
    for clock in list(draft.lead.clocks.values()):
        if clock.state == "running" and subject_id in (None, clock.subject_id):
            _end(draft, clock, "cancelled", draft.at)
            if clock.policy != OFFER_EXPIRY:
                draft.emit(SlaCancelled(**_said(draft, clock), reason=reason))


def _fulfil_or_breach(draft: Draft, clock: Clock, at: datetime) -> None:
    if at > clock.due_at:
        _breach(draft, clock, draft.context.now)
        return
    _end(draft, clock, "fulfilled", at)
    draft.emit(SlaFulfilled(**_said(draft, clock), fulfilled_at=at))


def _breach(draft: Draft, clock: Clock, noticed_at: datetime) -> None:
    _end(draft, clock, "breached", clock.due_at)
    draft.emit(SlaBreached(**_said(draft, clock), noticed_at=max(noticed_at, clock.due_at)), clock.due_at)


def _end(draft: Draft, clock: Clock, state: str, at: datetime) -> None:
    draft.put_clock(clock.model_copy(update={"state": state, "ended_at": at, "revision": clock.revision + 1}))


def _clock(
    draft: Draft, policy: str, metric: str, subject_id: str, at: datetime, target: Target, calendar: str | None
) -> Clock:
    return Clock(
        id=derive("clk", policy, subject_id),
        policy=policy,
        metric=metric,
        subject_kind="lead",
        subject_id=subject_id,
        started_at=at,
        target=str(target),
        calendar=calendar,
        due_at=at,
        mode=draft.signal.mode,
        agreement=draft.context.agreement.hash,
        cause=draft.signal.id,
    )


def _said(draft: Draft, clock: Clock) -> dict[str, Any]:
    """What every SLA event says of its clock. The mode is the clock's own: its start decides who is alerted."""
    return {
        "mode": clock.mode,
        "clock_id": clock.id,
        "policy": clock.policy,
        "metric": clock.metric,
        "subject_kind": clock.subject_kind,
        "subject_id": clock.subject_id,
        "owner": draft.owner(draft.lead.owner),
        "started_at": clock.started_at,
        "target": clock.target,
        "due_at": clock.due_at,
    }
