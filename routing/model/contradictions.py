"""Whether what a signal says of its person can be the lead that a number, an id or a record leads to.

Decided on facts only: digests of the words of names, whether an address is known, ids of records. What is not known
contradicts nothing.
"""

from __future__ import annotations

from typing import Literal

from routing.model.records import Lead
from schemas.signals import IdentityKey, Signal

Contradiction = Literal["name", "address", "record"]
MAX_NAMES = 12
"""Words of names that a lead keeps."""
MAX_ADDRESSES = 2
"""Addresses that one id or number may bring together unless the names agree; with the next one it is no identity any more."""
MAX_GATHERED = 8
"""Ids and numbers of a lead of which such addresses are kept."""


def names_agree(held: tuple[str, ...] | None, stated: tuple[str, ...]) -> bool | None:
    """Whether the words of one name are all in the other, in full or by an initial; None where one of them is not known."""
    if not held or not stated:
        return None
    fewer, more = sorted((held, stated), key=len)
    unmatched = list(more)
    for word in sorted(fewer, key=_is_initial):
        match = next((other for other in unmatched if _same(word, other)), None)
        if match is None:
            return False
        unmatched.remove(match)
    return True


def _same(word: str, other: str) -> bool:
    if _is_initial(word) or _is_initial(other):
        return word.rpartition(".")[2] == other.rpartition(".")[2]
    return word == other


def _is_initial(word: str) -> bool:
    """A word is `<digest>.<digest of its initial>`; an initial alone has nothing before the point."""
    return word.startswith(".")


def names_after(held: tuple[str, ...] | None, stated: tuple[str, ...], newer: bool) -> tuple[str, ...] | None:
    """The words of the lead's name once this was said: what agrees is kept together, else the newer word counts."""
    if not stated or stated == held:
        return held
    agree = names_agree(held, stated)
    if agree is None:
        return stated
    if agree:
        return tuple(dict.fromkeys((*(held or ()), *stated)))[:MAX_NAMES]
    return stated if newer else held


def has_address(lead: Lead) -> bool:
    """Whether an e-mail address of the lead is known."""
    return "email" in lead.known


def contradiction(lead: Lead, signal: Signal, *, same_name: bool = False) -> Contradiction | None:
    """What speaks against the signal's person being this lead, which none of the signal's addresses and ids names yet.

    `same_name`: the name is known to be the same.
    """
    agree = names_agree(lead.names, signal.names)
    if not same_name and (agree is False or (signal.names and lead.names is None and "name" in lead.known)):
        return "name"
    if has_address(lead) and new_address(signal) is not None and not tells_of_change(signal):
        return "address"
    return "record" if is_another_record(lead, signal) else None


def new_address(signal: Signal) -> str | None:
    """The digest of the signal's own address."""
    return next((i.digest for i in signal.identities if i.kind == "email" and not i.former), None)


def tells_of_change(signal: Signal) -> bool:
    """Whether the sender itself says that the address is another one of the same person."""
    return signal.address_changed or any(i.former for i in signal.identities)


def is_another_record(lead: Lead, signal: Signal) -> bool:
    """Two ids in one system are two people there, unless the sender says that one of them became the other."""
    stated = [r for r in signal.references if r.object == "person"]
    joined = {(r.system, r.id) for r in (*signal.previous, *stated)}
    for held in lead.references:
        if held.object != "person" or (held.system, held.id) in joined:
            continue
        if any(r.system == held.system and (r.account or held.account) == (held.account or r.account) for r in stated):
            return True
    return False


def is_stranger(lead: Lead, signal: Signal) -> bool:
    """Whether an address that the lead does not have came with an id of the lead's, and nothing says that it is theirs."""
    if not has_address(lead) or new_address(signal) is None or tells_of_change(signal):
        return False
    return names_agree(lead.names, signal.names) is not True


def gathered_addresses(lead: Lead, identity: IdentityKey, address: str) -> tuple[str, ...]:
    """The addresses that this id or number has brought to the lead beside its own, this one among them."""
    addresses = lead.gathered.get(_key(identity), ())
    return addresses if address in addresses else (*addresses, address)[:MAX_ADDRESSES]


def addresses_by(lead: Lead, identity: IdentityKey) -> int:
    """How many addresses this id or number has brought together, the lead's own among them."""
    return len(lead.gathered.get(_key(identity), ())) + 1


def with_gathered(lead: Lead, identity: IdentityKey, address: str) -> dict[str, tuple[str, ...]]:
    """What the lead keeps of it; the oldest of many ids is forgotten."""
    kept = {**lead.gathered, _key(identity): gathered_addresses(lead, identity, address)}
    return dict(list(kept.items())[-MAX_GATHERED:])


def _key(identity: IdentityKey) -> str:
    return f"{identity.kind}:{identity.digest}"
