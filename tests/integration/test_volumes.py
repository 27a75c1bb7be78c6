"""Volume promises while the router runs: begun without a signal, counted once, breached at the exact end, told in every set-up."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from routing.model.records import Clock
from services.ports.rows import LedgerKey
from services.sla.periods import PeriodWatch
from tests.setups import setup, signal
from tests.stories import rules

END = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
"""Of December, the first whole month."""
RULES = rules(
    sla={
        "policies": [],
        "volumes": [
            {"name": "leads", "side": "marketing", "counts": "hand_over", "at_least": 3, "per": "month",
             "calendar": "stockholm", "ladder": [{"do": "escalate"}]},
        ],
    }
)  # fmt: skip


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded", "real-postgres-kafka"])
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        made.ruling = RULES

        async def ruling():
            return RULES

        made.watch = PeriodWatch(made.log, made.topic, ruling, lambda: made.at)
        assert await made.watch.sweep()
        await made.route(1)
        await made.later(days=8)
        yield made


async def told(running):
    """(type, sequence, counted) of what was said of the promise."""
    events = [json.loads(event) if isinstance(event, str | bytes) else event for event in await running.events()]
    return [
        (e["type"].removeprefix("stafett.sla.").removesuffix(".v1"), int(e["sequence"]), e["data"]["counted"])
        for e in events
        if e["subject"] == "promise:leads"
    ]


async def test_the_month_in_which_the_service_began_is_not_judged(running):
    assert (await told(running), await running.reading.clocks()) == ([], [])


async def test_a_month_without_a_lead_is_begun_by_the_watcher_and_breached_at_its_end(running):
    assert await running.watch.sweep()
    await running.route(1)
    assert not await running.watch.sweep(), "once a period"
    assert await told(running) == [("started", 1, 0)]
    (row,) = [r for r in await running.reading.clocks() if r.promise == "leads"]
    assert (row.due_at, row.next_at) == (END, END)
    await running.later(days=31)
    assert await told(running) == [("started", 1, 0), ("breached", 2, 0), ("escalated", 3, 0)]


async def test_each_lead_counts_once_however_often_it_is_delivered_and_keeps_the_promise(running):
    for number in range(4):
        item = signal(number, "form.submitted", lead=f"p{number}", form_id="demo", at=running.at)
        await running.give(item, item)
        running.at += timedelta(minutes=1)
    assert await told(running) == [("started", 1, 0), ("fulfilled", 2, 3)]
    (row,) = [r for r in await running.reading.clocks() if r.promise == "leads"]
    assert Clock.read(row.body).state == "fulfilled" and row.next_at is None
    assert '"counted":4' in await running.reading.ledger(LedgerKey("promise", "leads"))
