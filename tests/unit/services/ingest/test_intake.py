"""Where a signal goes when the log, the store or both are away, and what is too large for a record."""

import asyncio
import json

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route

from schemas.signals import Kind
from services.bootstrap import metering
from services.ingest.accepting.intake import Intake, NowhereToPut, TooLarge
from services.ingest.app import Hooks
from services.observability import metrics
from services.ports.log import RECORD_BYTES
from tests.doubles import FakeLog, FakeStore
from tests.setups import START, signal
from tests.unit.services.ingest.test_hooks import client, source


class World:
    def __init__(self, limit=100):
        self.log, self.store, self.at = FakeLog(), FakeStore(), 0.0
        self.intake = Intake(self.log, self.store, "signals", limit, "thin", lambda: self.at)

    def in_log(self):
        return [json.loads(record.value)["id"] for record in self.log.records]

    def in_spool(self):
        return [json.loads(row.record.value)["id"] for row in self.store.spool_rows]


def a(number, **more):
    return signal(number, Kind.FORM_SUBMITTED, lead=f"p{number}", **more)


def large(number):
    return a(number, fields={"text": "x" * RECORD_BYTES})


async def test_signals_go_to_the_log_and_thin_ones_to_a_topic_of_their_own():
    world = World()
    assert not await world.intake.accept([a(1)])
    assert not await world.intake.accept([a(2)], thin=True)
    assert [record.topic for record in world.log.records] == ["signals", "thin"]
    assert world.in_spool() == []


async def test_while_the_log_is_down_they_are_spooled_and_it_is_not_asked_each_time():
    world = World()
    world.log.down = True
    for number in range(10):
        assert await world.intake.accept([a(number)])
    assert world.in_spool() == [f"sig_{number}" for number in range(10)]
    assert world.log.tries == 1


async def test_one_probe_finds_that_the_log_is_back():
    world = World()
    world.log.down = True
    await world.intake.accept([a(1)])
    world.log.down, world.at = False, 1.0
    assert not await world.intake.accept([a(2)])
    assert (world.in_spool(), world.in_log()) == (["sig_1"], ["sig_2"])


async def test_what_follows_a_spooled_signal_of_its_key_waits_behind_it_and_others_do_not():
    world = World()
    world.log.lost = {b"key-p1"}
    await world.intake.accept([a(1)])
    world.log.lost, world.at = set(), 1.0
    assert await world.intake.accept([signal(2, Kind.FORM_SUBMITTED, lead="p1"), a(3)])
    assert (world.in_spool(), world.in_log()) == (["sig_1", "sig_2"], ["sig_3"])
    await world.store.unspool([row.id for row in world.store.spool_rows])
    assert not await world.intake.accept([signal(4, Kind.FORM_SUBMITTED, lead="p1")])
    assert world.in_log() == ["sig_3", "sig_4"]


async def test_a_store_that_is_away_lets_what_follows_go_to_the_log():
    world = World()
    world.log.lost = {b"key-p1"}
    await world.intake.accept([a(1)])
    world.log.lost, world.at, world.store.down = set(), 1.0, True
    assert not await world.intake.accept([signal(2, Kind.FORM_SUBMITTED, lead="p1")])
    assert world.in_log() == ["sig_2"]


async def test_of_what_follows_in_part_the_large_ones_are_named_by_themselves():
    world = World()
    world.log.lost = {b"key-p1"}
    await world.intake.accept([a(1)])
    world.log.lost, world.log.refused, world.at = set(), {b"key-p3"}, 1.0
    with pytest.raises(TooLarge) as caught:
        await world.intake.accept([signal(2, Kind.FORM_SUBMITTED, lead="p1"), a(3)])
    assert caught.value.ids == {"sig_3"}


async def test_only_what_the_log_did_not_take_is_spooled():
    world = World()
    world.log.lost = {b"key-p2"}
    assert await world.intake.accept([a(1), a(2), a(3)])
    assert (world.in_log(), world.in_spool()) == (["sig_1", "sig_3"], ["sig_2"])


async def test_a_store_that_is_down_does_not_matter_while_the_log_is_up():
    world = World()
    world.store.down = True
    assert not await world.intake.accept([a(1)])


async def test_nothing_is_promised_when_both_are_down():
    world = World()
    world.log.down = world.store.down = True
    with pytest.raises(NowhereToPut):
        await world.intake.accept([a(1)])


async def test_nothing_is_promised_when_the_spool_is_full():
    world = World(limit=1)
    world.log.down = True
    await world.intake.accept([a(1)])
    with pytest.raises(NowhereToPut):
        await world.intake.accept([a(2)])


async def test_a_signal_that_is_larger_than_a_record_is_told_apart_and_opens_no_breaker():
    world = World()
    taken = await world.intake.take([a(1), large(2), a(3)])
    assert [s.id for s in taken.large] == ["sig_2"]
    assert not taken.spooled
    assert world.in_log() == ["sig_1", "sig_3"]
    assert not await world.intake.accept([a(4)])


async def test_what_the_logs_own_limit_refuses_is_told_apart_too():
    world = World()
    world.log.refused = {b"key-p2"}
    taken = await world.intake.take([a(1), a(2)])
    assert [s.id for s in taken.large] == ["sig_2"]
    assert set(world.in_log()) == {"sig_1"}
    assert not await world.intake.accept([a(3)]), "the log answered, so it is not away"


async def test_who_only_accepts_is_told_that_nothing_was_promised():
    world = World()
    with pytest.raises(TooLarge) as caught:
        await world.intake.accept([a(1), large(2)])
    assert caught.value.ids == {"sig_2"}
    assert world.in_log() == []


async def test_a_large_signal_is_not_spooled_either():
    world = World()
    world.log.down = True
    taken = await world.intake.take([large(1), a(2)])
    assert taken.spooled
    assert world.in_spool() == ["sig_2"]


async def test_a_probe_that_is_cancelled_leaves_its_place_to_the_next():
    world = World()
    world.log.down = True
    await world.intake.accept([a(1)])
    world.at = 1.0

    async def never(records):
        await asyncio.Event().wait()

    append, world.log.append = world.log.append, never
    probe = asyncio.create_task(world.intake.accept([a(2)]))
    await asyncio.sleep(0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    world.log.append, world.log.down = append, False
    assert not await world.intake.accept([a(3)])


# --- as a sender sees it
def posting(world):
    return client(source("form"), world.intake)


async def test_a_sender_hears_202_while_the_log_is_down():
    world = World()
    world.log.down = True
    async with posting(world) as http:
        answer = await http.post("/v1/hooks/s", data={"email": "anna@example.com"})
    assert answer.status_code == 202
    assert answer.json()["signals"] == world.in_spool()


async def test_a_sender_hears_503_and_when_to_come_again_while_both_are_down():
    world = World()
    world.log.down = world.store.down = True
    async with posting(world) as http:
        answer = await http.post("/v1/hooks/s", data={"email": "anna@example.com"})
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) > 0


async def test_a_form_that_grows_beyond_a_record_is_202_and_quarantined_and_the_next_goes_to_the_log():
    world = World()
    euros = b"\x80" * 18_000  # of a page in Windows-1252: three bytes each in UTF-8
    grown = {"email": "anna@example.com", **{f"f{n}": euros for n in range(50)}}
    async with posting(world) as http:
        answer = await http.post("/v1/hooks/s", files={name: (None, value) for name, value in grown.items()})
        after = await http.post("/v1/hooks/s", data={"email": "bo@example.com"})
    assert answer.status_code == 202
    assert answer.json() == {"signals": [], "quarantined": [world.store.aside[0].id]}
    assert world.store.aside[0].place == "signal 1"
    assert str(RECORD_BYTES) in world.store.aside[0].reason
    assert after.json()["signals"] == world.in_log()
    assert world.in_spool() == []


def counts():
    found = (
        metrics.REGISTRY.get_sample_value("stafett_intake_requests_total", {"source": "other", "outcome": outcome})
        for outcome in ("accepted", "spooled", "quarantined", "unavailable")
    )
    return [value or 0.0 for value in found]


@pytest.mark.parametrize(
    ("log_down", "store_down", "body", "counted"),
    [
        (False, False, b"email=anna%40example.com", [1, 0, 0, 0]),
        (True, False, b"email=anna%40example.com", [0, 1, 0, 0]),
        (False, False, b"{", [0, 0, 1, 0]),
        (True, True, b"email=anna%40example.com", [0, 0, 0, 1]),
    ],
)
async def test_requests_are_counted_by_where_the_signal_went(log_down, store_down, body, counted):
    world, before = World(), counts()
    world.log.down, world.store.down = log_down, store_down
    count = metering.count_calls((), None)
    hooks = Hooks({"s": source("form")}, world.intake, b"k" * 32, lambda: START, on_answer=count)
    app = Starlette(routes=[Route("/v1/hooks/{source}", hooks, methods=["POST"])])
    kind = "application/json" if body == b"{" else "application/x-www-form-urlencoded"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://in.example") as http:
        await http.post("/v1/hooks/s", content=body, headers={"content-type": kind})
    assert [now - then for now, then in zip(counts(), before, strict=True)] == counted
