"""What is kept of a publication that was taken back."""

from __future__ import annotations

from pydantic import AwareDatetime, BaseModel, ConfigDict


class Withdrawal(BaseModel):
    """Who took a publication back before it took effect, with which API key, and why."""

    model_config = ConfigDict(frozen=True)
    person: str
    key: str
    reason: str
    at: AwareDatetime
