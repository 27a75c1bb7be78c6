"""The port `Deliveries`, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest

from services.adapters.sql.deliveries import SqlDeliveries
from services.ports.deliveries import Attempt, State, Tried
from services.ports.rows import OutboxRow, Writes

NOW = datetime(2026, 6, 8, tzinfo=UTC)
SOON = NOW + timedelta(seconds=30)
TAKEN, REFUSED = Attempt(NOW, 204, None, 7), Attempt(NOW, None, "ConnectError", 9)


@pytest.fixture
def deliveries(store):
    return SqlDeliveries(store.engines)


def everything(topic, event_type, head):
    return True


async def happen(store, *events):
    """(lead, sequence) of each event."""
    rows = [
        OutboxRow(f"evt_{lead}{n}", "leads", lead, n, f"type{n}", "key", f'{{"of":"{lead}{n}","personal":', None)
        for lead, n in events
    ]
    async with store.batch() as batch:
        await batch.write(Writes(outbox=rows))
    epoch = await store.acquire_lease("relay", "me", 10)
    await store.move_to_events(await store.outbox(100), "relay", epoch, NOW)


async def claimed(deliveries, at=NOW, limit=10):
    return [due.event_id for due in await deliveries.claim("crm", at, at + timedelta(seconds=30), limit)]


@pytest.fixture
async def begun(store, deliveries):
    """Three events of two leads wait for one subscription."""
    await deliveries.fan_out("crm", everything, NOW)
    await happen(store, ("a", 1), ("a", 2), ("b", 1))
    await deliveries.fan_out("crm", everything, NOW)
    return deliveries


async def test_a_new_subscription_begins_with_the_next_event_and_gets_what_it_matches_once(store, deliveries):
    await happen(store, ("a", 1))
    assert await deliveries.fan_out("crm", everything, NOW) == 0
    await happen(store, ("a", 2), ("b", 1), ("b", 2))
    seen = []

    def matches(*event):
        seen.append(event)
        return event[1] == "type1"

    assert await deliveries.fan_out("crm", matches, NOW, limit=2) == 2
    assert await deliveries.fan_out("crm", matches, NOW) == 1
    assert await deliveries.fan_out("crm", matches, NOW) == 0
    assert seen == [
        ("leads", f"type{n}", f'{{"of":"{lead}{n}","personal":') for lead, n in (("a", 2), ("b", 1), ("b", 2))
    ]
    assert await claimed(deliveries) == ["evt_b1"]
    assert await deliveries.states() == [State("crm", 4, None, 1, 0)]


async def test_the_oldest_of_each_lead_is_claimed_by_one_and_again_once_the_claim_is_over(begun):
    (first, second) = await begun.claim("crm", NOW, SOON, 10)
    assert (first.event_id, first.attempts, first.body) == ("evt_a1", 0, '{"of":"a1","personal":null}}')
    assert second.event_id == "evt_b1"
    assert await claimed(begun, SOON - timedelta(microseconds=1)) == []
    assert await claimed(begun, SOON, limit=1) == ["evt_a1"]
    assert await begun.claim("another", SOON, SOON, 10) == []


async def test_what_was_not_taken_keeps_the_leads_next_event_back_until_it_is_taken_or_given_up(begun):
    (first, _) = await begun.claim("crm", NOW, SOON, 10)
    await begun.finish(first, REFUSED, "pending", SOON)
    assert await claimed(begun, SOON - timedelta(microseconds=1)) == []
    (again,) = await begun.claim("crm", SOON, SOON, 1)
    assert (again.id, again.attempts) == (first.id, 1)
    await begun.finish(again, REFUSED, "failed", None)
    assert await claimed(begun, SOON) == ["evt_a2", "evt_b1"]
    assert await begun.states() == [State("crm", 3, None, 2, 1)]


async def test_tries_are_listed_in_the_order_of_the_feed_with_what_became_of_the_event(begun):
    (first, second) = await begun.claim("crm", NOW, SOON, 10)
    await begun.finish(second, TAKEN, "delivered", None)
    await begun.finish(first, REFUSED, "pending", NOW)
    (again,) = await begun.claim("crm", NOW + timedelta(minutes=1), SOON, 1)
    await begun.finish(again, REFUSED, "failed", None)
    failed = [Tried("evt_a1", "a", 1, "failed", n, *REFUSED) for n in (1, 2)]
    assert await begun.attempts("crm") == [*failed, Tried("evt_b1", "b", 3, "delivered", 1, *TAKEN)]
    assert await begun.attempts("crm", failed=True) == failed
    assert await begun.attempts("crm", limit=2) == [failed[1], Tried("evt_b1", "b", 3, "delivered", 1, *TAKEN)]
    assert await begun.attempts("another") == []


async def test_a_disabled_subscription_keeps_its_place_and_goes_on_from_it(store, begun):
    assert await begun.disable("crm", "gone") is True
    await happen(store, ("c", 1))
    assert await begun.fan_out("crm", everything, NOW) == 0
    assert await claimed(begun) == []
    assert await begun.states() == [State("crm", 3, "gone", 3, 0)]
    assert await begun.disable("crm", None) is True
    assert await begun.fan_out("crm", everything, NOW) == 1
    assert await claimed(begun) == ["evt_a1", "evt_b1", "evt_c1"]
    assert await begun.disable("never", "gone") is False
