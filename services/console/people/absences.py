"""Saying that somebody is away, or back: the commands that there are, under the reader's own right. Days are those of the person who is
away, not of who says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Literal, NamedTuple

from routing.people.permissions import refusal
from routing.people.roster import Roster
from services.console.language.reader import Reader
from services.console.language.words import mark

Action = Literal["absence", "return"]
DONE: Mapping[Action, str] = {
    "absence": mark(
        "Noted. From then on nobody new is given to them, and what waits for their answer is offered to others."
    ),
    "return": mark("Noted: they are back, and take their turns again."),
}


class NoAbsence(Exception):
    """The form says no absence that could be; the text says why, in the reader's words."""


def may_ask(action: Action, reader: str, about: str, roster: Roster) -> bool:
    """Whether somebody (`reader`) may ask for it about a person: oneself, or a manager."""
    return refusal(action, reader, roster, owner=None, about=about) is None


class Days(NamedTuple):
    """Who says it, now, and the zone of the days of whoever is away."""

    reader: Reader
    zone: tzinfo


def command_of(action: Action, person: str, form: Mapping[str, str], days: Days) -> dict[str, object]:
    """The members of the command that a form asks for. `from` left out is now, `back` left out is until they return; both are the first
    instants of days. Raises NoAbsence."""
    reader = days.reader
    members: dict[str, object] = {"command": action, "person": person}
    members["reason"] = form.get("reason", "").strip() or reader.say("on the page")
    if action == "return":
        return members
    since, until = (_first_instant(form.get(name, "").strip(), days) for name in ("from", "back"))
    if until is not None and until <= (since or reader.now):
        raise NoAbsence(reader.say("They would be back before they are away: look at the days again."))
    if until is not None and until <= reader.now:
        raise NoAbsence(reader.say("That absence is over already: say when they come back."))
    members |= {"since": since.isoformat()} if since is not None else {}
    return members | ({"until": until.isoformat()} if until is not None else {})


def _first_instant(day: str, days: Days) -> datetime | None:
    """Of a day as browsers write it, `2026-12-24`; None for none. Raises NoAbsence."""
    if not day:
        return None
    try:
        return datetime.strptime(day, "%Y-%m-%d").replace(tzinfo=days.zone)
    except ValueError:
        raise NoAbsence(days.reader.say("That is no day: write it as 2026-12-24.")) from None
