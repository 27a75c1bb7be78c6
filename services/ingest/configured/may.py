"""What a source may say, and what becomes of the rest: never dropped in silence.

A signal whose kind or mode the source may not say is set aside whole, with the class that it lacks. Of any other the facts
that the source may not say are taken out, kept with the answers, and named in a finding. A withdrawal of consent gets through
either way.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple, assert_never

from schemas.json_values import JsonObject, JsonValue
from schemas.may import CLASS_OF, CLASSES, May
from schemas.signals import INBOUND, REQUESTS, Actor, Kind, Parsed, Sales
from schemas.sources import Source

UNPROVEN: frozenset[May] = frozenset({"form", "engagement"})
"""Of a source that proves nothing, where its file says nothing else."""
_FORMS: frozenset[May] = frozenset({"form", "engagement", "consent", "test"})
_CRM: frozenset[May] = frozenset({*_FORMS, "sales"})
NATURE: dict[str, frozenset[May]] = {
    **dict.fromkeys(
        [
            "form",
            "typeform",
            "jotform",
            "tally",
            "webflow",
            "gravity_forms",
            "google_ads",
            "meta_lead_ads",
            "linkedin",
            "mailchimp",
        ],
        _FORMS,
    ),
    **dict.fromkeys(
        [
            "crm",
            "generic",
            "standard_webhooks",
            "cloudevents",
            "hubspot",
            "pipedrive",
            "salesforce",
            "close",
            "gohighlevel",
            "activecampaign",
            "intercom",
            "calendly",
            "segment",
            "mautic",
        ],
        _CRM,
    ),
}
"""What a kind's sender may say once it has proven itself, where its source says nothing else. `import` is in none of them."""
OWN_WORDS = frozenset({"crm", "standard_webhooks", "cloudevents"})
"""Kinds that are our own words, made for facts of systems that can sign: without a scheme their file has to say `may`."""
_ACTS = INBOUND | REQUESTS
"""What the person did: a consent in one is part of it."""
_KEPT = 100
"""Deals or consents that were taken out and are kept, at most."""


class Permitted(NamedTuple):
    """`signal`: what the source may say of it. `refused`: why the rest, or the whole, is set aside. `lacking`: the classes
    that the source may not say and that were in it."""

    signal: Parsed | None
    refused: str | None = None
    lacking: tuple[May, ...] = ()


def may_of(source: Source) -> frozenset[May]:
    """The classes that the source may say: as its file says, else by its scheme and the nature of its kind. Whoever vouches for
    the consents of a source has said so of them as well."""
    if source.may is not None:
        return frozenset(source.may)
    if source.proof != "none":
        return NATURE[source.kind]
    match source.consent:
        case "gives":
            return UNPROVEN | {"consent"}
        case "asks":
            return UNPROVEN
        case _:
            assert_never(source.consent)


def needs_words(source: Source) -> bool:
    """Whether its file has to say `may` before anything of it is taken: anybody could tell sales facts by it."""
    return source.proof == "none" and source.kind in OWN_WORDS and source.may is None


def withheld_classes(source: Source) -> tuple[May, ...]:
    """Classes that its kind's sender may well send and that are set aside, for nothing proves who sends them."""
    if source.may is not None or source.proof != "none":
        return ()
    return tuple(name for name in CLASSES if name in NATURE[source.kind] - may_of(source))


def apply_may(parsed: Parsed, source: Source) -> Permitted:
    """Take out of a signal what its source may not say."""
    if CLASS_OF[parsed.kind] == "nobody":
        return Permitted(None, f"{parsed.kind} is a kind of our own, which no source may say")
    allowed = may_of(source)
    if lacking := _lacking(parsed, source, allowed):
        why = f"may not say {' and '.join(lacking)} ({parsed.kind}): the source `{source.name}` has no such `may`"
        return Permitted(_withdrawal_in(parsed), why, tuple(lacking))
    if parsed.kind == Kind.CONTACT_DELETED and "erasure" in allowed:
        parsed = parsed.but(kind=Kind.PERSON_ERASURE_REQUESTED, reason=parsed.reason or Kind.CONTACT_DELETED)
    changes, aside, taken_out = _Without(parsed, allowed).take_out()
    if not taken_out:
        return Permitted(parsed)
    finding = f"may not say {' and '.join(taken_out)}: {', '.join(aside)} taken out"
    kept = parsed.but(**changes, fields={**parsed.fields, **aside}, findings=(*parsed.findings, finding))
    return Permitted(kept, None, taken_out)


def _lacking(parsed: Parsed, source: Source, allowed: Collection[May]) -> list[May]:
    """The classes of the signal as a whole that the source may not say."""
    needed: list[May] = []
    kind = CLASS_OF[parsed.kind]
    if kind != "anybody" and kind != "nobody":
        needed.append(kind)
    if parsed.mode == "import":
        needed.append("import")
    if parsed.mode == "test" and source.mode != "test":
        needed.append("test")
    return [name for name in needed if name not in allowed]


def _withdrawal_in(parsed: Parsed) -> Parsed | None:
    """Of a signal that is set aside, that consent was withdrawn."""
    withdrawn = tuple(consent for consent in parsed.consents if consent.state == "withdrawn")
    if not withdrawn or parsed.mode == "test":
        return None
    return Parsed(
        kind=Kind.CONSENT_WITHDRAWN,
        source_kind=parsed.source_kind,
        occurred_at=parsed.occurred_at,
        person=parsed.person,
        references=_without_deals(parsed),
        consents=withdrawn,
        # The whole, read again once the source may say it, is another signal than this.
        dedupe_key=f"{parsed.dedupe_key}:withdrawn",
    )


class _Without:
    """The facts of a signal that its source may not say: what is there instead, and what was there."""

    def __init__(self, parsed: Parsed, allowed: Collection[May]) -> None:
        self.parsed, self.allowed = parsed, allowed
        self.changes: JsonObject = {}
        self.aside: JsonObject = {}

    def take_out(self) -> tuple[JsonObject, JsonObject, tuple[May, ...]]:
        """(the fields of the signal that change, what they had as answers, the classes that were taken out)."""
        taken_out: list[May] = []
        for name, take_out in (
            ("consent", self._consents),
            ("sales", self._sales),
            ("import", self._take_out_asserted),
        ):
            before = len(self.aside)
            if name not in self.allowed:
                take_out()
            if len(self.aside) > before:
                taken_out += [kind for kind in CLASSES if kind == name]
        return self.changes, self.aside, tuple(taken_out)

    def _consents(self) -> None:
        """A box that the person ticked belongs to what they did; what a record says was given does not."""
        if self.parsed.kind in _ACTS:
            return
        purposes = [consent.purpose for consent in self.parsed.consents if consent.state == "given"]
        if purposes:
            self.aside["(consents)"] = purposes[:_KEPT]
            self.changes["consents"] = tuple(c for c in self.parsed.consents if c.state != "given")

    def _sales(self) -> None:
        parsed = self.parsed
        if parsed.sales is not None:
            kept = _host(parsed.sales) if parsed.kind == Kind.SALES_MEETING_BOOKED else None
            kept_fields = {} if kept is None else kept.known_fields()
            taken = {
                f"(sales {n.strip('_')})": v for n, v in parsed.sales.known_fields().items() if n not in kept_fields
            }
            if taken:
                self.aside |= taken
                self.changes["sales"] = kept
        if parsed.actor.reference is not None or parsed.actor.email is not None:
            self.aside["(actor)"] = parsed.actor.known_fields()
            self.changes["actor"] = Actor(kind=parsed.actor.kind)
        for name in ("handover_id", "offer_id"):
            if (value := getattr(parsed, name)) is not None:
                self.aside[f"({name})"], self.changes[name] = value, None
        deals = [reference.id for reference in parsed.references if reference.object == "deal"]
        if deals:
            self.aside["(deals)"], self.changes["references"] = deals[:_KEPT], _without_deals(parsed)

    def _take_out_asserted(self) -> None:
        if self.parsed.asserted is not None:
            self.aside["(asserted)"], self.changes["asserted"] = self.parsed.asserted.known_fields(), None


def _host(sales: Sales) -> Sales | None:
    """Who invites is part of a booking: the person who booked chose them."""
    if sales.owner_id is None and sales.owner_email is None:
        return None
    return Sales(owner_id=sales.owner_id, owner_email=sales.owner_email)


def _without_deals(parsed: Parsed) -> tuple[JsonValue, ...]:
    return tuple(reference for reference in parsed.references if reference.object != "deal")
