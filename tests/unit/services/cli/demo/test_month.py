"""The demo's month without a store: when people work, who comes, what the five lines say of events."""

from datetime import UTC, datetime, timedelta
from itertools import islice
from random import Random
from zoneinfo import ZoneInfo

import pytest

from services.cli.demo.local_time import LocalTime
from services.cli.demo.month.agenda import Agenda
from services.cli.demo.month.calendar import at_work
from services.cli.demo.month.company import Company
from services.cli.demo.month.ending import Outline, month_lines
from services.cli.demo.month.names import visitors
from services.cli.demo.month.world import Stuck
from services.ports.console import Tally

STOCKHOLM = ZoneInfo("Europe/Stockholm")
BEGIN = datetime(2026, 11, 2, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("asked", "day", "hours"),
    [("2026-11-06T10:00", "2026-11-06", (10, 10)), ("2026-11-06T18:00", "2026-11-09", (8, 9)), ("2026-11-07T12:00", "2026-11-09", (8, 9)),
     ("2026-11-04T03:00", "2026-11-04", (8, 9)), ("2026-10-23T23:30", "2026-10-26", (8, 9))],
)  # fmt: skip
def test_work_is_done_in_working_time(asked, day, hours):
    at = datetime.fromisoformat(asked).replace(tzinfo=STOCKHOLM).astimezone(UTC)
    local = at_work(at, STOCKHOLM, Random(1)).astimezone(STOCKHOLM)
    assert local.date().isoformat() == day and hours[0] <= local.hour <= hours[1] and local >= at


def test_nobody_comes_twice_and_everybody_is_made_up():
    found = list(islice(visitors(Random(1)), 500))
    assert len({one.email for one in found}) == 500
    assert all(one.email.endswith(".example") and one.email.isascii() and one.company for one in found)
    assert len({one.company for one in found}) > 50


def test_what_comes_first_is_done_first():
    agenda = Agenda()
    for number in (3, 1, 2):
        agenda.plan(BEGIN + timedelta(hours=number), number)
    assert agenda.first() == BEGIN + timedelta(hours=1)
    assert [agenda.take() for _ in range(3)] == [1, 2, 3] and agenda.first() is None


def event(kind, at=BEGIN, **data):
    return {"type": f"stafett.{kind}.v1", "time": at.isoformat(), "data": data}


def offer(number, person, name):
    personal = {"person": {"full_name": name, "email": "a@b.example"}}
    return event("handover.offered", handover_id=number, owner={"person": person}, personal=personal, dossier={"company_name": "Firman"})  # fmt: skip


MONTH = [
    event("lead.created", source="web"),
    event("lead.created", source="web"),
    event("lead.created", source="crm"),
    offer(1, "elin", "Anna Ek"),
    offer(2, "johan", "Bo Berg"),
    offer(2, "karin", "Bo Berg"),
    event("handover.rejected", reason="wrong timing"),
    event("sla.fulfilled", clock_id="a", policy="follow-up"),
    event("sla.breached", clock_id="b", policy="follow-up"),
    event("sla.fulfilled", clock_id="b", policy="follow-up"),
    event("sla.breached", clock_id="c", policy="answer"),
    event("handover.won", BEGIN + timedelta(days=3), handover_id=1, amount=125000.0),
]


def test_the_five_lines_say_what_came_of_the_month():
    outline = Outline(BEGIN, BEGIN + timedelta(days=30), 19, Tally(7, 2, 1, True))
    assert month_lines(MONTH, outline, LocalTime("Europe/Stockholm")) == [
        "From Mon 2 Nov 08:00 CET to Wed 2 Dec 08:00 CET, 3 people came in: 2 by web, 1 by crm.",
        "2 were handed over to sales (Elin 1, Johan 1); 1 came back, most often because: wrong timing.",
        "1 of 2 was called within the 24 hours that were promised; of all promises 2 were broken, and somebody was told of each.",
        "1 bought for 125,000 SEK, the last one Anna Ek of Firman on Thu 5 Nov 08:00 CET.",
        (
            "Now 7 wait for somebody, 2 of them overdue; 19 webhooks came in, 12 events went out, and every figure leads to the events"
            " behind it."
        ),
    ]


def test_a_month_in_which_nothing_happened_is_said_as_well():
    lines = month_lines([], Outline(BEGIN, BEGIN, 0, Tally(0, 0, 0, True)), LocalTime("Europe/Stockholm"))
    assert lines[0].endswith("0 people came in.") and lines[1] == "0 were handed over to sales."
    assert lines[3] == "Nobody has bought yet."


class ScriptedWorld:
    """One clock falls due in the first minute; then nothing happens."""

    def __init__(self, stuck=False):
        self.now, self.looks, self._stuck = BEGIN, 0, stuck
        self._due, self._waiting = BEGIN + timedelta(seconds=30), []

    async def next_due(self):
        return self._due

    async def announce(self, due):
        self.pass_to(due)
        if not self._stuck:
            self._due, self._waiting = None, [{**event("lead.created", source="web", personal={"person": {"email": "a@b.example"}}, stage="contact"), "subject": "lead_1"}]  # fmt: skip

    async def settle(self):
        waiting, self._waiting = self._waiting, []
        return waiting

    def pass_to(self, at):
        self.now = max(self.now, at)

    async def look_around(self):
        self.looks += 1


async def test_what_falls_due_is_part_of_the_month():
    world = ScriptedWorld()
    company = Company(world, None, STOCKHOLM)
    await company.live(BEGIN + timedelta(minutes=1))
    assert [one["subject"] for one in company.events] == ["lead_1"]
    assert world.now == BEGIN + timedelta(minutes=1) and world.looks == 1


async def test_a_clock_that_does_not_move_on_ends_the_demo_instead_of_going_on_for_ever():
    with pytest.raises(Stuck, match="does not move on"):
        await Company(ScriptedWorld(stuck=True), None, STOCKHOLM).live(BEGIN + timedelta(minutes=1))
