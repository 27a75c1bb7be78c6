"""What a hook answers, what was set aside, and how the service is."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.events import Stage, Track
from schemas.http.common import AT, LEAD_ID, QUARANTINE_ID, SIGNAL_ID, Next, example
from schemas.json_values import JsonObject

SILENT = "nothing came for 3 hours; in the same hours of the 4 weeks before it was 15, 12, 17, 15"


class Accepted(BaseModel):
    """The delivery is safe. The same delivery again gives the same ids and has no second effect."""

    model_config = example({"signals": [SIGNAL_ID], "quarantined": []})
    signals: list[str] = Field(description="Ids of the signals that were read off the body.")
    quarantined: list[str] = Field(description="Ids of quarantine entries: parts that could not be understood.")


class QuarantineView(BaseModel):
    """A body, or one event of a batch, that could not be understood. The body itself is not shown in lists."""

    model_config = ConfigDict(frozen=True)
    id: str
    source: str
    reason: str
    place: str = Field(description="The path in the body, `$` for the whole.")
    content_type: str | None
    mode: str
    received_at: AwareDatetime
    bytes: int = Field(ge=0)


QUARANTINE_EXAMPLE: JsonObject = {
    "id": QUARANTINE_ID,
    "source": "web",
    "reason": "not JSON",
    "place": "$",
    "content_type": "application/json",
    "mode": "live",
    "received_at": AT,
    "bytes": 8,
}


class QuarantinePage(BaseModel):
    """Quarantine entries by id."""

    model_config = example({"quarantine": [QUARANTINE_EXAMPLE], "next": None})
    quarantine: list[QuarantineView]
    next: Next


class QuarantineDetail(QuarantineView):
    """One entry with what helps to correct the source's configuration."""

    model_config = example(
        {
            **QUARANTINE_EXAMPLE,
            "headers": {"content-type": "application/json"},
            "shape": {"email": "text"},
            "body": None,
        }
    )
    headers: dict[str, str] = Field(description="The few headers that are kept; no secrets among them.")
    shape: Any = Field(description="Names and types of the body's members without their values; null where unreadable.")
    body: str | None = Field(description="Only for keys with `personal:read`; bytes that are no text in base64.")


class Retried(BaseModel):
    """The body was read with the source's configuration of now; its signals are safe, and of its parts only those that are still
    not understood are in quarantine."""

    model_config = example({"signals": [SIGNAL_ID], "quarantined": []})
    signals: list[str] = Field(description="Ids of its signals; those that were in already have no second effect.")
    quarantined: list[str] = Field(
        description="Places of the body that are still not understood: each is in quarantine, with its reason of now."
    )


class DeadLetterView(BaseModel):
    """A signal that could not be processed, or one that waits behind it."""

    model_config = ConfigDict(frozen=True)
    id: str
    lead_id: str | None
    signal_id: str | None
    attempt: int
    state: Literal["dead", "queued", "redriven", "dropped"]
    reason: str
    error_class: str
    origin: str = Field(description="topic/partition/offset of its record.")
    recorded_at: AwareDatetime


class DeadLetterPage(BaseModel):
    """Oldest first."""

    model_config = example(
        {
            "dead_letters": [
                {
                    "id": "dl_2n5q6m2mzl4tq5xj7c3a4m5v6q",
                    "lead_id": LEAD_ID,
                    "signal_id": SIGNAL_ID,
                    "attempt": 0,
                    "state": "dead",
                    "reason": "ZeroDivisionError at routing.sla:42",
                    "error_class": "ZeroDivisionError",
                    "origin": "stafett.signals.v1/3/1042",
                    "recorded_at": AT,
                }
            ]
        }
    )
    dead_letters: list[DeadLetterView]


class SourceTrouble(BaseModel):
    """A source that does not tell what it should."""

    source: str
    since: AwareDatetime | None = Field(description="Since when nothing comes; null where something else is wrong.")
    why: str


class Status(BaseModel):
    """Depths, and sources that do not tell what they should."""

    model_config = example(
        {
            "outbox": 0,
            "spool": 0,
            "held_leads": 0,
            "dead_letters": 0,
            "quarantine": 1,
            "running_clocks": 12,
            "due_clocks": 0,
            "pending_deliveries": 0,
            "sources": [{"source": "crm", "since": AT, "why": SILENT}],
        }
    )
    outbox: int = Field(description="Events decided and not yet published.")
    spool: int = Field(description="Signals that wait for the log.")
    held_leads: int
    dead_letters: int = Field(description="Dead and queued.")
    quarantine: int
    running_clocks: int
    due_clocks: int = Field(description="Due and not yet decided on.")
    pending_deliveries: int
    sources: list[SourceTrouble] = Field(
        description="Silent though they usually would not be by now, or with webhooks at the vendor that are wrong; live ones alone."
    )


class LifecycleRow(BaseModel):
    """A row: it fits a lead in one of `from_stages` as soon as one of `facts` is established."""

    model_config = ConfigDict(frozen=True)
    name: str
    from_stages: list[Stage | None] = Field(description="null: nobody known yet.")
    facts: list[str]
    on: str = Field(description="The same in words.")
    to_stage: Stage
    track: Track | None


class Lifecycle(BaseModel):
    """The table that decisions are made by: rows in order, until none fits."""

    model_config = example(
        {
            "rows": [
                {
                    "name": "won",
                    "from_stages": ["deal"],
                    "facts": ["won"],
                    "on": "won",
                    "to_stage": "nurturing",
                    "track": "growth",
                }
            ]
        }
    )
    rows: list[LifecycleRow]


class Health(BaseModel):
    """The process answers."""

    model_config = example({"status": "ok"})
    status: Literal["ok"]


class Readiness(BaseModel):
    """Of store and log `ok`, or the class of what went wrong. `degraded`: one of them is away, webhooks are taken all the
    same. `spool` is there where it takes no signals while the log is away, which is `unready`. Beside them is each role of the
    process by its name: `ok`, or since when it took no step."""

    model_config = example({"status": "ready", "store": "ok", "log": "ok", "router": "ok"}) | ConfigDict(extra="allow")
    status: Literal["ready", "degraded", "unready"]
    store: str
    log: str
    spool: str | None = None
