"""Whatever stands on the topic of signals, by whoever may write there, stops no partition: what cannot be kept is set aside, and
what comes after it is routed."""

import asyncio
import json

import pytest

from services.ports.rows import RecordOut
from services.router import recovery
from tests.setups import setup, signal

LARGE = 10**30
CLOCK = {
    "clock_id": "clk_x",
    "revision": 1,
    "lead_id": "lead_x",
    "due_at": "2026-11-24T09:00:00Z",
    "noticed_at": "2026-11-24T09:00:00Z",
}
COMMAND = {"name": "approve", "principal": "p", "person": "elin", "agreement": "x\x00y", "side": "sales"}
CHANGES = {
    "an id that is no text for every store": {"id": "sig_\x00"},
    "an attempt beyond all columns": {"attempt": LARGE},
    "an attempt below all columns": {"attempt": -LARGE},
    "a source that is no text for every store": {"source": "w\x00eb"},
    "a brand that is no text for every store": {"brand": "\x00"},
    "a partition key that is no text for every store": {"partition_key": "\x00"},
    "the first and the last instant that there are": {
        "occurred_at": "0001-01-01T00:00:00Z",
        "received_at": "9999-12-31T23:59:59.999999Z",
    },
    "received before there was anything": {"received_at": "0001-01-01T00:00:00Z"},
    "an identity that is no text for every store": {"identities": [{"kind": "email", "digest": "\x00"}]},
    "a pointer for an identity": {"identities": [{"kind": "email", "digest": "lead/x"}, {"kind": "deal", "digest": "email/"}]},
    "a lead that is not there": {"lead_id": "lead_none"},
    "a lead whose id is no text for every store": {"lead_id": "\x00"},
    "a merge without a lead": {"kind": "lead.merge"},
    "a merge of what is not there": {"kind": "lead.merge", "lead_id": "lead_x", "other_lead_id": "lead_y"},
    "a redrive without a lead": {"kind": "lead.redrive"},
    "a redrive of what is not there": {"kind": "lead.redrive", "lead_id": "lead_x"},
    "a clock of nobody": {"kind": "clock.due", "clock": CLOCK},
    "a clock of no promise": {"kind": "clock.due", "clock": {**CLOCK, "lead_id": "promise:none"}},
    "a clock in a revision beyond all columns": {"kind": "clock.due", "clock": {**CLOCK, "revision": LARGE}},
    "a clock that was due at the end of time": {"kind": "clock.due", "clock": {**CLOCK, "due_at": "9999-12-31T23:59:59.999999Z"}},
    "a due clock without a clock": {"kind": "clock.due"},
    "an absence of nobody": {"kind": "roster.absent", "roster": {"change": "absent", "at": "2026-11-24T09:00:00Z", "person": "\x00"}},
    "a change of the roster without one": {"kind": "roster.absent"},
    "somebody joins who is not described": {"kind": "roster.joined", "roster": {"change": "joined", "at": "2026-11-24T09:00:00Z"}},
    "a pool that is not there": {"kind": "pool.paused", "roster": {"change": "pool_paused", "at": "2026-11-24T09:00:00Z", "pool": "\x00"}},
    "an approval without words": {"kind": "agreement.approved"},
    "an approval of no hash": {"kind": "agreement.approved", "command": COMMAND},
    "a period of nothing": {"kind": "period.begun", "occurred_at": "9999-12-31T23:59:59Z"},
    "a command nobody knows": {"command": {"name": "dance", "principal": "p", "person": "elin"}},
    "a command for a lead without one": {"kind": "lead.parked", "command": {"name": "hold", "principal": "p", "until": "9999-12-31T23:59:59Z"}},
    "an amount beyond all numbers": {"kind": "sales.won", "amount": 1e308},
    "answers of every kind": {"fields": {"\x00": "\x00", "n": LARGE, "deep": [[[["x\x00"]]]], "no": None}},
    "a form with no text": {"form_id": "\x00", "campaign": "\x00"},
}  # fmt: skip
RAW = {
    "nothing": b"",
    "no JSON": b"\xff\xfe\x00",
    "a list": b"[]",
    "deeper than any stack": b'{"a":' * 50_000,
    "a number that is none": b'{"kind": NaN}',
    "half a pair": b'{"kind": "form.submitted", "id": "\\ud800"}',
}


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded"])
async def made(request, tmp_path, monkeypatch):
    monkeypatch.setattr(recovery, "FIRST_PAUSE", 0.001)
    async with setup(request.param, request, tmp_path) as made:
        yield made


def changed(number, changes):
    plain = json.loads(signal(number, "form.submitted", lead="bad", form_id="demo").text())
    return json.dumps({**plain, "id": f"sig_bad{number}", **changes}).encode()


async def brought(made, values):
    """All in one partition, in one batch where that is possible; until each was committed, one way or another."""
    await made.log.append([RecordOut(made.topic, b"one", value) for value in values])
    ends = await made.log.end_offsets(made.topic)
    async with asyncio.timeout(90):
        while await made.store.all_positions("router", made.topic, made.log.cluster) != ends:
            await made.router._position(made.consumer)
            if records := await made.consumer.poll(500, 0.2):
                await made.router.handle(records, made.consumer)
    await made.relay.drain()


def good(number):
    return signal(f"good{number}", "form.submitted", lead=f"good{number}").text().encode()


async def routed(made, count):
    names = [lead.state for lead in await made.reading.leads(limit=500)]
    return sum("key-good" in state for state in names) == count


async def test_between_any_hostile_records_the_good_ones_are_routed(made):
    hostile = [*RAW.values(), *(changed(number, changes) for number, changes in enumerate(CHANGES.values()))]
    await brought(made, [value for number, bad in enumerate(hostile) for value in (bad, good(number))])
    assert await routed(made, len(hostile))
    for letter in await made.reading.dead_letters(limit=500):
        assert letter.reason and letter.error_class


async def test_each_hostile_record_alone_is_committed_or_set_aside(made):
    hostile = [*RAW.values(), *(changed(number, changes) for number, changes in enumerate(CHANGES.values()))]
    for number, bad in enumerate(hostile, 1):
        await brought(made, [bad, good(number)])
        assert await routed(made, number)
