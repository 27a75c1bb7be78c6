"""The loop of a sink over the feed, on both engines, with a CRM in memory."""

import asyncio
from datetime import timedelta

import msgspec
import pytest

from schemas.envelope import Envelope
from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.sinks import SqlSinks
from services.ports.rows import OutboxRow, RecordOut, Writes
from services.sinks.outcomes import Trouble
from services.sinks.role import SinkLoop
from tests.sinks import NOW, Killed, MemoryCrm, event, offered, sink, target


class World:
    """A sink over a real store; `now` moves when it is told to."""

    def __init__(self, store):
        self.store, self.now, self.outcomes = store, NOW, []
        self.deliveries, self.book = SqlDeliveries(store.engines), SqlSinks(store.engines)
        self.crm = MemoryCrm(lambda: self.now)
        self.loop = self.begin()

    def begin(self, **values):
        made = target(self.crm, sink(**values))._replace(
            tell=lambda record, event: [RecordOut("signals", b"k", record.kind.encode())]
        )
        return SinkLoop(
            made,
            self.deliveries,
            self.book,
            lambda: self.now,
            on_outcome=lambda _, outcome: self.outcomes.append(outcome),
        )

    async def happen(self, *events: Envelope):
        rows = [
            OutboxRow(e.id, "handovers", e.subject, number, e.type, "key", *_halves(e))
            for number, e in enumerate(events)
        ]
        async with self.store.batch() as batch:
            await batch.write(Writes(outbox=rows))
        epoch = await self.store.acquire_lease("relay", "me", 10)
        await self.store.move_to_events(await self.store.outbox(100), "relay", epoch, self.now)

    async def rounds(self, number=8):
        for _ in range(number):
            await self.loop.step()

    def count(self, kind):
        return len(self.crm.of(kind))


def _halves(happened):
    whole = happened.model_dump(mode="json", exclude={"traceparent"})
    personal = whole["data"].pop("personal", None)
    head = msgspec.json.encode(whole).decode()
    return f'{head[:-2]},"personal":', None if personal is None else msgspec.json.encode(personal).decode()


@pytest.fixture
async def world(store):
    made = World(store)
    await made.loop.step()
    return made


async def test_hand_overs_are_written_and_their_ids_wait_for_the_log(world):
    await world.happen(offered(1), offered(2, lead="lead_2", handover="ho_2", email="ola@kund.example"))
    await world.rounds()
    # The one waited a moment for the company that the other was making.
    world.now += timedelta(seconds=5)
    await world.rounds()
    assert world.count("opportunity") == 2 and world.count("company") == 1
    assert [row.record.value for row in await world.store.spool_entries(20)].count(b"opportunity") == 2
    assert world.outcomes.count("done") == 2 and set(world.outcomes) <= {"locked", "done"}


async def test_events_of_one_lead_are_written_in_their_order(world):
    accepted = event("handover.accepted", 2, handover_id="ho_1", pass_number=1, offer_id="ho_1.1")
    await world.happen(offered(1), accepted, offered(3, offer=2, owner="bo"))
    await world.rounds()
    assert [task["state"] for task in world.crm.of("task")] == ["cancelled", "open"]
    assert world.crm.of("opportunity")[0]["owner"] == "BO"


async def test_tests_imports_and_trials_never_reach_a_crm(world):
    await world.happen(*(offered(n).model_copy(update={"mode": mode}) for n, mode in enumerate(("test", "observe"))))
    await world.rounds()
    assert world.crm.writes == []


async def test_a_sink_of_other_brands_takes_nothing(world):
    world.loop = world.begin(brands=["other"])
    await world.happen(offered(1))
    await world.rounds()
    assert world.crm.writes == []
    world.loop = world.begin(brands=["default"])
    await world.happen(offered(2, lead="lead_2", handover="ho_2"))
    await world.rounds()
    assert world.count("opportunity") == 1


async def test_an_event_that_gets_further_with_each_try_waits_shortly_each_time(world):
    lost = Trouble("transient", "http_502")
    # One fault for each of its five records, and each time another one.
    world.crm.faults = [lost, None, lost, None, lost, None, lost, None, lost]
    await world.happen(offered(1))
    for _ in range(6):
        await world.rounds(2)
        world.now += timedelta(seconds=3)
    assert world.outcomes == ["transient"] * 5 + ["done"]


async def test_a_refused_record_holds_its_lead_and_nobody_else_until_somebody_says_retry(world):
    world.crm.faults = [Trouble("refused_data", "PROPERTY_MISSING")]
    await world.happen(offered(1))
    await world.rounds(2)
    await world.happen(
        event("handover.accepted", 2, handover_id="ho_1", pass_number=1, offer_id="ho_1.1"),
        offered(3, lead="lead_2", handover="ho_2", email="ola@kund.example"),
    )
    world.now += timedelta(days=30)
    await world.rounds()
    assert [row["key"] for row in world.crm.of("opportunity")] == ["ho_2"]
    assert await world.book.retry("sink/crm", world.now, "lead_1") == 1
    await world.rounds()
    assert {row["key"]: row["stage"] for row in world.crm.of("opportunity")} == {"ho_1": "working", "ho_2": "new"}


async def test_a_wrong_key_pauses_the_sink_with_its_place_kept(world):
    world.crm.faults = [Trouble("refused_setup", "http_401")]
    await world.happen(offered(1))
    await world.rounds()
    (state,) = await world.deliveries.states()
    assert state.disabled == "refused_setup: http_401" and state.pending == 1
    assert world.crm.writes == []
    await world.deliveries.disable("sink/crm", None)
    await world.rounds()
    assert world.count("opportunity") == 1


async def test_a_limit_holds_every_lead_until_it_is_over(world):
    world.loop = world.begin(concurrency=1)
    world.crm.faults = [Trouble("throttled", "TEN_SECONDLY", wait=timedelta(seconds=10))]
    await world.happen(offered(1), offered(2, lead="lead_2", handover="ho_2", email="ola@kund.example"))
    await world.rounds()
    assert world.crm.writes == []
    world.now += timedelta(seconds=11)
    await world.rounds()
    assert world.count("opportunity") == 2


async def test_in_an_outage_one_event_at_a_time_asks_whether_it_is_over(world):
    events = [offered(n, lead=f"lead_{n}", handover=f"ho_{n}", email=f"p{n}@kund.example") for n in range(20)]
    world.crm.faults = [Trouble("transient", "http_503")] * 12
    await world.happen(*events)
    for _ in range(400):
        await world.loop.step()
        world.now += timedelta(seconds=5)
    assert world.outcomes.count("transient") == 12
    assert world.count("opportunity") == 20


async def test_a_kill_leaves_an_event_to_whoever_comes_after_the_claim(world):
    world.crm.faults = [None, None, "kill"]
    await world.happen(offered(1))
    with pytest.raises(Killed):
        await world.rounds()
    world.loop = world.begin()
    await world.rounds()
    assert world.count("note") == 0
    world.now += timedelta(hours=1)
    await world.rounds()
    assert (world.count("opportunity"), world.count("note"), world.count("task")) == (1, 1, 1)


async def test_a_step_that_is_ended_from_outside_leaves_nobody_writing_behind_it(world, monkeypatch):
    begun, never = asyncio.Event(), asyncio.Event()

    async def hang(*_):
        begun.set()
        await never.wait()

    monkeypatch.setattr(world.loop, "_deliver", hang)
    await world.happen(offered(1))
    step = asyncio.create_task(world.loop.step())
    await begun.wait()
    step.cancel()
    with pytest.raises(asyncio.CancelledError):
        await step
    assert not [task for task in asyncio.all_tasks() if task.get_coro().__qualname__.endswith("hang")]


def touch(number, at=NOW):
    return event("lead.touched", number, at=at, owner={"person": "anna", "ids": {}}, stage="hand_over",
                 signal_kind="form.submitted", source="web")  # fmt: skip


async def test_a_storm_of_touches_is_one_note_and_holds_no_later_event_of_the_lead_back(world):
    await world.happen(offered(1), *(touch(number) for number in range(2, 42)))
    await world.rounds(30)
    assert world.count("note") == 1, "nothing is written while they come"
    await world.happen(event("handover.accepted", 50, handover_id="ho_1", pass_number=1, offer_id="ho_1.1"))
    await world.rounds()
    assert world.crm.of("opportunity")[0]["stage"] == "working"
    world.now += timedelta(minutes=16)
    await world.rounds(4)
    notes = [note["text"] for note in world.crm.of("note") if note["key"] == "ho_1/touches"]
    assert len(notes) == 1 and notes[0].count("form.submitted (web)") == 20
    writes = len(world.crm.writes)
    for _ in range(3):
        world.now += timedelta(minutes=16)
        await world.rounds(2)
    assert len(world.crm.writes) == writes, "what is written is not due again"


async def test_touches_are_written_though_we_are_killed_while_we_write_them(world):
    await world.happen(offered(1), touch(2), touch(3))
    await world.rounds()
    world.now += timedelta(minutes=16)
    world.crm.faults = ["kill"]
    with pytest.raises(Killed):
        await world.rounds()
    world.loop = world.begin()
    world.now += timedelta(minutes=16)
    await world.rounds()
    assert [note["key"] for note in world.crm.of("note")] == ["ho_1/dossier", "ho_1/touches"]


async def test_a_lead_that_was_given_back_gets_no_note_of_what_it_did_and_does(world):
    returned = event("handover.returned", 3, handover_id="ho_1", pass_number=1, offer_id="ho_1.1")
    await world.happen(offered(1), touch(2), returned, touch(4))
    await world.rounds()
    world.now += timedelta(minutes=16)
    await world.rounds()
    assert world.count("note") == 1
    (kept,) = [one for one in await world.book.records("sink/crm", "lead_1") if one.kind == "touches"]
    assert kept.vendor_id is None, "nobody looks for it any more"


async def failing_since(world):
    (state,) = await world.deliveries.states()
    return state.failing_since


@pytest.mark.parametrize(
    "trouble", [Trouble("transient", "http_503"), Trouble("spent", "day")], ids=lambda trouble: trouble.kind
)
async def test_a_crm_that_takes_nothing_is_known_to_fail_from_the_first_trouble_until_something_is_taken(
    world, trouble
):
    world.crm.faults = [trouble, trouble]
    await world.happen(offered(1))
    await world.loop.step()
    assert await failing_since(world) == NOW
    for _ in range(3):
        world.now += timedelta(hours=2)
        world.loop = world.begin()
        await world.rounds()
    assert world.count("opportunity") == 1 and await failing_since(world) is None


async def test_one_record_that_is_refused_is_no_failing_crm(world):
    world.crm.faults = [Trouble("refused_data", "bad_field")]
    await world.happen(offered(1))
    await world.rounds()
    assert "refused_data" in world.outcomes and await failing_since(world) is None


async def test_an_erasure_waits_for_nothing_that_waits_for_somebody(world):
    world.crm.faults = [None, Trouble("refused_data", "PROPERTY_MISSING")]
    await world.happen(offered(1))
    await world.rounds()
    assert len(await world.book.list_steps("sink/crm", refused=True)) == 1
    await world.happen(event("lead.erased", 2, reason="asked"))
    await world.rounds()
    assert await world.book.list_steps("sink/crm", refused=True) == []
    states = {(one.kind, one.state) for one in await world.book.records("sink/crm", "lead_1")}
    assert ("contact", "erased") in states or world.count("contact") == 0
    assert "Eva" not in repr(world.crm.records)


async def test_an_erasure_waits_while_what_it_erases_may_still_be_on_its_way(world):
    world.crm.faults = [None, "drop"]
    await world.happen(offered(1), event("lead.erased", 2, reason="asked"))
    for _ in range(6):
        await world.rounds(3)
        world.now += timedelta(minutes=2)
    assert world.outcomes[-1] == "done" and "Eva" not in repr(world.crm.records)
