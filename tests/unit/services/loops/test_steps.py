"""A step that does not end is ended and said, in every loop, and the next one goes on."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from services.delivery.role import Delivery
from services.loops import steps
from services.loops.steps import step_within
from services.loops.watching import watch
from services.ports.errors import ClusterChanged, StepStuck
from services.ports.rows import Record
from services.relay.role import Relay
from services.router.role import Router
from services.sla.watcher import Watcher

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SAID = "a step is stuck and was ended"


@pytest.fixture(autouse=True)
def swift(monkeypatch):
    monkeypatch.setattr(steps, "STUCK", timedelta(milliseconds=30))


@pytest.fixture
def stuck(caplog):
    """The roles whose steps were ended, so far."""
    return lambda: [record.role for record in caplog.records if record.getMessage() == SAID]


class Once:
    """Hangs when it is called first, and says to stop when it is called again."""

    def __init__(self, gives=None):
        self.calls, self.stop, self._gives = 0, asyncio.Event(), gives

    async def __call__(self, *_, **__):
        self.calls += 1
        if self.calls == 1:
            await asyncio.Event().wait()
        self.stop.set()
        return self._gives


async def test_a_step_that_ends_is_left_alone_and_its_own_errors_are_its_own(stuck):
    async with step_within("test"):
        await asyncio.sleep(0)
    with pytest.raises(TimeoutError):
        async with step_within("test"):
            raise TimeoutError
    with pytest.raises(StepStuck):
        async with step_within("test"):
            await asyncio.Event().wait()
    async with step_within("test", longer=timedelta(seconds=5)):
        await asyncio.sleep(0.05)
    assert stuck() == ["test"]


async def test_the_relay_goes_on_after_a_step_that_was_stuck(stuck):
    once = Once(gives=[])

    async def acquire(*_):
        return 1

    async def nothing(*_):
        return []

    store = SimpleNamespace(acquire_lease=acquire, release_lease=nothing, outbox=once, spool_entries=nothing)
    async with asyncio.timeout(5):
        await Relay(store, None, str, lambda: NOW, "test").run(once.stop)
    assert (stuck(), once.calls) == (["relay"], 2)


async def test_the_watcher_goes_on_after_a_step_that_was_stuck(stuck):
    once = Once(gives=[])
    store = SimpleNamespace(due_clocks=once, next_due=lambda _: asyncio.sleep(0))
    async with asyncio.timeout(5):
        await Watcher(store, None, "t", lambda: NOW, sweep=timedelta(milliseconds=5)).run(once.stop)
    assert (stuck(), once.calls) == (["sla"], 2)


async def test_a_watch_goes_on_after_a_look_that_was_stuck(stuck):
    once = Once()
    async with asyncio.timeout(5):
        await watch(once, timedelta(milliseconds=1), once.stop, steps.log.getChild("test"))
    assert (stuck(), once.calls) == (["test"], 2)


async def test_a_subscription_goes_on_after_a_step_that_was_stuck(stuck):
    once = Once(gives=0)
    subscriber = SimpleNamespace(subscription=SimpleNamespace(name="erp"))

    async def subscribers():
        return {"erp": subscriber}

    delivery = Delivery(None, subscribers, lambda: NOW, timeout=timedelta(milliseconds=5))
    delivery.step = once
    async with asyncio.timeout(5):
        await delivery.run(once.stop)
    assert (stuck(), once.calls) == (["delivery"], 2)


async def test_the_router_reads_on_after_a_step_that_was_stuck(stuck):
    once = Once(gives=[])

    async def dead_since(*_):
        return {}

    async def leave():
        pass

    consumer = SimpleNamespace(partitions_to_seek=set, poll=once, stop=leave)
    log = SimpleNamespace(consumer=lambda *_: consumer)
    router = Router(SimpleNamespace(dead_since=dead_since), log, "t", lambda: None, lambda: NOW)
    async with asyncio.timeout(5):
        await router.run(once.stop)
    assert (stuck(), once.calls) == (["router"], 2)


async def test_a_transaction_that_is_stuck_is_tried_again_by_itself(stuck):
    begins = []

    @asynccontextmanager
    async def batch():
        begins.append(1)
        if len(begins) == 1:
            await asyncio.Event().wait()
        raise ClusterChanged
        yield

    async def dead_since(*_):
        return {}

    router = Router(SimpleNamespace(dead_since=dead_since, batch=batch), None, "t", lambda: None, lambda: NOW)
    async with asyncio.timeout(5):
        with pytest.raises(ClusterChanged):
            await router.handle([Record("t", 0, 0, b"k", b"{}")])
    assert (stuck(), len(begins)) == (["router"], 2)
