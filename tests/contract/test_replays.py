"""The port `DeliveryReplays`, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest

from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.replays import SLACK
from services.delivery.replay import TooMany, replay_window
from services.ports.deliveries import Attempt, Replayed, Window
from services.ports.rows import OutboxRow, Writes

NOW = datetime(2026, 6, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALWAYS = Window(NOW - 1000 * HOUR, NOW + 1000 * HOUR)
TAKEN = Attempt(NOW, 204, None, 7)


@pytest.fixture
def deliveries(store):
    return SqlDeliveries(store.engines)


def everything(topic, event_type, head):
    return True


async def record(store, at, *names):
    """Events of a lead of their own each, recorded then."""
    rows = [OutboxRow(f"evt_{n}", "leads", n, 1, f"type_{n}", "key", f'{{"of":"{n}","personal":', None) for n in names]
    async with store.batch() as batch:
        await batch.write(Writes(outbox=rows))
    epoch = await store.acquire_lease("relay", "me", 10)
    await store.move_to_events(await store.outbox(100), "relay", epoch, at)


async def take_all(deliveries, at=NOW):
    due = await deliveries.claim("crm", at, at, 100)
    for one in due:
        await deliveries.finish(one, TAKEN, "delivered", None)
    return [one.event_id for one in due]


@pytest.fixture
async def hours(store, deliveries):
    """Five events, one an hour, all taken."""
    await deliveries.fan_out("crm", everything, NOW)
    for number, name in enumerate("abcde"):
        await record(store, NOW + number * HOUR, name)
    await deliveries.fan_out("crm", everything, NOW)
    assert len(await take_all(deliveries)) == 5
    return deliveries


async def test_a_window_is_sent_once_more_from_its_begin_up_to_its_end(hours):
    window = Window(NOW + HOUR, NOW + 3 * HOUR)
    assert await replay_window(hours, "crm", everything, NOW, window=window) == 2
    assert await take_all(hours) == ["evt_b", "evt_c"]
    assert await take_all(hours) == []


async def test_only_what_the_subscription_gets_is_sent_once_more(hours):
    def matches(topic, event_type, head):
        return (topic, event_type, head) == ("leads", "type_d", '{"of":"d","personal":')

    assert await replay_window(hours, "crm", matches, NOW, window=ALWAYS) == 1
    assert await take_all(hours) == ["evt_d"]


async def test_a_window_goes_page_by_page_and_asked_twice_gives_each_once(hours):
    page = await hours.replay("crm", everything, NOW, window=ALWAYS, after=0, limit=3)
    assert page == Replayed(3, 3, 3)
    assert await hours.replay("crm", everything, NOW, window=ALWAYS, after=3, limit=3) == Replayed(2, 2, 5)
    assert await hours.replay("crm", everything, NOW, window=ALWAYS, after=5, limit=3) == Replayed(0, 0, 5)
    assert await replay_window(hours, "crm", everything, NOW, window=ALWAYS) == 5
    assert await take_all(hours) == [f"evt_{name}" for name in "abcde"]


async def test_a_window_of_too_many_events_is_refused_before_any_is_sent(hours):
    with pytest.raises(TooMany):
        await replay_window(hours, "crm", everything, NOW, window=ALWAYS, most=4)
    assert await take_all(hours) == []
    assert await replay_window(hours, "crm", everything, NOW, window=ALWAYS, most=5) == 5


async def test_tries_of_before_stay_on_record_and_do_not_count_towards_giving_up(hours):
    assert await hours.replay_event("crm", "evt_a", everything, NOW) is True
    (due,) = await hours.claim("crm", NOW, NOW, 10)
    assert (due.attempts, due.spared) == (1, 1)
    await hours.finish(due, TAKEN, "delivered", None)
    assert [(t.number, t.state) for t in await hours.attempts("crm") if t.event_id == "evt_a"] == [
        (1, "delivered"), (2, "delivered"),
    ]  # fmt: skip


async def test_an_event_that_was_given_up_goes_again_and_what_waits_is_due_at_once(store, hours):
    await record(store, NOW, "f", "g")
    await hours.fan_out("crm", everything, NOW)
    (first, second) = await hours.claim("crm", NOW, NOW, 10)
    await hours.finish(first, TAKEN, "failed", None)
    await hours.finish(second, TAKEN, "pending", NOW + 10 * HOUR)
    assert await hours.replay_event("crm", "evt_f", everything, NOW) is True
    assert await hours.replay_event("crm", "evt_g", everything, NOW) is True
    (first, second) = await hours.claim("crm", NOW, NOW, 10)
    assert [(due.event_id, due.attempts, due.spared) for due in (first, second)] == [("evt_f", 1, 1), ("evt_g", 1, 0)]
    assert (await hours.states())[0].failed == 0


async def test_an_event_that_is_under_way_when_it_is_replayed_goes_out_once_more(store, hours):
    await record(store, NOW + 5 * HOUR, "f")
    await hours.fan_out("crm", everything, NOW)
    (due,) = await hours.claim("crm", NOW, NOW + HOUR, 1)
    assert await hours.replay_event("crm", "evt_f", everything, NOW)
    await hours.finish(due, TAKEN, "delivered", None)
    assert await take_all(hours) == ["evt_f"]


async def test_one_event_is_replayed_only_where_it_is_one_and_the_subscription_gets_it(store, hours):
    assert await hours.replay_event("crm", "evt_none", everything, NOW) is None
    assert await hours.replay_event("crm", "evt_a", lambda *_: False, NOW) is False
    await record(store, NOW, "f")
    assert await hours.replay_event("crm", "evt_f", everything, NOW) is None, (
        "it is not fanned out yet, and goes anyway"
    )
    assert await take_all(hours) == []
    assert await hours.fan_out("crm", everything, NOW) == 1, "nothing is in the way of its own turn"
    assert await take_all(hours) == ["evt_f"]


async def test_what_housekeeping_removed_and_what_was_before_the_subscription_can_be_sent(hours):
    assert await hours.replay_event("new", "evt_b", everything, NOW) is True
    assert await replay_window(hours, "new", everything, NOW, window=Window(NOW + 3 * HOUR, NOW + 9 * HOUR)) == 2
    due = await hours.claim("new", NOW, NOW, 10)
    assert [one.event_id for one in due] == ["evt_b", "evt_d", "evt_e"]


async def test_a_disabled_subscription_is_sent_it_once_it_is_enabled(hours):
    await hours.disable("crm", "by an operator")
    assert await hours.replay_event("crm", "evt_a", everything, NOW) is True
    assert await take_all(hours) == []
    await hours.disable("crm", None)
    assert await take_all(hours) == ["evt_a"]


async def test_a_position_is_found_by_halves_whatever_the_clocks_of_two_relays_differed_by(store, deliveries):
    at = [0, 1, 2, 3, 3, 2, 4, 5, 6, 7]
    for number, minutes in enumerate(at):
        await record(store, NOW + timedelta(minutes=minutes), f"n{number}")
    for minutes in range(-30, 60, 3):
        instant = NOW + timedelta(minutes=minutes)
        position = await deliveries.position_before(instant)
        assert all(NOW + timedelta(minutes=m) < instant for m in at[:position])
        later = [m for m in at if NOW + timedelta(minutes=m) < instant - SLACK]
        assert position >= len(later), "and not far before"
    assert await deliveries.position_before(NOW - HOUR) == 0


async def test_in_an_empty_feed_there_is_nothing_to_replay(deliveries):
    assert await replay_window(deliveries, "crm", everything, NOW, window=ALWAYS) == 0
