"""Who waits, as the page shows it: from rows of the store to what is said of them. Nothing here asks anybody."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Literal, NamedTuple

from routing.model.records import Clock, Lead, LeadPersonal
from routing.sla.clocks import QUEUE
from schemas.certain import certain
from schemas.signals import Person
from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import hindrance_text, lead_name, plain, stage_name, task_name
from services.forum.names import spell_queue
from services.ports.console import Tally, Waiting

Urgency = Literal["overdue", "soon", "later", "still"]
"""`soon` is within SOON; `still`: the clock stands still."""
SOON = timedelta(hours=1)


class WaitingRow(NamedTuple):
    """One lead that somebody has to act on. `due_ms` is the instant in milliseconds since 1970, for the countdown that runs in the
    browser; `left` is the same in words, as of when the page was made. `why` says why nobody has it, a line for each who could
    not take it."""

    lead_id: str
    name: str
    company: str
    stage: str
    task: str
    promise: str
    urgency: Urgency
    due_ms: int
    due_iso: str
    due: str
    left: str
    owner: str | None
    queue: str | None
    why: Sequence[str]


def waiting_rows(found: Sequence[Waiting], reader: Reader, *, names: bool = True) -> list[WaitingRow]:
    """In the same order. `names`: False for a screen on a wall, which strangers pass by; then only companies are named."""
    return [_row(one, reader, names) for one in found]


def _row(one: Waiting, reader: Reader, names: bool) -> WaitingRow:
    lead, clock = Lead.read(one.lead.state), Clock.read(one.clock.body)
    person = LeadPersonal.read(one.lead.personal).person if one.lead.personal and names else Person()
    due = certain(one.clock.act_by, "it is listed by it")
    company = lead.company_name or lead.company_domain or ""
    name = lead_name(person) or company or reader.say("A lead without a name")
    return WaitingRow(
        lead_id=lead.id,
        name=name,
        company=company if company != name else "",
        stage=stage_name(lead.stage, reader),
        task=task_name(clock.metric, reader),
        promise="" if clock.policy == QUEUE else plain(clock.policy),
        urgency=_urgency(one, reader),
        due_ms=int(due.timestamp() * 1000),
        due_iso=due.isoformat(),
        due=reader.instant(due),
        left=_time_left(one, reader),
        owner=person_name(lead.owner) if lead.owner else None,
        queue=queue_name(one.lead.queue, reader) if one.lead.queue else None,
        why=list(_why_nobody(lead, reader)) if lead.owner is None else [],
    )


def queue_name(queue: str, reader: Reader) -> str:
    """`hand_over/key-accounts` is key accounts; a queue whose pool is not known says so."""
    return spell_queue(queue) or reader.say("pool not known")


def _urgency(one: Waiting, reader: Reader) -> Urgency:
    due = certain(one.clock.act_by, "it is listed by it")
    if one.clock.state == "paused":
        return "still"
    if due <= reader.now:
        return "overdue"
    return "soon" if due - reader.now <= SOON else "later"


def _time_left(one: Waiting, reader: Reader) -> str:
    due = certain(one.clock.act_by, "it is listed by it")
    if one.clock.state == "paused":
        return reader.say("stands still")
    length = reader.length((due - reader.now).total_seconds())
    if due <= reader.now:
        return reader.say("%(length)s late", length=length)
    return reader.say("%(length)s left", length=length)


def _why_nobody(lead: Lead, reader: Reader) -> Iterator[str]:
    """A line for each of the pool who could not take it, else what is recorded."""
    if lead.queue is not None and lead.queue.passed:
        for passed in lead.queue.passed:
            yield f"{person_name(passed.person)} {hindrance_text(passed.codes, reader)}"
        if lead.queue.kept_for is not None:
            yield reader.say("it is kept for %(person)s, whose turn it is", person=person_name(lead.queue.kept_for))
    elif lead.limbo is not None:
        yield reader.say(
            "Nobody has it, and nothing waits for anybody to take it. This should not happen: tell whoever runs Stafett."
        )
    else:
        yield reader.say("marketing works with everybody at this stage, and nobody by name")


class Summary(NamedTuple):
    """How many wait: in words, as one line that is read aloud when it changes, and as figures."""

    line: str
    overdue: str
    today: str
    later: str


def summary_of(tally: Tally, reader: Reader) -> Summary:
    """`+` where more were there than are counted."""
    more = "" if tally.is_all else "+"
    later = tally.waiting - tally.overdue - tally.today
    line = reader.plural("%(n)s%(more)s lead waits", "%(n)s%(more)s leads wait", tally.waiting, more=more)
    if tally.overdue:
        line += ", " + reader.plural("%(n)s of them overdue", "%(n)s of them overdue", tally.overdue)
    return Summary(line, f"{tally.overdue}", f"{tally.today}", f"{later}{more}")
