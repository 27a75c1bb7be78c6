"""What our codes are called on the page: stages, promises, reasons why somebody was passed over, tracks. Everything here is read by
people who never saw a code.
"""

from __future__ import annotations

from collections.abc import Mapping

from routing.people.hindrances import Code
from routing.sla.clocks import QUEUE
from schemas.events import Disposition, Stage, Track
from schemas.roster import Role
from schemas.signals import Person
from schemas.sla import Metric
from services.console.language.reader import Reader
from services.console.language.words import mark
from services.forum.names import spell_name

STAGES: Mapping[Stage, str] = {
    "prospecting": mark("On our list"),
    "contact": mark("In contact"),
    "qualification": mark("Being judged"),
    "hand_over": mark("Handed over"),
    "deal": mark("In a deal"),
    "nurturing": mark("Being nurtured"),
}
TRACKS: Mapping[Track, str] = {
    "warm_up": mark("not ready yet"),
    "recycle": mark("came back from sales"),
    "growth": mark("a customer"),
}
DISPOSITIONS: Mapping[Disposition, str] = {
    "active": mark("active"),
    "spam": mark("spam"),
    "not_a_buyer": mark("not a buyer"),
    "do_not_contact": mark("must not be contacted"),
    "erased": mark("erased"),
}
ROLES: Mapping[Role, str] = {
    "sdr": mark("SDR"),
    "sales": mark("Sales"),
    "account_manager": mark("Account manager"),
    "marketing": mark("Marketing"),
    "manager": mark("Manager"),
}
TASKS: Mapping[Metric | str, str] = {
    "follow_up": mark("Call or write"),
    "acceptance": mark("Accept or say no"),
    "qualification": mark("Judge whether it is qualified"),
    "dossier": mark("Complete the dossier"),
    "custom": mark("Keep the promise"),
    QUEUE: mark("Somebody has to take it"),
}
"""What there is to do, by what a clock measures."""
CLOCK_STATES: Mapping[str, str] = {
    "running": mark("it runs"),
    "paused": mark("it stands still"),
    "fulfilled": mark("it was kept"),
    "breached": mark("it was broken"),
    "cancelled": mark("it holds no more"),
}
"""What became of a promise."""
HINDRANCES: Mapping[Code, str] = {
    "full": mark("has as many leads as they can take"),
    "team_full": mark("the team has as many leads as it can take"),
    "off_hours": mark("was not at work"),
    "turn": mark("it was somebody else's turn that day"),
    "language": mark("does not speak the lead's language"),
    "absent": mark("was away"),
    "paused": mark("the pool was paused"),
    "had_it": mark("had been offered this lead before"),
    "role": mark("does other work"),
    "inactive": mark("has left"),
    "unknown": mark("is not in the roster"),
}
"""Why somebody was passed over; said after their name."""
_ROLES: Mapping[str, str] = {str(role): text for role, text in ROLES.items()}
_STAGES: Mapping[str, str] = {str(stage): text for stage, text in STAGES.items()}
_TRACKS: Mapping[str, str] = {str(track): text for track, text in TRACKS.items()}
_HINDRANCES: Mapping[str, str] = {str(code): text for code, text in HINDRANCES.items()}


def stage_name(stage: str, reader: Reader) -> str:
    """As the page calls a stage."""
    return reader.say(_STAGES[stage])


def role_name(role: str, reader: Reader) -> str:
    """As the page calls a role."""
    return reader.say(_ROLES[role])


def track_name(track: str, reader: Reader) -> str:
    """As the page calls a track of nurturing."""
    return reader.say(_TRACKS[track])


def task_name(metric: str, reader: Reader) -> str:
    """What there is to do for a clock of this metric."""
    return reader.say(TASKS.get(metric, TASKS["custom"]))


def hindrance_text(codes: tuple[str, ...], reader: Reader) -> str:
    """Why somebody was passed over, all of it. A code that a later version wrote is said as it is."""
    return ", ".join(reader.say(_HINDRANCES[code]) if code in _HINDRANCES else plain(code) for code in codes)


def plain(code: str) -> str:
    """A name that the agreement or the roster gives, as a person would write it: `key-accounts` is key accounts."""
    return spell_name(code)


def lead_name(person: Person) -> str:
    """As they are called; their address or number where no name is known; "" where nothing is."""
    parts = " ".join(part for part in (person.first_name, person.last_name) if part)
    return person.full_name or parts or person.email or person.phone or ""
