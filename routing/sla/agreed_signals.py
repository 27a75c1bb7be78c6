"""Agreed signals: those of a policy's `start_on`, `pause_on`, `resume_on` and `fulfil_on`."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, assert_never

from routing.agreement.policies import CompiledPolicy
from routing.draft import Draft
from routing.lead.absorb import counts_for_pass, is_genuine
from routing.model.records import Clock, Mark
from routing.sla import clocks


def note(draft: Draft) -> None:
    """The agreed signals that start, pause, resume or fulfil. What no person did neither starts nor fulfils."""
    for policy, part, when in draft.context.agreement.policies.agreed.get(draft.signal.kind, ()):
        if when is not None and not draft.judge.asks(when).met:
            continue
        match part:
            case "pause_on":
                _mark(draft, policy.name, "pause")
            case "resume_on":
                _mark(draft, policy.name, "resume")
            case "start_on" | "fulfil_on" if not is_genuine(draft.signal):
                draft.ignore("not_by_a_person", f"not a person's doing: no {part} for {policy.name}")
            case "fulfil_on":
                signal = draft.signal
                by = draft.context.roster.actor_of(signal.actor, signal.references, signal.source)
                clocks.touch(draft, policy.name, draft.at, by=by)
            case "start_on":
                _start_by_signal(draft, policy)
            case _:
                assert_never(part)


def _start_by_signal(draft: Draft, policy: CompiledPolicy) -> None:
    """One clock of a policy at a time: the earliest agreed signal starts it, also where that one comes late."""
    if not counts_for_pass(draft):
        draft.ignore("older_fact", f"of an earlier pass: no start for {policy.name}")
        return
    if policy.file.restarts:
        _restart(draft, policy)
        return
    ran = next((clock for clock in _clocks_of_pass(draft, policy) if _was_running_at(clock, draft.at)), None)
    if ran is not None:
        draft.ignore("no_change", f"{policy.name} ran since {ran.started_at.isoformat()}: no second start")
        return
    later = next((clock for clock in _clocks_of_pass(draft, policy) if clock.started_at > draft.at), None)
    if later is not None and _is_the_same(draft, policy, later):
        earlier = later.but(started_at=draft.at, counts_from=draft.at - clocks.COARSE)
        clocks.settle(draft, later, clocks.with_known_touch(draft, earlier, policy.file), "late_fact")
    else:
        clocks.start(draft, policy, clocks.subject_of(draft), draft.at, by=draft.signal.id)


def _clocks_of_pass(draft: Draft, policy: CompiledPolicy) -> list[Clock]:
    """The policy's clocks of this pass, by their beginning."""
    subject = clocks.subject_of(draft)
    policy_clocks = [c for c in draft.lead.clocks.values() if c.policy == policy.name and c.subject_id == subject]
    return sorted(policy_clocks, key=lambda clock: (clock.started_at, clock.id))


def _was_running_at(clock: Clock, at: datetime) -> bool:
    """Whether the promise was waited for at that instant: begun, not kept, broken or ended."""
    broken = clock.due_at if clock.state == "breached" else None
    ends = [end for end in (clock.touched_at, clock.cancelled_at, broken) if end is not None]
    return clock.started_at <= at and (not ends or at < min(ends))


def _is_the_same(draft: Draft, policy: CompiledPolicy, later: Clock) -> bool:
    """Whether nothing had kept the promise by when it is known to have started: then it had started already."""
    first = later.but(started_at=draft.at, counts_from=draft.at - clocks.COARSE, touched_at=None, cancelled_at=None)
    kept_at = clocks.with_known_touch(draft, first, policy.file).touched_at
    return kept_at is None or kept_at >= later.started_at


def _restart(draft: Draft, policy: CompiledPolicy) -> None:
    """Each agreed signal ends the promise that ran by then and starts it again, whichever arrives first."""
    earlier_clocks, at = _clocks_of_pass(draft, policy), draft.at
    started = clocks.start(draft, policy, clocks.subject_of(draft), at, by=draft.signal.id)
    if started is None:
        return
    later = min((clock.started_at for clock in earlier_clocks if clock.started_at >= at), default=None)
    if later is not None:
        _end_by_restart(draft, started, later)
    for clock in earlier_clocks:
        if clock.started_at < at:
            _end_by_restart(draft, clock, at)


def _end_by_restart(draft: Draft, clock: Clock, at: datetime) -> None:
    """The next start ends it, unless it was kept or over before; what came after that keeps the next one."""
    kept = clock.touched_at is not None and clock.touched_at <= at
    if kept or (clock.cancelled_at is not None and clock.cancelled_at <= at):
        return
    ended = clock.but(cancelled_at=at, touched_at=None, touched_by=None)
    clocks.settle(draft, clock, ended, "late_fact", why="restarted")


def _mark(draft: Draft, policy: str, what: Literal["pause", "resume"]) -> None:
    signal = draft.signal
    mark = Mark(at=draft.at, what=what, signal_id=signal.id, signal_kind=signal.kind)
    for clock in list(draft.lead.clocks.values()):
        if clock.policy == policy and (clock.cancelled_at is None or draft.at < clock.cancelled_at):
            clocks.settle(draft, clock, clock.but(marks=(*clock.marks, mark)), "late_fact")
