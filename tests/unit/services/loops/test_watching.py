"""A watch looks at once and again, and waits out a store or a log that is away."""

import asyncio
import logging
from datetime import timedelta

import pytest

from services.loops.watching import watch
from services.ports.errors import StoreUnavailable

LOG = logging.getLogger("stafett.test")


async def test_a_watch_looks_again_after_what_it_could_not_reach_and_ends_when_asked():
    stop, looks = asyncio.Event(), []

    async def sweep():
        looks.append(len(looks))
        if len(looks) == 1:
            raise StoreUnavailable
        if len(looks) == 3:
            stop.set()

    async with asyncio.timeout(5):
        await watch(sweep, timedelta(milliseconds=1), stop, LOG)
    assert looks == [0, 1, 2]


async def test_a_watch_does_not_wait_its_time_out_when_it_is_to_stop():
    stop = asyncio.Event()

    async def sweep():
        asyncio.get_running_loop().call_soon(stop.set)

    async with asyncio.timeout(5):
        await watch(sweep, timedelta(hours=1), stop, LOG)


async def test_a_defect_ends_a_watch_so_that_its_process_ends_too():
    async def sweep():
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await watch(sweep, timedelta(hours=1), asyncio.Event(), LOG)
