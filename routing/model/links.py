"""Links: what the store keeps of an identity. One leads to a lead or a company, or by a pointer to another identity, or to nobody."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

Key = tuple[str, str, str]
"""(brand, kind, digest), as the store keeps an identity."""

POINTER = "/"
"""Parts kind and digest in a link that leads to an identity instead of a lead; no id of ours has it."""
WAITING = f"waiting{POINTER}"
"""The link of an identity of nobody known, for which a withdrawal waits (`routing.upkeep.withdrawals`)."""
BARRED = f"nobody{POINTER}"
"""Begins the link of an identity that names nobody any more."""
ERASED = f"erased{POINTER}"
"""Begins the link of an identity whose person was erased; after it when, in microseconds since 1970."""
HOPS = 4
"""How many links in a row are followed from an identity to its lead: a deal to its person, the person to a merged lead,
that one to the lead it is one with."""


def subject_of(brand: str, subject_id: str | None, links: Mapping[Key, str]) -> str | None:
    """The lead or account behind a link; for a pointer, the one that its identity names by now."""
    for _ in range(HOPS):
        if subject_id is None or POINTER not in subject_id:
            return subject_id
        kind, _, value = subject_id.partition(POINTER)
        subject_id = links.get((brand, kind, value))
    return None


def tombstone(at: datetime) -> str:
    """The link that stays of an identity whose person was erased then."""
    return f"{ERASED}{int(at.timestamp() * 1_000_000)}"


def erased_before(link: str, at: datetime) -> bool:
    """Whether the person of this link was erased, and that before `at`."""
    return link.startswith(ERASED) and int(link.removeprefix(ERASED)) < int(at.timestamp() * 1_000_000)


def is_pointer(link: str) -> bool:
    """Whether it leads to an identity, or to nobody, instead of a lead."""
    return POINTER in link


def pointer_to_lead(lead_id: str) -> str:
    """The link of an identity whose lead was merged: to that lead, which another link leads on from."""
    return f"lead{POINTER}{lead_id}"


def pointer_targets(links: Mapping[Key, str]) -> list[Key]:
    """The identities that pointers among `links` lead to; they have to be looked up as well."""
    targets = (
        (brand, *subject_id.partition(POINTER)) for (brand, _, _), subject_id in links.items() if POINTER in subject_id
    )
    return sorted({(brand, kind, value) for brand, kind, _, value in targets if kind in _POINTED})


_POINTED = frozenset(("email", "person", "phone", "lead"))
"""Kinds of identities that a link may lead on to."""
