"""What was withdrawn by identities of nobody known, as a batch reads and leaves it. Only an identity whose link says so is asked
for, so that a batch in which none does costs nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from routing.draft import Purposes
from routing.model.links import WAITING, Key
from schemas.instants import At
from schemas.signals import IdentityKey
from services.ports.rows import WithdrawalChange

_READ = msgspec.json.Decoder(dict[str, At])
_WRITE = msgspec.json.Encoder()


def wanted_withdrawals(links: Mapping[Key, str]) -> list[Key]:
    """Identities of these for which something waits."""
    return [where for where, who in links.items() if who == WAITING]


def text_of(purposes: Purposes) -> str:
    """As it is stored; "" where nothing waits any more."""
    return _WRITE.encode(dict(sorted(purposes.items()))).decode() if purposes else ""


def waiting_for(
    brand: str, identities: Iterable[IdentityKey], links: Mapping[Key, str], texts: Mapping[Key, str]
) -> dict[IdentityKey, dict[str, datetime]]:
    """What waits by those of the identities that are nobody's. `texts` are as stored, by identity."""
    found: dict[IdentityKey, dict[str, datetime]] = {}
    for identity in identities:
        where = (brand, identity.kind, identity.digest)
        if links.get(where) == WAITING and (text := texts.get(where)):
            found[identity] = _READ.decode(text)
    return found


def changes(after: Mapping[Key, str], before: Mapping[Key, str], now: datetime) -> list[WithdrawalChange]:
    """What a batch leaves of those that it touched, and what it had read there."""
    return [WithdrawalChange(*where, before.get(where, ""), text, now) for where, text in after.items()]
