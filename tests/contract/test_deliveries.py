"""The port `Deliveries`, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.adapters.sql.deliveries import SqlDeliveries
from services.ports.deliveries import HELD, Attempt, Change, Health, Outcome, Pace, State, Tried
from services.ports.instants import micros
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


async def test_who_comes_late_leaves_the_event_to_whoever_holds_it_now(begun):
    (late, _) = await begun.claim("crm", NOW, SOON, 10)
    later = SOON + timedelta(seconds=30)
    (again, _) = await begun.claim("crm", SOON, later, 10)
    await begun.finish(late, REFUSED, "pending", NOW)
    assert await claimed(begun, SOON) == []
    await begun.finish(late, TAKEN, "delivered", None)
    assert await claimed(begun, SOON) == []
    await begun.finish(again, REFUSED, "pending", SOON)
    assert await claimed(begun, SOON) == ["evt_a1"]
    assert [tried.status for tried in await begun.attempts("crm")] == [None, 204, None]


async def test_what_waits_for_somebody_is_in_no_index_that_a_claim_reads(store, begun):
    statement = begun._due(probes=False)
    for due in await begun.claim("crm", NOW, SOON, 10):
        await begun.finish(due, REFUSED, "pending", HELD)
    assert await claimed(begun, datetime(9998, 1, 1, tzinfo=UTC)) == []
    async with store.engines.read() as conn:
        if not store.engines.sqlite:
            await conn.execute(text("SET enable_seqscan = off"))
            await conn.execute(text("SET enable_sort = off"))
        words = "EXPLAIN QUERY PLAN" if store.engines.sqlite else "EXPLAIN"
        values = {"s": "crm", "now": micros(NOW), "n": 10}
        plan = str((await conn.execute(text(f"{words} {statement}"), values)).all())
    assert "deliveries_in_turn" in plan and "SCAN d" not in plan


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


def opens(until):
    return lambda health: health._replace(
        failures=health.failures + 1, failing_since=NOW, pause="open", paused_until=until
    )


def closes(health):
    return Health()


async def test_what_a_try_says_of_the_receiver_is_kept_and_told_with_what_was_before(begun):
    (first, second) = await begun.claim("crm", NOW, SOON, 10)
    opened = Health(failures=1, failing_since=NOW, openings=0, pause="open", paused_until=SOON)
    assert await begun.finish(first, REFUSED, "pending", SOON, judge=opens(SOON)) == Change(Health(), opened)
    (state,) = await begun.states()
    assert (state.failures, state.failing_since, state.pause, state.paused_until) == (1, NOW, "open", SOON)
    assert await begun.finish(second, REFUSED, "pending", SOON, judge=lambda health: health) is None
    assert (await begun.states())[0][5:] == state[5:]


async def test_while_its_breaker_is_open_nothing_is_claimed_and_then_one_probe_by_one_process(begun):
    later = SOON + timedelta(seconds=30)
    (first, second) = await begun.claim("crm", NOW, SOON, 10)
    tomorrow = NOW + timedelta(days=1)
    await begun.finish(first, REFUSED, "pending", tomorrow, judge=opens(SOON))
    await begun.finish(second, REFUSED, "pending", tomorrow, judge=opens(SOON))
    assert await begun.claim("crm", SOON - timedelta(microseconds=1), later, 10) == []
    (probe,) = await begun.claim("crm", SOON, later, 10)
    assert (probe.event_id, probe.is_probe) == ("evt_a1", True)
    assert await begun.claim("crm", SOON, later, 10) == [], "until it is over"
    (again,) = await begun.claim("crm", later, later + timedelta(seconds=30), 10)
    assert again.is_probe, "whoever made the first was killed"
    end = later + timedelta(seconds=30)
    assert (await begun.finish(again, TAKEN, "delivered", None, judge=closes)).after == Health()
    assert [due.is_probe for due in await begun.claim("crm", end, end, 10)] == [False, False]


async def test_the_probe_is_what_was_tried_least_so_that_one_bad_event_keeps_no_breaker_open(begun):
    (first, _) = await begun.claim("crm", NOW, NOW, 10)
    await begun.finish(first, REFUSED, "pending", NOW, judge=opens(NOW))
    (probe,) = await begun.claim("crm", NOW, SOON, 10)
    assert probe.event_id == "evt_b1"


async def test_once_the_breaker_closes_all_that_waits_is_due_at_once(begun):
    (first, second) = await begun.claim("crm", NOW, NOW, 10)
    await begun.finish(first, REFUSED, "pending", NOW + timedelta(hours=5), judge=opens(NOW))
    assert await claimed(begun, SOON, limit=1) == ["evt_b1"]
    at = SOON + timedelta(seconds=1)
    await begun.finish(second, TAKEN._replace(at=at), "delivered", None, judge=closes)
    assert await claimed(begun, at) == ["evt_a1"]


async def test_a_try_that_is_spared_is_counted_apart(begun):
    (first, _) = await begun.claim("crm", NOW, SOON, 10)
    await begun.finish(first, REFUSED, "pending", NOW, spare=True)
    (again,) = await begun.claim("crm", NOW, SOON, 1)
    assert (again.attempts, again.spared) == (1, 1)
    await begun.finish(again, REFUSED, "pending", NOW)
    (third,) = await begun.claim("crm", NOW, SOON, 1)
    assert (third.attempts, third.spared) == (2, 1)


async def test_a_pace_is_shared_by_all_who_claim_and_survives_them(store, begun):
    await happen(store, *[(lead, 1) for lead in "cdefgh"])
    await begun.fan_out("crm", everything, NOW)
    pace = Pace(timedelta(seconds=10), 3)
    assert len(await begun.claim("crm", NOW, SOON, 2, pace)) == 2
    another = SqlDeliveries(store.engines)
    assert len(await another.claim("crm", NOW, SOON, 10, pace)) == 1
    assert await another.claim("crm", NOW + timedelta(seconds=9), SOON, 10, pace) == []
    assert len(await begun.claim("crm", NOW + timedelta(seconds=10), SOON, 10, pace)) == 1
    assert len(await begun.claim("crm", NOW + timedelta(hours=1), SOON, 10, pace)) == 3


async def test_what_is_enabled_again_begins_with_what_failed_and_without_its_failures(begun):
    (first, _) = await begun.claim("crm", NOW, SOON, 10)
    await begun.finish(first, REFUSED, "pending", NOW + timedelta(days=1), judge=opens(NOW + timedelta(days=1)))
    assert await begun.disable("crm", "it took nothing for days") is True
    assert await claimed(begun, NOW + timedelta(days=2)) == []
    assert await begun.disable("crm", None) is True
    assert await begun.states() == [State("crm", 3, None, 3, 0)]
    assert await claimed(begun, SOON) == ["evt_a1", "evt_b1"]


async def test_tries_that_end_together_are_noted_together_with_one_change(begun):
    (first, second) = await begun.claim("crm", NOW, SOON, 10)

    def fails(health):
        return health._replace(failures=health.failures + 1, failing_since=NOW)

    change = await begun.finish_all(
        [Outcome(second, TAKEN, "delivered", None), Outcome(first, REFUSED, "pending", SOON, spare=True, judge=fails)]
    )
    assert change == Change(Health(), Health(failures=1, failing_since=NOW))
    assert [(t.event_id, t.state, t.status) for t in await begun.attempts("crm")] == [
        ("evt_a1", "pending", None), ("evt_b1", "delivered", 204),
    ]  # fmt: skip
    (again,) = await begun.claim("crm", SOON, SOON, 10)
    assert (again.event_id, again.attempts, again.spared) == ("evt_a1", 1, 1)


async def test_what_was_claimed_and_not_begun_is_given_back_and_no_longer_known_by_its_claim(begun):
    (first, second) = await begun.claim("crm", NOW, SOON, 10)
    await begun.release([second, first])
    later = SOON + timedelta(seconds=30)
    assert [due[:3] for due in await begun.claim("crm", NOW, later, 10)] == [first[:3], second[:3]], "as before"
    await begun.release([first, second])
    assert await begun.claim("crm", NOW, later, 10) == [], "whoever holds them now keeps them"
    await begun.finish(first, Attempt(NOW, 204, None, 5), "delivered", None)
    (state,) = await begun.states()
    assert state.pending == 3, "the try is noted, the event is theirs"


async def test_whether_a_subscription_is_sent_anything_can_be_asked_without_a_claim(begun):
    assert not await begun.is_paused("crm", NOW) and not await begun.is_paused("nobody", NOW)
    (first, _) = await begun.claim("crm", NOW, NOW, 10)
    await begun.finish(first, REFUSED, "pending", SOON, judge=lambda _: Health(pause="throttled", paused_until=SOON))
    assert await begun.is_paused("crm", NOW) and not await begun.is_paused("crm", SOON)
    await begun.disable("crm", "by hand")
    assert await begun.is_paused("crm", SOON)


async def test_many_tries_are_noted_together_each_by_its_own_claim(begun):
    (first, second) = await begun.claim("crm", NOW, SOON, 10)
    attempt = Attempt(NOW, 500, None, 5)
    await begun.finish_all(
        [
            Outcome(first, attempt, "pending", SOON, spare=True),
            Outcome(second._replace(until=NOW), attempt, "failed", None),
        ]
    )
    assert await claimed(begun, NOW) == []
    (again, other) = await begun.claim("crm", SOON, SOON, 10)
    assert (again.attempts, again.spared, other.attempts) == (1, 1, 0)
    tried = await begun.attempts("crm")
    assert sorted((t.event_id, t.state, t.number) for t in tried) == sorted(
        (due.event_id, "pending", 1) for due in (first, second)
    )
