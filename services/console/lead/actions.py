"""What somebody may ask for about a lead on its page: the commands that there are, each with what it needs to be told, under the
person's own right. A right is looked at again when the command comes, and once more when the router carries it out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Literal, NamedTuple, assert_never

from routing.agreement.agreement import Agreement
from routing.lifecycle import DIALOGUE
from routing.model.records import Lead
from routing.people.permissions import refusal
from routing.people.roster import Roster
from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import DISPOSITIONS
from services.console.language.words import mark

Action = Literal["accept", "reject", "claim", "assign", "hold", "release", "disposition", "acknowledge"]
TITLES: Mapping[Action, str] = {
    "accept": mark("Accept"),
    "reject": mark("Give back"),
    "claim": mark("Take it"),
    "assign": mark("Give to"),
    "hold": mark("Put on hold"),
    "release": mark("Take off hold"),
    "disposition": mark("Not a lead"),
    "acknowledge": mark("I have seen it"),
}
DONE: Mapping[Action, str] = {
    "accept": mark("You accepted it. Now follow up: a call, a meeting or a personal message counts."),
    "reject": mark("You gave it back, with your reason. Marketing sees it."),
    "claim": mark("It is yours."),
    "assign": mark("It is given on, and the new owner is told."),
    "hold": mark("It rests until then."),
    "release": mark("It goes on."),
    "disposition": mark("It is set aside as you said."),
    "acknowledge": mark("Noted: no more reminders. The clock goes on."),
}
Widget = Literal["text", "choice", "date"]


class Field(NamedTuple):
    """What a command has to be told. `choices` are (value, text); one that `suggests` may be written over."""

    name: str
    label: str
    widget: Widget
    choices: Sequence[tuple[str, str]] = ()
    required: bool = True


class ActionView(NamedTuple):
    """One button, and the form behind it; without fields the button alone."""

    name: Action
    title: str
    fields: Sequence[Field]
    primary: bool = False


class Situation(NamedTuple):
    """Who looks at which lead, under which rules; `firing` says that people are being told of it."""

    person: str
    lead: Lead
    agreement: Agreement
    roster: Roster
    firing: bool


def actions_for(situation: Situation, reader: Reader) -> list[ActionView]:
    """Those that make sense now and that the person may ask for."""
    return [
        ActionView(name, reader.say(TITLES[name]), list(_fields(name, situation, reader)), _is_first(name, situation))
        for name in _sensible(situation)
        if name == "acknowledge" or _may(name, situation)
    ]


def _is_first(name: Action, situation: Situation) -> bool:
    """Whether it is what the reader most probably came for."""
    return name == ("claim" if situation.lead.owner is None else "accept")


def _may(name: str, situation: Situation) -> bool:
    lead = situation.lead
    return refusal(name, situation.person, situation.roster, owner=lead.owner, about=None) is None


def _sensible(situation: Situation) -> Iterator[Action]:
    lead = situation.lead
    if situation.firing:
        yield "acknowledge"
    if lead.merged_into is not None:
        return
    match lead.disposition:
        case "erased":
            return
        case "active":
            yield from _of_active(situation)
        case "spam" | "not_a_buyer" | "do_not_contact":
            pass
        case _:
            assert_never(lead.disposition)
    yield "disposition"


def _of_active(situation: Situation) -> Iterator[Action]:
    lead = situation.lead
    offer = lead.handover.current if lead.handover is not None and lead.handover.closed_at is None else None
    if offer is not None and offer.state == "open":
        yield "accept"
    if lead.stage in DIALOGUE and offer is not None:
        yield "reject"
    if lead.owner != situation.person:
        yield "claim"
    yield "assign"
    yield "release" if lead.parked is not None else "hold"


def _fields(name: Action, situation: Situation, reader: Reader) -> Iterator[Field]:
    why = Field("reason", reader.say("Why"), "text")
    match name:
        case "accept" | "claim" | "release":
            yield why._replace(required=False)
        case "reject":
            reasons = situation.agreement.file.handover.reasons
            yield why._replace(widget="choice", choices=[(r.name, r.name) for r in reasons]) if reasons else why
            label = reader.say("Which criterion was not met (for “not qualified”)")
            yield Field("criterion", label, "text", required=False)
        case "assign":
            people = [(p.id, person_name(p.id)) for p in situation.roster.file.people if p.active]
            yield Field("person", reader.say("Who gets it"), "choice", people)
            yield why
        case "hold":
            yield Field("until", reader.say("Until"), "date", required=False)
            yield why
        case "disposition":
            current = situation.lead.disposition
            choices = [(k, reader.say(t)) for k, t in DISPOSITIONS.items() if k not in ("erased", current)]
            yield Field("disposition", reader.say("What it is"), "choice", choices)
            yield why
        case "acknowledge":
            return


def command_of(name: str, lead_id: str, form: Mapping[str, str], reader: Reader) -> dict[str, object]:
    """The members of the command that a form asks for; what is missing or too long is found where it is made. Raises ValueError
    for a date that is none."""
    members: dict[str, object] = {"command": name, "lead": lead_id}
    members["reason"] = form.get("reason", "").strip() or (
        reader.say("on the page") if name in ("accept", "claim", "release") else ""
    )
    for field in ("criterion", "person", "disposition"):
        if value := form.get(field, "").strip():
            members[field] = value
    if name == "hold" and (day := form.get("until", "").strip()):
        members["until"] = end_of_day(day, reader).isoformat()
    return members


def end_of_day(day: str, reader: Reader) -> datetime:
    """The end of a day as the reader's browser writes it, `2026-12-24`. Raises ValueError."""
    start = datetime.strptime(day, "%Y-%m-%d")  # noqa: DTZ007 - a day has no zone; the reader's follows
    return start.replace(hour=23, minute=59, second=59, tzinfo=reader.zone).astimezone(UTC)
