"""Of many clocks that are due at once each is read a few times, and none is overlooked for it."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from services.ports.errors import LogUnavailable
from services.ports.rows import ClockRow
from services.sla.watcher import Watcher

START = datetime(2026, 6, 8, 7, tzinfo=UTC)
SECOND = timedelta(seconds=1)
BODY = (
    '{"id":"c","policy":"p","metric":"m","subject_kind":"lead","subject_id":"l","started_at":"2026-06-08T06:00:00Z",'
    '"target":"1h","due_at":"2026-06-08T07:00:00Z",'
    '"agreement":"a","cause":"s"}'
)


def clock(name, next_at, revision=0):
    return ClockRow(name, f"lead-{name}", "p", "running", revision, next_at, next_at, "key", BODY)


class World:
    """Store and log in one: due clocks, how many rows were read of them, what was announced; `reached` is how far the router is."""

    cluster = "c"

    def __init__(self, *rows, ahead=1000):
        self.rows, self.read, self.announced = list(rows), 0, []
        self.end, self.reached, self.now = 0, 0, START
        self.watcher = Watcher(self, self, "t", lambda: self.now, batch_max=10, ahead=ahead, sweep=SECOND)

    async def due_clocks(self, now, limit, after=None):
        due = sorted(row for row in self.rows if row.next_at <= now)
        due.sort(key=lambda row: (row.next_at, row.id))
        page = [row for row in due if after is None or (row.next_at, row.id) > after][:limit]
        self.read += len(page)
        return page

    async def end_offsets(self, _topic):
        return {0: self.end}

    async def all_positions(self, *_):
        return {0: self.reached}

    async def append(self, records):
        self.announced += [record.value for record in records]


@pytest.fixture
def ticks(monkeypatch):
    """The loop's time, which these tests set."""

    class Loop:
        at = 1000.0

        def time(self):
            return self.at

    loop = Loop()
    monkeypatch.setattr("services.sla.watcher.asyncio.get_running_loop", lambda: loop)
    return loop


async def test_what_is_announced_is_not_read_again_until_the_next_look_at_all(ticks):
    world = World(*(clock(f"c{i:03}", START) for i in range(100)))
    assert not await world.watcher.look()
    assert len(world.announced) == 100
    read = world.read
    for second in range(1, 6):
        ticks.at += 0.1
        world.now = START + second * SECOND
        world.rows.append(clock(f"d{second}", world.now))
        assert not await world.watcher.look()
    assert len(world.announced) == 105
    assert world.read - read <= 5 + 5 + 100, "each new one, once more where it is the last; the first instant's once"
    ticks.at += 100
    read = world.read
    await world.watcher.look()
    assert world.read - read == 105


async def test_they_wait_for_the_router_and_are_read_once_for_it(ticks):
    world = World(*(clock(f"c{i:03}", START) for i in range(100)))
    world.end, world.now = 7, START + SECOND / 2
    assert await world.watcher.look()
    read = world.read
    for _ in range(5):
        assert await world.watcher.look()
    assert world.announced == []
    assert world.read == read
    world.reached = 7
    assert not await world.watcher.look()
    assert len(world.announced) == 100


async def test_what_was_answered_while_it_waited_is_not_announced_nor_waited_for(ticks):
    world = World(clock("a", START), clock("b", START))
    world.end, world.now = 7, START + SECOND / 2
    assert await world.watcher.look()
    world.rows = [clock("b", START, revision=1)]
    world.reached = 7
    assert not await world.watcher.look()
    assert len(world.announced) == 1
    assert b'"revision":1' in world.announced[0]


async def test_the_grace_ends_the_wait(ticks):
    world = World(clock("a", START))
    world.end = 7
    assert await world.watcher.look()
    world.now = START + 2 * SECOND
    assert not await world.watcher.look()
    assert len(world.announced) == 1


async def test_a_clock_that_was_begun_in_the_past_is_found_by_the_next_look_at_all(ticks):
    world = World(clock("b", START))
    world.now = START + SECOND
    await world.watcher.look()
    world.rows.append(clock("a", START - SECOND))
    await world.watcher.look()
    assert len(world.announced) == 1
    ticks.at += 1.1
    await world.watcher.look()
    assert len(world.announced) == 2


class Queued(World):
    """As the log is: what is announced makes it longer, and is judged as soon as the router has reached it."""

    async def append(self, records):
        await super().append(records)
        self.end += len(records)

    def route(self, count):
        """The router judges so many more."""
        before, self.reached = self.reached, min(self.end, self.reached + count)
        judged = {json.loads(value)["clock"]["clock_id"] for value in self.announced[before : self.reached]}
        self.rows = [row for row in self.rows if row.id not in judged]


async def test_many_that_are_due_at_once_are_announced_as_the_router_decides_on_them(ticks):
    world = Queued(*(clock(f"c{i:03}", START) for i in range(200)), ahead=30)
    looks = 0
    while len(world.announced) < 200:
        waits = await world.watcher.look()
        assert waits == (len(world.announced) < 200)
        assert len(world.announced) - world.reached <= 30, "another signal waits for no more of them"
        world.route(20)
        looks += 1
        ticks.at += 0.05
    assert looks < 12
    assert len(set(world.announced)) == 200


async def test_a_look_for_room_reads_no_more_than_fits(ticks):
    world = Queued(*(clock(f"c{i:03}", START) for i in range(200)), ahead=30)
    ticks.at += 1
    await world.watcher.look()
    for _ in range(3):
        read = world.read
        world.route(20)
        await world.watcher.look()
        assert world.read - read <= 50, "what is announced, what fits, and the rest of a page"
    assert len(world.announced) == 90


async def test_a_clock_that_falls_due_while_others_wait_for_room_is_announced_after_them(ticks):
    world = Queued(*(clock(f"c{i:03}", START) for i in range(50)), ahead=30)
    await world.watcher.look()
    world.now += SECOND / 10
    world.rows.append(clock("late", world.now))
    for _ in range(5):
        world.route(20)
        await world.watcher.look()
    assert len(world.announced) == 51
    assert b'"late"' in world.announced[-1]


async def test_a_router_that_does_not_come_nearer_is_told_of_all_the_same(ticks):
    world = Queued(*(clock(f"c{i:03}", START) for i in range(50)), ahead=30)
    await world.watcher.look()
    assert len(world.announced) == 30
    await world.watcher.look()
    assert len(world.announced) == 30
    world.now += SECOND
    await world.watcher.look()
    assert len(world.announced) == 50


async def test_a_router_that_decides_while_all_are_looked_at_lets_none_overtake_an_earlier_one(ticks):
    class Quick(Queued):
        async def all_positions(self, *_):
            self.route(10)
            return {0: self.reached}

    world = Quick(*(clock(f"c{i:03}", START + i * SECOND / 1000) for i in range(100)), ahead=15)
    world.now = START + SECOND / 2
    while len(world.announced) < 100:
        await world.watcher.look()
        ticks.at += 0.05
    names = [json.loads(value)["clock"]["clock_id"] for value in world.announced]
    assert names == sorted(names)


async def test_what_was_announced_is_not_announced_again_because_the_log_did_not_say_where_it_ends(ticks):
    class Silent(Queued):
        asked = 0

        async def end_offsets(self, topic):
            self.asked += 1
            if self.asked == 2:
                raise LogUnavailable("gone")
            return await super().end_offsets(topic)

    world = Silent(clock("a", START))
    with pytest.raises(LogUnavailable):
        await world.watcher.look()
    await world.watcher.look()
    assert len(world.announced) == 1
