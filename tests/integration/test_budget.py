"""The budget of dead letters is the set-up's: a new start has no new one, and two routers share it."""

import asyncio
from datetime import timedelta

import pytest

from services.ports.rows import Record, RecordOut, Writes
from services.ports.signal_records import dead_letter, decode
from services.router.role import BudgetSpent, Router
from tests.setups import record, setup, signal


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded"])
async def made(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


async def spoil(made, *numbers):
    """Records that are no signals; all of one key, so that they come in one batch."""
    await made.log.append([RecordOut(made.topic, b"key-anna", f"no signal {n}".encode()) for n in numbers])


async def until_a_batch(made):
    """A router of its own, as a new start makes it, until it committed something."""
    stop = asyncio.Event()
    now = lambda: made.at  # noqa: E731
    router = Router(made.store, made.log, made.topic, lambda: made.ruling, now, budget=2, on_batch=lambda _: stop.set())
    async with asyncio.timeout(60):
        await router.run(stop)


async def test_a_new_start_within_the_hour_has_no_new_budget_and_reads_nothing(made):
    await spoil(made, 1, 2)
    await until_a_batch(made)
    await spoil(made, 3)
    await until_a_batch(made)
    await spoil(made, 4)
    for _ in range(2):
        with pytest.raises(BudgetSpent, match=r"3 signals .* budget is 2"):
            await until_a_batch(made)
    assert len(await made.reading.dead_letters()) == 3


async def test_the_router_that_spends_the_budget_stops_before_it_reads_on(made):
    stop = asyncio.Event()
    router = Router(made.store, made.log, made.topic, lambda: made.ruling, lambda: made.at, budget=2)
    await spoil(made, 1, 2, 3)
    with pytest.raises(BudgetSpent):
        async with asyncio.timeout(60):
            await router.run(stop)
    assert len(await made.reading.dead_letters()) == 3


@pytest.mark.parametrize("way_out", ["drop", "an hour later"])
async def test_what_was_dealt_with_or_is_older_than_an_hour_counts_no_more(made, way_out):
    await spoil(made, 1, 2, 3)
    await until_a_batch(made)
    first = (await made.reading.dead_letters())[0]
    if way_out == "drop":
        await made.store.settle_letter(first.id, "dropped")
    else:
        made.at += timedelta(hours=1, seconds=1)
    await made.log.append([record(signal(1, "form.submitted"), made.topic)])
    await until_a_batch(made)
    assert len(await made.reading.leads()) == 1


async def test_letters_of_another_topic_are_not_the_routers(made):
    await spoil(made, 1, 2, 3)
    await until_a_batch(made)
    assert await made.store.dead_since(made.topic, made.at - timedelta(hours=1)) == {"": 3}
    assert await made.store.dead_since(made.topic, made.at + timedelta(seconds=1)) == {}
    assert await made.store.dead_since("stafett.thin.v1", made.at - timedelta(hours=1)) == {}


async def test_m1_one_source_counts_no_more_than_it_takes_to_stop_itself(made):
    """Its letters are set aside one by one; the house goes on, and a second source adds to it."""
    stop = asyncio.Event()
    router = Router(
        made.store, made.log, made.topic, lambda: made.ruling, lambda: made.at, budget=5, source_budget=3,
        on_batch=lambda _: stop.set(),
    )  # fmt: skip
    signals = [signal(n, "form.submitted").but(source="crm" if n < 20 else "erp") for n in range(24)]

    async def set_aside(these):
        now = made.at
        letters = [
            dead_letter(decode(Record(made.topic, 0, n, b"k", item.text().encode())), None, "dead", "why", "E", now)
            for n, item in enumerate(these)
        ]
        async with made.store.batch() as tx:
            await tx.write(Writes((), (), (), (), (), (), (), tuple(letters), ()))

    await set_aside(signals[:20])
    assert await made.store.dead_since(made.topic, made.at - timedelta(hours=1)) == {"crm": 20}
    await made.log.append([record(signal(99, "form.submitted"), made.topic)])
    async with asyncio.timeout(60):
        await router.run(stop)
    await set_aside(signals[20:])
    again = Router(made.store, made.log, made.topic, lambda: made.ruling, lambda: made.at, budget=5, source_budget=3)
    with pytest.raises(BudgetSpent, match=r"6 signals"):
        await again.run(asyncio.Event())
