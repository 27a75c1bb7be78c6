"""Addresses and numbers that a sender writes beside their sort (`{type: email, value}`), and the ids of chats that hold a number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import islice

from schemas.json_values import JsonValue
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import text
from services.ingest.parsers.reading.tables import word_set
from services.ingest.parsers.reading.values import fits, is_address

MAX_POINTS = 50
_SORTS = ("type", "kind", "channel", "channel_type", "identifier_type", "medium")
_SORTED = {
    **dict.fromkeys(("email", "e_mail", "mail", "email_address", "emailaddress"), "email"),
    **dict.fromkeys(
        ("phone", "phone_number", "mobile", "sms", "tel", "telephone", "whatsapp", "cell", "call"), "phone"
    ),
}
_HOLDERS = ("value", "handle", "address", "identifier", "id", "number", "data")
_LISTS = word_set("""
    identifiers identities contact_points contact_channels channels handles reachability contact_methods
    communication_channels sources
""")
"""Keys of lists of which each row is one way to reach somebody."""
_NUMBERED = re.compile(r"(\d{7,15})(?::\d{1,3})?@(?:s\.whatsapp\.net|c\.us)")


def point_of(row: Mapping[str, JsonValue]) -> dict[str, str]:
    """`email` or `phone` of an object that says which of them its value is, or whose value can only be an address; {} else."""
    held = {label(str(key)): value for key, value in islice(row.items(), MAX_POINTS)}
    said = next((word for name in _HOLDERS if (word := text(held.get(name)))), None)
    if said is None:
        return {}
    fact = next((_SORTED[word] for name in _SORTS if (word := label(text(held.get(name)) or "")) in _SORTED), None)
    if fact is None:
        return {"email": said} if "handle" in held and is_address(said) else {}
    return {fact: said} if fits(fact, said) and (fact != "email" or is_address(said)) else {}


def points_in(name: str, value: JsonValue) -> dict[str, str]:
    """The first address and the first number of a list of ways to reach somebody; `name` is its key, as `label` writes it."""
    if name not in _LISTS or not isinstance(value, list):
        return {}
    points: dict[str, str] = {}
    for row in value[:MAX_POINTS]:
        if isinstance(row, dict):
            points = {**point_of(row), **points}
    return points


def number_of_chat(ident: str) -> str | None:
    """The telephone number that the id of a chat with one person is made of; None for a group, a channel and any other text."""
    match = _NUMBERED.fullmatch(ident.strip())
    return f"+{match[1]}" if match else None
