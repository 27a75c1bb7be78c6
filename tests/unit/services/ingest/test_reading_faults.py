"""A fault of ours while a body is read is told apart from a sender's bad body: counted, logged, kept, and read again later."""

import json
import logging

import pytest

from services.ingest import app
from services.ingest.parsers import registry
from services.ingest.parsers.bounds import faults
from services.observability.metrics import REGISTRY
from tests.unit.services.ingest.test_retry import World

HERE = __name__
BODY = [{"kod": "anna@example.com"}, {"kod": "bo@example.com"}]
READ = {"mapping": {"facts": {"email": "kod"}}}


def fault_counts():
    return REGISTRY.get_sample_value("stafett_reading_faults_total", {"module": HERE}) or 0


@pytest.fixture(autouse=True)
def lines(caplog, monkeypatch):
    """The log's lines of this test; no place was named before it."""
    monkeypatch.setattr(faults, "_said_at", {})
    caplog.set_level(logging.ERROR, "stafett.ingest")
    return caplog


def broken(*_, **__):
    return None.email


def lines_of(lines):
    return [record.error for record in lines.records if record.name == "stafett.ingest"]


async def test_a_parser_that_fails_loses_nothing_and_names_its_own_place(monkeypatch, lines):
    world, before = World(), fault_counts()
    with monkeypatch.context() as patch:
        patch.setitem(registry.PARSERS, "generic", broken)
        said = await world.deliver({"email": "anna@example.com"})
    (entry,) = world.store.aside
    assert said == {"signals": [], "quarantined": [entry.id]}
    assert entry.reason.startswith(f"a fault of ours: AttributeError at {HERE}:")
    assert json.loads(entry.body) == {"email": "anna@example.com"}
    assert fault_counts() == before + 1
    assert lines_of(lines) == [entry.reason.removeprefix("a fault of ours: ")]
    assert "anna" not in lines.text
    assert (await world.retry(entry.id)).signals == world.in_log() and world.aside() == {}


@pytest.mark.parametrize("body", [[1], "text", {"a": {"b": []}}, {"hello": "world"}])
async def test_what_a_sender_gets_wrong_is_no_fault_of_ours(body, lines):
    world, before = World(), fault_counts()
    await world.deliver(body)
    assert world.aside() and not any(reason.startswith(faults.OURS) for reason in world.aside().values())
    assert fault_counts() == before and lines_of(lines) == []


async def test_one_event_that_we_cannot_make_a_signal_of_takes_none_of_the_others_with_it(monkeypatch):
    world, real, before = World(), app.to_signal, fault_counts()

    def sometimes(told, *more, **named):
        return broken() if told.person.email == "anna@example.com" else real(told, *more, **named)

    with monkeypatch.context() as patch:
        patch.setattr(app, "to_signal", sometimes)
        said = await world.deliver(BODY, **READ)
    assert len(said["signals"]) == 1 and list(world.aside()) == ["event 1"]
    assert world.aside()["event 1"].startswith(faults.OURS) and fault_counts() == before + 1


async def test_what_comes_after_a_parser_is_guarded_as_well(monkeypatch):
    monkeypatch.setattr(registry, "finish", broken)
    world, before = World(), fault_counts()
    assert (await world.deliver({"email": "anna@example.com"}))["signals"] == []
    assert world.aside()["$"].startswith(faults.OURS) and fault_counts() == before + 1


async def test_one_place_is_logged_once_a_minute_and_counted_each_time(monkeypatch, lines):
    monkeypatch.setitem(registry.PARSERS, "generic", broken)
    world, before = World(), fault_counts()
    for number in range(5):
        await world.deliver({"email": f"a{number}@example.com"})
    assert (fault_counts() - before, len(lines_of(lines)), len(world.store.aside)) == (5, 1, 5)
    monkeypatch.setattr(faults, "QUIET", 0.0)
    await world.deliver({"email": "a9@example.com"})
    assert len(lines_of(lines)) == 2
