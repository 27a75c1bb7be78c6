"""News for open pages, without a socket: what each is told, and that the store is looked at once for all."""

import asyncio

import pytest

from services.console import live as module
from services.console import resting
from services.console.live import Live, TooManyPages
from services.loops.doorbell import Doorbell
from services.ports.errors import StoreUnavailable


class Store:
    """Positions and who moved, as the test has them."""

    def __init__(self):
        self.position, self.moves, self.heads, self.down = 10, {}, 0, False

    async def head(self):
        self.heads += 1
        if self.down:
            raise StoreUnavailable("down")
        return self.position

    async def moved_leads(self, after, upto, limit):
        return [lead for at, lead in self.moves.items() if after < at <= upto]

    def move(self, lead):
        self.position += 1
        self.moves[self.position] = lead


@pytest.fixture
def store(monkeypatch):
    monkeypatch.setattr(module, "LOOK", 0.001)
    monkeypatch.setattr(module, "PAUSE", 0.001)
    monkeypatch.setattr(resting, "LEAST", 0.001)
    monkeypatch.setattr(resting, "MOST", 0.001)
    monkeypatch.setattr(module, "PING", 0.01)
    return Store()


async def news(events):
    """The next that is no ping."""
    async with asyncio.timeout(20):
        while True:
            message = (await anext(events)).decode()
            if not message.startswith(":"):
                return message


async def connect(live, lead, position):
    events = live.follow(lead, position)
    assert (await anext(events)) == b": good\n\n"
    return events


async def test_a_page_is_told_of_what_came_since_it_was_made_and_of_what_comes(store):
    stopping = asyncio.Event()
    live = Live(store, stopping)
    behind, there = await connect(live, None, 7), await connect(live, None, 10)
    assert await news(behind) == "id: 10\nevent: news\ndata: 10\n\n"
    waits = asyncio.create_task(news(there))
    await asyncio.sleep(0.01)
    store.move("lead_a")
    assert "id: 11" in await waits and "id: 11" in await news(behind)
    stopping.set()
    for events in (behind, there):
        assert [message async for message in events] == []
    assert len(live) == 0


async def test_a_page_about_one_lead_is_told_of_that_one_alone(store):
    stopping = asyncio.Event()
    live = Live(store, stopping)
    of_a, of_b = await connect(live, "lead_a", 10), await connect(live, "lead_b", 10)
    told_a, told_b = asyncio.create_task(news(of_a)), asyncio.create_task(news(of_b))
    await asyncio.sleep(0.01)
    store.move("lead_a")
    assert "id: 11" in await told_a
    assert not told_b.done()
    store.move("lead_b")
    assert "id: 12" in await told_b
    stopping.set()


async def test_who_reads_nothing_is_told_once_of_all_that_came(store):
    stopping = asyncio.Event()
    live = Live(store, stopping)
    slow = await connect(live, None, 10)
    first = asyncio.create_task(news(slow))
    await asyncio.sleep(0.01)
    store.move("lead_a")
    await first
    for _ in range(50):
        store.move("lead_a")
        await asyncio.sleep(0)
    assert "id: 61" in await news(slow)
    stopping.set()


async def test_one_look_at_the_store_serves_all_pages_and_none_is_taken_for_nobody(store):
    stopping = asyncio.Event()
    live = Live(store, stopping)
    pages = [await connect(live, None, 10) for _ in range(20)]
    waits = [asyncio.create_task(news(page)) for page in pages]
    while store.heads < 20 + 5:
        await asyncio.sleep(0.001)
    assert sum(task.get_name() == "live pages" for task in asyncio.all_tasks()) == 1
    for wait in waits:
        wait.cancel()
    await asyncio.gather(*waits, return_exceptions=True)
    for page in pages:
        await page.aclose()
    while any(task.get_name() == "live pages" for task in asyncio.all_tasks()):
        await asyncio.sleep(0.001)
    assert len(live) == 0


async def test_while_the_store_is_away_pages_wait_and_are_told_afterwards(store):
    stopping = asyncio.Event()
    live = Live(store, stopping)
    page = await connect(live, None, 10)
    wait = asyncio.create_task(news(page))
    await asyncio.sleep(0.01)
    store.down = True
    await asyncio.sleep(0.01)
    store.down = False
    store.move("lead_a")
    assert "id: 11" in await wait
    stopping.set()


async def test_a_page_that_comes_while_the_store_is_away_is_let_go_to_come_again(store):
    store.down = True
    page = await connect(Live(store, asyncio.Event()), None, 10)
    assert [message async for message in page] == []


async def test_only_so_many_pages_are_told_news(store, monkeypatch):
    monkeypatch.setattr(module, "MOST_PAGES", 1)
    live = Live(store, asyncio.Event())
    first = await connect(live, None, 10)
    with pytest.raises(TooManyPages):
        live.follow(None, 10)
    await first.aclose()
    await (await connect(live, None, 10)).aclose()


async def test_whoever_rings_is_heard_at_once(store, monkeypatch):
    monkeypatch.setattr(module, "LOOK", 60)
    stopping, bell = asyncio.Event(), Doorbell()
    page = await connect(Live(store, stopping, bell), None, 10)
    wait = asyncio.create_task(news(page))
    await asyncio.sleep(0.01)
    store.move("lead_a")
    bell.ring()
    assert "id: 11" in await wait
    stopping.set()
    bell.ring()


async def test_of_pages_that_come_at_once_each_is_told_what_came_in_between(store):
    """The second has read further when it begins the look for both, and what it has read nobody looks for again."""
    answers = [asyncio.get_running_loop().create_future() for _ in range(2)]
    asked = iter(answers)
    read = store.head

    async def head():
        answer = next(asked, None)
        return await answer if answer is not None else await read()

    store.head = head
    stopping = asyncio.Event()
    live = Live(store, stopping)
    first, second = await connect(live, None, 10), await connect(live, None, 11)
    waits = [asyncio.create_task(news(page)) for page in (first, second)]
    await asyncio.sleep(0)
    store.move("lead_a")
    answers[1].set_result(11)
    await asyncio.sleep(0.01)
    answers[0].set_result(10)
    assert "id: 11" in await waits[0]
    waits[1].cancel()
    stopping.set()
