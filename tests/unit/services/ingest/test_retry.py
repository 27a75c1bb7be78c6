"""Reading a quarantined body again: what is clear now goes on, what is not stays where people see it, nothing is doubled."""

import json
from contextlib import asynccontextmanager

import pytest

from services.door.problems import Trouble
from services.ingest.accepting.intake import Intake
from services.ingest.quarantine.aside import MAX_ENTRIES
from services.ingest.reread import Retry
from tests.doubles import FakeLog, FakeStore
from tests.unit.services.ingest.test_hooks import client, source

CODE = {"facts": {"external_id": "kod"}}
JSON = {"content-type": "application/json"}
WHOLE = "names neither a person nor a record"
LOST = f"{WHOLE}; `external_id`: nothing stands at `kod`"


class World:
    """A source whose configuration is corrected between the delivery and the retry."""

    def __init__(self):
        self.log, self.store = FakeLog(), FakeStore()
        self.intake = Intake(self.log, self.store, "signals")

    async def deliver(self, body, **configured):
        async with client(source("generic", **configured), self.intake) as http:
            answer = await http.post("/v1/hooks/s", content=json.dumps(body).encode(), headers=JSON)
        return answer.json()

    async def retry(self, entry_id, **configured):
        async def find(wanted):
            return next((entry for entry in self.store.aside if entry.id == wanted), None)

        sources = {"s": source("generic", **configured)}
        return await Retry(sources, self.intake, b"k" * 32, find, self.store)(entry_id)

    def aside(self):
        return {entry.place: entry.reason for entry in self.store.aside}

    def in_log(self):
        return [json.loads(record.value)["id"] for record in self.log.records]


async def test_a_whole_that_becomes_parts_leaves_those_that_are_still_unclear_in_quarantine():
    world = World()
    body = {"annat": [{}], "saker": [{"kod": "anna"}, {"nr": 2}, {"kod": "bo"}, {"nr": 4}]}
    (whole,) = (await world.deliver(body))["quarantined"]
    assert world.aside() == {"$": WHOLE}
    done = await world.retry(whole, mapping={"events": "saker", **CODE})
    assert done.signals == world.in_log() and len(done.signals) == 2
    assert done.quarantined == ["$.saker[1]", "$.saker[3]"]
    assert world.aside() == {"$.saker[1]": LOST, "$.saker[3]": LOST}


async def test_what_stayed_can_be_read_again_in_its_turn():
    world = World()
    (whole,) = (await world.deliver({"annat": [{}], "saker": [{"kod": "anna"}, {"nr": 2}]}))["quarantined"]
    await world.retry(whole, mapping={"events": "saker", **CODE})
    (left,) = world.store.aside
    done = await world.retry(left.id, mapping={"events": "saker", "facts": {"external_id": "kod", "deal_id": "nr"}})
    assert world.aside() == {}
    assert done.quarantined == [] and done.signals[:1] == world.in_log()[:1], "the first is the same signal again"


async def test_one_part_that_becomes_clear_takes_none_of_the_others_with_it():
    world = World()
    said = await world.deliver([{"kod": "anna"}, {"nr": 2}, {"email": "cy@example.com"}])
    first, _ = said["quarantined"]
    done = await world.retry(first, mapping=CODE)
    assert world.aside() == {"$[1]": LOST}
    assert done.quarantined == ["$[1]"]
    assert set(world.in_log()) == {*said["signals"], *done.signals} and len(done.signals) == 2


async def test_a_sibling_that_is_clear_too_leaves_the_quarantine_with_it():
    world = World()
    first, second = (await world.deliver([{"kod": "anna"}, {"kod": "bo"}]))["quarantined"]
    await world.retry(first, mapping=CODE)
    assert world.aside() == {}
    assert await world.retry(second, mapping=CODE) is None
    assert len(world.in_log()) == 2


async def test_a_part_that_stays_unclear_shows_why_it_is_now_and_changes_nothing_else():
    world = World()
    first, second = (await world.deliver([{"kod": "anna"}, {"nr": 2}]))["quarantined"]
    wrong = {"rules": [{"when": "body.nr == 2", "kind": "sales.accepted"}], **CODE}
    world.store.aside = [one._replace(reason="an older reason") for one in world.store.aside]
    with pytest.raises(Trouble) as caught:
        await world.retry(second, mapping=wrong)
    assert (caught.value.code, caught.value.detail) == ("still_unclear", f"$[1]: {LOST}")
    assert world.aside() == {"$[0]": "an older reason", "$[1]": LOST}
    assert world.in_log() == []
    assert await world.retry(first, mapping=wrong)


async def test_many_parts_that_share_an_entry_are_parts_again_once_few_are_left():
    world = World()
    rows = [{"nr": n} if n < 3 else {"kod": f"p{n}"} for n in range(MAX_ENTRIES + 5)]
    (shared,) = (await world.deliver(rows))["quarantined"]
    with pytest.raises(Trouble) as caught:
        await world.retry(shared)
    assert caught.value.code == "still_unclear" and list(world.aside()) == ["$"]
    done = await world.retry(shared, mapping=CODE)
    assert len(done.signals) == len(world.in_log()) == len(rows) - 3
    assert done.quarantined == ["$[0]", "$[1]", "$[2]"]
    assert list(world.aside()) == ["$[0]", "$[1]", "$[2]"]


async def test_while_more_are_left_than_have_entries_of_their_own_the_shared_one_says_how_many():
    world = World()
    rows = [{"kod": "anna"}, *({"nr": n} for n in range(MAX_ENTRIES + 5))]
    (shared,) = (await world.deliver(rows))["quarantined"]
    done = await world.retry(shared, mapping=CODE)
    assert (len(done.signals), done.quarantined) == (1, ["$"])
    assert world.aside() == {"$": f"{MAX_ENTRIES + 5} parts were not understood; the first is $[1]: {LOST}"}


async def test_a_part_whose_signal_is_larger_than_a_record_stays_and_the_others_go_on():
    world = World()
    first, second = (await world.deliver([{"kod": "anna"}, {"kod": "bo"}]))["quarantined"]
    async with large_for(world, 0):
        done = await world.retry(second, mapping=CODE)
    assert len(done.signals) == 1 and done.quarantined == ["signal 1"]
    assert list(world.aside()) == ["signal 1"]
    assert first not in [entry.id for entry in world.store.aside]


@asynccontextmanager
async def large_for(world, number):
    """Of a delivery's signals the log never takes this one."""
    take = world.intake.take

    async def taking(signals, thin=False):
        taken = await take([*signals[:number], *signals[number + 1 :]], thin)
        return taken._replace(large=(signals[number],))

    world.intake.take = taking
    yield
    world.intake.take = take


async def test_nothing_leaves_the_quarantine_when_the_signals_have_nowhere_to_go():
    world = World()
    (entry,) = (await world.deliver({"kod": "anna"}))["quarantined"]
    world.log.down = True
    world.intake._limit = 0
    with pytest.raises(Trouble) as caught:
        await world.retry(entry, mapping=CODE)
    assert (caught.value.code, list(world.aside())) == ("unavailable", ["$"])
