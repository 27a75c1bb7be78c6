"""Requests by people: who asks for something is a lead, or is set aside where somebody sees it. Never neither."""

from __future__ import annotations

from collections.abc import Sequence

from schemas.signals import IdentityKey, Parsed, is_request
from services.ingest.parsers.reading.addresses import addresses_in
from services.ingest.parsers.reading.numbers import read_numbers

_NAMING = frozenset({"email", "person", "phone", "handover", "deal", "activity"})
"""Kinds of identity by which somebody is found or made known; a company or a likeness names nobody."""
NOBODY = "names nobody"


def why_nobody(parsed: Parsed, identities: Sequence[IdentityKey], region: str | None) -> str | None:
    """Why a request by a person names nobody who can be answered: the field and the rule, never the value. None where it
    names somebody, and for any other fact."""
    if not is_request(parsed) or any(identity.kind in _NAMING for identity in identities):
        return None
    doubts = person_doubts(parsed, region)
    return f"{NOBODY}: {'; '.join(doubts) or 'no e-mail address, no telephone number and no record of a person'}"


def person_doubts(parsed: Parsed, region: str | None) -> list[str]:
    """What stands where an address or a number should and is none."""
    person, doubts = parsed.person, []
    address = person.email or parsed.fields.get("(email)")
    if isinstance(address, str) and not addresses_in(address):
        doubts.append("`email` is no e-mail address")
    number = person.phone or parsed.fields.get("(phone)")
    if isinstance(number, str) and (doubt := read_numbers(number, region).doubt):
        doubts.append(f"`phone` {doubt}")
    return doubts
