"""Bodies of the HTTP API: what each route answers. Only ever grows; unknown members are to be passed over."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.agreed import Withdrawal
from schemas.envelope import Envelope
from schemas.events import Disposition, Stage, SubjectKind, Track
from schemas.explain import AssignmentExplanation, ClockExplanation, LeadExplanation
from schemas.roster import Member, Pool
from schemas.signals import Mode, Person, Reference
from schemas.words import Side

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
_AT = "2026-11-24T09:00:00Z"


def _example(value: dict[str, Any]) -> ConfigDict:
    return ConfigDict(frozen=True, json_schema_extra={"examples": [value]})


Next = Annotated[str | None, Field(description="Ask again with `after` = this for the next page; null after the last.")]
NextNumber = Annotated[
    int | None, Field(description="Ask again with `after` = this for the next page; null after the last.")
]
Personal = Annotated[
    "LeadPersonal | None", Field(description="Only for keys with `personal:read`; null without, and after an erasure.")
]


# --- intake -----------------------------------------------------------------------------------------------------------
class Accepted(BaseModel):
    """The delivery is safe. The same delivery again gives the same ids and has no second effect."""

    model_config = _example({"signals": [SIGNAL_ID], "quarantined": []})
    signals: list[str] = Field(description="Ids of the signals that were read off the body.")
    quarantined: list[str] = Field(description="Ids of quarantine entries: parts that could not be understood.")


# --- leads ------------------------------------------------------------------------------------------------------------
class LeadPersonal(BaseModel):
    """What is known of the person."""

    model_config = _example({"person": {"email": "anna@example.com", "full_name": "Anna Ek"}, "answers": {}})
    person: Person = Field(default=Person(), description="As the senders wrote it.")
    answers: dict[str, Any] = Field(default={}, description="Answers of forms, by the sender's own names.")


class OfferView(BaseModel):
    """One offer to one person."""

    model_config = ConfigDict(frozen=True)
    id: str
    number: int
    person: str = Field(description="The roster's id of who was offered it.")
    pool: str | None
    offered_at: AwareDatetime
    expires_at: AwareDatetime | None
    state: Literal["open", "accepted", "rejected", "withdrawn", "expired"]
    decided_at: AwareDatetime | None
    reason: str | None
    criterion: str | None


class HandoverView(BaseModel):
    """The hand-over of one pass."""

    model_config = ConfigDict(frozen=True)
    id: str
    pass_number: int
    opened_at: AwareDatetime
    offers: list[OfferView]
    accepted_at: AwareDatetime | None
    followed_up_at: AwareDatetime | None
    closed_at: AwareDatetime | None
    outcome: str | None
    references: list[Reference]


LEAD_EXAMPLE: dict[str, Any] = {
    "id": LEAD_ID, "brand": "default", "stage": "qualification", "stage_since": _AT, "track": None, "pass_number": 1,
    "pass_since": _AT, "disposition": "active", "owner": "sara", "owner_since": _AT, "hunter": None,
    "unowned_reason": None, "account_id": None, "source": "web", "campaign": None, "company_name": "Acme",
    "company_domain": "example.com", "company_industry": "logistics", "company_country": "SE", "company_employees": 120,
    "company_region": "skåne", "company_city": "Malmö", "company_postcode": "211 20", "language": None,
    "attributes": {"partner": False}, "references": [], "tags": [], "consents": {}, "suppressed": None,
    "handover": None, "merged_into": None, "merged": [], "proposed": [], "held": False, "sequence": 3, "version": 1, "created_at": _AT, "updated_at": _AT, "personal": None,
}  # fmt: skip


class LeadView(BaseModel):
    """A lead as it is now. It is in exactly one stage, and has an owner or a reason why not."""

    model_config = _example(LEAD_EXAMPLE)
    id: str
    brand: str
    stage: Stage
    stage_since: AwareDatetime
    track: Track | None = Field(description="The purpose of nurturing; null in other stages.")
    pass_number: int = Field(ge=1, description="Rises when the lead comes back to nurturing.")
    pass_since: AwareDatetime
    disposition: Disposition
    owner: str | None = Field(description="The roster's id of who has it now.")
    owner_since: AwareDatetime | None
    hunter: str | None = Field(description="The salesperson who found the lead, whom it is never rotated away from.")
    unowned_reason: str | None = Field(description="Why nobody has it, where nobody does.")
    account_id: str | None
    source: str
    campaign: str | None
    company_name: str | None
    company_domain: str | None
    company_industry: str | None
    company_country: str | None = Field(description="ISO 3166-1, two letters.")
    company_employees: int | None
    company_region: str | None = Field(description="With city and postcode what `in_territory(...)` asks of.")
    company_city: str | None
    company_postcode: str | None
    language: str | None
    attributes: dict[str, str | float | bool] = Field(
        description="What the agreement's own attributes say, by their names."
    )
    references: list[Reference]
    tags: list[str]
    consents: dict[str, str] = Field(description="{purpose: given or withdrawn}.")
    suppressed: str | None = Field(description="Why automated mail has to stop; null where it need not.")
    handover: HandoverView | None = Field(description="The last hand-over, open or closed.")
    merged_into: str | None = Field(description="The lead that it is one with; it stands still until they are parted.")
    merged: list[str] = Field(description="Leads that are one with this one.")
    proposed: list[str] = Field(description="Leads that may be the same person; `lead.merge_proposed` said why.")
    held: bool = Field(description="A signal of it could not be processed; later ones wait behind it.")
    sequence: int = Field(ge=0, description="Number of the lead's last event over all topics; without gaps.")
    version: int
    created_at: AwareDatetime
    updated_at: AwareDatetime
    personal: Personal = None


class LeadPage(BaseModel):
    """Leads by id."""

    model_config = _example({"leads": [LEAD_EXAMPLE], "next": None})
    leads: list[LeadView]
    next: Next


class Snapshot(BaseModel):
    """A page of all leads of all brands, and where the feed stood before it was read.

    Follow the feed from the first page's `position`. An event is in the snapshot already where its `sequence` is not
    above its lead's; nothing else is missed or counted twice, whatever changes meanwhile.
    """

    model_config = _example({"position": 41, "leads": [LEAD_EXAMPLE], "next": None})
    position: int = Field(ge=0)
    leads: list[LeadView]
    next: Next


class HistoryView(BaseModel):
    """One signal as it was judged, and what followed."""

    model_config = ConfigDict(frozen=True)
    id: int = Field(description="Rises in the order of decisions.")
    signal_id: str
    attempt: int
    kind: str
    mode: Mode
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    recorded_at: AwareDatetime
    outcome: Literal["changed", "recorded", "no_lead"]
    note: str = Field(description="Why it changed nothing, where it did not.")
    facts: dict[str, Any] = Field(description="The signal without its personal part.")
    decision: dict[str, Any] = Field(description="Versions, moves, types of events, ledgers and evidence.")
    personal: dict[str, Any] | None = Field(default=None, description="Only for keys with `personal:read`.")


HISTORY_EXAMPLE: dict[str, Any] = {
    "id": 7, "signal_id": SIGNAL_ID, "attempt": 0, "kind": "form.submitted", "mode": "live", "occurred_at": _AT,
    "received_at": _AT, "recorded_at": _AT, "outcome": "changed", "note": "", "facts": {"form_id": "demo"},
    "decision": {"agreement": "0d5b7e", "transitions": [[None, "contact", "touched"]]}, "personal": None,
}  # fmt: skip


class HistoryPage(BaseModel):
    """Signals of one lead in the order of decisions."""

    model_config = _example({"history": [HISTORY_EXAMPLE], "next": None})
    history: list[HistoryView]
    next: NextNumber


class Step(BaseModel):
    """One decision, explained."""

    model_config = ConfigDict(frozen=True)
    signal_id: str
    agreement: str = Field(description="SHA-256 of the agreement it was decided under.")
    evidence: dict[str, Any] = Field(description="The rule path, definitions, candidates passed over, ledgers.")
    text: str


class Explanation(BaseModel):
    """Why the lead is where it is."""

    model_config = _example(
        {
            "lead": LEAD_ID,
            "steps": [
                {
                    "signal_id": SIGNAL_ID,
                    "agreement": "0d5b7e",
                    "evidence": {"rows": [{"row": "touched", "fact": "touched", "from": None, "to": "contact"}]},
                    "text": "2026-11-24 09:00:00 UTC  form.submitted: changed",
                }
            ],
            "text": "2026-11-24 09:00:00 UTC  form.submitted: changed",
            "next": None,
        }
    )
    lead: str
    steps: list[Step]
    now: LeadExplanation | None = Field(
        default=None, description="Stage, owner, custody and clocks as they are, with every reason; on the first page."
    )
    text: str = Field(description="The same for people; `Accept: text/plain` gives it alone.")
    next: NextNumber


# --- clocks, feed -----------------------------------------------------------------------------------------------------
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


CLOCK_EXAMPLE: dict[str, Any] = {
    "id": "clk_3bq6m2mzl4tq5xj7c3a4m5v6qy", "lead_id": LEAD_ID, "policy": "follow-up", "metric": "follow_up",
    "subject_kind": "offer", "subject_id": "ho_q5h6j7k2l3m4n5o6p7q2r3s4t5.1", "state": "running", "started_at": _AT,
    "target": "24h elapsed", "calendar": None, "due_at": "2026-11-25T09:00:00Z", "ended_at": None, "revision": 0,
    "mode": "live", "agreement": "0d5b7e", "cause": SIGNAL_ID,
}  # fmt: skip


class ClockPage(BaseModel):
    """Clocks by id."""

    model_config = _example({"clocks": [CLOCK_EXAMPLE], "next": None})
    clocks: list[ClockView]
    next: Next


class FeedEntry(BaseModel):
    """An event at its position. The event's bytes are those of the topic and of deliveries."""

    model_config = ConfigDict(frozen=True)
    position: int = Field(ge=1, description="Without gaps over all topics.")
    event: Envelope


class FeedPage(BaseModel):
    """Events by position."""

    model_config = _example({"events": [{"position": 42, "event": EVENT}], "next": 42, "head": 42})
    events: list[FeedEntry]
    next: int = Field(ge=0, description="Ask again with `after` = this; always a number, for the feed has no end.")
    head: int = Field(ge=0, description="The last position there was when the page was begun.")


# --- operations -------------------------------------------------------------------------------------------------------
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


QUARANTINE_EXAMPLE: dict[str, Any] = {
    "id": QUARANTINE_ID, "source": "web", "reason": "not JSON", "place": "$", "content_type": "application/json",
    "mode": "live", "received_at": _AT, "bytes": 8,
}  # fmt: skip


class QuarantinePage(BaseModel):
    """Quarantine entries by id."""

    model_config = _example({"quarantine": [QUARANTINE_EXAMPLE], "next": None})
    quarantine: list[QuarantineView]
    next: Next


class QuarantineDetail(QuarantineView):
    """One entry with what helps to correct the source's configuration."""

    model_config = _example(
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

    model_config = _example({"signals": [SIGNAL_ID], "quarantined": []})
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
    state: Literal["dead", "queued", "redriven"]
    reason: str
    error_class: str
    origin: str = Field(description="topic/partition/offset of its record.")
    recorded_at: AwareDatetime


class DeadLetterPage(BaseModel):
    """Oldest first."""

    model_config = _example(
        {
            "dead_letters": [
                {
                    "id": "dl_2n5q6m2mzl4tq5xj7c3a4m5v6q", "lead_id": LEAD_ID, "signal_id": SIGNAL_ID, "attempt": 0,
                    "state": "dead", "reason": "ZeroDivisionError at routing.sla:42", "error_class": "ZeroDivisionError",
                    "origin": "stafett.signals.v1/3/1042", "recorded_at": _AT,
                }
            ]
        }
    )  # fmt: skip
    dead_letters: list[DeadLetterView]


class Status(BaseModel):
    """Depths."""

    model_config = _example(
        {
            "outbox": 0, "spool": 0, "held_leads": 0, "dead_letters": 0, "quarantine": 1, "running_clocks": 12,
            "due_clocks": 0, "pending_deliveries": 0,
        }
    )  # fmt: skip
    outbox: int = Field(description="Events decided and not yet published.")
    spool: int = Field(description="Signals that wait for the log.")
    held_leads: int
    dead_letters: int = Field(description="Dead and queued.")
    quarantine: int
    running_clocks: int
    due_clocks: int = Field(description="Due and not yet decided on.")
    pending_deliveries: int


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

    model_config = _example(
        {
            "rows": [
                {
                    "name": "won", "from_stages": ["deal"], "facts": ["won"], "on": "won", "to_stage": "nurturing",
                    "track": "growth",
                }
            ]
        }
    )  # fmt: skip
    rows: list[LifecycleRow]


class Health(BaseModel):
    """The process answers."""

    model_config = _example({"status": "ok"})
    status: Literal["ok"]


class Readiness(BaseModel):
    """Of store and log `ok`, or the class of what went wrong. `degraded`: one of them is away, webhooks are taken all the
    same. `spool` is there where it takes no signals while the log is away, which is `unready`."""

    model_config = _example({"status": "ready", "store": "ok", "log": "ok"})
    status: Literal["ready", "degraded", "unready"]
    store: str
    log: str
    spool: str | None = None


class CommandTaken(BaseModel):
    """The signal that the command became; the history of its lead tells what came of it."""

    model_config = _example({"signal": SIGNAL_ID})
    signal: str


class RosterView(BaseModel):
    """The roster in force. `away` has the code of the reason for everybody who gets no lead now."""

    model_config = _example(
        {
            "version": "9b1de0c2a1f04c77",
            "people": [{"id": "elin", "roles": ["sales"]}],
            "pools": [{"name": "field", "seats": [{"person": "elin", "weight": 1.0}]}],
            "away": {"elin": "absent"},
        }
    )
    version: str
    people: list[Member]
    pools: list[Pool]
    away: dict[str, str]


AGREEMENT_HASH = "0d5b7e2c91fa4e0b8a36c57d90e1f2a3b4c5d6e7f8091a2b3c4d5e6f70818283"
AGREEMENT_EXAMPLE: dict[str, Any] = {
    "hash": AGREEMENT_HASH,
    "title": "Smarketing agreement 2027",
    "rules": "now",
    "effective_from": "2027-01-01T00:00:00Z",
    "published_at": "2026-12-18T14:02:11Z",
    "approvals": {"marketing": "lena", "sales": "maja"},
}


APPROVAL_EXAMPLE: dict[str, Any] = {
    "hash": AGREEMENT_HASH,
    "side": "marketing",
    "person": "lena",
    "key": "lena",
    "reason": "as agreed on Monday",
    "approved_at": "2026-12-18T13:40:00Z",
}


class AgreementView(BaseModel):
    """A version of the agreement. The configured file, while nothing was published, has no instants and no approvals."""

    model_config = _example(AGREEMENT_EXAMPLE)
    hash: str = Field(description="SHA-256 of the file.")
    title: str
    rules: Literal["before", "now", "later", "withdrawn"] = Field(
        description="Whether it decides signals that are received now; withdrawn before it took effect, it never did."
    )
    effective_from: AwareDatetime | None = Field(None, description="Signals received from then on are decided by it.")
    published_at: AwareDatetime | None = None
    approvals: dict[str, str] = Field({}, description="Who approved this hash, by side.")
    withdrawn: Withdrawal | None = None


class ApprovalView(BaseModel):
    """One side's approval of a version."""

    model_config = _example(APPROVAL_EXAMPLE)
    hash: str
    side: Side
    person: str
    key: str = Field(description="The API key it was given with; `operator` where the operator typed it.")
    reason: str
    approved_at: AwareDatetime


class AgreementDetail(AgreementView):
    """A version with its text and its public holidays."""

    model_config = _example(
        {
            **AGREEMENT_EXAMPLE,
            "text": "version: 1\norganisation: nordlys\n",
            "holidays": {"stockholm": {"2027-01-06": "Epiphany"}},
            "given": [APPROVAL_EXAMPLE],
        }
    )
    text: str = Field(description="YAML, as it was approved.")
    holidays: dict[str, dict[date, str]] = Field(
        {},
        description="Public holidays of each calendar, as they were resolved when it was published: by day, with the name.",
    )
    given: list[ApprovalView] = Field([], description="Every approval of this hash, oldest first.")


class AgreementList(BaseModel):
    """Versions in the order of their effect."""

    model_config = _example({"agreements": [AGREEMENT_EXAMPLE], "pending": [APPROVAL_EXAMPLE]})
    agreements: list[AgreementView]
    pending: list[ApprovalView] = Field([], description="Approvals that wait for a publication, oldest first.")


BODIES: tuple[type[BaseModel], ...] = (
    AgreementList, AgreementDetail,
    CommandTaken, RosterView,
    Accepted, LeadView, LeadPage, Snapshot, HistoryPage, Explanation, ClockExplanation, AssignmentExplanation,
    ClockPage, FeedPage, QuarantinePage,
    QuarantineDetail, Retried, DeadLetterPage, Status, Lifecycle, Health, Readiness,
)  # fmt: skip
"""Every body of an answer that is no problem."""
