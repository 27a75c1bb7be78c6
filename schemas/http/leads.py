"""Leads: as they stand, their history, why."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from schemas.events import Disposition, Stage, Track
from schemas.explain import LeadExplanation
from schemas.fates import Reason
from schemas.http.common import AT, LEAD_ID, SIGNAL_ID, Next, NextNumber, Personal, example
from schemas.json_values import JsonObject
from schemas.signals import Mode, Proof, Reference


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


LEAD_EXAMPLE: JsonObject = {
    "id": LEAD_ID,
    "brand": "default",
    "stage": "qualification",
    "stage_since": AT,
    "track": None,
    "own_track": None,
    "pass_number": 1,
    "pass_since": AT,
    "disposition": "active",
    "owner": "sara",
    "owner_since": AT,
    "hunter": None,
    "unowned_reason": None,
    "account_id": None,
    "source": "web",
    "proof": "signed",
    "unproven": [],
    "campaign": None,
    "company_name": "Acme",
    "company_domain": "example.com",
    "company_industry": "logistics",
    "company_country": "SE",
    "company_employees": 120,
    "company_region": "skåne",
    "company_city": "Malmö",
    "company_postcode": "211 20",
    "language": None,
    "attributes": {"partner": False},
    "references": [],
    "tags": [],
    "consents": {},
    "suppressed": None,
    "handover": None,
    "merged_into": None,
    "merged": [],
    "proposed": [],
    "held": False,
    "sequence": 3,
    "version": 1,
    "created_at": AT,
    "updated_at": AT,
    "personal": None,
}


class LeadView(BaseModel):
    """A lead as it is now. It is in exactly one stage, and has an owner or a reason why not."""

    model_config = example(LEAD_EXAMPLE)
    id: str
    brand: str
    stage: Stage
    stage_since: AwareDatetime
    track: Track | None = Field(description="The purpose of nurturing; null in other stages.")
    own_track: str | None = Field(description="The agreement's own name of the track, where it has one.")
    pass_number: int = Field(ge=1, description="Rises when the lead comes back to nurturing.")
    pass_since: AwareDatetime
    disposition: Disposition
    owner: str | None = Field(description="The roster's id of who has it now.")
    owner_since: AwareDatetime | None
    hunter: str | None = Field(description="The salesperson who found the lead, whom it is never rotated away from.")
    unowned_reason: str | None = Field(description="Why nobody has it, where nobody does.")
    account_id: str | None
    source: str
    proof: Proof = Field(description="`signed` once somebody proven has named the person, `none` before.")
    unproven: list[str] = Field(
        description="Facts of the lead that nobody proven has said; `attribute:NAME`, `tag:NAME` for those."
    )
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
    consents: dict[str, str] = Field(description="{purpose: given, withdrawn or asked_for}.")
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


_Text = Annotated[str, Field(max_length=320, pattern=r"^[^\x00-\x1f\x7f]*$")]


class LeadSearch(BaseModel):
    """Which leads are looked for: those of which everything that is said here holds. What names a person stands in the body, for addresses
    of requests are kept in logs and histories on their way."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", json_schema_extra={"examples": [{"email": "anna@example.com"}]}
    )
    email: _Text | None = Field(default=None, description="Only leads that this address names.")
    stage: Stage | None = Field(default=None, description="Only leads in this stage.")
    owner: _Text | None = Field(default=None, description="Only this person's, by the roster's id.")
    team: _Text | None = Field(default=None, description="Only of people who are in this team of the roster now.")
    source: _Text | None = Field(default=None, description="Only leads that came from this source.")
    since: AwareDatetime | None = Field(default=None, description="Only leads that are there since then or later.")
    due_before: AwareDatetime | None = Field(
        default=None, description="Only leads with a clock that runs and is due before then."
    )
    brand: _Text = Field(default="default", description="The brand to look in.")
    after: _Text = Field(default="", description="`next` of the page before; empty for the first.")
    limit: int = Field(default=50, ge=1, le=500, description="Entries a page.")


class LeadPage(BaseModel):
    """Leads by id."""

    model_config = example({"leads": [LEAD_EXAMPLE], "next": None})
    leads: list[LeadView]
    next: Next


class Snapshot(BaseModel):
    """A page of all leads of all brands, and where the feed stood before it was read.

    Follow the feed from the first page's `position`. An event is in the snapshot already where its `sequence` is not
    above its lead's; nothing else is missed or counted twice, whatever changes meanwhile.
    """

    model_config = example({"position": 41, "leads": [LEAD_EXAMPLE], "next": None})
    position: int = Field(ge=0)
    leads: list[LeadView]
    next: Next


class HistoryView(BaseModel):
    """One signal as it was judged, and what followed."""

    model_config = ConfigDict(frozen=True)
    id: int = Field(description="Rises in the order of decisions.")
    lead: str | None = Field(
        default=None, description="Whose it is; null where it named nobody, or is about the roster."
    )
    signal_id: str
    attempt: int
    kind: str
    mode: Mode
    occurred_at: AwareDatetime
    received_at: AwareDatetime
    recorded_at: AwareDatetime
    outcome: Literal["changed", "recorded", "no_lead"]
    note: str = Field(description="Why it changed nothing, where it did not.")
    reason: Reason | None = Field(default=None, description="The same in a word, where it came to nothing.")
    facts: JsonObject = Field(description="The signal without its personal part.")
    decision: JsonObject = Field(description="Versions, moves, types of events, ledgers and evidence.")
    personal: JsonObject | None = Field(default=None, description="Only for keys with `personal:read`.")


HISTORY_EXAMPLE: JsonObject = {
    "id": 7,
    "lead": LEAD_ID,
    "signal_id": SIGNAL_ID,
    "attempt": 0,
    "kind": "form.submitted",
    "mode": "live",
    "occurred_at": AT,
    "received_at": AT,
    "recorded_at": AT,
    "outcome": "changed",
    "note": "",
    "facts": {"form_id": "demo"},
    "decision": {"agreement": "0d5b7e", "transitions": [[None, "contact", "touched"]]},
    "personal": None,
}


class HistoryPage(BaseModel):
    """Signals of one lead in the order of decisions."""

    model_config = example({"history": [HISTORY_EXAMPLE], "next": None})
    history: list[HistoryView]
    next: NextNumber


class Step(BaseModel):
    """One decision, explained."""

    model_config = ConfigDict(frozen=True)
    signal_id: str
    agreement: str = Field(description="SHA-256 of the agreement it was decided under.")
    made_by: str | None = Field(
        default=None,
        description="What decided beside the agreement: versions of the core (with a digest of its source), tzdata, holidays.",
    )
    evidence: JsonObject = Field(description="The rule path, definitions, candidates passed over, ledgers.")
    text: str


class Explanation(BaseModel):
    """Why the lead is where it is."""

    model_config = example(
        {
            "lead": LEAD_ID,
            "steps": [
                {
                    "signal_id": SIGNAL_ID,
                    "agreement": "0d5b7e",
                    "made_by": "core 0.1.0+3f2a91c0d4e5, tzdata 2026.6, holidays 0.109",
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
