"""A volume promise's clock explained: what was promised for which period, what was counted, what followed."""

from __future__ import annotations

from routing.model.records import Clock, Period
from schemas.explain import ClockExplanation


def explain_volume(clock: Clock, period: Period | None) -> ClockExplanation:
    """`period` has the counts; None where it is so old that only its clock is kept."""
    return ClockExplanation(
        clock_id=clock.id,
        policy=clock.policy,
        metric=clock.metric,
        side=clock.side,
        person=clock.person,
        state=clock.state,
        target=clock.target,
        calendar=clock.calendar,
        agreement=clock.agreement,
        started_at=clock.started_at,
        started_by=clock.cause,
        due_at=clock.due_at,
        ended_at=clock.ended_at,
        kept_at=clock.ended_at if clock.state == "fulfilled" else None,
        kept_by=None,
        intervals=(),
        counted_seconds=0.0,
        text="\n".join(_lines(clock, period)),
    )


def _lines(clock: Clock, period: Period | None) -> list[str]:
    whose = "the organisation" if clock.subject_kind == "organisation" else f"{clock.subject_kind} {clock.subject_id}"
    lines = [
        f"{clock.policy}, {clock.side}'s promise for {whose}: {clock.target}",
        f"from {clock.started_at:%Y-%m-%d %H:%M:%SZ} to {clock.due_at:%Y-%m-%d %H:%M:%SZ} (calendar {clock.calendar})",
    ]
    if period is None:
        lines.append("its counts are not kept any more; the events tell them")
    else:
        against = f", {period.against} against" if clock.metric == "share" else ""
        lines.append(
            f"{period.counted} counted so far{against}" if clock.open else f"{period.counted} counted{against}"
        )
    ended = f" at {clock.ended_at:%Y-%m-%d %H:%M:%SZ}" if clock.ended_at else ""
    return [*lines, f"it is {clock.state}{ended}"]
