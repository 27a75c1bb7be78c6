"""Leads that wait for somebody of a pool."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.events import Stage
from schemas.http.common import AT, LEAD_ID, Next, example
from schemas.json_values import JsonObject

Route = Literal["qualification", "hand_over", "growth"]


class QueueView(BaseModel):
    """A queue in which leads wait."""

    model_config = ConfigDict(frozen=True)
    queue: str = Field(description="Its name: the route and the pool.")
    route: Route
    pool: str | None = Field(
        description="Whom they wait for; null until leads of an earlier release are looked at again."
    )
    waiting: int = Field(ge=1, description="How many leads wait in it.")
    since: AwareDatetime = Field(description="Since when the first of them waits.")


QUEUE_EXAMPLE: JsonObject = {
    "queue": "hand_over/field",
    "route": "hand_over",
    "pool": "field",
    "waiting": 3,
    "since": AT,
}


class QueueList(BaseModel):
    """Every queue in which a lead waits, by its name."""

    model_config = example({"queues": [QUEUE_EXAMPLE]})
    queues: list[QueueView]


class PassedOver(BaseModel):
    """Somebody of the pool who could not take the lead when it was looked at last."""

    model_config = ConfigDict(frozen=True)
    person: str
    codes: list[str] = Field(description="What is in their way, in words of a closed set.")
    reason: str


class WaitingView(BaseModel):
    """A lead that waits: it is nobody's."""

    model_config = ConfigDict(frozen=True)
    lead: str
    brand: str
    stage: Stage
    since: AwareDatetime
    until: AwareDatetime | None = Field(description="When the waiting ends at the latest, and the next rule decides.")
    rule: str | None = Field(description="The agreement's rule whose pool it waits for.")
    passed: list[PassedOver]
    why: str = Field(description="The same in a sentence.")


WAITING_EXAMPLE: JsonObject = {
    "lead": LEAD_ID,
    "brand": "default",
    "stage": "hand_over",
    "since": AT,
    "until": AT,
    "rule": "everybody",
    "passed": [{"person": "elin", "codes": ["absent"], "reason": "away then"}],
    "why": "nobody of pool field could take it: elin: away then",
}


class WaitingPage(BaseModel):
    """Leads of one queue, who has waited longest first."""

    model_config = example({"leads": [WAITING_EXAMPLE], "next": None})
    leads: list[WaitingView]
    next: Next
