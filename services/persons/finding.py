"""Whose data is asked for: from an address, a number or a lead's id to every lead of that person.

A person has a lead in each brand that knows them, and leads that were merged into one. Two leads that only share a number are not
known to be one person: then nothing is found, and the leads are named, for whoever asks to choose.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

from routing.model.links import Key, pointer_targets, subject_of
from routing.model.records import Lead
from schemas.persons import PersonNamed
from services.ports.persons import PersonReading
from services.ports.rows import LeadRow

MOST_LEADS = 200
"""Leads of one person: a ring of merges ends, and a person has one lead in each brand and what was merged into it."""


class NobodyFound(Exception):
    """Nobody is known by what was asked for, or it cannot be told who is meant. `leads` are those that it may be."""

    def __init__(self, why: str, leads: Sequence[str] = ()) -> None:
        super().__init__(why)
        self.leads = tuple(leads)


class Digests(NamedTuple):
    """From what people write to the digests that are kept of it: of an address (None: it is none), of a number (each in which it
    may be meant, by its kind), both in one brand."""

    email: Callable[[str, str], str | None]
    phone: Callable[[str, str], Sequence[tuple[str, str]]]


class Found(NamedTuple):
    """The person's leads, and the identities by which they were asked for."""

    leads: tuple[LeadRow, ...]
    keys: tuple[Key, ...] = ()

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(row.id for row in self.leads)


async def find_person(
    reading: PersonReading, digests: Digests, asked: PersonNamed, brands: Collection[str] | None = None
) -> Found:
    """Every lead of the person, in these brands only where they are given. Raises NobodyFound."""
    if asked.lead is not None:
        return _require_some(await _with_merged(reading, [asked.lead]), (), brands)
    within = await reading.brands()
    keys = [key for brand in within for key in keys_of_asked(digests, asked, brand)]
    if not keys and within:
        raise NobodyFound("that is no e-mail address" if asked.email is not None else "that is no telephone number")
    links = await _follow(reading, keys)
    subjects = {subject for key in keys if (subject := subject_of(key[0], links.get(key), links)) is not None}
    found = _require_some(await _with_merged(reading, sorted(subjects)), keys, brands)
    if asked.phone is not None:
        _check_is_one_person(found)
    return found


def keys_of_asked(digests: Digests, asked: PersonNamed, brand: str) -> list[Key]:
    """The identities by which somebody is asked for in this brand; [] where it is no address and no number."""
    if asked.email is not None:
        digest = digests.email(asked.email, brand)
        return [] if digest is None else [(brand, "email", digest)]
    return [(brand, kind, digest) for kind, digest in digests.phone(asked.phone or "", brand)]


def _require_some(found: Iterable[LeadRow], keys: Sequence[Key], brands: Collection[str] | None) -> Found:
    """Raises NobodyFound where nothing of it may be seen."""
    rows = tuple(row for row in found if brands is None or row.brand in brands)
    if not rows:
        raise NobodyFound("nobody is known by that")
    return Found(rows, tuple(keys))


def _check_is_one_person(found: Found) -> None:
    """Raises NobodyFound where leads of one brand have the number and are not one lead."""
    heads = [row for row in found.leads if row.disposition != "merged"]
    if len({row.brand for row in heads}) < len(heads):
        raise NobodyFound("several leads have this number; name the one that is meant", [row.id for row in heads])


async def _follow(reading: PersonReading, keys: Sequence[Key]) -> dict[Key, str]:
    """What the identities lead to, and what that leads to in turn."""
    links: dict[Key, str] = {}
    further = list(keys)
    while further:
        more = await reading.links(further)
        links |= more
        further = [key for key in pointer_targets(more) if key not in links]
    return links


async def _with_merged(reading: PersonReading, ids: Sequence[str]) -> list[LeadRow]:
    """These, what was merged into them, and what they were merged into."""
    found: dict[str, LeadRow] = {}
    further = list(ids)
    while further and len(found) < MOST_LEADS:
        rows = await reading.leads(further)
        found |= {row.id: row for row in rows}
        further = sorted({other for row in rows for other in _others(row)} - found.keys())
    return [found[ident] for ident in sorted(found)]


def _others(row: LeadRow) -> list[str]:
    lead = Lead.read(row.state)
    others = [other.lead_id for other in lead.merged]
    return others if lead.merged_into is None else [*others, lead.merged_into]
