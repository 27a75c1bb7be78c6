"""Facts without personal data: what decisions, events and indexes are made of must not name anybody.

Senders put people where they do not belong: an address as a form's id, a name in a campaign, a number in a reason. Such a
value is struck out of the facts, or replaced by a keyed digest where it is an id, and kept beside the answers, which are
personal. Names are known
where the same signal says whose they are, and to the router, which knows the lead.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from typing import NamedTuple

from schemas.signals import Company, Consent, Parsed, Person, Reference, Sales, Signal
from services.observability import scrub

_WORD = re.compile(r"[^\W\d_]{3,}")
_DIGITS = re.compile(r"\d+")
_NUMBERISH = re.compile(r"(?<!\w)(?:\+|0)\d[\d ()/.-]{5,}\d")
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_OURS = re.compile(r"[A-Za-z0-9_.-]{1,80}")
STRUCK = "[hidden]"


class _Known(NamedTuple):
    """What the signal itself says of its person: words of the name, the number's last digits, the address."""

    words: frozenset[str]
    number: str
    email: str

    def is_named_in(self, text: str) -> bool:
        """The whole name, the address, or the number."""
        folded = text.casefold()
        if self.email and self.email in folded:
            return True
        if len(self.words) > 1 and all(word in folded for word in self.words):
            return True
        return bool(self.number) and self.number in "".join(_DIGITS.findall(text))


def discreet(parsed: Parsed, key: bytes) -> Parsed:
    """The same facts with nobody in them; the same object where there was nobody, as nearly always."""
    known = _known(parsed.person)
    if not _suspicious(parsed, known):
        return parsed
    work = _Work(parsed, known, key)
    return work.done()


def without_names(signal: Signal, person: Person) -> Signal:
    """Reason and criterion without the words of the lead's name, which a signal that only names an offer does not know."""
    if signal.reason is None and signal.criterion is None:
        return signal
    work = _Work(signal, _known(person), b"")
    said = {"reason": work.prose("reason", signal.reason), "criterion": work.prose("criterion", signal.criterion)}
    if not work.aside:
        return signal
    return signal.but(**said, fields={**signal.fields, **work.aside})


def trace_of(header: str | None) -> str | None:
    """A `traceparent` only where it is one: it travels on events."""
    return header if header is not None and _TRACE.fullmatch(header) else None


class _Work:
    """`aside` collects what was struck out, by the place that it was in."""

    def __init__(self, parsed: Parsed, known: _Known, key: bytes) -> None:
        self.parsed, self.known, self.key = parsed, known, key
        self.aside: dict[str, str] = {}

    def done(self) -> Parsed:
        p = self.parsed
        changes = {
            "source_kind": self.text("source_kind", p.source_kind),
            "external_id": self.ident("external_id", p.external_id),
            "references": tuple(self.reference(r) for r in p.references),
            "previous": tuple(self.reference(r) for r in p.previous),
            "actor": p.actor.but(reference=self.colleague("actor", p.actor.reference)),
            "company": self.company(p.company),
            "sales": self.sales(p.sales),
            "reason": self.prose("reason", p.reason),
            "criterion": self.prose("criterion", p.criterion),
            "handover_id": self.ours("handover_id", p.handover_id),
            "offer_id": self.ours("offer_id", p.offer_id),
            "currency": self.text("currency", p.currency),
            "consents": tuple(self.consent(c) for c in p.consents),
            "form_id": self.text("form_id", p.form_id),
            "campaign": self.text("campaign", p.campaign),
            "tags": tuple(t for t in (self.text("tag", tag, lambda _: None) for tag in p.tags) if t is not None),
            "lists": tuple(n for name in p.lists if (n := self.ident("list", name)) is not None),
        }
        return p.but(**changes, fields={**p.fields, **self.aside})

    def text(self, place: str, value: str | None, struck: Callable[[str], str | None] = scrub) -> str | None:
        """A word of the sender's: struck out as a whole where it names the person, else only addresses and numbers."""
        if value is None:
            return None
        if self.known.is_named_in(value):
            return self._keep(place, value, None if struck(value) is None else STRUCK)
        return value if scrub(value) == value else self._keep(place, value, struck(value))

    def prose(self, place: str, value: str | None) -> str | None:
        """A sentence of somebody's: each word of the name is struck out too."""
        if value is None:
            return None
        clean = scrub(value)
        for word in sorted(self.known.words, key=len, reverse=True):
            clean = re.sub(rf"\b{re.escape(word)}\b", STRUCK, clean, flags=re.IGNORECASE)
        if self.known.is_named_in(clean):
            clean = STRUCK
        return value if clean == value else self._keep(place, value, clean)

    def ident(self, place: str, value: str | None) -> str | None:
        """An id that is an address or names the person becomes a digest, so that equal ones stay equal."""
        if value is None or ("@" not in value and not self.known.is_named_in(value)):
            return value
        return self._keep(place, value, f"hidden-{hmac.digest(self.key, value.encode(), 'sha256').hex()[:24]}")

    def colleague(self, place: str, value: str | None) -> str | None:
        """Ids of colleagues are matched with the roster, which may hold addresses; the person's own is no colleague's."""
        return self.ident(place, value) if value is not None and self.known.is_named_in(value) else value

    def ours(self, place: str, value: str | None) -> str | None:
        """An id of ours, or nothing."""
        if value is None or (_OURS.fullmatch(value) and not self.known.is_named_in(value)):
            return value
        return self._keep(place, value, None)

    def company(self, c: Company) -> Company:
        said = {n: self.text(n, getattr(c, n), lambda _: None) for n in ("domain", "industry", "region", "city")}
        return c.but(**said, name=self.text("company", c.name))

    def reference(self, r: Reference) -> Reference:
        said = {name: self.ident(f"reference {name}", getattr(r, name)) for name in ("system", "account", "id")}
        return r.but(**said)

    def consent(self, c: Consent) -> Consent:
        said = {"purpose": self.text("purpose", c.purpose), "basis": self.prose("basis", c.basis)}
        return c.but(**said)

    def sales(self, s: Sales | None) -> Sales | None:
        if s is None:
            return None
        said = {name: self.text(name.strip("_"), getattr(s, name)) for name in ("from_", "to", "activity_type")}
        return s.but(**said, owner_id=self.colleague("owner_id", s.owner_id))

    def _keep(self, place: str, value: str, instead: str | None) -> str | None:
        name = f"({place})"
        while name in self.aside:
            name = f"({place} {len(self.aside) + 1})"
        self.aside[name] = value
        return instead


def _known(person: Person) -> _Known:
    names = " ".join(filter(None, (person.first_name, person.last_name, person.full_name))).casefold()
    number = "".join(_DIGITS.findall(person.phone or ""))
    email = (person.email or "").strip().casefold()
    return _Known(frozenset(_WORD.findall(names)), number[-7:] if len(number) >= 7 else "", email)


def _suspicious(p: Parsed, known: _Known) -> bool:
    """A quick look at everything at once; the careful one is for the few that fail it."""
    said = [p.source_kind, p.external_id, p.reason, p.criterion, p.handover_id, p.offer_id, p.currency, p.form_id]
    said += [
        p.campaign,
        p.company.name,
        p.company.domain,
        p.company.industry,
        p.company.region,
        p.company.city,
        p.actor.reference,
        *p.tags,
        *p.lists,
    ]
    if p.sales is not None:
        said += [p.sales.from_, p.sales.to, p.sales.owner_id, p.sales.activity_type]
    if any(ours is not None and not _OURS.fullmatch(ours) for ours in (p.handover_id, p.offer_id)):
        return True
    for reference in (*p.references, *p.previous):
        said += [reference.system, reference.account, reference.id]
    for consent in p.consents:
        said += [consent.purpose, consent.basis]
    text = "\n".join(filter(None, said))
    if "@" in text or _NUMBERISH.search(text):
        return True
    if known.number and known.number in "".join(_DIGITS.findall(text)):
        return True
    folded = text.casefold()
    return any(word in folded for word in known.words)
