"""Our own JSON for facts: what a CRM, a script or a person with curl posts to a source of kind `crm`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from schemas.instants import Instant
from schemas.json_values import JsonObject, JsonValue
from schemas.quick import quick_of_model
from schemas.signals import (
    INTERNAL_KINDS,
    Actor,
    Amount,
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


def _known_fact(value: str) -> str:
    if value not in _SHORT and value not in _KINDS:
        raise ValueError(f"unknown fact; say one of {', '.join(_SHORT)}, or a kind such as form.submitted")
    return value


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

    fact: Annotated[str, AfterValidator(_known_fact)]
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
    amount: Amount = None
    currency: Text = None
    consents: tuple[Consent, ...] = ()
    form_id: Text = None
    campaign: Text = None
    tags: tuple[str, ...] = ()
    lists: tuple[str, ...] = Field(default=(), description="Of `list.subscribed` and `list.unsubscribed`: which lists.")
    fields: JsonObject = {}


def read_fact(row: JsonValue) -> JsonObject:
    """The fields of a `CrmFact` by their names, clean; those left out may be missing. Raises pydantic's ValidationError."""
    cleaned = quick_of_model(CrmFact).clean(row) if type(row) is dict else None
    return vars(CrmFact.model_validate(row)) if cleaned is None else cleaned


def parsed_fact(fact: JsonObject, dedupe_key: str) -> Parsed:
    """What `read_fact` gave, as every parser yields it. Its fields are checked by the rules of those that they become."""
    kind, fields = _SHORT.get(fact["fact"]) or Kind(fact["fact"]), {name: fact[name] for name in _SAME if name in fact}
    work = {name: fact[name] for name in _WORK if fact.get(name) is not None}
    if work or kind.startswith("sales."):
        fields["sales"] = Sales.assemble(**work)
    if fact.get("email") is not None:
        person: Person = fact.get("person") or Person()
        fields["person"] = person if person.email else person.but(email=fact["email"])
    return Parsed.assemble(kind=kind, source_kind=fact["fact"], dedupe_key=dedupe_key, **fields)


_WORK = ("owner_id", "to", "activity_type", "done")
_SAME = tuple(name for name in CrmFact.model_fields if name in Parsed.__struct_fields__)
