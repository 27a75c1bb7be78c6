"""People and teams that a search names: a mistyped one would answer with nothing, as if there were nothing. `GET` does so, for version 1 only
grows: whoever asks for somebody who left was always told an empty list.

Imported by: leads.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from routing.people.roster import Roster
from schemas.words import probably
from services.door.problems import Trouble

Place = Literal["query", "body"]
"""Where a request names them."""


def people_in(team: str, roster: Roster) -> list[str]:
    """Who is in the team now; nobody where there is no such team."""
    return [member.id for member in roster.team_of(team)]


def require_known(roster: Roster, *, owner: str | None = None, team: str | None = None) -> None:
    """Asked where nothing was found: whoever left the roster may have leads and clocks still. Raises Trouble, which names the parameter
    and what is near, and never what was sent."""
    if owner is not None and owner not in roster.people:
        raise _unknown("body.owner: nobody of the roster has this id", owner, roster.people)
    if team is not None and team not in roster.teams:
        raise _unknown("body.team: the roster has no such team", team, roster.teams)


def _unknown(words: str, asked: str, names: Collection[str]) -> Trouble:
    return Trouble("invalid", f"{words}{probably(asked, names)}")
