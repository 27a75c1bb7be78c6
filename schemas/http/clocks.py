"""Clocks, and the feed of events."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.envelope import Envelope
from schemas.events import SubjectKind
from schemas.http.common import AT, EVENT, LEAD_ID, SIGNAL_ID, Next, example
from schemas.json_values import JsonObject
from schemas.signals import Mode


class ClockView(BaseModel):
    """One promise being measured."""

    model_config = ConfigDict(frozen=True)
    id: str
    lead_id: str | None = Field(description="Null for a volume promise, which is about no single lead.")
    policy: str = Field(description="A promise of the agreement, or `offer_expiry`, which ends an offer.")
    metric: str
    subject_kind: SubjectKind
    subject_id: str
    state: Literal["running", "paused", "fulfilled", "breached", "cancelled"]
    started_at: AwareDatetime
    target: str
    calendar: str | None
    due_at: AwareDatetime = Field(description="Exact, whenever it is noticed.")
    ended_at: AwareDatetime | None
    revision: int
    mode: Mode
    agreement: str
    cause: str = Field(description="Id of the signal that started it.")
    side: Literal["sales", "marketing"] | None = Field(default=None, description="Whose promise it is.")
    person: str | None = Field(default=None, description="Whom it measures; null for the lead's own clocks.")
    next_at: AwareDatetime | None = Field(
        default=None, description="When it is looked at next: a warning, the due instant, a rung of the ladder."
    )


CLOCK_EXAMPLE: JsonObject = {
    "id": "clk_3bq6m2mzl4tq5xj7c3a4m5v6qy",
    "lead_id": LEAD_ID,
    "policy": "follow-up",
    "metric": "follow_up",
    "subject_kind": "offer",
    "subject_id": "ho_q5h6j7k2l3m4n5o6p7q2r3s4t5.1",
    "state": "running",
    "started_at": AT,
    "target": "24h elapsed",
    "calendar": None,
    "due_at": "2026-11-25T09:00:00Z",
    "ended_at": None,
    "revision": 0,
    "mode": "live",
    "agreement": "0d5b7e",
    "cause": SIGNAL_ID,
}


class ClockPage(BaseModel):
    """Clocks by id."""

    model_config = example({"clocks": [CLOCK_EXAMPLE], "next": None})
    clocks: list[ClockView]
    next: Next


class FeedEntry(BaseModel):
    """An event at its position. The event's bytes are those of the topic and of deliveries."""

    model_config = ConfigDict(frozen=True)
    position: int = Field(ge=1, description="Without gaps over all topics.")
    event: Envelope


class FeedPage(BaseModel):
    """Events by position."""

    model_config = example({"events": [{"position": 42, "event": EVENT}], "next": 42, "head": 42})
    events: list[FeedEntry]
    next: int = Field(ge=0, description="Ask again with `after` = this; always a number, for the feed has no end.")
    head: int = Field(ge=0, description="The last position there was when the page was begun.")
