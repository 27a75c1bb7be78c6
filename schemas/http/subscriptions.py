"""Who gets events as webhooks, and how far they are."""

from __future__ import annotations

from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.http.common import AT, example
from schemas.json_values import JsonObject
from schemas.signals import Mode
from schemas.subscriptions import Breaker, Payload

EVENT_ID = "evt_vnz6yz2kbbjlfvvxk2gyzgzxxi"
SECRET = "whsec_bm90IGEgc2VjcmV0LCBidXQgYW4gZXhhbXBsZSE="  # noqa: S105 - it says so itself, in base64


class SubscriptionState(BaseModel):
    """How far it is in the feed, and how its receiver is."""

    model_config = ConfigDict(frozen=True)
    position: int = Field(description="The last event of the feed that was looked at for it.")
    pending: int = Field(description="Events that wait for it.")
    failed: int = Field(description="Events that it did not take in the end.")
    disabled: str | None = Field(description="Why it is sent nothing until somebody enables it; null while it is not.")
    failures: int = Field(description="Tries that failed one after the other.")
    failing_since: AwareDatetime | None = Field(description="Since when it takes nothing; null while it does.")
    pause: Literal["throttled", "open"] | None = Field(
        description="Why nothing is sent for a while: it asked for that, or it failed so often that it is tried now and then."
    )
    paused_until: AwareDatetime | None


class SubscriptionView(BaseModel):
    """A subscription, without its secrets."""

    model_config = ConfigDict(frozen=True)
    name: str
    origin: Literal["file", "api"] = Field(description="`file`: of subscriptions.yaml, where alone it can be changed.")
    url: str
    events: list[str]
    modes: list[Mode]
    payload: Payload
    rate: str | None = Field(description="10/s, 600/m, 1000/h; null: as fast as it takes them.")
    burst: int | None
    schedule: list[str] | None = Field(description="Pauses between the tries of one event; null: the default ones.")
    breaker: Breaker
    allow_private: bool
    secrets: int = Field(description="How many secrets sign now.")
    made_by: str | None = Field(description="The API key that made it; null for one of the file.")
    created_at: AwareDatetime | None
    changed_at: AwareDatetime | None
    state: SubscriptionState | None = Field(description="null for one that never ran.")


_STATE: JsonObject = {
    "position": 1042,
    "pending": 0,
    "failed": 0,
    "disabled": None,
    "failures": 0,
    "failing_since": None,
    "pause": None,
    "paused_until": None,
}
SUBSCRIPTION_EXAMPLE: JsonObject = {
    "name": "crm",
    "origin": "api",
    "url": "https://crm.example.com/hooks/stafett",
    "events": ["stafett.handover.*"],
    "modes": ["live"],
    "payload": "cloudevents",
    "rate": "10/s",
    "burst": None,
    "schedule": None,
    "breaker": {"failures": 10, "pause": "10s", "longest": "900s", "disable_after": "432000s"},
    "allow_private": False,
    "secrets": 1,
    "made_by": "ops",
    "created_at": AT,
    "changed_at": AT,
    "state": _STATE,
}


class SubscriptionDetail(SubscriptionView):
    """One subscription, without its secrets."""

    model_config = example(SUBSCRIPTION_EXAMPLE)


class SubscriptionList(BaseModel):
    """All of them, of the file and of the API, by name."""

    model_config = example({"subscriptions": [SUBSCRIPTION_EXAMPLE]})
    subscriptions: list[SubscriptionView]


class SubscriptionMade(SubscriptionView):
    """A subscription that was made now. Its secret is shown this once and never again."""

    model_config = example({**SUBSCRIPTION_EXAMPLE, "secret": SECRET})
    secret: str


class SecretMade(BaseModel):
    """A new secret, shown this once and never again. Those of before go on signing until `old_until`."""

    model_config = example({"secret": SECRET, "old_until": AT})
    secret: str
    old_until: AwareDatetime


class DeliveryTested(BaseModel):
    """What came of one test event."""

    model_config = example(
        {
            "event_id": "evt_test_9f86d081884c7d659a2feaa0c5",
            "taken": True,
            "status": 204,
            "error": None,
            "duration_ms": 31,
        }
    )
    event_id: str
    taken: bool
    status: int | None = Field(description="null where there was no answer.")
    error: str | None = Field(description="The class of what went wrong before an answer.")
    duration_ms: int


class ReplayTaken(BaseModel):
    """So many events wait to be sent once more, with the ids that they had."""

    model_config = example({"events": 17})
    events: int


class AttemptView(BaseModel):
    """One try of one event, with what became of the event since."""

    model_config = ConfigDict(frozen=True)
    event_id: str
    lead: str
    position: int
    state: Literal["pending", "delivered", "failed", "dropped"]
    number: int
    at: AwareDatetime
    status: int | None
    error: str | None
    duration_ms: int


class AttemptList(BaseModel):
    """The last tries, in the order of the feed."""

    model_config = example(
        {
            "attempts": [
                {
                    "event_id": EVENT_ID,
                    "lead": "lead_ts5bb7tmp3fqo3w4rhkrwxyfbe",
                    "position": 1042,
                    "state": "delivered",
                    "number": 1,
                    "at": AT,
                    "status": 204,
                    "error": None,
                    "duration_ms": 31,
                }
            ]
        }
    )
    attempts: list[AttemptView]
