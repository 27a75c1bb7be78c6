"""Who owns a lead, or why nobody does: the only module that writes these fields.

`owner` and `owner_since` go together; where there is no owner `unowned_reason` says why, for people. `owner_pool` and `owner_route`
say whose turn it was and by which route's rules (`routing.model.records.Lead`).
"""

from __future__ import annotations

from datetime import datetime

from routing.model.records import Lead


def set_owner(lead: Lead, person: str, since: datetime) -> None:
    """This person has the lead."""
    lead.owner, lead.owner_since, lead.unowned_reason = person, since, None


def clear_owner(lead: Lead, reason: str) -> None:
    """Nobody has the lead, for this reason."""
    lead.owner, lead.owner_since, lead.unowned_reason = None, None, reason


def set_unowned_reason(lead: Lead, reason: str) -> None:
    """Another reason why nobody has the lead."""
    lead.unowned_reason = reason


def set_turn(lead: Lead, pool: str | None, route: str | None) -> None:
    """The pool whose ledger counted the owner's turn, and the route by whose rules they have the lead; None where neither did."""
    lead.owner_pool, lead.owner_route = pool, route
