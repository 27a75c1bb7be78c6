"""The roster changes while the router runs: recorded, followed by every batch, and what its people held is handed back."""

from datetime import timedelta

import pytest

from routing.people.commands import ROSTER_KEY, to_signal
from routing.people.permissions import Principal
from schemas.commands import Command
from services.rules.in_force import InForce, read_changes
from services.sla.absences import AbsenceWatch
from tests.setups import setup, signal


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded", "real-postgres-kafka"])
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


def ask(running, key, name, **more):
    command = Command.model_validate({"command": name, "reason": "because", **more}).root
    return to_signal(command, Principal("operator"), running.at, key, "default", ROSTER_KEY)


async def owners(running):
    return {row.id: row.owner for row in await running.reading.leads()}


async def test_who_falls_ill_hands_back_open_offers_and_gets_no_more(running):
    for number in range(6):
        await running.give(signal(number, "form.submitted", lead=f"p{number}", form_id="demo", at=running.at))
    had = [lead for lead, owner in (await owners(running)).items() if owner == "elin"]
    assert had
    await running.give(ask(running, "k1", "absence", person="elin"))
    assert len(await running.store.spool_entries(100)) == 0, "the relay has brought them to the log"
    await running.route(len(had))
    assert "elin" not in (await owners(running)).values()
    for number in range(6, 10):
        await running.give(signal(number, "form.submitted", lead=f"p{number}", form_id="demo", at=running.at))
    assert "elin" not in (await owners(running)).values()
    (change,) = read_changes(await running.reading.roster_changes())
    assert (change.change, change.person) == ("absent", "elin")
    await running.give(ask(running, "k2", "return", person="elin"))
    for number in range(10, 14):
        await running.give(signal(number, "form.submitted", lead=f"p{number}", form_id="demo", at=running.at))
    assert "elin" in (await owners(running)).values()


async def test_a_command_asked_twice_changes_the_roster_once_and_a_refused_one_is_recorded(running):
    first = ask(running, "same", "pause_pool", pool="field")
    await running.give(first, first, ask(running, "bad", "pause_pool", pool="nowhere"))
    assert len(read_changes(await running.reading.roster_changes())) == 1
    (row,) = await running.reading.history_of_signal(ask(running, "bad", "pause_pool", pool="nowhere").id)
    assert row.row.note == "refused: there is no pool nowhere"


async def test_an_absence_that_was_entered_ahead_hands_back_what_was_offered_when_it_begins(running):
    since = running.at + timedelta(minutes=30)
    await running.give(ask(running, "k1", "absence", person="elin", since=since.isoformat()))
    for number in range(6):
        await running.give(signal(number, "form.submitted", lead=f"p{number}", form_id="demo", at=running.at))
    had = [lead for lead, owner in (await owners(running)).items() if owner == "elin"]
    assert had, "still at work"
    kept, given = InForce(lambda: running.ruling), lambda: running.at

    async def roster():
        return kept(await running.reading.roster_changes()).roster

    async def offered(person, after):
        return await running.reading.leads(stage="hand_over", owner=person, after=after, limit=500)

    watch = AbsenceWatch(running.log, running.topic, roster, offered, given)
    assert await watch.sweep() == 0
    running.at = since
    assert await watch.sweep() == len(had)
    assert await AbsenceWatch(running.log, running.topic, roster, offered, given).sweep() == len(had), "another process"
    await running.route(2 * len(had))
    assert "elin" not in (await owners(running)).values()
    recorded = [len(await running.reading.history(lead, 0, 100)) for lead in had]
    assert recorded == [2] * len(had), "the form, and the absence once"
    assert await watch.sweep() == 0
