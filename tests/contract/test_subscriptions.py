"""The port `SubscriptionStore`, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest

from services.adapters.sql.deliveries import SqlDeliveries
from services.adapters.sql.subscriptions import SqlSubscriptions
from services.ports.deliveries import Attempt, State
from services.ports.subscriptions import SubscriptionRow
from tests.contract.test_replays import everything, record

NOW = datetime(2026, 6, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)


@pytest.fixture
def subscriptions(store):
    return SqlSubscriptions(store.engines)


@pytest.fixture
def deliveries(store):
    return SqlDeliveries(store.engines)


def row(name="crm", **more):
    plain = SubscriptionRow(name, 1, '{"a": 1}', b"\x00sealed\xff", "ops", NOW, NOW)
    return plain._replace(**more)


async def test_what_was_made_is_read_as_it_was_written_by_name(subscriptions):
    assert await subscriptions.create(row("ops"), 10) is True
    assert await subscriptions.create(row("crm"), 10) is True
    assert await subscriptions.all() == [row("crm"), row("ops")]
    assert await subscriptions.one("crm") == row("crm") and await subscriptions.one("none") is None


async def test_a_name_is_given_once_and_there_are_no_more_than_may_be(subscriptions):
    assert await subscriptions.create(row("crm"), 2) is True
    assert await subscriptions.create(row("crm", body="other"), 2) is False
    assert await subscriptions.create(row("ops"), 2) is True
    assert await subscriptions.create(row("third"), 2) is None
    assert await subscriptions.all() == [row("crm"), row("ops")]


async def test_of_two_changes_of_one_revision_one_is_made(subscriptions):
    await subscriptions.create(row(), 10)
    changed = row(revision=2, body="new", secrets=b"other", changed_at=LATER)
    assert await subscriptions.change(changed) is True
    assert await subscriptions.change(row(revision=2, body="lost")) is False
    assert await subscriptions.one("crm") == changed
    assert await subscriptions.change(row("none", revision=2)) is False


async def test_it_begins_with_the_next_event_even_if_the_role_is_not_there_yet(store, subscriptions, deliveries):
    await record(store, NOW, "a")
    await subscriptions.create(row(), 10)
    await record(store, NOW, "b")
    assert await deliveries.fan_out("crm", everything, NOW, begins=False) == 1
    assert [due.event_id for due in await deliveries.claim("crm", NOW, LATER, 10)] == ["evt_b"]


async def test_what_was_removed_is_sent_nothing_more_even_by_who_has_not_heard_of_it(store, subscriptions, deliveries):
    await subscriptions.create(row(), 10)
    await record(store, NOW, "a", "b")
    await deliveries.fan_out("crm", everything, NOW, begins=False)
    (due, _) = await deliveries.claim("crm", NOW, LATER, 10)
    assert await subscriptions.remove("crm", NOW) is True
    assert await subscriptions.remove("crm", NOW) is False
    assert await subscriptions.all() == [] and await deliveries.states() == []
    await record(store, NOW, "c")
    assert await deliveries.fan_out("crm", everything, NOW, begins=False) == 0
    await deliveries.finish(due, Attempt(NOW, 500, None, 1), "pending", NOW, judge=lambda health: health)
    assert await deliveries.claim("crm", LATER, LATER, 10) == []
    assert await deliveries.states() == []
    assert {tried.state for tried in await deliveries.attempts("crm")} == {"dropped"}


async def test_one_of_the_same_name_begins_as_if_there_had_been_none(store, subscriptions, deliveries):
    await deliveries.fan_out("crm", everything, NOW)
    await record(store, NOW, "a")
    await deliveries.fan_out("crm", everything, NOW)
    await deliveries.disable("crm", "of the file, long ago")
    await subscriptions.create(row(), 10)
    assert await deliveries.states() == [State("crm", 1, None, 0, 0)]
    await record(store, NOW, "b")
    await deliveries.fan_out("crm", everything, NOW, begins=False)
    assert [due.event_id for due in await deliveries.claim("crm", NOW, LATER, 10)] == ["evt_b"]
