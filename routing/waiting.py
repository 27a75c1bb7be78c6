"""The queue: a lead that nobody of its pool can take now waits for them, with a clock, as long as the agreement says."""

from __future__ import annotations

from routing.assignment import Held
from routing.business_time import due_at
from routing.draft import Draft
from routing.ids import derive
from routing.model import Clock
from routing.sla import QUEUE


def wait(draft: Draft, held: Held) -> None:
    """Begins to wait, or goes on; the end of the waiting stays where it was."""
    now, over = max(draft.at, draft.context.now), held.overflow
    assert over.hold is not None, "only a rule that holds makes anybody wait"
    running = queued(draft)
    clock = running or _clock(draft, held)
    if running is None:
        calendar = draft.context.agreement.calendar(over.calendar)
        clock = clock.but(due_at=due_at(now, over.hold, calendar, ()))
    look = min(max(held.retry_at, now), clock.due_at)
    draft.put_clock(clock.but(next_at=look, revision=clock.revision + 1))
    draft.evidence.setdefault("waits", []).append(held.why)
    if draft.lead.owner is None:
        draft.lead.unowned_reason = f"waiting: {held.rule}"


def queued(draft: Draft) -> Clock | None:
    """The clock of the queue, while it runs."""
    return next((c for c in draft.lead.clocks.values() if c.policy == QUEUE and c.open), None)


def end(draft: Draft) -> None:
    """Somebody has it, or nobody needs it any more."""
    clock = queued(draft)
    if clock is not None:
        over = {"state": "fulfilled", "ended_at": draft.at, "next_at": None, "revision": clock.revision + 1}
        draft.put_clock(clock.but(**over))


def _clock(draft: Draft, held: Held) -> Clock:
    lead, now = draft.lead, max(draft.at, draft.context.now)
    subject = f"{lead.id}.{lead.pass_number}"
    return Clock(
        id=derive("clk", QUEUE, subject, lead.stage, draft.signal.id),
        policy=QUEUE,
        metric=QUEUE,
        subject_kind="lead",
        subject_id=subject,
        started_at=now,
        due_at=now,
        target=str(held.overflow.hold),
        calendar=held.overflow.calendar,
        mode=draft.signal.mode,
        agreement=draft.context.agreement.hash,
        cause=draft.signal.id,
    )
