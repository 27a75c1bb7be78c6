"""Signals that came to nothing."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.fates import Fate, Reason
from schemas.http.common import AT, SIGNAL_ID, Next, example
from schemas.json_values import JsonObject
from schemas.signals import Mode


class SignalView(BaseModel):
    """A signal that came to nothing, and why. `outcome` is finer than that of a history, where what is refused or ignored here
    is `recorded`."""

    model_config = ConfigDict(frozen=True)
    id: int = Field(description="Its number in the history.")
    signal_id: str
    attempt: int
    source: str | None = Field(description="The configured source, or `command`.")
    kind: str
    mode: Mode
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    recorded_at: AwareDatetime
    lead: str | None = Field(description="Whose it is; null where it is about nobody we know, or about the roster.")
    outcome: Fate
    reason: Reason = Field(description="Why, in a word of a closed set (docs/operations.md).")
    note: str = Field(description="Why, in a sentence.")
    facts: JsonObject = Field(description="The signal without its personal part.")
    personal: JsonObject | None = Field(default=None, description="Only for keys with `personal:read`.")


SIGNAL_EXAMPLE: JsonObject = {
    "id": 9,
    "signal_id": SIGNAL_ID,
    "attempt": 0,
    "source": "crm",
    "kind": "sales.accepted",
    "mode": "live",
    "occurred_at": AT,
    "received_at": AT,
    "recorded_at": AT,
    "lead": None,
    "outcome": "no_lead",
    "reason": "no_such_offer",
    "note": "no such offer",
    "facts": {"offer_id": "ho_x.1"},
    "personal": None,
}


class SignalPage(BaseModel):
    """Signals that came to nothing, in the order in which they were recorded."""

    model_config = example({"signals": [SIGNAL_EXAMPLE], "next": None})
    signals: list[SignalView]
    next: Next
