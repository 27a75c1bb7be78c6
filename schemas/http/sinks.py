"""Sinks: the CRMs that hand-overs are written into, which record there is which of ours, and what was done step by step."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.http.common import AT, EVENT, LEAD_ID, Next, example
from schemas.json_values import JsonObject
from schemas.sinks import KeptKind, RecordState, SinkMode, StepState

SINK_EXAMPLE: JsonObject = {
    "name": "crm",
    "kind": "odoo",
    "mode": "live",
    "position": 4711,
    "waiting": 2,
    "paused": None,
}
SINK_RECORD_EXAMPLE: JsonObject = {
    "kind": "opportunity",
    "key": "ho_u4x6m2hqk7dfzq3nbl5t7c2wyi",
    "lead": LEAD_ID,
    "state": "present",
    "vendor_id": "4711",
    "url": None,
    "adopted": False,
    "made_by": EVENT["id"],
    "sent_at": AT,
    "seen_at": AT,
}
SINK_STEP_EXAMPLE: JsonObject = {
    "event_id": EVENT["id"],
    "step": "opportunity",
    "lead": LEAD_ID,
    "state": "refused",
    "attempts": 1,
    "at": AT,
    "outcome": "refused_data",
    "code": "ValidationError",
    "field": "x_need",
    "correlation": None,
    "request": None,
}


class SinkView(BaseModel):
    """A CRM that hand-overs are written into, or a marketing platform that stops and nurtures."""

    model_config = example(SINK_EXAMPLE)
    name: str
    kind: str | None = Field(
        description="Which CRM or platform; null for a sink that ran and is no longer in the file."
    )
    mode: SinkMode | None = Field(
        description="`check`: it calls nothing. `dry_run`: it looks up, and keeps what it would write. `live`: it writes."
    )
    position: int | None = Field(description="How far it is in the feed; null until it ran first.")
    waiting: int = Field(ge=0, description="Events that wait: for their turn, for trouble to pass, or for somebody.")
    paused: str | None = Field(description="Why nothing is written; null while something is.")


class SinkList(BaseModel):
    """Every sink of the file by its place there, then those that ran once."""

    model_config = example({"sinks": [SINK_EXAMPLE]})
    sinks: list[SinkView]


class SinkRecordView(BaseModel):
    """A record there that is one of ours."""

    model_config = ConfigDict(frozen=True)
    kind: KeptKind
    key: str = Field(
        description="Ours: of a contact the lead's id, of an opportunity the hand-over's, of a task the offer's."
    )
    lead: str
    state: RecordState = Field(description="`making`: a create left, and how it ended is not known yet.")
    vendor_id: str | None
    url: str | None
    adopted: bool = Field(description="Others had made it.")
    made_by: str = Field(description="The event for which it was made or found; `operator` where a person said so.")
    sent_at: AwareDatetime | None = Field(description="When its create left.")
    seen_at: AwareDatetime | None


class SinkRecordPage(BaseModel):
    """Records of a sink, by kind and key."""

    model_config = example({"records": [SINK_RECORD_EXAMPLE], "next": None})
    records: list[SinkRecordView]
    next: Next


class SinkStepView(BaseModel):
    """One operation of an event, and what became of it."""

    model_config = ConfigDict(frozen=True)
    event_id: str
    step: str
    lead: str
    state: StepState = Field(
        description="`planned`: it would have been written, were the sink live. `waiting`: trouble that passes. `refused`: trouble that somebody has to end."
    )
    attempts: int
    at: AwareDatetime
    outcome: str | None = Field(description="What was done, or the kind of trouble.")
    code: str | None = Field(description="The vendor's word for it, or ours.")
    field: str | None = Field(description="The field, right or rule that is meant.")
    correlation: str | None = Field(description="The vendor's id of the request.")
    request: str | None = Field(
        description="What a dry run would have sent. Only for keys with `personal:read`; null without."
    )


class SinkStepList(BaseModel):
    """What was done last, newest first."""

    model_config = example({"steps": [SINK_STEP_EXAMPLE]})
    steps: list[SinkStepView]


class SinkRetried(BaseModel):
    """Events that are tried now."""

    model_config = example({"events": 2})
    events: int = Field(ge=0)
