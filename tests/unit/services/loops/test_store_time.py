"""The store's time as a process counts it: never ahead, whatever the machine's clock says, and no decision where they differ by far."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from services.loops.store_time import SOON, StoreTime
from services.ports.errors import ClocksDisagree, StoreUnavailable

START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECOND = timedelta(seconds=1)


class World:
    """Real time passes by `wait`; the store's clock and the machine's differ from it by what a test says."""

    def __init__(self, machine_ahead=0.0, takes=0.0):
        self.passed, self.ahead, self.takes = 0.0, machine_ahead, takes
        self.store_ahead, self.is_there = 0.0, True
        self.offsets = []
        self.time = StoreTime(
            self.ask,
            timedelta(minutes=5),
            machine=lambda: self.at(self.ahead),
            ticks=lambda: 1000.0 + self.passed,
            on_offset=self.offsets.append,
        )

    def at(self, ahead=0.0):
        return START + (self.passed + ahead) * SECOND

    async def ask(self):
        if not self.is_there:
            raise StoreUnavailable
        self.passed += self.takes / 2
        said = self.at(self.store_ahead)
        self.passed += self.takes / 2
        return said


@pytest.mark.parametrize("ahead", [0.0, 120.0, -15.0])
async def test_what_is_decided_by_is_the_stores_time_whatever_the_machines_says(ahead):
    world = World(ahead)
    assert world.time.now() == world.at(ahead)  # nobody was asked yet
    await world.time.measure()
    world.passed += 3600
    assert world.time.now() == world.time.deciding_now() == world.at()
    world.ahead = 4000.0  # somebody sets the clock
    assert world.time.now() == world.at()
    assert world.offsets == [ahead]


async def test_it_is_never_ahead_of_the_store_and_does_not_go_to_and_fro_by_what_the_way_takes():
    world = World(takes=0.2)
    await world.time.measure()
    assert world.at() - world.time.now() == 0.1 * SECOND
    world.takes = 0.02
    await world.time.measure()
    assert world.at() - world.time.now() == 0.01 * SECOND
    before = world.at() - world.time.now()
    world.takes = 2.0
    await world.time.measure()
    assert world.at() - world.time.now() == before


async def test_it_follows_a_store_whose_clock_was_set():
    world = World()
    await world.time.measure()
    for ahead in (30.0, -30.0):
        world.store_ahead = ahead
        await world.time.measure()
        assert world.time.now() == world.at(ahead)


@pytest.mark.parametrize(
    ("ahead", "takes", "said"),
    [
        (0.9, 0.0, "ok"),
        (15.0, 0.0, "15.0 s ahead of the store's"),
        (-2.5, 0.0, "2.5 s behind the store's"),
        (1.5, 4.0, "ok"),
        (-2.5, 4.0, "ok"),
    ],
)
async def test_a_difference_is_told_unless_the_way_alone_may_be_it(ahead, takes, said):
    world = World(ahead, takes)
    await world.time.measure()
    assert world.time.difference() == said


@pytest.mark.parametrize("ahead", [301.0, -301.0])
async def test_nothing_is_decided_where_one_of_the_clocks_is_wrong_by_far(ahead):
    world = World(ahead)
    await world.time.measure()
    with pytest.raises(ClocksDisagree, match=r"differ by 301.0 s, 300 s are allowed"):
        world.time.deciding_now()
    assert world.time.refusal().startswith("nothing is decided: the clock is 301.0 s")
    assert world.time.now() == world.at()
    world.ahead = 120.0
    await world.time.measure()
    assert world.time.deciding_now() == world.at()
    assert world.time.refusal() == "ok"


async def test_it_is_asked_again_and_again_and_tells_of_a_change_once(caplog):
    world, stop = World(15.0), asyncio.Event()
    caplog.set_level("INFO", "stafett.time")
    keeping = asyncio.create_task(world.time.keep(stop))
    await asyncio.sleep(0.01)
    stop.set()
    await keeping
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("ERROR", "the clock of this machine: 15.0 s ahead of the store's")
    ]


async def test_a_store_that_is_away_changes_nothing():
    world, stop = World(), asyncio.Event()
    await world.time.measure()
    world.is_there, world.passed = False, 100.0
    keeping = asyncio.create_task(world.time.keep(stop))
    await asyncio.sleep(0.01)
    stop.set()
    await keeping
    assert world.time.now() == world.at()


async def test_where_the_machines_clock_is_the_stores_it_is_the_time():
    time = StoreTime(None, 5 * SECOND, machine=lambda: START)
    await time.measure()
    assert (time.now(), time.deciding_now(), time.difference()) == (START, START, "ok")


async def test_nothing_is_decided_before_the_store_said_its_time_once():
    world, stop = World(86_400.0), asyncio.Event()
    world.is_there = False
    keeping = asyncio.create_task(world.time.keep(stop))
    await asyncio.sleep(0.01)
    with pytest.raises(StoreUnavailable):
        world.time.deciding_now()
    world.is_there = True
    await asyncio.sleep(2 * SOON.total_seconds())
    assert world.time.now() == world.at(), "it is asked again at once"
    stop.set()
    await keeping
