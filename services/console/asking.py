"""Commands of somebody who is signed in: as themselves, about leads that they see, with the roles of their session."""

from __future__ import annotations

from routing.people.roster import Roster
from services.api.commanding import Commanding
from services.console.signed_in import SignedIn
from services.ports.rows import LeadRow


def commanding_as(somebody: SignedIn, commanding: Commanding) -> Commanding:
    """The same world, as far as this person goes: a lead that they do not see is none, and what the sign-in provider took from their
    roles they cannot ask for. With `somebody.principal()` for `carry`."""

    async def lead(ident: str) -> LeadRow | None:
        row = await commanding.lead(ident)
        return row if row is not None and somebody.sees(row.brand, row.owner) else None

    async def roster() -> Roster:
        return roster_as(somebody, await commanding.roster())

    return commanding._replace(lead=lead, roster=roster)


def roster_as(somebody: SignedIn, roster: Roster) -> Roster:
    """The same, in which they have the roles of their session."""
    member = roster.people.get(somebody.person)
    if member is None or somebody.roles >= set(member.roles):
        return roster
    less = member.model_copy(update={"roles": tuple(role for role in member.roles if role in somebody.roles)})
    people = tuple(less if one is member else one for one in roster.file.people)
    return Roster(roster.file.model_copy(update={"people": people}))
