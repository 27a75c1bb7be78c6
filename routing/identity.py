"""Which lead a signal is about: identities are looked up, the strongest decides, two leads at once are proposed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from schemas.signals import IdentityKey, Signal

Key = tuple[str, str, str]
"""(brand, kind, digest), as the store keeps an identity."""

_NAMES = ("email", "person", "phone")
_FINDS = ("handover", "deal", "activity")
_ACCOUNT = ("company", "domain")


class Resolution(NamedTuple):
    """`others` are further leads that the signal's identities name, with the kind that named them; `unlinked` are
    those of its identities that name nobody yet and may name this lead from now on."""

    lead_id: str | None
    others: tuple[tuple[str, str], ...]
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
    strong = _found(signal, known, _NAMES, verified=True)
    weak = [(who, kind) for who, kind in _found(signal, known, _NAMES, verified=False)]
    found = signal.lead_id or next((who for who, _ in (*strong, *_found(signal, known, _FINDS, verified=True))), None)
    others = {who: kind for who, kind in reversed([*strong, *weak]) if who != found}
    account = next((who for who, _ in _found(signal, known, _ACCOUNT, verified=True)), None)
    return Resolution(
        lead_id=found,
        others=tuple(sorted(others.items())) if found or others else (),
        account_id=account,
        unlinked=_unlinked(signal, known, (*_NAMES, "deal", "activity")),
        unlinked_account=_unlinked(signal, known, _ACCOUNT),
    )


def _found(signal: Signal, known: Mapping[Key, str], kinds: tuple[str, ...], verified: bool) -> list[tuple[str, str]]:
    return [
        (known[key(signal, identity)], identity.kind)
        for kind in kinds
        for identity in signal.identities
        if identity.kind == kind and identity.verified == verified and key(signal, identity) in known
    ]


def _unlinked(signal: Signal, known: Mapping[Key, str], kinds: tuple[str, ...]) -> tuple[IdentityKey, ...]:
    return tuple(
        identity
        for identity in signal.identities
        if identity.kind in kinds and identity.verified and key(signal, identity) not in known
    )
