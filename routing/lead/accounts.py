"""By which of its identities a signal names an account, and which account those of nobody's name."""

from __future__ import annotations

from routing.model.identity import Resolution
from routing.model.ids import derive
from routing.model.records import Account
from schemas.signals import IdentityKey, Signal


def own_account(signal: Signal, resolution: Resolution) -> str:
    """The id of the account that identities name which are nobody's yet: by the best of them, so that two routers that meet the
    company at once mean the same account. There has to be one."""
    best = _best(resolution)
    return derive("acc", signal.brand, best.kind, best.digest)


def names_of_account(signal: Signal, account: Account, resolution: Resolution) -> tuple[IdentityKey, ...]:
    """Identities that name the account from now on. Of somebody unproven only the one that it is new by: an id of theirs would
    join two companies."""
    if not resolution.unlinked_account or signal.proof == "signed":
        return resolution.unlinked_account
    return (_best(resolution),) if account.id == own_account(signal, resolution) else ()


def _best(resolution: Resolution) -> IdentityKey:
    return min(resolution.unlinked_account, key=lambda identity: identity.kind != "domain")
