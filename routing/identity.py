"""Which lead a signal is about: identities are looked up, the strongest decides, two leads at once are proposed."""

from __future__ import annotations

from collections.abc import Mapping
from operator import itemgetter
from typing import NamedTuple

from schemas.signals import IdentityKey, Signal

Key = tuple[str, str, str]
"""(brand, kind, digest), as the store keeps an identity."""

POINTER = "/"
"""Parts kind and digest in a link that leads to an identity instead of a lead; no id of ours has it."""
_NAMES = ("email", "person", "phone")
_FINDS = ("handover", "deal", "activity")
_ACCOUNT = ("company", "domain")
_LINKED = (*_NAMES, "deal", "activity")
LIKENESS = ("like_name", "like_phone")
"""Kinds that name nobody, but propose; whoever had it first is proposed."""
_LIKELY = (*_NAMES, *LIKENESS)
_WEIGHTS = {"email": 0.95, "person": 0.95, "phone": 0.4, "like_name": 0.6, "like_phone": 0.4}
HOPS = 4
"""How many links in a row are followed from an identity to its lead: a deal to its person, the person to a merged lead,
that one to the lead it is one with."""
_STRONG, _WEAK, _THROUGH, _COMPANY = range(10), range(10, 20), range(20, 30), range(30, 40)
"""Ranks of what names a lead for sure, perhaps, or through a record, and of what names a company."""
_RANK = {
    kind: rank
    for kinds, ranks in ((_NAMES, _STRONG), (_FINDS, _THROUGH), (_ACCOUNT, _COMPANY))
    for rank, kind in zip(ranks, kinds, strict=False)
}
_RANK_UNVERIFIED = dict(zip(_LIKELY, _WEAK, strict=False))
_Ranked = tuple[int, str, str]
"""(rank, subject, kind) of one that names somebody; the first rank decides."""

Others = tuple[tuple[str, tuple[str, ...]], ...]


class Resolution(NamedTuple):
    """`others` are further leads that the signal's identities name, with the kinds that named them; `unlinked` are
    those of its identities that name nobody yet and may name this lead from now on."""

    lead_id: str | None
    others: Others
    account_id: str | None
    unlinked: tuple[IdentityKey, ...]
    unlinked_account: tuple[IdentityKey, ...]


def key(signal: Signal, identity: IdentityKey) -> Key:
    return signal.brand, identity.kind, identity.digest


def names_somebody(signal: Signal) -> bool:
    """Whether a new lead may be made of it: an e-mail address, a person's reference or a verified phone."""
    return any(identity.kind in _NAMES and identity.verified for identity in signal.identities)


def resolve(signal: Signal, known: Mapping[Key, str]) -> Resolution:
    """A phone that nobody verified proposes, never links; a deal of another lead neither links nor proposes."""
    brand = signal.brand
    named: list[_Ranked] = []
    unlinked: list[IdentityKey] = []
    for identity in signal.identities:
        kind = identity.kind
        who: str | None = known.get((brand, kind, identity.digest))
        if who is None:
            unlinked.append(identity)
            continue
        if POINTER in who:
            who = _subject(brand, who, known)
        rank = (_RANK if identity.verified else _RANK_UNVERIFIED).get(kind)
        if who is not None and rank is not None:
            named.append((rank, who, kind))
    if len(named) > 1:
        named.sort(key=itemgetter(0))
    lead = signal.lead_id or _first(named, _STRONG) or _first(named, _THROUGH)
    return Resolution(
        lead,
        _others(lead, named),
        _first(named, _COMPANY),
        _unlinked(unlinked, _LINKED) if unlinked else (),
        _unlinked(unlinked, _ACCOUNT) if unlinked else (),
    )


def _first(named: list[_Ranked], ranks: range) -> str | None:
    """Whom the first of these ranks names."""
    for rank, who, _ in named:
        if rank in ranks:
            return who
    return None


def _others(lead: str | None, named: list[_Ranked]) -> Others:
    others: dict[str, dict[str, None]] = {}
    for rank, who, kind in named:
        if who != lead and rank < _THROUGH.start:
            others.setdefault(who, {})[kind] = None
    return tuple([(who, tuple(kinds)) for who, kinds in sorted(others.items())]) if others else ()


def _subject(brand: str, said: str | None, known: Mapping[Key, str]) -> str | None:
    """The lead or account behind a link; for a pointer, whom the identity that it points to names by now."""
    for _ in range(HOPS):
        if said is None or POINTER not in said:
            return said
        kind, _, value = said.partition(POINTER)
        said = known.get((brand, kind, value))
    return None


def merged(lead_id: str) -> str:
    """The link of an identity whose lead was merged: to that lead, which another link leads on from."""
    return f"lead{POINTER}{lead_id}"


def score(kinds: tuple[str, ...]) -> float:
    """How much these kinds together say that two leads are one person: 1 minus the product of their doubts."""
    doubt = 1.0
    for kind in kinds:
        doubt *= 1 - _WEIGHTS.get(kind, 0.0)
    return round(1 - doubt, 2)


def pointed_to(links: Mapping[Key, str]) -> list[Key]:
    """The identities that pointers among `links` lead to; they have to be looked up as well."""
    found = ((brand, *said.partition(POINTER)) for (brand, _, _), said in links.items() if POINTER in said)
    return sorted({(brand, kind, value) for brand, kind, _, value in found})


def pointers(signal: Signal, found: Resolution) -> dict[Key, str]:
    """For a signal that is about nobody known yet: its deals and activities point to the person that they name, so that
    what later names only the deal finds its lead, whichever of the records came first."""
    naming = next((i for i in found.unlinked if i.kind in ("person", "email")), None)
    if found.lead_id is not None or naming is None:
        return {}
    said = f"{naming.kind}{POINTER}{naming.digest}"
    return {key(signal, identity): said for identity in found.unlinked if identity.kind in ("deal", "activity")}


def _unlinked(nobody: list[IdentityKey], kinds: tuple[str, ...]) -> tuple[IdentityKey, ...]:
    likens = LIKENESS if kinds is _LINKED else ()
    return tuple([i for i in nobody if i.kind in likens or (i.verified and i.kind in kinds)])
