"""Agreed signals: those of a policy's `start_on`, `pause_on`, `resume_on` and `fulfil_on`."""

from __future__ import annotations

from typing import Literal, assert_never

from routing import sla
from routing.draft import Draft
from routing.lead import counts_for_pass, genuine
from routing.model import Mark
from routing.policies import CompiledPolicy


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
            case "start_on" | "fulfil_on" if not genuine(draft.signal):
                draft.ignore("not_by_a_person", f"not a person's doing: no {part} for {policy.name}")
            case "fulfil_on":
                signal = draft.signal
                by = draft.context.roster.actor_of(signal.actor, signal.references, signal.source)
                sla.touch(draft, policy.name, draft.at, by=by)
            case "start_on":
                _start_by_signal(draft, policy)
            case _:
                assert_never(part)


def _start_by_signal(draft: Draft, policy: CompiledPolicy) -> None:
    """One clock of a policy at a time: the earliest agreed signal starts it, also where that one comes late."""
    if not counts_for_pass(draft):
        draft.ignore("older_fact", f"of an earlier pass: no start for {policy.name}")
        return
    running = next((c for c in draft.lead.clocks.values() if c.policy == policy.name and c.open), None)
    if running is None:
        sla.start(draft, policy, sla.subject_of(draft), draft.at, by=draft.signal.id)
    elif draft.at < running.started_at:
        earlier = running.but(started_at=draft.at, counts_from=draft.at - sla.COARSE)
        sla.settle(draft, running, sla.with_known_touch(draft, earlier, policy.file), "late_fact")


def _mark(draft: Draft, policy: str, what: Literal["pause", "resume"]) -> None:
    signal = draft.signal
    mark = Mark(at=draft.at, what=what, signal_id=signal.id, signal_kind=signal.kind)
    for clock in list(draft.lead.clocks.values()):
        if clock.policy == policy and (clock.cancelled_at is None or draft.at < clock.cancelled_at):
            sla.settle(draft, clock, clock.but(marks=(*clock.marks, mark)), "late_fact")
