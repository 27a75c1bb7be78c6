"""Explanations as the API and the command line give them: JSON of these models, and `text` for people."""

from __future__ import annotations

from datetime import date
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.json_values import JsonObject


class _View(BaseModel):
    model_config = ConfigDict(frozen=True, populate_by_name=True, serialize_by_alias=True)


def _example(value: JsonObject) -> ConfigDict:
    return ConfigDict(json_schema_extra={"examples": [value]})


IntervalCode = Literal["wall", "open", "week", "closed_day", "special_day", "eve", "holiday", "absence", "pause"]
"""Why a stretch of time counts (`wall`: all time does, `open`) or is skipped: outside the hours of the week, of a special day, or of
the day before a holiday; a closed day; a holiday; its person away; stood still, as agreed."""


class IntervalView(_View):
    """A stretch of time on the way to a due instant, half-open: counted or skipped, and why. `codes` say the same as `cause`, `name` is
    that of the holiday."""

    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime
    counted: bool
    cause: str
    seconds: float
    codes: tuple[IntervalCode, ...] = ()
    name: str | None = None


class DayView(_View):
    """A local day on the way of a promise in whole business days; `number` is which of them it is, null if it is none of them."""

    day: date
    number: int | None
    cause: str


class ClockExplanation(_View):
    """Every interval from the start to the due instant (while it stands still: to the moment of asking), and the sum.

    `plain_due_at` is when whole business days would be due without pauses; null for other targets."""

    model_config = _example(
        {
            "clock_id": "clk_3bq6m2mzl4tq5xj7c3a4m5v6qy",
            "lead_id": "lead_ts5bb7tmp3fqo3w4rhkrwxyfbe",
            "policy": "follow-up",
            "metric": "follow_up",
            "side": "sales",
            "person": "elin",
            "state": "running",
            "target": "2h elapsed",
            "calendar": None,
            "agreement": "0d5b7e",
            "started_at": "2026-11-24T09:00:00Z",
            "started_by": "sig_q5h6j7k2l3m4n5o6p7q2r3s4t5",
            "due_at": "2026-11-24T11:00:00Z",
            "ended_at": None,
            "kept_at": None,
            "kept_by": None,
            "days": [],
            "counted_seconds": 7200,
            "intervals": [
                {
                    "from": "2026-11-24T09:00:00Z",
                    "to": "2026-11-24T11:00:00Z",
                    "counted": True,
                    "cause": "wall time",
                    "seconds": 7200,
                    "codes": ["wall"],
                    "name": None,
                }
            ],
            "text": "follow-up, sales's promise: 2h elapsed",
        }
    )
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
    plain_due_at: AwareDatetime | None = None
    ended_at: AwareDatetime | None
    kept_at: AwareDatetime | None
    kept_by: str | None
    intervals: tuple[IntervalView, ...]
    days: tuple[DayView, ...] = ()
    counted_seconds: float
    text: str


class CandidateView(_View):
    """Somebody of the pool: passed over with a reason, or so far below (or above) their fair share, this lead's with it.
    `also` are further reasons, `had` the leads that they were given before."""

    person: str
    chosen: bool = False
    code: str | None = None
    also: tuple[str, ...] = ()
    reason: str
    short: float | None = None
    had: int | None = None
    weight: float | None = None


class SeatView(_View):
    """A seat of the pool in its ledger, before and after: leads given, and leads short of the share (negative: ahead)."""

    person: str
    given: tuple[int, int]
    short: tuple[float, float]


class LedgerView(_View):
    """The ledger of the pool, before and after: its sequence, and every seat."""

    seq: tuple[int, int]
    seats: tuple[SeatView, ...]


class RuleView(_View):
    """A rule of the route that was looked at before the one that decided, and why it did not. `inputs` are what its
    condition was asked of (null: unknown), `unknown` the fact for whose lack it could not be judged. `overflow` are those
    whom its overflow would have had: of `overflow_pool`, or one person."""

    rule: str
    code: str
    reason: str
    when: str | None = None
    unknown: str | None = None
    inputs: JsonObject = {}
    candidates: tuple[CandidateView, ...] = ()
    overflow_pool: str | None = None
    overflow: tuple[CandidateView, ...] = ()


class AssignmentExplanation(_View):
    """Who was given the lead, by which rules, and who would have been with the smallest change. `when` and `inputs` are of
    the rule that decided."""

    model_config = _example(
        {
            "lead_id": "lead_ts5bb7tmp3fqo3w4rhkrwxyfbe",
            "signal_id": "sig_q5h6j7k2l3m4n5o6p7q2r3s4t5",
            "at": "2026-11-24T09:00:00Z",
            "offer_id": "ho_q5h6j7k2l3m4n5o6p7q2r3s4t5.1",
            "person": "elin",
            "route": "hand_over",
            "path": [],
            "rule": "everybody",
            "when": "true",
            "inputs": {},
            "pool": "field",
            "candidates": [
                {
                    "person": "elin",
                    "chosen": True,
                    "code": None,
                    "reason": "1.00 leads below the fair share",
                    "short": 1.0,
                    "had": 0,
                    "weight": 1.0,
                },
                {
                    "person": "johan",
                    "chosen": False,
                    "code": "absent",
                    "reason": "away then",
                    "short": None,
                    "load": None,
                    "weight": None,
                },
            ],
            "ledger": {
                "seq": [0, 1],
                "seats": [
                    {"person": "elin", "given": [0, 1], "short": [0.0, 0.0]},
                    {"person": "johan", "given": [0, 0], "short": [0.0, 0.0]},
                ],
            },
            "runner_up": None,
            "smallest_change": "had johan not been away, they would have been chosen",
            "agreement": "0d5b7e",
            "roster": "4af5e5",
            "made_by": "core 0.1.0+3f2a91c0d4e5, tzdata 2026.6, holidays 0.109",
            "text": "given to elin by rule `everybody` of pool field",
        }
    )
    lead_id: str
    signal_id: str
    at: AwareDatetime
    offer_id: str | None = None
    person: str
    route: str | None
    path: tuple[RuleView, ...]
    rule: str
    when: str | None = None
    inputs: JsonObject = {}
    pool: str | None
    candidates: tuple[CandidateView, ...]
    ledger: LedgerView | None
    runner_up: str | None
    smallest_change: str
    agreement: str
    roster: str
    made_by: str | None = Field(
        default=None,
        description="What decided beside the agreement: versions of the core (with a digest of its source), tzdata, holidays.",
    )
    note: str | None = None
    text: str


class DefinitionView(_View):
    """A definition of the agreement as it was asked: its text, where that agreement is at hand, and what it was asked of."""

    name: str
    met: bool
    unknown: str | None = None
    expression: str | None = None
    inputs: JsonObject = {}


class StageExplanation(_View):
    """How the lead came to where it is: the row of the lifecycle, the fact that fitted, the definitions asked."""

    stage: str
    track: str | None
    own_track: str | None = Field(default=None, description="The agreement's own name of the track, where it has one.")
    since: AwareDatetime
    pass_number: int
    row: str | None = None
    fact: str | None = None
    signal_id: str | None = None
    signal_kind: str | None = None
    straight: bool = Field(default=False, description="It passed straight through qualification: nobody judged it.")
    definitions: tuple[DefinitionView, ...] = ()


class CustodyView(_View):
    """Who had the lead from when to when (`to` null: still)."""

    person: str | None
    from_: AwareDatetime = Field(alias="from")
    to: AwareDatetime | None
    seconds: float


class HoldView(_View):
    """Somebody asked that it be neither qualified nor handed over, until then at the latest."""

    by: str
    until: AwareDatetime | None = None


class LeadExplanation(_View):
    """Where the lead is and why, who has it and why, what is promised and how that stands. `waits_for` is the rule whose
    pool it waits for, where nobody of it can take the lead now."""

    lead_id: str
    stage: StageExplanation
    owner: str | None
    unowned_reason: str | None
    assignment: AssignmentExplanation | None
    waits_for: RuleView | None = None
    custody: tuple[CustodyView, ...]
    clocks: tuple[ClockExplanation, ...]
    limbo: str | None
    on_hold: HoldView | None = None
    findings: tuple[str, ...]
    unproven: tuple[str, ...] = Field(default=(), description="Facts of the lead that nobody proven has said.")
    text: str
