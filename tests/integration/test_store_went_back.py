"""A standby that lagged is promoted: the router decides nothing a second time under ids that others know, and says so, until an operator
has begun again."""

import asyncio
import json

import pytest
from sqlalchemy import make_url

from services.adapters.sql.migrate import upgrade
from services.bootstrap.readiness import answers, readiness_answer
from services.ports.errors import StoreUnavailable, StoreWentBack
from services.ports.rows import Position, Reported
from services.router.role import Router
from tests.parts.postgres_pair import PostgresPair
from tests.setups import SETUPS, setup, setup_on, signal

FORM = {"form_id": "demo"}


def forms(*numbers, lead="anna"):
    return [signal(number, "form.submitted", lead, fields=FORM) for number in numbers]


async def signals_in_histories(made):
    """The signals in the histories of all leads; none is in them twice."""
    leads = await made.reading.leads(limit=10)
    found = [row.signal_id for lead in leads for _, row in await made.reading.history(lead.id, limit=100)]
    assert len(set(found)) == len(found)
    return set(found)


def ids_of(lead, events):
    """Of the events that say something of this person by address."""
    told = [json.loads(event) for event in events]
    subjects = {event["subject"] for event in told if f"{lead}@example.com" in json.dumps(event)}
    return {event["id"] for event in told if event["subject"] in subjects}


@pytest.fixture(scope="module")
def pair():
    own = PostgresPair(synchronous=False).start()
    yield own
    own.close()


def fresh_router(made):
    """As that of a process that begins: it remembers nothing."""
    made.router = Router(made.store, made.log, made.topic, lambda: made.ruling, lambda: made.at)


@pytest.mark.real
async def test_a_promoted_standby_that_lagged_is_noticed_by_the_router_that_committed_more(pair, kafka_bootstrap):
    url = make_url(pair.url())
    await upgrade(url.render_as_string(hide_password=False))
    async with setup_on(url.render_as_string(hide_password=False), kafka_bootstrap) as made:
        await made.give(*forms(0, 1))
        loop, told = asyncio.get_running_loop(), []

        async def go_on():
            await made.give(*forms(2, lead="bo"), *forms(3))
            told.extend(await made.events())

        await asyncio.to_thread(
            pair.fail_over_lagging, lambda: asyncio.run_coroutine_threadsafe(go_on(), loop).result(60)
        )
        with pytest.raises(
            StoreWentBack, match=r"says that \d is next, and all before \d was decided.*--keep-positions"
        ):
            await made.give(*forms(4), *forms(5, lead="bo"))
        assert await signals_in_histories(made) == {"sig_0", "sig_1"}, "nothing was decided again"
        await made.rejoin()
        fresh_router(made)
        with pytest.raises(StoreWentBack, match="is next"):
            await made.route(1)
        assert await made.store.raise_epoch(keep_positions=True) == 1
        await made.route(3)
        assert await signals_in_histories(made) >= {f"sig_{number}" for number in range(5)}
        lost, now = ids_of("bo", told), ids_of("bo", await made.events())
        assert lost and now and lost.isdisjoint(now), "what readers have is not told again under the same ids"
        assert ids_of("anna", told) == ids_of("anna", await made.events())


@pytest.fixture(params=SETUPS)
async def made(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


async def move_back(made, by=1):
    """As a copy of before would say."""
    at = await made.store.all_positions("router", made.topic, made.log.cluster)
    (moved,) = [(partition, offset) for partition, offset in at.items() if offset]
    async with made.store.batch() as tx:
        await tx.advance("router", made.topic, made.log.cluster, {moved[0]: (moved[1], moved[1] - by)})


async def test_whoever_committed_more_stops_and_tells_every_other_process(made):
    await made.give(*forms(0, 1, 2))
    await move_back(made)
    with pytest.raises(StoreWentBack, match="says that 2 is next, and all before 3 was decided"):
        await made.give(*forms(3))
    said = await answers({"store": made.store.check}, gap=made.store.check_for_gap)
    assert readiness_answer(said, intake=True) == (
        {"status": "degraded", "store": "ok", "positions": "StoreWentBack"},
        200,
    )
    await made.rejoin()
    fresh_router(made)
    with pytest.raises(StoreWentBack, match="says that 2 is next"):
        await made.route(1)
    await made.store.raise_epoch(keep_positions=True)
    await made.route(2)
    assert await signals_in_histories(made) == {"sig_0", "sig_1", "sig_2", "sig_3"}
    assert await answers({"store": made.store.check}, gap=made.store.check_for_gap) == {"store": "ok"}


async def test_a_process_that_begins_has_what_the_group_was_told(kafka_bootstrap, request, tmp_path):
    async with setup("real-postgres-kafka", request, tmp_path) as made:
        await made.give(*forms(0, 1, 2))
        async with asyncio.timeout(20):
            while {at.offset for at in (await made.consumer.reported_positions()).values()} != {0, 3}:
                await asyncio.sleep(0.1)
        await move_back(made)
        await made.rejoin()
        fresh_router(made)
        with pytest.raises(StoreWentBack, match="says that 2 is next, and all before 3 was decided"):
            await made.route(1)
        await made.store.raise_epoch(keep_positions=True)
        await made.route(1)
        # What was told in an epoch that is over says nothing of this one.
        await made.store.raise_epoch()
        await made.rejoin()
        await made.route(3)


@pytest.mark.parametrize("made", SETUPS[:2], indirect=True)
async def test_one_command_is_enough_however_many_epochs_an_older_copy_lacks(made, monkeypatch):
    await made.give(*forms(0))

    async def report():
        return {0: Reported(1, 3)}

    monkeypatch.setattr(made.consumer, "reported_positions", report)
    fresh_router(made)
    with pytest.raises(StoreWentBack, match="the store is in epoch 0, and was in 3"):
        await made.router._seek(made.consumer, [0])
    assert await made.store.raise_epoch(keep_positions=True) == 4
    await made.router._seek(made.consumer, sorted(made.consumer.assignment()))
    await made.give(*forms(1))
    assert await signals_in_histories(made) == {"sig_0", "sig_1"}


@pytest.mark.parametrize("made", SETUPS[:1], indirect=True)
async def test_positions_that_are_read_while_the_epoch_rises_are_read_again(made, monkeypatch):
    """They are of the epoch before, and told to the group they would be said to be of the new one."""
    await made.give(*forms(0))
    read = made.store.positions

    async def read_then_raise(*asked):
        found = await read(*asked)
        monkeypatch.undo()
        await made.store.raise_epoch()
        return found

    monkeypatch.setattr(made.store, "positions", read_then_raise)
    with pytest.raises(StoreUnavailable, match="the epoch rose"):
        await made.router._seek(made.consumer, sorted(made.consumer.assignment()))
    await made.router._seek(made.consumer, sorted(made.consumer.assignment()))
    await made.route(1)
    assert await signals_in_histories(made) == {"sig_0"}


@pytest.mark.parametrize("made", SETUPS[:1], indirect=True)
async def test_on_the_embedded_log_a_router_that_lives_on_compares_once_the_store_is_back(made, monkeypatch):
    """The log went back as well, so nothing comes that would be fenced."""
    await made.give(*forms(0, 1, 2))
    await move_back(made)

    async def fail(*asked):
        monkeypatch.undo()
        raise StoreUnavailable("the primary is gone")

    monkeypatch.setattr(made.log.members, "show", fail)
    made.consumer._beat_at = 0
    await made.router.step(made.consumer)
    with pytest.raises(StoreWentBack, match="says that 2 is next, and all before 3 was decided"):
        await made.router.step(made.consumer)


async def test_what_was_reported_last_is_told_before_a_member_leaves(kafka_bootstrap, request, tmp_path):
    async with setup("real-postgres-kafka", request, tmp_path) as made:
        await made.give(*forms(0))
        ours = sorted(made.consumer.assignment())
        await made.consumer.report_positions([Position(partition, 77) for partition in ours], 0)
        await made.consumer.stop()
        assert await made.consumer.reported_positions() == dict.fromkeys(ours, Reported(77, 0))
