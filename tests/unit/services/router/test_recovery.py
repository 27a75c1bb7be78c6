"""What becomes of a batch that does not go well: what passes is waited for, what is its own fault is narrowed and set aside."""

import pytest

from services.ports.errors import (
    ClusterChanged,
    Conflict,
    Fenced,
    RulesUnreadable,
    StoreRejected,
    StoreTooSlow,
    StoreUnavailable,
)
from services.router import recovery
from services.router.recovery import Recovery, describe_fault

NOWHERE = {"topic": "t"}


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    monkeypatch.setattr(recovery, "FIRST_PAUSE", 0.0)
    monkeypatch.setattr(recovery, "LONGEST_PAUSE", 0.0)


class World:
    """`faults` says what a commit that holds this number raises; `tries` counts commits."""

    def __init__(self, faults):
        self.faults, self.committed, self.aside, self.tries = faults, [], {}, 0

    async def commit(self, batch):
        self.tries += 1
        for item in batch:
            if (error := self.faults(item, self.tries)) is not None:
                raise error
        self.committed += batch

    async def set_aside(self, item, error):
        self.aside[item] = type(error)

    async def process(self, count=64):
        await Recovery(self.commit, self.set_aside).process(list(range(count)), NOWHERE)
        return self


def taken(whose):
    return Conflict(taken=frozenset({(("default", "email", "x"), whose)}))


@pytest.mark.parametrize(
    "error", [taken("lead_a"), Conflict("x"), StoreRejected(), KeyError(), RecursionError(), MemoryError()]
)
async def test_a_fault_of_its_own_is_narrowed_to_its_signal_in_a_bounded_number_of_attempts(error):
    world = await World(lambda item, _: error if item == 41 else None).process()
    assert world.aside == {41: type(error)}
    assert world.committed == [n for n in range(64) if n != 41]
    assert world.tries <= recovery.ATTEMPTS * 14


async def test_several_at_fault_are_each_set_aside_and_the_order_of_the_others_is_kept():
    world = await World(lambda item, _: KeyError() if item % 7 == 3 else None).process()
    assert sorted(world.aside) == [n for n in range(64) if n % 7 == 3]
    assert world.committed == [n for n in range(64) if n % 7 != 3]


@pytest.mark.parametrize("passing", [StoreUnavailable("x"), StoreTooSlow("x")])
async def test_a_store_that_cannot_be_reached_is_waited_for_and_nothing_is_set_aside(passing):
    world = await World(lambda _, tries: passing if tries <= 200 else None).process()
    assert (world.committed, world.aside) == (list(range(64)), {})


async def test_a_batch_that_takes_too_long_is_halved():
    class Slow(World):
        async def commit(self, batch):
            if len(batch) > 8:
                raise StoreTooSlow
            await super().commit(batch)

    world = await Slow(lambda *_: None).process()
    assert (world.committed, world.aside) == (list(range(64)), {})


async def test_a_race_with_other_routers_is_run_again_however_often_it_is_lost():
    world = await World(lambda _, tries: taken(f"lead_{tries}") if tries <= 300 else None).process(1)
    assert (world.committed, world.aside) == ([0], {})


@pytest.mark.parametrize("error", [Fenced(), ClusterChanged(), RulesUnreadable()])
async def test_what_an_operator_or_another_router_decides_is_nobodys_fault(error):
    world = World(lambda *_: error)
    with pytest.raises(type(error)):
        await world.process()
    assert not world.aside


def test_the_letter_says_where_a_defect_is_and_nothing_that_its_message_holds():
    try:
        raise ValueError("anna@example.com")
    except ValueError as error:
        fault = describe_fault(error)
    assert "anna" not in "".join(map(str, fault)) and fault.reason.startswith(
        "ValueError at tests.unit.services.router.test_recovery:"
    )
