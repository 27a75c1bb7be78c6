"""The `handover` part of the agreement: how long an offer stands, what its dossier holds, what a rejection leads to."""

from __future__ import annotations

from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator, model_validator

from schemas.duration import Target
from schemas.words import Name, reason_key
from schemas.yamlfile import FileModel

Part = Literal["need", "contact", "name", "company", "messages", "learned", "next_step"]
PARTS: tuple[Part, ...] = get_args(Part)


class DossierRules(FileModel):
    """What an offer's dossier must hold. Incomplete, it is a `finding` against marketing that travels with the offer, or it
    `block`s the offer until it is complete.

    `need` what they asked for, in words · `contact` an address or a number · `name` · `company` · `messages` a talk, reply,
    call or meeting · `learned` notes or tags of marketing and SDRs · `next_step` the proposed one, or a meeting booked.
    """

    requires: tuple[Part, ...] = ()
    incomplete: Literal["finding", "block"] = "finding"


class Reason(FileModel):
    """A reason to reject that both sides agreed on. `criterion`: the failed criterion must be named with it."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    criterion: bool = False


class SecondOffer(FileModel):
    """For these reasons the lead is not handed back but offered to the `next` of the route, or to the `fallback`."""

    reasons: Annotated[tuple[str, ...], Field(min_length=1)]
    to: Literal["next", "fallback"] = "next"


class Hunter(FileModel):
    """How long the own lead of a hunter who is away waits for them, before it goes to their successor."""

    waits: Target
    calendar: Name | None = None

    @model_validator(mode="after")
    def _calendar_where_needed(self) -> Hunter:
        if (self.calendar is not None) != (self.waits.kind != "elapsed"):
            raise ValueError("a wait in business time needs a `calendar`, and elapsed time takes none")
        return self


class Handover(FileModel):
    """Rules of the hand-over. An offer that is not answered in `offer_expires` goes to the next person, `max_offers`
    times in all. Where `reasons` are listed, others are findings. A `hunter`'s own lead is never rotated; left out, it
    goes to the successor of a hunter who is away at once. With `follow_up_accepts` a genuine step of the person who
    was offered the lead accepts it. What salespeople note of a lead is shown to marketing on the page where `marketing_reads_notes`
    says so."""

    offer_expires: Target | None = None
    calendar: Name | None = None
    max_offers: Annotated[int, Field(ge=1, le=20)] = 3
    follow_up_accepts: bool = True
    marketing_reads_notes: bool = False
    next_step: Annotated[str, Field(max_length=500)] | None = None
    dossier: DossierRules = DossierRules()
    reasons: tuple[Reason, ...] = ()
    second_offer: tuple[SecondOffer, ...] = ()
    hunter: Hunter | None = None

    @field_validator("reasons")
    @classmethod
    def _reasons_differ(cls, value: tuple[Reason, ...]) -> tuple[Reason, ...]:
        keys = [reason_key(reason.name) for reason in value]
        if len(keys) != len(set(keys)):
            raise ValueError("two reasons are the same but for their spelling")
        return value

    @model_validator(mode="after")
    def _second_offers_are_for_agreed_reasons(self) -> Handover:
        agreed = {reason_key(reason.name) for reason in self.reasons}
        named = [reason_key(reason) for rule in self.second_offer for reason in rule.reasons]
        if unknown := [reason for reason in named if reason not in agreed]:
            raise ValueError(f"`second_offer` names `{unknown[0]}`, which is not among `reasons`")
        if len(named) != len(set(named)):
            raise ValueError("a reason is in two rules of `second_offer`; the first would always win")
        return self

    def reason(self, text: str | None) -> Reason | None:
        """The agreed reason that is meant."""
        key = reason_key(text)
        return next((reason for reason in self.reasons if reason_key(reason.name) == key), None)

    def second(self, text: str | None) -> SecondOffer | None:
        """The rule for a second offer after this reason."""
        key = reason_key(text)
        return next((rule for rule in self.second_offer if key in map(reason_key, rule.reasons)), None)
