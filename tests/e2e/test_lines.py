"""Log lines name what they are about: ids, partitions, epochs, and nobody."""

import logging

import pytest

from services.ingest.accepting.intake import Intake
from services.observability.logging import ALLOWED
from services.ports.rows import RecordOut
from tests.doubles import FakeLog, FakeStore
from tests.integration.test_delivery import Receiver, offered, rounds, worker
from tests.setups import setup, signal


@pytest.fixture
def lines(caplog):
    caplog.set_level(logging.INFO, logger="stafett")

    def told(message):
        found = [vars(record) for record in caplog.records if record.getMessage() == message]
        assert found, [record.getMessage() for record in caplog.records]
        return {name: value for name, value in found[-1].items() if name in ALLOWED}

    return told


@pytest.fixture
async def made(tmp_path, request):
    async with setup("sqlite-embedded", request, tmp_path) as running:
        yield running


async def test_a_signal_set_aside_is_named(made, lines):
    await made.log.append([RecordOut(made.topic, b"key", b"{")])
    await made.route(1)
    (letter,) = await made.reading.dead_letters()
    told = lines("signal set aside")
    assert (told["dead_letter_id"], told["error"]) == (letter.id, letter.error_class)
    assert lines("partitions assigned") == {"topic": made.topic, "group": "router", "partition": "0,1,2,3,4,5"}
    assert lines("took the lease") == {"holder": "test", "epoch": 1}


async def test_a_fenced_batch_names_its_partitions(made, lines):
    await made.give(signal(1, "form.submitted"))
    await made.log.append([RecordOut(made.topic, b"key-anna", b"{}")])
    records = []
    while not records:
        records = await made.consumer.poll(10, 0.2)
    made.router._expected = {record.partition: 77 for record in records}
    await made.router.handle(records)
    told = lines("fenced: another router has these partitions")
    assert told == {"topic": made.topic, "partition": str(records[0].partition), "count": 1}


async def test_spooled_signals_are_named(lines):
    log, store = FakeLog(), FakeStore()
    log.down = True
    await Intake(log, store, "stafett.signals.v1").accept([signal(1, "form.submitted"), signal(2, "form.submitted")])
    assert lines("the log is unavailable: spooling") == {"count": 2, "signal_id": "sig_1,sig_2"}


async def test_a_failed_attempt_names_subscription_event_and_status(made, lines):
    async with Receiver() as receiver:
        receiver.statuses = [500]
        delivery, subscriber = worker(made, receiver)
        await offered(made, delivery, subscriber)
        await rounds(made, delivery, subscriber, 1)
    told = lines("attempt failed")
    assert (told["subscription"], told["status"], told["outcome"], told["attempt"]) == ("crm", 500, "failed", 1)
    assert told["event_id"].startswith("evt_")
