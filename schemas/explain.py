"""Explanations as the API and the command line give them: JSON of these models, and `text` for people."""

from __future__ import annotations

from datetime import date
from typing import Any

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)


class IntervalView(_View):
    """A stretch of time on the way to a due instant, half-open: counted or skipped, and why."""

    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime
    counted: bool
    cause: str
    seconds: float


class DayView(_View):
    """A local day on the way of a promise in whole business days; `number` is which of them it is, null if skipped."""

    day: date
    number: int | None
    cause: str


class ClockExplanation(_View):
    """Every interval from the start to the due instant (while it stands still: to the moment of asking), and the sum."""

    clock_id: str
    lead_id: str | None = None
    policy: str
    metric: str
    side: str | None
    person: str | None
    state: str
    target: str
    calendar: str | None
    agreement: str
    started_at: AwareDatetime
    started_by: str
    due_at: AwareDatetime | None
    ended_at: AwareDatetime | None
    kept_at: AwareDatetime | None
    kept_by: str | None
    intervals: tuple[IntervalView, ...]
    days: tuple[DayView, ...] = ()
    counted_seconds: float
    text: str


class CandidateView(_View):
    """Somebody of the pool: passed over with a reason, or so far below (or above) their fair share before this lead."""

    person: str
    chosen: bool = False
    code: str | None = None
    reason: str
    short: float | None = None
    load: float | None = None
    weight: float | None = None


class RuleView(_View):
    """A rule of the route that was looked at before the one that decided, and why it did not."""

    rule: str
    code: str
    reason: str
    when: str | None = None
    candidates: tuple[CandidateView, ...] = ()


class AssignmentExplanation(_View):
    """Who was given the lead, by which rules, and who would have been with the smallest change."""

    lead_id: str
    signal_id: str
    at: AwareDatetime
    offer_id: str | None = None
    person: str
    route: str | None
    path: tuple[RuleView, ...]
    rule: str
    pool: str | None
    candidates: tuple[CandidateView, ...]
    ledger: dict[str, Any] | None
    runner_up: str | None
    smallest_change: str | None
    agreement: str
    roster: str
    text: str


class DefinitionView(_View):
    """A definition of the agreement as it was asked: its text, where that agreement is at hand, and what it was asked of."""

    name: str
    met: bool
    unknown: str | None = None
    expression: str | None = None
    inputs: dict[str, Any] = {}


class StageExplanation(_View):
    """How the lead came to where it is: the row of the lifecycle, the fact that fitted, the definitions asked."""

    stage: str
    track: str | None
    since: AwareDatetime
    pass_number: int
    row: str | None = None
    fact: str | None = None
    signal_id: str | None = None
    signal_kind: str | None = None
    definitions: tuple[DefinitionView, ...] = ()


class CustodyView(_View):
    """Who had the lead from when to when (`to` null: still)."""

    person: str | None
    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime | None
    seconds: float


class LeadExplanation(_View):
    """Where the lead is and why, who has it and why, what is promised and how that stands."""

    lead_id: str
    stage: StageExplanation
    owner: str | None
    unowned_reason: str | None
    assignment: AssignmentExplanation | None
    custody: tuple[CustodyView, ...]
    clocks: tuple[ClockExplanation, ...]
    limbo: str | None
    findings: tuple[str, ...]
    text: str
