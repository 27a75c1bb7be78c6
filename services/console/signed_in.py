"""Who looks at the page, and what they may see and ask for."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Literal, NamedTuple

from starlette.requests import HTTPConnection

from routing.people.permissions import PAGE, Principal, page_principal
from schemas.certain import certainly
from schemas.notify import Language
from schemas.roster import Role

Right = Literal["all_leads", "forum", "notes", "plumbing"]
"""`all_leads`: those of everybody. `forum`: the weekly report, and what is entered for it. `notes`: what salespeople wrote and said of leads. `plumbing`: what is set aside, and what
runs, with everything that changes it."""
RIGHTS: dict[Role, frozenset[Right]] = {
    "manager": frozenset({"all_leads", "forum", "notes", "plumbing"}),
    "marketing": frozenset({"all_leads", "forum"}),
    "sales": frozenset({"notes"}),
    "sdr": frozenset({"notes"}),
    "account_manager": frozenset({"notes"}),
}
"""By role; who has several has the rights of each. Which commands a role may ask for is in `routing/people/permissions.py`."""


class SignedIn(NamedTuple):
    """Somebody of the roster, as it is now. `roles` are theirs there, fewer where the sign-in provider says so. `colleagues` are
    the person and everybody in one of their `teams`. `brands`: None is all. `zone` is an IANA name. `csrf` goes with every request
    that changes something, as the header `x-csrf-token` or the form's field `csrf`. `expires_at`: when the session ends if
    nothing more is asked for."""

    person: str
    name: str
    roles: frozenset[Role]
    rights: frozenset[Right]
    teams: frozenset[str]
    colleagues: frozenset[str]
    brands: frozenset[str] | None
    language: Language
    zone: str
    csrf: str
    expires_at: datetime

    def may(self, right: Right) -> bool:
        """Whether they have it."""
        return right in self.rights

    def owners(self) -> Collection[str] | None:
        """Whose leads they see, beside those that nobody has; None: everybody's."""
        return None if self.may("all_leads") else self.colleagues

    def sees(self, brand: str, owner: str | None) -> bool:
        """Whether a lead of this brand and owner is theirs to see: one that nobody has yet is everybody's."""
        if self.brands is not None and brand not in self.brands:
            return False
        return owner is None or self.may("all_leads") or owner in self.colleagues

    def principal(self) -> Principal:
        """As whose commands are recorded: their own, never another's."""
        return Principal(page_principal(self.person), self.person)


def signed_in(request: HTTPConnection) -> SignedIn:
    """Who asks. Every route of the page but those of signing in has somebody: the guard lets nobody else through."""
    return certainly(request.scope.get(PAGE), SignedIn, "the guard stands before every route of the page")
