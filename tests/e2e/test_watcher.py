"""The watcher sees every due clock, whatever lies before it."""

import json
from datetime import timedelta

import pytest
from sqlalchemy import text

from services.sla.watcher import Watcher
from tests.setups import START, record, setup, signal

WHO = ("anna", "bo", "cia", "dan", "eva")


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded"])
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        made.watcher = Watcher(made.store, made.log, made.topic, lambda: made.at, batch_max=2)
        yield made


async def accepted(running):
    """Leads in hand-over; {lead: its clocks that are due a day later}."""
    for minute, who in enumerate(WHO):
        at = START + timedelta(minutes=minute)
        await running.give(
            signal(f"f-{who}", "form.submitted", who, at, form_id="demo"), signal(f"a-{who}", "sales.accepted", who, at)
        )
    running.at = START + timedelta(hours=25)
    clocks = {}
    for row in await running.store.due_clocks(running.at, 100):
        clocks.setdefault(row.lead_id, set()).add(row.id)
    assert len(clocks) == len(WHO)
    return clocks


async def hold(running, lead_ids, held):
    async with running.store.engines.write() as conn:
        for ident in lead_ids:
            await conn.execute(text("UPDATE leads SET held = :h WHERE id = :id"), {"h": held, "id": ident})


async def announced(running):
    """The clocks of the `clock.due` records that the router has not read yet, in the log's order of each partition."""
    await running.router._position(running.consumer)
    records = []
    while found := await running.consumer.poll(100, 0.05):
        records += found
    return [json.loads(r.value)["clock"]["clock_id"] for r in records]


async def test_due_clocks_that_are_announced_and_not_judged_hide_none_behind_them(running):
    clocks = await accepted(running)
    assert not await running.watcher.sweep(), "all are announced in one look, though a page holds two"
    assert set(await announced(running)) == set().union(*clocks.values())
    assert not await running.watcher.sweep()
    assert await announced(running) == [], "and not again while the router has them"


async def test_clocks_of_held_leads_starve_nobody_and_are_announced_when_the_lead_is_released(running):
    clocks = await accepted(running)
    *held, free = sorted(clocks)
    await hold(running, held, True)
    assert not await running.watcher.sweep()
    assert set(await announced(running)) == clocks[free]
    await hold(running, held[:1], False)
    await running.watcher.sweep()
    running.at += timedelta(seconds=3)  # past the grace: nobody routes here
    await running.watcher.sweep()
    assert set(await announced(running)) == clocks[held[0]]


async def test_what_is_due_and_announced_makes_the_watcher_look_no_more_often(running):
    await accepted(running)
    await running.watcher.sweep()
    assert await running.watcher._until_next() > 0.5


async def test_each_of_many_that_are_due_at_once_is_breached_once(running):
    await accepted(running)
    running.at = START
    await running.later(hours=25)
    breached = [json.loads(e) for e in await running.events() if "stafett.sla.breached" in e]
    follow_ups = [b["subject"] for b in breached if b["data"]["policy"] == "follow-up"]
    assert len(follow_ups) == len(set(follow_ups)) == len(WHO)


async def test_a_fact_in_the_log_that_the_router_has_not_read_holds_back_every_page(running):
    await accepted(running)
    fact = signal("u", "email.opened", WHO[-1], running.at - timedelta(seconds=1))
    await running.log.append([record(fact, running.topic)])
    assert await running.watcher.sweep(), "they wait for the router"
    await running.route(1)
    assert not await running.watcher.sweep()
    assert await announced(running)
