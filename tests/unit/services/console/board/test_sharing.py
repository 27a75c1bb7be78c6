"""What many ask for at once is made once, kept for a moment, and a failure for nobody."""

import asyncio

import pytest

from services.console.board import sharing
from services.console.board.sharing import Shared


class Maker:
    """Counts what it makes; waits for `go` where one is given."""

    def __init__(self, fails=False):
        self.made, self.fails, self.go = 0, fails, asyncio.Event()

    async def __call__(self):
        self.made += 1
        await self.go.wait()
        if self.fails:
            raise ValueError
        return self.made


async def test_many_who_ask_at_once_get_what_one_asked_for():
    shared, make = Shared(), Maker()
    asking = [asyncio.create_task(shared.result("a", make)) for _ in range(20)]
    await asyncio.sleep(0)
    asking.pop(0).cancel()
    make.go.set()
    assert await asyncio.gather(*asking) == [1] * 19, "who goes away ends it for nobody"
    assert await shared.result("a", make) == 1 and await shared.result("b", make) == 2


async def test_it_is_kept_for_a_moment_and_not_for_ever(monkeypatch):
    shared, make = Shared(), Maker()
    make.go.set()
    assert await shared.result("a", make) == 1
    monkeypatch.setattr(sharing, "KEPT", 0.0)
    assert await shared.result("a", make) == 2
    monkeypatch.setattr(sharing, "KEPT", 60.0)
    for number in range(sharing.MOST + 5):
        await shared.result(number, make)
    assert len(shared._tasks) <= sharing.MOST


async def test_a_failure_is_told_to_who_asked_and_not_kept():
    shared, make = Shared(), Maker(fails=True)
    make.go.set()
    for made in (1, 2):
        with pytest.raises(ValueError):
            await shared.result("a", make)
        assert make.made == made
