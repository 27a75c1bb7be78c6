"""Facts without personal data: what decisions, events and indexes are made of must not name anybody.

Senders put people where they do not belong: an address as a form's id, a name in a campaign, a number in a reason. Such a
value is struck out of the facts, or replaced by a keyed digest where it is an id, and kept beside the answers, which are
personal. Names are known
where the same signal says whose they are, and to the router, which knows the lead.
"""

from __future__ import annotations

import hmac
import re
import unicodedata
from collections.abc import Callable, Iterator
from functools import lru_cache
from typing import NamedTuple

from schemas.json_values import JsonObject
from schemas.signals import Company, Consent, Parsed, Person, Reference, Sales, Signal
from services.observability.logging import scrub

_LETTERS = re.compile(r"[^\W\d_]+")
_NO_LETTERS = {code: None for code in range(128) if not chr(code).isalpha()}
"""What is left of a plain text by `str.translate` is its letters, in a tenth of the time that `_LETTERS` takes."""
_DIGITS = re.compile(r"\d+")
_NUMBERISH = re.compile(r"(?<!\w)(?:\+|0)\d[\d ()/.-]{5,}\d")
_TRACE = re.compile(r"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_OURS = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_PERSONAL_NUMBER = re.compile(r"(?<![\d-])(?:19|20)?\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])[-+]\d{4}(?![\d-])")
"""As the Nordic ones are written: a date of birth and four digits, with a sign between them; without one it may be an id."""
_ANY_NUMBER = re.compile(r"\d(?:[ ()/.-]{0,2}\d){5,18}")
"""Of a sentence: a number without a country code, a date of birth, an account."""
_SPELT = re.compile(
    r"\b[\w.+-]{1,64}(?: ?\(at\) ?| ?\[at\] ?| at | snabel-a )[\w-]{1,63}(?:\.| ?\(dot\) ?| dot | punkt )\w{2,24}\b",
    re.IGNORECASE,
)
_LONGEST_CATEGORY = 80
"""Characters of a reason that is still a word for a kind of reason; what is longer tells of somebody."""
_LONGEST_PLACE = 60
"""Characters of the name of a town or an industry."""
STRUCK = "[hidden]"
_PLAIN_LETTERS = str.maketrans(
    {"ø": "o", "æ": "ae", "œ": "oe", "ß": "ss", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i"}
)
_MARKS = re.compile("[\u0300-\u034e\u0350-\u036f]+")
"""Accents of Latin letters, which all combine."""
_SPELT_OUT = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "å": "aa", "ø": "oe"})


def without_accents(text: str) -> str:
    """In small letters without accents, as senders write names in addresses of pages and lists."""
    if text.isascii():
        return text.lower()
    small = _MARKS.sub("", unicodedata.normalize("NFKD", text.casefold()).translate(_PLAIN_LETTERS))
    if small.isascii():
        return small
    return "".join(letter for letter in small if not unicodedata.combining(letter))


class _Known(NamedTuple):
    """What is known of the person: the words of the name, each in its ways of writing, the number's last digits, the address.
    `words` are in their order, without initials."""

    words: tuple[frozenset[str], ...]
    number: str
    email: str

    def is_named_in(self, text: str) -> bool:
        """The whole name, the address, or the number."""
        small = without_accents(text)
        if self.email and self.email in small:
            return True
        if self._has_whole_name(small):
            return True
        return bool(self.number) and self.number in "".join(_DIGITS.findall(text))

    def has(self, word: str) -> bool:
        """Whether a word of a sentence is one of the name; a short one only as a name is written."""
        small = without_accents(word)
        return any(small in ways for ways in self.words) and (len(small) > 2 or word[:1] != word[:1].lower())

    def may_be_in(self, small: str) -> bool:
        """A quick look at a text without accents."""
        for ways in self.words:
            for way in ways:
                if way in small:
                    return True
        return False

    def _has_whole_name(self, small: str) -> bool:
        if not self.words or not self.may_be_in(small):
            return False
        if len(self.words) == 1:
            # A script without capitals writes a whole name as one word.
            return all(len(way) > 1 and way.upper() == way.lower() for way in self.words[0])
        tokens = frozenset(_LETTERS.findall(small))
        if all(any(way in tokens or (len(way) > 2 and way in small) for way in ways) for ways in self.words):
            return True
        if all(not ways.isdisjoint(tokens) for ways in (self.words[0], self.words[-1])):
            return True
        return self.is_joined_in(small)

    def is_joined_in(self, small: str) -> bool:
        """Whether a text without accents has the name as one word, whatever stands between its letters."""
        joined = small.translate(_NO_LETTERS) if small.isascii() else "".join(_LETTERS.findall(small))
        return any([name in joined for name in self.joined_names()])

    def joined_names(self) -> Iterator[str]:
        """The name as one word, both ways round, where that is long enough to be no other."""
        plain = [min(ways, key=len) for ways in self.words]
        if len(plain) > 1 and sum(map(len, plain)) > 5:
            yield "".join(plain)
            yield "".join(reversed(plain))


def discreet(parsed: Parsed, key: bytes) -> Parsed:
    """The same facts with nobody in them; the same object where there was nobody, as nearly always."""
    known = _identifying_parts(parsed.person)
    if not _may_name_person(parsed, known):
        return parsed
    work = _Work(parsed, known, key)
    return work.hide_person()


def without_names(signal: Signal, person: Person) -> Signal:
    """The signal without the lead's person, which a signal that only names an offer or a deal does not know."""
    known = _identifying_parts(person)
    if not _may_name_person(signal, known):
        return signal
    work = _Work(signal, known, b"")
    changes = work.words()
    if signal.sales is not None:
        own = signal.sales.owner_id is not None and known.is_named_in(signal.sales.owner_id)
        if own:
            work.keep("owner_id", signal.sales.owner_id or "", None)
            changes["sales"] = signal.sales.but(owner_id=None)
    if not work.aside:
        return signal
    return signal.but(**changes, fields={**signal.fields, **work.aside})


def trace_of(header: str | None) -> str | None:
    """A `traceparent` only where it is one: it travels on events."""
    return header if header is not None and _TRACE.fullmatch(header) else None


class _Work:
    """`aside` collects what was struck out, by the place that it was in."""

    def __init__(self, parsed: Parsed, known: _Known, key: bytes) -> None:
        self.parsed, self.known, self.key = parsed, known, key
        self.aside: dict[str, str] = {}

    def hide_person(self) -> Parsed:
        """The facts without the person; what was struck out is among the fields, in brackets."""
        p = self.parsed
        changes = {
            "source_kind": self.text("source_kind", p.source_kind),
            "external_id": self.ident("external_id", p.external_id),
            "references": tuple(self.reference(r) for r in p.references),
            "previous": tuple(self.reference(r) for r in p.previous),
            "actor": p.actor.but(reference=self.colleague("actor", p.actor.reference)),
            "sales": self.sales(p.sales),
            "handover_id": self.ours("handover_id", p.handover_id),
            "offer_id": self.ours("offer_id", p.offer_id),
            "currency": self.text("currency", p.currency),
            "consents": tuple(self.consent(c) for c in p.consents),
        }
        changes |= self.words()
        return p.but(**changes, fields={**p.fields, **self.aside}) if self.aside else p

    def words(self) -> JsonObject:
        """Fields of free words, which name nobody by themselves."""
        p = self.parsed
        return {
            "company": self.company(p.company),
            "reason": self.prose("reason", p.reason),
            "criterion": self.prose("criterion", p.criterion),
            "form_id": self.text("form_id", p.form_id),
            "campaign": self.text("campaign", p.campaign),
            "tags": tuple(t for t in (self.text("tag", tag, lambda _: None) for tag in p.tags) if t is not None),
        }

    def text(self, place: str, value: str | None, struck: Callable[[str], str | None] | None = None) -> str | None:
        """A word of the sender's: struck out as a whole where it names the person, else only addresses and numbers."""
        if value is None:
            return None
        clean = _PERSONAL_NUMBER.sub(STRUCK, scrub(value))
        instead = clean if struck is None else struck(value)
        if self.known.is_named_in(value):
            return self.keep(place, value, None if instead is None else STRUCK)
        return value if clean == value else self.keep(place, value, instead)

    def prose(self, place: str, value: str | None) -> str | None:
        """A sentence of somebody's: each word of the name is struck out too, any number, and the whole where it is long."""
        if value is None:
            return None
        if len(value) > _LONGEST_CATEGORY:
            return self.keep(place, value, STRUCK)
        clean = _ANY_NUMBER.sub(STRUCK, _SPELT.sub(STRUCK, scrub(value)))
        clean = _LETTERS.sub(lambda found: STRUCK if self.known.has(found[0]) else found[0], clean)
        if self.known.is_named_in(clean):
            clean = STRUCK
        return value if clean == value else self.keep(place, value, clean)

    def ident(self, place: str, value: str | None) -> str | None:
        """An id that is an address or names the person becomes a digest, so that equal ones stay equal."""
        if value is None or ("@" not in value and not self.known.is_named_in(value)):
            return value
        return self.keep(place, value, f"hidden-{hmac.digest(self.key, value.encode(), 'sha256').hex()[:24]}")

    def colleague(self, place: str, value: str | None) -> str | None:
        """Ids of colleagues are matched with the roster, which may hold addresses; the person's own is no colleague's."""
        return self.ident(place, value) if value is not None and self.known.is_named_in(value) else value

    def ours(self, place: str, value: str | None) -> str | None:
        """An id of ours, or nothing."""
        if value is None or (_OURS.fullmatch(value) and not self.known.is_named_in(value)):
            return value
        return self.keep(place, value, None)

    def company(self, c: Company) -> Company:
        said = {n: self.text(n, getattr(c, n), lambda _: None) for n in ("domain", "industry", "region", "city")}
        for name in ("industry", "region", "city"):
            if said[name] is not None and _is_no_category(said[name] or ""):
                said[name] = self.keep(name, said[name] or "", None)
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

    def keep(self, place: str, value: str, instead: str | None) -> str | None:
        name = f"({place})"
        while name in self.aside:
            name = f"({place} {len(self.aside) + 1})"
        self.aside[name] = value
        return instead


def _identifying_parts(person: Person) -> _Known:
    written = " ".join(filter(None, (person.first_name, person.last_name, person.full_name))).casefold()
    words = dict.fromkeys(_LETTERS.findall(written if written.isascii() else unicodedata.normalize("NFC", written)))
    ways = tuple(dict.fromkeys(_ways_of(w) for w in words if len(w) > 1))
    number = "".join(_DIGITS.findall(person.phone or ""))
    email = without_accents((person.email or "").strip())
    return _Known(ways, number[-7:] if len(number) >= 7 else "", email)


def _ways_of(word: str) -> frozenset[str]:
    """The ways of writing a word in small letters."""
    if word.isascii():
        return frozenset((word,))
    return frozenset({without_accents(word), without_accents(word.translate(_SPELT_OUT))})


def _is_no_category(text: str) -> bool:
    return len(text) > _LONGEST_PLACE or _ANY_NUMBER.search(text) is not None


def _may_name_person(p: Parsed, known: _Known) -> bool:
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
    if _is_odd(p.handover_id) or _is_odd(p.offer_id):
        return True
    for reference in (*p.references, *p.previous):
        said += [reference.system, reference.account, reference.id]
    for consent in p.consents:
        said += [consent.purpose, consent.basis]
    parts = list(filter(None, said))
    text = "\n".join(parts)
    if "@" in text or _has_number(text):
        return True
    if known.number and known.number in "".join(_DIGITS.findall(text)):
        return True
    if _is_free(p.reason) or _is_free(p.criterion) or any([_is_free(consent.basis) for consent in p.consents]):
        return True
    places = (p.company.industry, p.company.region, p.company.city)
    if any([_is_no_category(place) for place in places if place is not None]):
        return True
    small = text.lower() if text.isascii() else "\n".join(map(_fold_part, parts))
    return known.may_be_in(small) or (len(known.words) > 1 and known.is_joined_in(small))


def _has_number(text: str) -> bool:
    """A telephone number, which has a + or a 0, or a personal one, which has a sign."""
    if ("0" in text or "+" in text) and _NUMBERISH.search(text):
        return True
    return ("-" in text or "+" in text) and _PERSONAL_NUMBER.search(text) is not None


def _fold_part(part: str) -> str:
    """`without_accents` of a town or a firm, of which there are few."""
    return (
        part.lower() if part.isascii() else _short_parts(part) if len(part) <= _LONGEST_PLACE else without_accents(part)
    )


_short_parts = lru_cache(maxsize=256)(without_accents)


def _is_odd(ident: str | None) -> bool:
    """No id of ours."""
    return ident is not None and _OURS.fullmatch(ident) is None


def _is_free(prose: str | None) -> bool:
    """Whether a reason says more than a kind of reason."""
    if prose is None:
        return False
    return len(prose) > _LONGEST_CATEGORY or _ANY_NUMBER.search(prose) is not None or _SPELT.search(prose) is not None
