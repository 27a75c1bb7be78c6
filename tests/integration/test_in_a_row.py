"""Batches in a row: each is decided on while the one before it is written, and whatever goes wrong with one of them, all come
out as if they had been processed one after the other."""

import asyncio
import json
from collections import Counter
from contextlib import asynccontextmanager

import pytest

from schemas.signals import IdentityKey
from services.adapters.sql.batch import SqlBatch
from services.ports.errors import Conflict, Fenced, StoreRejected, StoreUnavailable
from services.router import recovery, transaction
from services.router.deciding import many_leads, one_lead
from services.router.role import Router
from tests.integration.test_roster import ask
from tests.setups import record, setup, signal

PEOPLE = ["anna", "bo", "cia", "dan"]
COUNT = 24


@asynccontextmanager
async def small_batches(request, tmp_path, monkeypatch, few, size):
    """A router that takes `size` signals at a time, and writes more than `few` of them in two goes."""
    monkeypatch.setattr(transaction, "FEW", few)
    async with setup(request.param, request, tmp_path) as made:
        made.router = Router(made.store, made.log, made.topic, lambda: made.ruling, lambda: made.at, batch_max=size)
        yield made


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded"])
async def made(request, tmp_path, monkeypatch):
    async with small_batches(request, tmp_path, monkeypatch, few=3, size=4) as made:
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


def always(monkeypatch, error, where):
    """`write` fails with this error whenever what follows from that signal is in it; returns what ends it."""
    write = SqlBatch.write

    async def broken(self, writes):
        if where in {row.signal_id for row in writes.history}:
            raise error
        await write(self, writes)

    monkeypatch.setattr(SqlBatch, "write", broken)
    return lambda: monkeypatch.setattr(SqlBatch, "write", write)


def taken(whose):
    return Conflict(taken=frozenset({(("default", "email", "x"), whose)}))


FAULTS = {
    "the store refused it": StoreRejected("no such text"),
    "an identity in it is another's already, at every attempt": taken("lead_other"),
    "KeyError at tests.integration.test_in_a_row:": KeyError("a defect of ours"),
}


@pytest.mark.parametrize("reason", FAULTS)
async def test_the_one_signal_that_cannot_be_committed_is_set_aside_and_the_others_go_on(
    made, monkeypatch, request, tmp_path, reason
):
    told = []
    made.router._on_batch = lambda outcome: told.append(outcome.dead_letters)
    repair = always(monkeypatch, FAULTS[reason], "sig_09")
    await made.router.handle(await given(made, story()), made.consumer)
    dead = [letter for letter in await made.reading.dead_letters() if letter.state == "dead"]
    assert [(letter.signal_id, letter.reason.startswith(reason)) for letter in dead] == [("sig_09", True)]
    assert Counter(len(said) for *_, said in (await outcome(made)).values()) == {6: 3, 2: 1}
    assert sum(told) == 1
    held = [event.row for event in await events_of(made) if event.row.type == "stafett.lead.held.v1"]
    assert [row.lead_id for row in held] == [dead[0].lead_id]
    repair()
    await made.give(signal("again", "lead.redrive", lead_id=dead[0].lead_id, lead="bo"))
    assert {letter.state for letter in await made.reading.dead_letters()} == {"redriven"}
    alone = await expected(request, tmp_path)
    assert {who: [row[0] for row in said] for who, (*_, said) in (await outcome(made)).items()} == {
        who: [row[0] for row in said] for who, (*_, said) in alone.items()
    }


async def test_a_redrive_that_fails_at_the_commit_goes_on_letter_by_letter_up_to_the_one_at_fault(made, monkeypatch):
    always(monkeypatch, KeyError("x"), "sig_09")
    await made.router.handle(await given(made, story()), made.consumer)
    lead = (await made.reading.dead_letters())[0].lead_id
    monkeypatch.undo()
    always(monkeypatch, KeyError("x"), "sig_17")
    await made.give(signal("again", "lead.redrive", lead_id=lead, lead="bo"))
    await made.route(1)
    await made.route(1)
    letters = {letter.signal_id: letter.state for letter in await made.reading.dead_letters()}
    assert letters == {
        "sig_09": "redriven",
        "sig_13": "redriven",
        "sig_17": "queued",
        "sig_21": "queued",
        **{ident: "dead" for ident in letters if not ident.startswith("sig_0") and len(ident) > 8},
    }
    assert (await made.reading.lead(lead)).held


async def test_more_letters_than_one_transaction_should_take_are_redriven_in_several(made, monkeypatch):
    monkeypatch.setattr(many_leads, "REDRIVEN", 2)
    repair = always(monkeypatch, KeyError("x"), "sig_05")
    await made.router.handle(await given(made, story()), made.consumer)
    lead = (await made.reading.dead_letters())[0].lead_id
    repair()
    await made.give(signal("again", "lead.redrive", lead_id=lead, lead="bo"))
    while (await made.reading.lead(lead)).held:
        await made.route(1)
    assert [entry.row.signal_id for entry in await made.reading.history(lead)] == [
        f"sig_{n:02d}" for n in range(1, COUNT, 4)
    ]


@pytest.mark.parametrize("error", [StoreUnavailable("x"), Fenced("x")])
async def test_what_passes_is_never_a_dead_letter(made, request, tmp_path, monkeypatch, error):
    """Tried for far longer than a fault of its own is."""
    monkeypatch.setattr(recovery, "FIRST_PAUSE", 0.001)
    monkeypatch.setattr(recovery, "LONGEST_PAUSE", 0.001)
    write, left = SqlBatch.write, [25]

    async def passing(self, writes):
        if left[0] and "sig_09" in {row.signal_id for row in writes.history}:
            left[0] -= 1
            raise error
        await write(self, writes)

    monkeypatch.setattr(SqlBatch, "write", passing)
    await made.log.append([record(item, made.topic)._replace(key=b"one") for item in story()])
    async with asyncio.timeout(100):
        while sum(len(said) for *_, said in (await outcome(made)).values()) < COUNT:
            await made.router._position(made.consumer)
            if records := await made.consumer.poll(100, 0.2):
                await made.router.handle(records, made.consumer)
    assert left == [0] and not await made.reading.dead_letters()
    assert await outcome(made) == await expected(request, tmp_path)


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


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded"])
async def one_by_one(request, tmp_path, monkeypatch):
    """Batches of one signal, each of which is still in flight, where the store allows it, while the one after it looks."""
    write = SqlBatch.write

    async def write_late(self, writes):
        await asyncio.sleep(0.2)
        await write(self, writes)

    monkeypatch.setattr(SqlBatch, "write", write_late)
    async with small_batches(request, tmp_path, monkeypatch, few=3, size=1) as made:
        yield made


async def test_a_merge_takes_the_ids_that_the_batch_before_it_links(one_by_one):
    made, person = one_by_one, IdentityKey(kind="person", digest="p77")
    await made.give(signal(1, "page.visited", "anna"), signal(2, "page.visited", "bo"))
    anna, bo = sorted(await made.reading.leads(), key=lambda row: row.personal)
    known = signal(3, "page.visited", "bo")
    merge = signal(4, "lead.merge", lead_id=anna.id, other_lead_id=bo.id).but(identities=())
    late = signal(5, "page.visited", "zoe").but(identities=(person,))
    signals = [known.but(identities=(*known.identities, person)), merge, late]
    await made.router.handle(await given(made, signals), made.consumer)
    assert [entry.row.signal_id for entry in await made.reading.history(anna.id)][-1] == "sig_5"


async def test_a_redrive_takes_the_letters_of_the_batch_before_it(one_by_one, monkeypatch):
    made = one_by_one
    await made.give(signal(1, "page.visited", "anna"))
    (lead,) = await made.reading.leads()
    monkeypatch.setattr(one_lead, "decide", failing_first("sig_2", one_lead.decide))
    signals = [
        signal(2, "page.visited", "anna"),
        signal(3, "page.visited", "anna"),
        signal("again", "lead.redrive", lead_id=lead.id).but(identities=()),
    ]
    await made.router.handle(await given(made, signals), made.consumer)
    states = {one.signal_id: one.state for one in await made.reading.dead_letters()}
    assert states == {"sig_2": "redriven", "sig_3": "redriven"}
    assert not (await made.reading.lead(lead.id)).held


def failing_first(signal_id, decide):
    """Fails for the first attempt of this signal."""

    def fail(lead, item, context):
        if item.id == signal_id and item.attempt == 0:
            raise ZeroDivisionError
        return decide(lead, item, context)

    return fail
