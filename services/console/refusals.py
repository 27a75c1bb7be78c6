"""Why a command of the page was refused, in the reader's language.

Imported by: the rooms of screens that ask for commands.
"""

from __future__ import annotations

from collections.abc import Mapping

from routing.people.permissions import RIGHTS
from services.api.commanding import Cause, Refused, SameKey
from services.console.language.reader import Reader
from services.console.language.vocabulary import role_name
from services.console.language.words import mark

REFUSALS: Mapping[Cause, str] = {
    "no_lead": mark("there is no such lead any more"),
    "no_person": mark("somebody who is named is not among those who work here"),
    "no_pool": mark("there is no such pool any more"),
    "no_right": mark("only these may ask for it: %(who)s"),
    "left": mark("somebody who is named does not work here any more"),
    "nobody": mark("it has to be asked for by somebody who works here"),
    "cannot_approve": mark("you are not among those who approve the agreement for that side"),
    "merged": mark("this lead is one with another now; look at that one"),
    "cannot_merge": mark("these two cannot be made one, or two again, as they are"),
    "already_over": mark("the day of return is over already"),
    "does_not_fit": mark("it does not fit who works here, or the agreement, as they are now"),
}
"""Said after "That cannot be done now:"."""
_WHO: Mapping[str, str] = {
    "owner": mark("whoever has the lead"),
    "oneself": mark("the person themselves"),
}


def refusal_text(refused: Refused | SameKey, command: str, reader: Reader) -> str:
    """The whole sentence. `command` is the name of what was asked for."""
    if isinstance(refused, SameKey):
        why = reader.say("it was asked before")
    elif refused.cause == "no_right":
        why = reader.say(REFUSALS["no_right"], who=", ".join(_who_may(command, reader)))
    else:
        why = reader.say(REFUSALS[refused.cause])
    return reader.say("That cannot be done now: %(why)s", why=why)


def _who_may(command: str, reader: Reader) -> list[str]:
    """Roles first, then those who are named by what the command is about."""
    rights = sorted(RIGHTS[command], key=lambda right: (right in _WHO, right))
    return [reader.say(_WHO[right]) if right in _WHO else role_name(right, reader) for right in rights]
