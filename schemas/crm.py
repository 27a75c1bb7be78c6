"""Our own JSON for facts: what a CRM, a script or a person with curl posts to a source of kind `crm`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field, field_validator

from schemas.instants import Instant
from schemas.json_values import JsonObject
from schemas.signals import (
    INTERNAL_KINDS,
    Actor,
    Asserted,
    Company,
    Consent,
    Kind,
    Language,
    Mode,
    Parsed,
    Person,
    Reference,
    Sales,
    Text,
)

_SHORT = {
    "accepted": Kind.SALES_ACCEPTED,
    "rejected": Kind.SALES_REJECTED,
    "follow_up": Kind.SALES_FOLLOW_UP,
    "meeting_booked": Kind.SALES_MEETING_BOOKED,
    "meeting_held": Kind.SALES_MEETING_HELD,
    "meeting_cancelled": Kind.SALES_MEETING_CANCELLED,
    "owner_changed": Kind.SALES_OWNER_CHANGED,
    "won": Kind.SALES_WON,
    "lost": Kind.SALES_LOST,
    "returned": Kind.SALES_RETURNED,
    "linked": Kind.CRM_LINKED,
}


_KINDS = frozenset(kind.value for kind in Kind if kind not in INTERNAL_KINDS)


class CrmFact(BaseModel):
    """`fact` is one of the short words for sales work or any of our kinds. The lead is named by an e-mail address, a
    reference to a person, a `handover_id` or an `offer_id`."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"fact": "accepted", "offer_id": "ho_x.1", "occurred_at": "2026-06-08T09:30:00+02:00"},
                {"fact": "rejected", "email": "a@example.com", "reason": "not qualified", "criterion": "budget"},
                {"fact": "follow_up", "handover_id": "ho_x", "activity_type": "call", "actor": {"kind": "person"}},
            ]
        },
    )

    fact: str
    id: Text = Field(default=None, description="Yours; the same id is the same fact, however often it comes.")
    occurred_at: Instant | None = None
    mode: Mode = "live"
    email: Text = None
    person: Person = Person()
    company: Company = Company()
    language: Language = None
    phone_verified: bool = Field(default=False, description="The number was proven to be theirs; it names the lead.")
    references: tuple[Reference, ...] = ()
    handover_id: Text = None
    offer_id: Text = None
    actor: Actor = Actor()
    automated: bool = False
    owner_id: Text = None
    to: Text = None
    activity_type: Text = None
    done: bool | None = None
    reason: Text = Field(default=None, max_length=500)
    criterion: Text = Field(default=None, max_length=200)
    asserted: Asserted | None = None
    amount: float | None = None
    currency: Text = None
    consents: tuple[Consent, ...] = ()
    form_id: Text = None
    campaign: Text = None
    tags: tuple[str, ...] = ()
    lists: tuple[str, ...] = Field(default=(), description="Of `list.subscribed` and `list.unsubscribed`: which lists.")
    fields: JsonObject = {}

    @field_validator("fact")
    @classmethod
    def _is_known(cls, value: str) -> str:
        if value not in _SHORT and value not in _KINDS:
            raise ValueError(f"unknown fact; say one of {', '.join(_SHORT)}, or a kind such as form.submitted")
        return value

    def to_parsed(self, fallback_key: str) -> Parsed:
        """As every parser yields it."""
        kind = _SHORT.get(self.fact) or Kind(self.fact)
        work = (self.owner_id, self.to, self.activity_type, self.done)
        sales = Sales(owner_id=work[0], to=work[1], activity_type=work[2], done=work[3])
        return Parsed(
            kind=kind,
            source_kind=self.fact,
            occurred_at=self.occurred_at,
            mode=self.mode,
            person=self.person.but(email=self.person.email or self.email),
            company=self.company,
            language=self.language,
            phone_verified=self.phone_verified,
            references=self.references,
            actor=self.actor,
            automated=self.automated,
            sales=sales if kind.startswith("sales.") or any(w is not None for w in work) else None,
            reason=self.reason,
            criterion=self.criterion,
            asserted=self.asserted,
            handover_id=self.handover_id,
            offer_id=self.offer_id,
            amount=self.amount,
            currency=self.currency,
            consents=self.consents,
            form_id=self.form_id,
            campaign=self.campaign,
            tags=self.tags,
            lists=self.lists,
            fields=self.fields,
            dedupe_key=f"id:{self.id}" if self.id else fallback_key,
        )
