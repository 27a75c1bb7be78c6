"""Clocks as the watcher and the router run them together, on all three set-ups."""

import json
from datetime import timedelta

import pytest

from schemas.signals import Sales
from services.sla.watcher import Watcher
from tests.setups import SETUPS, START, record, setup, signal
from tests.stories import rules

DAY = timedelta(days=1)
CALL = Sales(activity_type="call", done=True)
FOLLOW_UP = "follow-up"


@pytest.fixture(params=SETUPS)
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


async def bodies(running, name):
    found = [json.loads(event) for event in await running.events()]
    return [e["data"] for e in found if e["type"] == f"stafett.sla.{name}.v1" and e["data"]["policy"] == FOLLOW_UP]


async def due_soon(running):
    """An accepted lead, a second before its follow-up is due; all that was due before is done."""
    await running.give(signal(1, "form.submitted", form_id="demo"), signal(2, "sales.accepted"))
    await running.later(days=1, seconds=-1)


async def test_a_breach_waits_two_seconds_for_a_router_that_is_behind_and_a_fact_that_still_comes_corrects_it(running):
    await due_soon(running)
    in_time = signal(3, "sales.follow_up", at=START + DAY - timedelta(milliseconds=500), sales=CALL)
    await running.log.append([record(in_time, running.topic)])
    running.at = START + DAY
    assert await running.watcher.sweep(), "it waits for the router to pass what the log holds"
    running.at += timedelta(seconds=1, milliseconds=999)
    assert await running.watcher.sweep(), "and goes on waiting within the grace"
    running.at += timedelta(milliseconds=1)
    assert not await running.watcher.sweep(), "no longer"
    await running.route(2)
    # The log keeps its order: the follow-up was there first, so it counts although the watcher had given up.
    assert await bodies(running, "breached") == []
    assert [d["fulfilled_at"] for d in await bodies(running, "fulfilled")] == ["2026-11-25T08:59:59.500000Z"]


async def test_a_follow_up_that_reaches_us_after_the_breach_corrects_it(running):
    await due_soon(running)
    await running.later(seconds=10)
    assert len(await bodies(running, "breached")) == 1
    at = START + DAY - timedelta(hours=1)
    late = signal(3, "sales.follow_up", at=at, sales=CALL).but(received_at=running.at)
    await running.give(late)
    (corrected,) = await bodies(running, "corrected")
    assert (corrected["old"], corrected["new"], corrected["cause"]) == ("breached", "fulfilled", "sig_3")
    assert len(await bodies(running, "breached")) == 1


async def test_a_breach_that_was_taken_back_and_comes_due_again_is_a_correction_and_no_second_breach(running):
    pausing = {
        "name": FOLLOW_UP, "metric": "follow_up", "starts": "offer", "target": "24h elapsed",
        "pause_on": ["sales.meeting_booked"], "resume_on": ["sales.meeting_cancelled"],
    }  # fmt: skip
    running.ruling = running.ruling._replace(agreement=rules([pausing]).agreement)
    await due_soon(running)
    await running.later(seconds=10)
    assert len(await bodies(running, "breached")) == 1
    for number, kind, hour in ((3, "sales.meeting_booked", 2), (4, "sales.meeting_cancelled", 4)):
        late = signal(number, kind, at=START + timedelta(hours=hour))
        await running.give(late.but(received_at=running.at))
    await running.later(hours=3)
    assert [d["due_at"] for d in await bodies(running, "breached")] == ["2026-11-25T09:00:00Z"], "one for ever"
    corrected = [(d["old"], d["new"], d["due_at"]) for d in await bodies(running, "corrected")]
    assert corrected[0][:2] == ("breached", "paused")
    assert corrected[-1] == ("running", "breached", "2026-11-25T11:00:00Z"), "due two hours later, and that is told"


async def test_two_watchers_that_see_the_same_due_clock_make_one_breach(running):
    await due_soon(running)
    watchers = [Watcher(running.store, running.log, running.topic, lambda: running.at) for _ in range(2)]
    running.at = START + DAY
    (row,) = await running.store.due_clocks(running.at, 10)
    await running.log.append([watcher._record(row, running.at) for watcher in watchers])
    await running.route(2)
    assert len(await bodies(running, "breached")) == 1


async def test_a_breach_is_noticed_when_it_is_due_not_when_somebody_next_looks(running):
    """The watcher sleeps until the due instant, however seldom it sweeps."""
    await due_soon(running)
    watcher = Watcher(running.store, running.log, running.topic, lambda: running.at, sweep=timedelta(minutes=5))
    assert await watcher._until_next() == 1.0


async def test_warnings_come_before_the_breach_each_at_its_instant(running):
    await running.give(signal(1, "form.submitted", form_id="demo"), signal(2, "sales.accepted"))
    await running.later(days=1, hours=5)
    warned = [d["warned_at"] for d in await bodies(running, "warned")]
    assert warned == ["2026-11-25T05:00:00Z", "2026-11-25T08:00:00Z"]
    assert [(d["rung"], d["action"]) for d in await bodies(running, "escalated")] == [(1, "notify"), (2, "escalate")]


async def test_a_restart_of_the_watcher_repeats_nothing(running):
    await due_soon(running)
    for _ in range(3):
        running.watcher = Watcher(running.store, running.log, running.topic, lambda: running.at)
        await running.later(hours=2)
    assert len(await bodies(running, "breached")) == 1
    assert [d["warning"] for d in await bodies(running, "warned")] == [1, 2]
