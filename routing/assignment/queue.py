"""The queue: a lead that nobody of its pool can take now waits for them, with a clock, as long as the agreement says."""

from __future__ import annotations

from datetime import datetime

from routing.assignment.assignment import Wait
from routing.assignment.owner_fields import set_unowned_reason
from routing.assignment.rotation import with_turns_moved
from routing.calendar.business_time import due_at
from routing.draft import Draft
from routing.lifecycle import route_of
from routing.model.ids import derive
from routing.model.records import Clock, Lead, Ledger, Passed, Queue
from routing.people.hindrances import codes_of
from routing.sla.clocks import QUEUE
from schemas.certain import certain
from schemas.events import LeadQueued


def wait(draft: Draft, held: Wait, had_it: str | None) -> None:
    """Begins to wait, or goes on; the end of the waiting stays where it was. `had_it` has the lead no more."""
    now, over = max(draft.at, draft.context.now), held.overflow
    hold = certain(over.hold, "only a rule that holds makes anybody wait")
    running = clock_of(draft)
    clock = running or _clock(draft, held)
    if running is None:
        calendar = draft.context.agreement.calendar(over.calendar)
        clock = clock.but(due_at=due_at(now, hold, calendar, ()))
    look = min(max(held.retry_at, now), clock.due_at)
    draft.put_clock(clock.but(next_at=look, revision=clock.revision + 1))
    draft.evidence.setdefault("waits", []).append(held.why)
    _stand_in_line(draft, held, clock, had_it)


def _stand_in_line(draft: Draft, held: Wait, clock: Clock, had_it: str | None) -> None:
    """Tells it once for each queue, however often the pool is looked at."""
    lead, before = draft.lead, draft.lead.queue
    route = held.why["route"]
    passed = tuple(Passed(person=one["person"], codes=codes_of(one)) for one in held.why["held"]["candidates"])
    lead.queue = Queue(
        route=route,
        rule=held.rule,
        pool=held.pool,
        since=clock.started_at,
        until=clock.due_at,
        passed=passed,
        kept_for=held.kept_for,
    )
    set_unowned_reason(lead, f"waiting: {held.rule}")
    if before is not None and (before.route, before.rule, before.pool) == (route, held.rule, held.pool):
        return
    draft.emit(
        LeadQueued(
            mode=draft.signal.mode,
            from_owner=draft.owner(had_it),
            stage=lead.stage,
            route=route,
            rule=held.rule,
            pool=held.pool,
            since=clock.started_at,
            until=clock.due_at,
            why=held.why,
            references=lead.references,
        ),
        max(draft.at, draft.context.now),
    )


def place(lead: Lead) -> tuple[str, datetime] | None:
    """Which queue the lead waits in, as `route/pool`, and since when; None where it waits in none. Of a lead that has waited
    since before queues were kept the pool is not known until it is looked at again."""
    clock = next((c for c in lead.clocks.values() if c.policy == QUEUE and c.open), None)
    if clock is None or lead.merged_into is not None:
        return None
    queue = lead.queue
    return (queue.place if queue is not None else f"{route_of(lead.stage)}/", clock.started_at)


def clock_of(draft: Draft) -> Clock | None:
    """The clock of the queue, while it runs."""
    return next((c for c in draft.lead.clocks.values() if c.policy == QUEUE and c.open), None)


def leave_line(draft: Draft) -> None:
    """Takes the lead out of line once a decision is made, whatever ended the waiting."""
    if draft.lead.queue is not None and clock_of(draft) is None:
        draft.lead.queue = None
    _give_turn_back(draft)


def _give_turn_back(draft: Draft) -> None:
    """Gives back a turn counted for the person that the lead was kept for, who did not get it after all."""
    queue, kept, roster = draft.lead.queue, draft.kept, draft.context.roster
    if kept is None or (queue is not None and queue.kept_for == kept.person):
        return
    if draft.signal.mode == "live" and kept.pool in roster.pools:
        ledger = draft.ledgers.get(kept.pool) or Ledger(pool=kept.pool)
        if kept.person in ledger.entries:
            draft.put_ledger(with_turns_moved(roster.pools[kept.pool], ledger, kept.person, -1))


def end(draft: Draft) -> None:
    """Ends the waiting: somebody has the lead, or nobody needs it any more."""
    clock = clock_of(draft)
    if clock is not None:
        over = {"state": "fulfilled", "ended_at": draft.at, "next_at": None, "revision": clock.revision + 1}
        draft.put_clock(clock.but(**over))


def _clock(draft: Draft, held: Wait) -> Clock:
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
