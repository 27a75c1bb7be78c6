"""Batches in a row: each is decided on while the one before it is written, and whatever goes wrong with one of them, all come
out as if they had been processed one after the other."""

import asyncio
import json
from collections import Counter

import pytest

from services.adapters.sql.batch import SqlBatch
from services.ports import Conflict, Fenced, StoreRejected, StoreUnavailable
from services.router import transaction
from services.router.role import Router
from tests.integration.test_roster import ask
from tests.setups import record, setup, signal

PEOPLE = ["anna", "bo", "cia", "dan"]
COUNT = 24


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded"])
async def made(request, tmp_path, monkeypatch):
    monkeypatch.setattr(transaction, "FEW", 3)
    async with setup(request.param, request, tmp_path) as made:
        made.router = Router(made.store, made.log, made.topic, lambda: made.ruling, lambda: made.at, batch_max=4)
        yield made


def story():
    """Each of four people looks at a page, asks for a demo and looks at four more pages; six batches of four."""
    kinds = ["page.visited", "form.submitted", *["page.visited"] * 4]
    return [
        signal(f"{number:02d}", kind, lead=who, form_id="demo" if kind == "form.submitted" else None)
        for number, (kind, who) in enumerate((kind, who) for kind in kinds for who in PEOPLE)
    ]


async def given(made, signals):
    """All in hand at once, in their order, from one partition."""
    records = [record(item, made.topic) for item in signals]
    await made.log.append([item._replace(key=b"one") for item in records])
    found = []
    async with asyncio.timeout(30):
        while len(found) < len(signals):
            await made.router._position(made.consumer)
            found += await made.consumer.poll(100, 0.2)
    return found


async def outcome(made):
    """{person: (stage, version, owner there is, kinds and outcomes of the history)}"""
    found = {}
    for lead in await made.reading.leads(limit=100):
        rows = [entry.row for entry in await made.reading.history(lead.id, 0, 100)]
        name = json.loads(lead.personal)["person"]["email"].partition("@")[0]
        said = [(row.signal_id, row.outcome, json.loads(row.decision)["events"]) for row in rows]
        found[name] = lead.stage, lead.version, lead.owner, said
    return found


async def expected(request, tmp_path):
    folder = tmp_path / "alone"
    folder.mkdir()
    async with setup("sqlite-embedded", request, folder) as made:
        await made.give(*story())
        return await outcome(made)


def failing(monkeypatch, error, where):
    """`write` fails once with this error where the batch holds that signal."""
    write, failed = SqlBatch.write, []

    async def once(self, writes):
        if not failed and where in {row.signal_id for row in writes.history}:
            failed.append(where)
            raise error
        await write(self, writes)

    monkeypatch.setattr(SqlBatch, "write", once)
    return failed


async def test_they_come_out_as_one_after_the_other(made, request, tmp_path):
    await made.router.handle(await given(made, story()), made.consumer)
    assert await outcome(made) == await expected(request, tmp_path)
    events = [event.row for event in await events_of(made)]
    sequences = {lead: [e.sequence for e in events if e.lead_id == lead] for lead in {e.lead_id for e in events}}
    assert all(found == list(range(1, len(found) + 1)) for found in sequences.values())


async def events_of(made):
    await made.relay.drain()
    return await made.reading.events(limit=1000)


@pytest.mark.parametrize("where", ["sig_05", "sig_23"])
@pytest.mark.parametrize("error", [Conflict("x"), StoreUnavailable("x"), StoreRejected("x")])
async def test_a_batch_that_fails_once_is_done_again_and_so_is_the_one_decided_on_it(
    made, request, tmp_path, monkeypatch, error, where
):
    failed = failing(monkeypatch, error, where)
    await made.router.handle(await given(made, story()), made.consumer)
    assert failed and await outcome(made) == await expected(request, tmp_path)


async def test_the_one_signal_that_the_store_refuses_is_set_aside_and_the_others_go_on(made, monkeypatch):
    write = SqlBatch.write

    async def refusing(self, writes):
        if "sig_09" in {row.signal_id for row in writes.history}:
            raise StoreRejected("no such text")
        await write(self, writes)

    monkeypatch.setattr(SqlBatch, "write", refusing)
    await made.router.handle(await given(made, story()), made.consumer)
    (letter,) = await made.reading.dead_letters()
    assert (letter.signal_id, letter.reason) == ("sig_09", "the store refused it")
    assert Counter(len(said) for *_, said in (await outcome(made)).values()) == {6: 3, 5: 1}


async def test_a_lead_that_another_router_changed_is_decided_on_as_it_is(made, request, tmp_path):
    """Each knows the leads as it wrote them last."""
    records = await given(made, story())
    other = Router(made.store, made.log, made.topic, lambda: made.ruling, lambda: made.at, batch_max=4)
    other._expected = made.router._expected
    for at in range(0, COUNT, 4):
        router = (made.router, other)[at // 4 % 2]
        await router.handle(records[at : at + 4])
    assert await outcome(made) == await expected(request, tmp_path)


async def test_fenced_in_the_middle_nothing_that_follows_is_written(made, monkeypatch):
    failing(monkeypatch, Fenced(), "sig_09")
    await made.router.handle(await given(made, story()))
    assert sorted(said[0] for *_, rows in (await outcome(made)).values() for said in rows) == [
        f"sig_{n:02d}" for n in range(8)
    ]


async def test_cancelled_in_the_middle_positions_and_history_agree(made, monkeypatch):
    write, third = SqlBatch.write, asyncio.Event()

    async def waiting(self, writes):
        await write(self, writes)
        if "sig_09" in {row.signal_id for row in writes.history}:
            third.set()
            await asyncio.sleep(60)

    monkeypatch.setattr(SqlBatch, "write", waiting)
    work = asyncio.create_task(made.router.handle(await given(made, story()), made.consumer))
    async with asyncio.timeout(30):
        await third.wait()
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await work
    stored = await made.store.all_positions("router", made.topic, made.log.cluster)
    assert sum(len(rows) for *_, rows in (await outcome(made)).values()) == 8
    left = {p: end - stored[p] for p, end in (await made.log.end_offsets(made.topic)).items() if end != stored[p]}
    assert list(left.values()) == [COUNT - 8]


async def test_a_change_of_the_roster_rules_the_very_next_batch(made):
    """Who is ill by a signal of one batch gets no lead of the batch after it."""
    looks = [signal(f"0{n}", "page.visited", lead=PEOPLE[n]) for n in range(3)]
    asks = [signal(f"1{n}", "form.submitted", lead=PEOPLE[n], form_id="demo") for n in range(4)]
    ill = ask(made, "k1", "absence", person="elin")
    await made.router.handle(await given(made, [*looks, ill, *asks]), made.consumer)
    owners = {lead.owner for lead in await made.reading.leads(stage="hand_over")}
    assert owners and "elin" not in owners
