"""Processes whose machines' clocks differ, on one PostgreSQL: promises are judged by the store's time, by all of them."""

import asyncio
import contextlib
import json
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from schemas.envelope import whole
from schemas.signals import Sales
from services.adapters.sql.migrate import upgrade
from services.bootstrap.parts import parts_of
from services.bootstrap.running import BACKGROUND
from services.observability import metrics
from services.settings.reading import load
from tests.chaos.run import QUICK
from tests.setups import EXAMPLES, record, signal

pytestmark = pytest.mark.real
LEADS = 8
TARGET = timedelta(seconds=5)
AHEAD = {"router": 120, "sla": 15, "relay": -30}
CALLED = Sales(activity_type="call", done=True)


def now():
    return datetime.now(UTC)


def settings_of(folder, database):
    text = (EXAMPLES / "agreement.yaml").read_text()
    for written, instead in QUICK:
        assert written in text
        text = text.replace(written, instead)
    (folder / "agreement.yaml").write_text(text)
    (folder / "roster.yaml").write_text((EXAMPLES / "roster.yaml").read_text())
    given = {"CONFIG_FOLDER": str(folder), "DATABASE_URL": database, "DEPLOYMENT_KEY": "k" * 64}
    return load({f"STAFETT_{name}": value for name, value in given.items()})


def clock(ahead):
    return lambda: now() + timedelta(seconds=ahead)


@asynccontextmanager
async def fleet(settings, ahead):
    """A process for each role, as far as its parts go, with a clock of its own; gives the parts by role."""
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        parts = {
            role: await stack.enter_async_context(parts_of(settings, machine=clock(seconds)))
            for role, seconds in ahead.items()
        }
        tasks = [asyncio.create_task(BACKGROUND[role](own)(stop)) for role, own in parts.items()]
        tasks += [asyncio.create_task(own.time.keep(stop)) for own in parts.values()]
        try:
            yield parts
        finally:
            stop.set()
            await asyncio.gather(*tasks)


async def events_of(parts, seen):
    """`seen` grows by [(when it was seen, event)]."""
    for row in await parts.reading.events(after=len(seen), limit=500):
        seen.append((now(), json.loads(whole(row.row.head, row.row.personal))))


async def test_no_promise_is_broken_before_it_is_due_and_each_step_in_time_keeps_its_own(tmp_path, postgres_url):
    await upgrade(postgres_url)
    settings, seen = settings_of(tmp_path, postgres_url), []
    async with fleet(settings, AHEAD) as parts:
        topic, log = settings.topic("signals"), parts["relay"].log
        form = partial(signal, kind="form.submitted", form_id="demo")

        async def see(kind, count):
            while sum(event["type"] == kind for _, event in seen) < count:
                await events_of(parts["relay"], seen)
                await asyncio.sleep(0.02)

        async with asyncio.timeout(60):
            # All run once somebody is offered; a promise of five seconds is not spent on their beginning.
            await log.append([record(form(99, lead="first", at=now()), topic)])
            await see("stafett.handover.offered.v1", 1)
            at = now()
            await log.append([record(form(n, lead=f"p{n}", at=at), topic) for n in range(LEADS)])
            # With a watcher that is ahead, and said so, all would be late already.
            await asyncio.sleep((at + TARGET / 2 - now()).total_seconds())
            called = partial(signal, kind="sales.follow_up", sales=CALLED)
            await log.append([record(called(LEADS + n, lead=f"p{n}", at=now()), topic) for n in range(0, LEADS, 2)])
            await see("stafett.sla.breached.v1", 1 + LEADS // 2)
        await asyncio.sleep(1)
        await events_of(parts["relay"], seen)
    breaches = [(at, event["data"]) for at, event in seen if event["type"] == "stafett.sla.breached.v1"]
    early = [data["due_at"] for at, data in breaches if at < datetime.fromisoformat(data["due_at"])]
    assert (len(breaches), early) == (1 + LEADS // 2, [])
    kept = [event for _, event in seen if event["type"] == "stafett.sla.fulfilled.v1"]
    assert sum(event["data"]["policy"] == "follow-up" for event in kept) == LEADS // 2
    assert all(abs((at - datetime.fromisoformat(event["time"])).total_seconds()) < 10 for at, event in seen)
    for role, seconds in AHEAD.items():
        found, way = parts[role].time.difference().split(" s ")
        assert abs(float(found) - abs(seconds)) < 1
        assert way == ("ahead of the store's" if seconds > 0 else "behind the store's")


async def test_a_router_beyond_the_bound_decides_nothing_and_says_so(tmp_path, postgres_url):
    await upgrade(postgres_url)
    settings = settings_of(tmp_path, postgres_url)
    async with parts_of(settings, machine=clock(400)) as parts:
        stop = asyncio.Event()
        task = asyncio.create_task(BACKGROUND["router"](parts)(stop))
        form = signal(1, "form.submitted", "anna", now(), form_id="demo")
        await parts.log.append([record(form, settings.topic("signals"))])
        await asyncio.sleep(1.5)
        assert await parts.store.outbox(10) == []
        assert parts.pulses.states()["decisions"].startswith("nothing is decided: the clock is ")
        assert 398 < metrics.clock_offset._value.get() <= 400
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
