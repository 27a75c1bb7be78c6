"""What happens next with a lead, and when: what somebody has to do, and what comes by time alone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from routing.model.records import Clock, Lead
from routing.sla.clocks import SILENT
from routing.sla.to_do import act_by
from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import plain, task_name


class NextStep(NamedTuple):
    """`due_ms` is there while a countdown runs; `late`: it should have been done by then."""

    text: str
    who: str
    at: str
    due_ms: int | None
    iso: str
    late: bool


def next_steps(lead: Lead, reader: Reader) -> list[NextStep]:
    """What comes first is first; one that stands still is last."""
    found = sorted(_steps(lead, reader), key=lambda one: one[0])
    return [step for _, step in found]


def _steps(lead: Lead, reader: Reader) -> Iterator[tuple[tuple[bool, datetime], NextStep]]:
    for clock in lead.clocks.values():
        text = _text(clock, lead, reader)
        at = clock.due_at if clock.policy in SILENT and clock.open else act_by(clock)
        if text is None or at is None:
            continue
        still = clock.state == "paused"
        step = NextStep(
            text=text,
            who=_who(clock, lead, reader),
            at=reader.say("stands still") if still else reader.instant(at),
            due_ms=None if still else int(at.timestamp() * 1000),
            iso=at.isoformat(),
            late=not still and at <= reader.now,
        )
        yield (still, at), step


def _text(clock: Clock, lead: Lead, reader: Reader) -> str | None:
    """None for a clock whose end nobody notices."""
    match clock.policy:
        case "offer_expiry":
            offer = lead.handover.current if lead.handover is not None else None
            person = person_name(offer.person) if offer is not None else reader.say("nobody")
            return reader.say("The offer to %(person)s ends; then somebody else is asked", person=person)
        case "queue":
            return reader.say("The waiting ends; then whoever is the last resort gets it")
        case "hold_end":
            return reader.say("The hold ends")
        case "wake":
            return reader.say("It is looked at again")
        case "dialogue_end":
            return None
        case _:
            return f"{task_name(clock.metric, reader)} ({plain(clock.policy)})"


def _who(clock: Clock, lead: Lead, reader: Reader) -> str:
    if clock.policy in SILENT:
        return ""
    if clock.side == "marketing" and clock.metric != "qualification":
        return reader.say("Marketing")
    person = clock.delegate or clock.person or lead.owner
    return person_name(person) if person is not None else reader.say("nobody yet")
