"""Who saw and changed what."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.http.common import AT, LEAD_ID, NextNumber, example
from schemas.json_values import JsonObject

AUDIT_EXAMPLE: JsonObject = {
    "number": 12,
    "door": "page",
    "actor": "elin",
    "person": "elin",
    "action": "GET /leads/{lead}",
    "subject": LEAD_ID,
    "status": 200,
    "first_at": AT,
    "last_at": AT,
    "times": 3,
}


class AuditView(BaseModel):
    """What one key or person asked for within one hour, as often as it was."""

    model_config = ConfigDict(frozen=True)
    number: int = Field(description="Rises with each row; a row of this hour still grows.")
    door: Literal["api", "page"] = Field(description="With a key, or signed in to the page.")
    actor: str = Field(description="The key's name, or the person.")
    person: str | None = Field(description="Who asks with the key, or the person, by the roster's id.")
    action: str = Field(description="The operation, by its id in this document, or the page's method and path.")
    subject: str = Field(description="The id in its path; empty where it has none, or there is no such thing.")
    status: int = Field(description="The HTTP status that was answered.")
    first_at: AwareDatetime
    last_at: AwareDatetime
    times: int = Field(ge=1, description="How often.")


class AuditPage(BaseModel):
    """Who saw and changed what, by number."""

    model_config = example({"uses": [AUDIT_EXAMPLE], "next": None})
    uses: list[AuditView]
    next: NextNumber
