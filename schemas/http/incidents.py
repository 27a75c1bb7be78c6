"""What people are told of until it is over."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, Field

from schemas.http.common import AT, LEAD_ID, Next, example
from schemas.json_values import JsonObject

INCIDENT_ID = "inc_5gq2cuzvyxk4d3bplw6qk7j4ae"
IncidentStates = Literal["open", "firing", "acknowledged", "resolved"]
"""What can be asked for: `open` is firing or acknowledged."""


INCIDENT_EXAMPLE: JsonObject = {
    "id": INCIDENT_ID,
    "target": None,
    "detail": None,
    "clock_id": "clk_2ouhzxfrkwvfb5sbqkvyd4s6ka",
    "lead": LEAD_ID,
    "promise": None,
    "policy": "follow-up",
    "metric": "follow_up",
    "level": "breach",
    "state": "firing",
    "owner": "elin",
    "team": "field",
    "due_at": AT,
    "noticed_at": AT,
    "opened_at": AT,
    "rungs": 1,
    "acknowledged_at": None,
    "acknowledged_by": None,
    "resolved_at": None,
    "resolution": None,
}


class IncidentView(BaseModel):
    """A promise that is about to break, or broken; or a receiver of events that is sent nothing."""

    model_config = example(INCIDENT_EXAMPLE)
    id: str
    clock_id: str | None = Field(
        description="The clock that it is about; GET /v1/clocks/{id}/explain says why. Null for a receiver."
    )
    target: str | None = Field(description="The receiver of events that is sent nothing; null for a promise.")
    detail: str | None = Field(description="Why a receiver is sent nothing; null for a promise.")
    lead: str | None = Field(description="The lead; null for a promise by number and for a receiver.")
    promise: str | None = Field(description="The promise by number; null for one about a lead.")
    policy: str
    metric: str
    level: Literal["warning", "breach"]
    state: Literal["firing", "acknowledged", "resolved"]
    owner: str | None
    team: str | None
    due_at: AwareDatetime
    noticed_at: AwareDatetime | None = Field(
        description="When the breach was noticed; null for what was only warned of."
    )
    opened_at: AwareDatetime
    rungs: int = Field(description="How many rungs of the ladder were taken.")
    acknowledged_at: AwareDatetime | None
    acknowledged_by: str | None
    resolved_at: AwareDatetime | None
    resolution: str | None = Field(description="Why it is over, in a word of a closed set.")


class IncidentPage(BaseModel):
    """Incidents by id."""

    model_config = example({"incidents": [INCIDENT_EXAMPLE], "next": None})
    incidents: list[IncidentView]
    next: Next


class Acknowledged(BaseModel):
    """What was acknowledged, as it is now; what was over, or acknowledged before, stays as it is."""

    model_config = example(
        {"incidents": [INCIDENT_EXAMPLE | {"state": "acknowledged", "acknowledged_at": AT, "acknowledged_by": "elin"}]}
    )
    incidents: Annotated[list[IncidentView], Field(description="All that a message told of, where its id was given.")]
