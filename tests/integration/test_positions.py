"""Where the router reads on when the log's retention has passed, in all three set-ups."""

import asyncio

import pytest

from services.cli.operating.positions import list_positions, skip
from services.ports.errors import Fenced, OffsetLost
from services.router.role import Router
from tests.setups import SETUPS, forget, setup, signal

FORM = {"form_id": "demo"}


@pytest.fixture(params=SETUPS)
async def made(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


async def placed(made):
    return await made.store.all_positions("router", made.topic, made.log.cluster)


def forms(*numbers):
    return [signal(number, "form.submitted", "anna", fields=FORM) for number in numbers]


async def known(made):
    (lead,) = await made.reading.leads(limit=10)
    return [row.signal_id for _, row in await made.reading.history(lead.id, limit=100)]


async def test_after_a_restore_an_old_topic_is_read_from_where_it_begins(made):
    await made.give(*forms(*range(5)))
    await made.relay.drain()
    before = await placed(made)
    await forget(made.log, made.topic, before)
    await made.store.raise_epoch()
    await made.rejoin()
    await made.give(*forms(5))
    assert await known(made) == [f"sig_{number}" for number in range(6)]
    (partition,) = (p for p, offset in before.items() if offset)
    assert await placed(made) == before | {partition: 6}


async def test_a_position_that_is_lost_stops_the_router_until_an_operator_skips(made, caplog):
    await made.give(*forms(*range(5)))
    at = await placed(made)
    (partition,) = (p for p, offset in at.items() if offset)
    async with made.store.batch() as tx:
        await tx.advance("router", made.topic, made.log.cluster, {partition: (5, 2)})
    # A position that is behind in the epoch in which more was committed is another matter: such a store went back.
    await made.store.raise_epoch(keep_positions=True)
    await forget(made.log, made.topic, {partition: 4})
    await made.rejoin()
    with pytest.raises(OffsetLost) as caught:
        await made.route(1)
    assert (caught.value.partition, caught.value.wanted, caught.value.available) == (partition, 2, 4)
    assert await placed(made) == at | {partition: 2}
    (lost,) = [line for line in await list_positions(made) if line.state != "kept"]
    assert (lost.state, lost.at.partition, lost.at.offset, lost.begins, lost.ends) == ("lost", partition, 2, 4, 5)
    await skip(made, lost, "retention was too short")
    assert "position moved from 2 to where the log begins, 4: retention was too short" in caplog.messages
    with pytest.raises(Fenced):
        await skip(made, lost, "once more")
    await made.route(1)
    assert await placed(made) == at


async def test_a_position_past_the_end_is_skipped_back_and_no_store_went_back(kafka_bootstrap, request, tmp_path):
    """As where the topic was made again: the store says more than the log has, and whoever begins tells the group so."""
    async with setup("real-postgres-kafka", request, tmp_path) as made:
        await made.give(*forms(*range(2)))
        (partition,) = (p for p, offset in (await placed(made)).items() if offset)
        async with made.store.batch() as tx:
            await tx.advance("router", made.topic, made.log.cluster, {partition: (2, 100)})
        await made.rejoin()
        with pytest.raises(OffsetLost):
            await made.route(1)
        async with asyncio.timeout(20):
            while (await made.consumer.reported_positions())[partition].offset != 100:
                await asyncio.sleep(0.1)
        (lost,) = [line for line in await list_positions(made) if line.state != "kept"]
        await skip(made, lost, "the topic was made again")
        await made.rejoin()
        made.router = Router(made.store, made.log, made.topic, lambda: made.ruling, lambda: made.at)
        await made.route(2)
        await made.give(*forms(2))
        assert (await placed(made))[partition] == 3
        assert sorted(await known(made)) == ["sig_0", "sig_1", "sig_2"]
