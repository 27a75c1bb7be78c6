"""Writes that come at the same time, in one commit."""

import asyncio

import pytest

from services.adapters.sql.grouping import MOST, Grouped
from services.ports.errors import Fenced, StoreRejected, StoreUnavailable


class Store:
    """Commits groups; `bad` is refused wherever it is, `away` says that nothing can be written."""

    def __init__(self):
        self.groups, self.away = [], False
        self.grouped = Grouped(self.write)

    async def write(self, items):
        await asyncio.sleep(0)
        if self.away:
            raise StoreUnavailable("away")
        if "bad" in items:
            raise StoreRejected("no such value")
        self.groups.append(list(items))
        return [Fenced("not yours") if item == "late" else item.upper() for item in items]

    async def ask(self, *items):
        return await asyncio.gather(*(self.grouped.do(item) for item in items), return_exceptions=True)


async def test_what_comes_at_the_same_time_is_one_commit_and_each_gets_its_own_outcome():
    store = Store()
    assert await store.ask("a", "b", "c") == ["A", "B", "C"]
    assert store.groups == [["a", "b", "c"]]
    assert await store.grouped.do("d") == "D" and store.groups[-1] == ["d"]


async def test_one_that_is_late_fails_alone():
    first, late, last = await Store().ask("a", "late", "b")
    assert (first, last) == ("A", "B") and isinstance(late, Fenced)


async def test_one_whose_data_is_refused_fails_alone_and_the_others_are_written():
    store = Store()
    first, bad, last = await store.ask("a", "bad", "b")
    assert (first, last) == ("A", "B") and isinstance(bad, StoreRejected)
    assert store.groups == [["a"], ["b"]]


async def test_while_the_store_is_away_all_are_told_and_later_ones_are_written():
    store = Store()
    store.away = True
    assert [type(one) for one in await store.ask("a", "b")] == [StoreUnavailable] * 2
    store.away = False
    assert await store.ask("c") == ["C"]


async def test_a_group_has_a_bound():
    store = Store()
    assert len(await store.ask(*map(str, range(MOST + 1)))) == MOST + 1
    assert [len(group) for group in store.groups] == [MOST, 1]


async def test_who_is_cancelled_takes_nobody_along():
    store = Store()
    one, other = (asyncio.create_task(store.grouped.do(name)) for name in "ab")
    await asyncio.sleep(0)
    one.cancel()
    assert await other == "B"
    with pytest.raises(asyncio.CancelledError):
        await one
