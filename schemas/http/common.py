"""What several bodies share: ids for the examples, pages, personal data."""

from __future__ import annotations

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.json_values import JsonObject
from schemas.signals import Person

LEAD_ID = "lead_ts5bb7tmp3fqo3w4rhkrwxyfbe"
SIGNAL_ID = "sig_4ouhzxfrkwvfb5sbqkvyd4s6ka"
QUARANTINE_ID = "qua_k2a6wg7ql3q4dvyqk3o7m5hz7u"
EVENT = {
    "specversion": "1.0",
    "id": "evt_vnz6yz2kbbjlfvvxk2gyzgzxxi",
    "source": "/stafett/nordlys/default",
    "type": "stafett.lead.stage_changed.v1",
    "subject": LEAD_ID,
    "time": "2026-11-24T09:00:00.000000Z",
    "datacontenttype": "application/json",
    "dataschema": "urn:stafett:schema:stafett.lead.stage_changed.v1",
    "partitionkey": "6f1e7c2a9b3d4e5f60718293a4b5c6d7",
    "sequence": "00000000000000000002",
    "correlationid": f"{LEAD_ID}.1",
    "causationid": SIGNAL_ID,
    "recordedtime": "2026-11-24T09:00:00.120000Z",
    "agreementversion": "0d5b7e",
    "mode": "live",
    "data": {
        "mode": "live",
        "from_stage": "contact",
        "to_stage": "qualification",
        "pass_number": 1,
        "reason": "engaged",
        "track": None,
        "personal": None,
    },
}
AT = "2026-11-24T09:00:00Z"


def example(value: JsonObject) -> ConfigDict:
    return ConfigDict(frozen=True, json_schema_extra={"examples": [value]})


Next = Annotated[str | None, Field(description="Ask again with `after` = this for the next page; null after the last.")]
NextNumber = Annotated[
    int | None, Field(description="Ask again with `after` = this for the next page; null after the last.")
]


class ProposedFact(BaseModel):
    """What somebody unproven said against a proven fact, which stays as it is."""

    model_config = ConfigDict(frozen=True)
    value: str | int | float | bool
    at: AwareDatetime
    source: str
    signal_id: str


class LeadPersonal(BaseModel):
    """What is known of the person."""

    model_config = example({"person": {"email": "anna@example.com", "full_name": "Anna Ek"}, "answers": {}})
    person: Person = Field(default=Person(), description="As the senders wrote it.")
    answers: JsonObject = Field(default={}, description="Answers of forms, by the sender's own names.")
    unproven: list[str] = Field(
        default=[], description="Facts of the person that nobody proven has said; of an answer `answer:NAME`."
    )
    proposed_facts: dict[str, ProposedFact] = Field(
        default={}, description="What somebody unproven said against proven facts, by the facts' names."
    )


Personal = Annotated[
    LeadPersonal | None, Field(description="Only for keys with `personal:read`; null without, and after an erasure.")
]
