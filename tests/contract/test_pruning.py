"""What is too old goes, what is still needed stays, on both engines."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import text

from services.adapters.sql import alert_tables, log_tables, pruning, session_tables, sink_tables
from services.adapters.sql import tables as t
from services.ports.errors import StoreUnavailable
from services.ports.instants import micros
from services.relay.housekeeping import Housekeeper

NOW = datetime(2026, 6, 8, tzinfo=UTC)
OLD, YOUNG = micros(NOW - timedelta(days=40)), micros(NOW - timedelta(days=1))
KEEP = dict.fromkeys(pruning.RULES, timedelta(days=30))


async def put(store, table, columns, *rows):
    async with store.engines.write() as conn:
        await store.engines.dialect.insert(conn, table, columns.split(), rows)


async def left(store, table, column):
    async with store.engines.read() as conn:
        return [row[0] for row in await conn.execute(text(f"SELECT {column} FROM {table} ORDER BY 1"))]  # noqa: S608 - names are ours, values are parameters


async def tidy(store):
    async def prune(before):
        return await pruning.prune(store.engines, before)

    return await Housekeeper(prune, KEEP, lambda: NOW, timedelta(hours=1)).tidy()


async def test_the_inbox_forgets_in_batches_what_is_older_than_its_retention(store, monkeypatch):
    monkeypatch.setattr(pruning, "BATCH", 3)
    rows = [(f"old{i}", 0, OLD) for i in range(8)] + [("young", 0, YOUNG)]
    await put(store, t.inbox, "signal_id attempt entered_at", *rows)
    assert await tidy(store) == {"inbox": 8}
    assert await left(store, "inbox", "signal_id") == ["young"]


async def test_a_record_of_the_log_stays_until_every_group_has_read_it(store):
    columns = "topic partition record_offset key body appended_at"
    await put(
        store,
        log_tables.log_records,
        columns,
        *[("t", 0, n, b"", b"", OLD) for n in range(6)],
        ("t", 0, 6, b"", b"", YOUNG),
    )
    await put(store, log_tables.log_records, columns, ("t", 1, 0, b"", b"", OLD))
    assert await tidy(store) == {}, "nobody has read anything yet"
    names = "consumer_group topic cluster partition next_offset"
    await put(store, t.positions, names, ("router", "t", "c", 0, 7), ("other", "t", "c", 0, 4))
    assert await tidy(store) == {"log_records": 4}
    assert await left(store, "log_records", "record_offset") == [0, 4, 5, 6]


async def test_dead_letters_that_wait_are_never_removed(store):
    columns = "id lead_id attempt state reason error_class origin recorded_at"
    states = ("dead", "queued", "redriven", "dropped")
    await put(store, t.dead_letters, columns, *[(s, None, 0, s, "", "", "", OLD) for s in states])
    assert await tidy(store) == {"dead_letters": 2}
    assert await left(store, "dead_letters", "id") == ["dead", "queued"]


async def test_deliveries_go_with_their_attempts_and_pending_ones_stay(store):
    columns = "id subscription position event_id lead_id state attempts next_at claimed_until created_at finished_at"
    await put(
        store, t.deliveries, columns,
        ("done", "s", 1, "e", "l", "delivered", 1, 0, 0, OLD, OLD),
        ("waits", "s", 2, "e", "l", "pending", 1, 0, 0, OLD, None),
        ("fresh", "s", 3, "e", "l", "failed", 1, 0, 0, OLD, YOUNG),
    )  # fmt: skip
    await put(
        store, t.delivery_attempts, "delivery_id number at duration_ms", *[(d, 1, OLD, 5) for d in ("done", "waits")]
    )
    assert await tidy(store) == {"delivery_attempts": 1, "deliveries": 1}
    assert await left(store, "deliveries", "id") == ["fresh", "waits"]
    assert await left(store, "delivery_attempts", "delivery_id") == ["waits"]


async def test_steps_of_a_sink_go_with_their_delivery_and_those_of_an_event_that_waits_stay(store):
    deliveries = "id subscription position event_id lead_id state attempts next_at claimed_until created_at finished_at"
    rows = (("over", "delivered", OLD), ("waits", "pending", None), ("late", "delivered", YOUNG))
    await put(
        store, t.deliveries, deliveries,
        *[(f"{e}.sink/crm", "sink/crm", n, e, "l", state, 1, 0, 0, OLD, end) for n, (e, state, end) in enumerate(rows)],
    )  # fmt: skip
    steps = "target event_id name lead_id state attempts at personal"
    told = [("over", OLD), ("waits", OLD), ("late", OLD), ("of_no_delivery", OLD), ("fresh", YOUNG)]
    await put(
        store, sink_tables.sink_steps, steps, *[("sink/crm", e, "contact", "l", "done", 1, at, "x") for e, at in told]
    )
    records = "target kind key lead_id state made_by adopted number"
    await put(store, sink_tables.sink_records, records, ("sink/crm", "contact", "l", "l", "present", "over", False, 1))
    assert await tidy(store) == {"sink_steps": 2, "deliveries": 1}
    assert await left(store, "sink_steps", "event_id") == ["fresh", "late", "waits"]
    assert await left(store, "sink_records", "key") == ["l"]


async def test_a_store_that_is_away_is_tidied_up_another_time():
    async def away(_):
        raise StoreUnavailable

    assert await Housekeeper(away, KEEP, lambda: NOW, timedelta(hours=1)).tidy() == {}


async def test_incidents_that_are_over_and_what_was_told_go_and_what_is_open_stays(store):
    columns = "id about subject state opened_at resolved_at body"
    await put(
        store, alert_tables.incidents, columns,
        ("over", "1", "l", "resolved", OLD, OLD, ""),
        ("open", "2", "l", "firing", OLD, None, ""),
        ("fresh", "3", "l", "resolved", OLD, YOUNG, ""),
    )  # fmt: skip
    told = "id channel person thread grouping state attempts next_at claimed_until created_at finished_at body"
    await put(
        store, alert_tables.alert_notifications, told,
        ("sent", "c", "", "t", "g", "sent", 1, 0, 0, OLD, OLD, ""),
        ("lost", "gone", "", "t", "g", "pending", 0, 0, 0, OLD, None, ""),
        ("late", "c", "", "t", "g", "failed", 1, 0, 0, OLD, YOUNG, ""),
    )  # fmt: skip
    assert await tidy(store) == {"incidents": 1, "alert_notifications": 2}
    assert await left(store, "incidents", "id") == ["fresh", "open"]
    assert await left(store, "alert_notifications", "id") == ["late"]


async def test_sessions_and_links_go_once_they_are_over(store):
    sessions = "digest person created_at expires_at ends_at"
    await put(store, session_tables.sessions, sessions, ("old", "p", OLD, OLD, OLD), ("young", "p", OLD, YOUNG, YOUNG))
    links = "digest person expires_at"
    await put(store, session_tables.one_time_links, links, ("old", "p", OLD), ("young", "p", YOUNG))
    assert await tidy(store) == {"sessions": 1, "one_time_links": 1}
    assert await left(store, "sessions", "digest") == await left(store, "one_time_links", "digest") == ["young"]
