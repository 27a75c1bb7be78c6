"""The loop of a marketing sink over the feed, on both engines, with a platform in memory."""

from datetime import timedelta

import pytest

from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.sinks import SqlSinks
from services.sinks.outcomes import Trouble
from services.sinks.role import SinkLoop
from tests.marketing import (
    COLD,
    QUIET,
    MemoryPlatform,
    feed,
    marketing_target,
    nurture_left,
    nurtured,
    released,
    started,
)
from tests.sinks import NOW, Killed

EMAILS = {"eva": "eva@kund.example", "ola": "ola@kund.example"}


class World:
    """A sink over a real store; `now` moves when it is told to."""

    def __init__(self, store):
        self.store, self.now, self.outcomes = store, NOW, []
        self.book, self.platform = SqlSinks(store.engines), MemoryPlatform(**EMAILS)
        self.loop = self.begin()

    def begin(self):
        return SinkLoop(
            marketing_target(self.platform),
            SqlDeliveries(self.store.engines),
            self.book,
            lambda: self.now,
            on_outcome=lambda _, outcome: self.outcomes.append(outcome),
        )

    async def happen(self, *events):
        await feed(self.store, *events, now=self.now)

    async def rounds(self, number=12):
        for _ in range(number):
            await self.loop.step()

    async def rounds_with_kills(self, number=40):
        for _ in range(number):
            try:
                await self.loop.step()
            except (Killed, BaseExceptionGroup):
                self.loop = self.begin()
            self.now += timedelta(seconds=400)


@pytest.fixture
async def world(store):
    made = World(store)
    await made.loop.step()
    return made


async def test_suppression_and_nurturing_follow_the_feed_in_the_order_of_each_lead(world):
    ola = {"lead": "lead_2", "email": "ola@kund.example"}
    await world.happen(started(1), started(2, **ola), released(3), nurtured(4), nurtured(5, **ola))
    await world.rounds()
    assert world.platform.of("eva") == {COLD} and world.platform.of("ola") == {QUIET, COLD}
    await world.happen(nurture_left(6), released(7, **ola))
    await world.rounds()
    assert world.platform.of("eva") == set() and world.platform.of("ola") == {COLD}


async def test_what_was_before_is_known_after_a_restart(world):
    world.platform.ins.add(("eva", QUIET))
    await world.happen(started(1), started(2, lead="lead_2", email="ola@kund.example"))
    await world.rounds()
    world.loop = world.begin()
    await world.happen(released(3), released(4, lead="lead_2", email="ola@kund.example"))
    await world.rounds()
    assert world.platform.ins == {("eva", QUIET)}


async def test_two_leads_of_one_contact_are_counted_in_the_store(world):
    await world.happen(started(1), started(2, lead="lead_2"), released(3))
    await world.rounds_with_kills(8)
    assert world.platform.of("eva") == {QUIET}
    await world.happen(released(4, lead="lead_2"))
    await world.rounds_with_kills(4)
    assert world.platform.of("eva") == set()


@pytest.mark.parametrize("fault", ["drop", "lose", "kill", "kill_before"])
async def test_faults_and_kills_end_in_the_right_audiences(world, fault):
    world.platform.faults = [fault, None, fault, fault]
    await world.happen(started(1), released(2), started(3, lead="lead_2", email="ola@kund.example"), nurtured(4))
    await world.rounds_with_kills()
    assert world.platform.of("eva") == {COLD} and world.platform.of("ola") == {QUIET}
    records = [r for lead in ("lead_1", "lead_2") for r in await world.book.records("sink/mail", lead)]
    assert {record.state for record in records} == {"present", "gone"}


async def test_a_set_up_that_is_wrong_pauses_the_whole_sink(world):
    world.platform.faults = [Trouble("refused_setup", "no_such_audience")]
    await world.happen(started(1), started(2, lead="lead_2", email="ola@kund.example"))
    await world.rounds()
    assert world.outcomes.count("refused_setup") == 1 and len(world.platform.ins) <= 1
