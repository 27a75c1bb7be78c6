"""The store's own promises, on both engines."""

import asyncio
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from aiokafka.partitioner import DefaultPartitioner
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from services.adapters.log.partitioner import partition_of
from services.adapters.sql.engine import one_shot
from services.adapters.sql.migrate import config, downgrade, upgrade
from services.adapters.sql.reading import SqlReading
from services.adapters.sql.store import SqlStore
from services.adapters.sql.tables import HEAD, metadata
from services.ports.errors import ClusterChanged, Conflict, Fenced, SchemaOutdated, SpoolFull, StoreUnavailable
from services.ports.instants import micros
from services.ports.rows import (
    DeadLetter,
    LeadRow,
    LinkRow,
    OutboxRow,
    Position,
    Quarantine,
    RecordOut,
    Writes,
)
from services.settings.resources import migrations_dir

NOW = datetime(2026, 6, 8, tzinfo=UTC)
EMPTY = Writes()


@pytest.mark.parametrize("migrated_url", ["real-postgres"], indirect=True)
@pytest.mark.parametrize("patient", [False, True])
async def test_a_question_is_no_transaction_and_what_is_written_is_one(store, patient):
    async with store.engines.read(patient=patient) as conn:
        assert (await conn.execute(text("SELECT 1"))).scalar() == 1
        assert not (await conn.get_raw_connection()).driver_connection.is_in_transaction()
    async with store.engines.write(patient=patient) as conn:
        assert (await conn.execute(text("SELECT 1"))).scalar() == 1
        assert (await conn.get_raw_connection()).driver_connection.is_in_transaction(), "on the same connection"


def out(number):
    return OutboxRow(f"evt_{number}", "leads", "lead_x", number, "t", "key", "{", None)


async def test_migrations_go_up_down_and_up_and_agree_with_the_tables(url):
    await upgrade(url)
    await downgrade(url, "base")
    await upgrade(url)
    engine = one_shot(url)
    async with engine.connect() as conn:
        differences = await conn.run_sync(lambda c: compare_metadata(MigrationContext.configure(c), metadata))
    await engine.dispose()
    assert differences == []


async def test_a_store_without_the_schema_says_what_to_run(url):
    with pytest.raises(SchemaOutdated, match="stafett db upgrade"):
        await SqlStore(url).start()


@pytest.mark.parametrize(
    ("change", "lack"),
    [
        ("ALTER TABLE agreements DROP COLUMN holidays", "table `agreements` has no column `holidays`"),
        ("DROP TABLE approvals", "there is no table `approvals`"),
    ],
)
@pytest.mark.parametrize("revision", ["0001", "head"])
async def test_a_database_that_a_draft_of_a_revision_made_is_refused_with_what_to_do(url, change, lack, revision):
    await upgrade(url, revision)
    await execute_all(url, change)
    for attempt in (upgrade(url), *([SqlStore(url).start()] if revision == "head" else [])):
        with pytest.raises(SchemaOutdated, match="name a new database") as caught:
            await attempt
        assert lack in str(caught.value)


async def test_a_column_of_somebody_elses_is_no_concern_of_ours(url):
    await upgrade(url)
    await execute_all(url, "ALTER TABLE leads ADD COLUMN theirs TEXT")
    await upgrade(url)
    store = SqlStore(url)
    await store.start()
    await store.close()


async def execute_all(url, *statements):
    engine = one_shot(url)
    async with engine.begin() as conn:
        for statement in statements:
            await conn.execute(text(statement))
    await engine.dispose()


OLD = {
    "a": ("no_lead", "it names nobody: no e-mail address", "sales.won", ("no_lead", "names_nobody", "crm")),
    "b": ("no_lead", "nobody known is named, and x alone makes no lead", "x", ("no_lead", "nobody_known", "crm")),
    "c": ("recorded", "refused: claim is for sales", "x", ("refused", "unsorted", "crm")),
    "d": ("recorded", "it was not on hold", "x", ("ignored", "unsorted", "crm")),
    "e": ("recorded", "", "x", (None, None, None)),
    "f": ("changed", "not a person's doing", "x", (None, None, None)),
    "g": ("recorded", "the clock is over, or was changed since", "clock.due", (None, None, None)),
}


async def test_what_came_to_nothing_before_is_sorted_when_the_schema_is_upgraded(url):
    await upgrade(url, "0001")
    await execute_all(
        url,
        *(
            "INSERT INTO history (signal_id, attempt, kind, mode, occurred_at, received_at, recorded_at, facts, outcome, note,"  # noqa: S608 - names are ours, values are parameters
            f""" decision) VALUES ('{ident}', 0, '{kind}', 'live', 1, 1, 1, '{{"source": "crm"}}', '{outcome}', '{note}', '{{}}')"""
            for ident, (outcome, written, kind, _) in OLD.items()
            for note in [written.replace("'", "''")]
        ),
    )
    await upgrade(url)
    store = SqlStore(url)
    await store.start()
    for ident, (*_, expected) in OLD.items():
        ((_, row),) = await SqlReading(store.engines).history_of_signal(ident)
        assert (row.fate, row.reason, row.source) == expected, ident
    await store.close()


async def test_who_waited_before_queues_were_kept_is_in_one_after_the_upgrade(url):
    await upgrade(url, "0003")
    await execute_all(
        url,
        "INSERT INTO leads (id, brand, stage, disposition, held, version, state, updated_at)"
        " VALUES ('lead_a', 'default', 'hand_over', 'active', false, 1, '{}', 1), ('lead_b', 'default', 'deal', 'active', false, 1, '{}', 1)",
        "INSERT INTO clocks (id, lead_id, policy, state, revision, due_at, next_at, partition_key, body) VALUES"
        """ ('clk_a', 'lead_a', 'queue', 'running', 1, 2, 2, 'k', '{"started_at": "2026-06-08T00:00:00.000001Z"}')""",
    )
    await upgrade(url)
    store = SqlStore(url)
    await store.start()
    reading = SqlReading(store.engines)
    assert await reading.queues() == [("hand_over/", 1, NOW + timedelta(microseconds=1))]
    assert [row.id for row in await reading.waiting("hand_over/")] == ["lead_a"]
    await store.close()


FROZEN = {
    "v0001_spine.py": "e6511be06ce0ab71857713e2dcdaf8aec15d5a79f538d8abda633fa9979ea40e",
    "v0002_fates.py": "29f88858488422d9562fd15f1f0f99070aad3d7795864ff80097fe9bc5f15507",
    "v0003_front_door.py": "eb929e8278eeca3e0554da13ae761f87002f31eddc1fe7aad98234d6bd39bbc2",
    "v0004_queues.py": "69311a116fa8f969eb886062401ab4769aa7eeed83a058c444f7b90ccd32673a",
    "v0005_withdrawals.py": "8424ec8504c966c0cad68697bfff4e41269e81b20a0c86f3551349483079a0b5",
    "v0006_kinds.py": "8f6ceb36b2f538ba5d5a7dd82aa243cd77b9e56c54a120bd793cac1c5abae7f3",
    "v0007_receivers.py": "50a34a0da49561309e4214bbcd7716b76e6414f64c05b673466a81ad93cd7167",
    "v0008_incidents.py": "b647a802933fc4005d9d0d5bb93bd243176f24a7aec2e6bdab0c9f068d29723b",
    "v0009_sinks.py": "afdba6597328b1386547b64115e0c9d439cc151c7645989f4d18d53eb3b77fcf",
    "v0010_sweeps.py": "95a5b9038769e24c0bea79d9927b7eb42b87e773f51a73acbfbfaa7c094f3add",
    "v0011_held.py": "47614f3b1f349cdae7622aa9ea121f38a3eb73da4794903ca68af3a7eb920c00",
    "v0012_sessions.py": "d270e94a5dc744a9faa639711ac79e4fe4fdef7500952128112bd32ab2e119db",
    "v0013_persons.py": "7eaefcdaa7880f1df4748217c567f676c52a7e0bd9c07e9cd4d5b9133ac4a9e7",
    "v0014_written.py": "47b7b90eb58c64e05fe9528f8c913c965c8d1c4200d16a612074c060b76c01e1",
    "v0015_forum.py": "e9bece995cbd5bc52693ffce3e8c65bf3bf3a7ddff562ee948375e56d77f80b1",
    "v0016_source_hours.py": "16bd53e15ac336d086380fdb44bb06b5a03cf7c31c6dd8c367ec3d5cd6e1e255",
    "v0017_filters.py": "357313463bb7d7b76258c2af96756c53a84d2d88864929b628b11755e62454c1",
    "v0018_to_do.py": "a1b135931412cc27d2b1a443ca435f8f6e5fb660b712b7880463b1c664ca0be1",
    "v0019_audit.py": "9d0e007c78841d90e3668a187ce76864752d8b12de36028eaf521b125d0a74e1",
    "v0020_person_keys.py": "98758e5fac6e6dea846729e33549511daf71abb24ac0bedd4f9beb28b0437066",
    "v0021_api_keys.py": "d851e9f8262d994e9634f1209b0c88ff69b9a262a41fb89ff57ae7dba83c729b",
    "v0022_flow_counts.py": "3460ffef649d9cb21e04c9c334c6d8ce4e53f77863ce813f3d0129c2d4a0b2ca",
    "v0023_log_keys.py": "9b85a1f3bd6160f2a436d953781bd73f1ce9ea2f5f2d8b88871b82bdbbd35120",
}


def test_revisions_are_frozen():
    """A database that was made by one has its name: another schema is another revision, in a file of its own."""
    there = {path.name: sha256(path.read_bytes()).hexdigest() for path in (migrations_dir() / "versions").glob("v*.py")}
    assert there == FROZEN


def test_the_revision_that_is_needed_is_the_newest():
    assert ScriptDirectory.from_config(config("sqlite://")).get_current_head() == HEAD


async def test_positions_move_only_from_where_they_were_read(store):
    await store.place("g", "t", "c", [Position(0, 0), Position(1, 0)])
    async with store.batch() as batch:
        await batch.advance("g", "t", "c", {0: (0, 5), 1: (0, 3)})
    with pytest.raises(Fenced):
        async with store.batch() as batch:
            await batch.advance("g", "t", "c", {0: (5, 9), 1: (0, 4)})
    assert await store.all_positions("g", "t", "c") == {0: 5, 1: 3}


async def test_a_first_position_is_stored_once_and_never_over_another(store):
    assert await store.positions("g", "t", "c", [0, 1]) == []
    await store.place("g", "t", "c", [Position(1, 7)])
    await store.place("g", "t", "c", [Position(0, 4), Position(1, 9)])
    assert await store.positions("g", "t", "c", [0, 1, 2]) == [Position(0, 4), Position(1, 7)]
    with pytest.raises(ClusterChanged):
        await store.positions("g", "t", "another", [0])


async def test_of_two_batches_from_one_position_one_is_fenced(store):
    await store.place("g", "t", "c", [Position(0, 0)])

    async def go():
        async with store.batch() as batch:
            await batch.advance("g", "t", "c", {0: (0, 5)})
            await asyncio.sleep(0.05)

    outcomes = await asyncio.gather(go(), go(), return_exceptions=True)
    assert sorted(type(x).__name__ for x in outcomes) == ["Fenced", "NoneType"]


async def test_the_inbox_lets_each_signal_and_attempt_through_once(store):
    async with store.batch() as batch:
        assert await batch.claim_new([("a", 0), ("b", 0)], NOW) == {("a", 0), ("b", 0)}
    async with store.batch() as batch:
        assert await batch.claim_new([("a", 0), ("a", 1)], NOW) == {("a", 1)}


async def test_an_identity_names_one_subject_for_ever(store):
    async with store.batch() as batch:
        await batch.write(EMPTY._replace(links=[LinkRow("default", "email", "d", "lead_1")]))
    with pytest.raises(Conflict):
        async with store.batch() as batch:
            await batch.write(EMPTY._replace(links=[LinkRow("default", "email", "d", "lead_2")]))


def lead(name, **changes):
    plain = LeadRow(name, "default", "contact", "active", None, None, False, 1, "{}", None, None, NOW)
    return plain._replace(**changes)


@pytest.mark.parametrize(
    "changes",
    [
        [{}],
        [{"state": ""}],
        [{"state": "", "held": True}, {}],
        [{"state": "", "owner": ""}, {"state": "", "owner": ""}],
        [{"owner": "karin", "version": 2**62}, {"email_digest": "d", "personal": "\u00e5 \u2013 \U0001f600"}],
        [{"state": "a\x1fb"}, {"state": "\x1e"}, {"owner": "\x1e"}, {"owner": "\x1f"}],
        [{"state": 'a\\N "{},\n\t'}, {"owner": "NULL"}],
    ],
)
async def test_rows_are_read_as_they_were_written(store, changes):
    rows = {f"lead_{i}": lead(f"lead_{i}", **each) for i, each in enumerate(changes)}
    for _ in range(2):  # new, and over themselves
        async with store.batch() as batch:
            await batch.write(EMPTY._replace(leads=list(rows.values())))
        async with store.batch() as batch:
            assert await batch.read_leads(list(rows)) == rows


async def test_events_get_gapless_positions_under_one_lease(store):
    async with store.batch() as batch:
        await batch.write(EMPTY._replace(outbox=[out(i) for i in range(1, 6)]))
    epoch = await store.acquire_lease("relay", "me", 10)
    assert await store.acquire_lease("relay", "you", 10) is None
    entries = await store.outbox(3)
    assert await store.move_to_events(entries, "relay", epoch, NOW) == 3
    with pytest.raises(Fenced):
        await store.move_to_events(entries, "relay", epoch, NOW)
    with pytest.raises(Fenced):
        await store.move_to_events(await store.outbox(3), "relay", epoch + 1, NOW)
    assert await store.move_to_events(await store.outbox(3), "relay", epoch, NOW) == 5


async def test_a_transaction_that_is_cancelled_in_a_statement_holds_nothing_afterwards(store):
    claim = text("UPDATE counters SET value = value WHERE name = 'events'")
    long = text(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) SELECT max(i) OVER () FROM n"
    )
    begun = asyncio.Event()

    async def work():
        # What takes long is on a thread, on SQLite too.
        async with store.engines.write(patient=True) as conn:
            await conn.execute(claim)
            begun.set()
            await conn.execute(long)

    task = asyncio.create_task(work())
    await begun.wait()
    await asyncio.sleep(0.05)
    task.cancel()
    # Whoever keeps the error keeps its frames, and with them what was being executed.
    with pytest.raises(asyncio.CancelledError) as kept:
        await task
    async with asyncio.timeout(10), store.engines.write() as conn:
        await conn.execute(claim)
    assert kept.value.__traceback__


async def test_a_second_process_on_one_sqlite_file_is_refused(tmp_path):
    url = f"sqlite+aiosqlite:///{tmp_path}/s.db"
    await upgrade(url)
    first, second = SqlStore(url), SqlStore(url)
    await first.start()
    with pytest.raises(StoreUnavailable, match="another process"):
        await second.start()
    await second.close()
    await first.close()


@given(st.binary(max_size=40), st.integers(1, 48))
def test_keys_are_placed_where_kafka_places_them(key, partitions):
    places = list(range(partitions))
    assert partition_of(key, partitions) == DefaultPartitioner()(key, places, places)


def to_spool(*numbers):
    return [RecordOut("t", f"k{n}".encode(), str(n).encode()) for n in numbers]


def a_letter(ident):
    return DeadLetter(ident, None, None, 0, "dead", "larger", "RecordTooLarge", "t/spool/2", None, None, b"2", NOW)


async def test_the_spool_keeps_order_and_forgets_only_what_it_is_told_to(store):
    assert not await store.has_spooled()
    await store.spool(to_spool(1, 2, 3), 100)
    assert await store.has_spooled()
    first, second, third = await store.spool_entries(100)
    assert [entry.record.value for entry in (first, second, third)] == [b"1", b"2", b"3"]
    await store.unspool([first.id, second.id], [a_letter("dl_2")])
    assert await store.spool_entries(100) == [third]
    letters = await SqlReading(store.engines).dead_letters(limit=10)
    assert [(letter.id, letter.raw) for letter in letters] == [("dl_2", b"2")]
    await store.unspool([third.id], [a_letter("dl_2")])
    assert len(await SqlReading(store.engines).dead_letters(limit=10)) == 1, "killed in between, it is the same letter"


async def test_the_spools_limit_is_kept_and_its_counting_costs_one_look_a_second(url):
    await upgrade(url)
    seconds = 100.0
    store = SqlStore(url, ticks=lambda: seconds)
    await store.start()
    await store.spool(to_spool(1, 2), 3)
    with pytest.raises(SpoolFull, match="2 signals wait"):
        await store.spool(to_spool(3, 4), 3)
    await store.spool(to_spool(3), 3)
    await store.unspool([entry.id for entry in await store.spool_entries(2)])
    with pytest.raises(StoreUnavailable, match="3 signals wait"):
        await store.spool(to_spool(4), 3)
    seconds = 101.0
    await store.check_spool(2)
    await store.spool(to_spool(4, 5), 3)
    with pytest.raises(SpoolFull):
        await store.check_spool(3)
    assert len(await store.spool_entries(10)) == 3
    await store.close()


def set_aside(place, body=b"{", **more):
    given = {"reason": "why", "content_type": None, "headers": "{}", "mode": "live", "received_at": NOW, **more}
    return Quarantine(id=f"qua_{place}", source="s", place=place, body=body, **given)


async def test_what_is_set_aside_again_is_the_same_entry_with_the_reason_of_now(store):
    await store.quarantine([set_aside("a"), set_aside("b")])
    await store.quarantine([set_aside("a", reason="other")])
    kept = await SqlReading(store.engines).quarantine_entries()
    assert [(entry.place, entry.reason) for entry in kept] == [("a", "other"), ("b", "why")]


async def test_of_a_delivery_only_what_is_left_stays_in_quarantine(store):
    others = [set_aside("x", body=b"["), set_aside("y", received_at=NOW.replace(day=9))]
    await store.quarantine([set_aside("a"), set_aside("b"), set_aside("c"), *others])
    await store.requarantine(set_aside("a"), [set_aside("b", reason="other"), set_aside("d")])
    kept = await SqlReading(store.engines).quarantine_entries()
    assert {entry.place: entry.reason for entry in kept} == {"b": "other", "d": "why", "x": "why", "y": "why"}


async def test_what_is_taken_of_spool_and_outbox_at_once_is_bounded_in_bytes_and_keeps_its_order(store):
    texts = ["a" * 400, "é" * 200, "b" * 10, "c" * 5000, "d" * 10]  # 400, 400, 10, 5000 and 10 bytes
    await store.spool([RecordOut("t", b"k", said.encode()) for said in texts], 100)
    rows = [out(n)._replace(head=said[:-5], personal=said[-5:]) for n, said in enumerate(texts)]
    async with store.batch() as batch:
        await batch.write(EMPTY._replace(outbox=rows))
    for size, expected in ((400, 1), (401, 2), (800, 2), (801, 3), (811, 4), (5810, 4), (5811, 5)):
        spooled, waiting = await store.spool_entries(100, size), await store.outbox(100, size)
        assert [entry.record.value.decode() for entry in spooled] == texts[:expected], size
        assert [entry.row.event_id for entry in waiting] == [f"evt_{n}" for n in range(expected)], size
    assert len(await store.spool_entries(2, 5811)) == len(await store.outbox(2, 5811)) == 2
    await store.unspool([entry.id for entry in await store.spool_entries(100, 801)])
    (large,) = await store.spool_entries(100, 1)
    assert len(large.record.value) == 5000, "larger than a step may be, it goes alone"


async def test_who_has_something_to_do_is_known_after_the_upgrade(url):
    await upgrade(url, "0017")
    touched = '{"touched_at": "2026-06-08T00:00:00Z"}'
    clocks = {
        "running": ("answer", "running", "{}", 5),
        "queue": ("queue", "running", "{}", 5),
        "still": ("answer", "paused", "{}", 5),
        "late": ("answer", "breached", "{}", 5),
        "made_up": ("answer", "breached", touched, None),
        "kept": ("answer", "fulfilled", touched, None),
        "expiry": ("offer_expiry", "running", "{}", None),
    }
    await execute_all(
        url,
        *(
            "INSERT INTO clocks (id, lead_id, policy, state, revision, due_at, partition_key, body)"  # noqa: S608 - names are ours, values are parameters
            f" VALUES ('{ident}', 'lead_a', '{policy}', '{state}', 1, 5, 'k', '{body}')"
            for ident, (policy, state, body, _) in clocks.items()
        ),
    )
    await upgrade(url)
    store = SqlStore(url)
    await store.start()
    rows = await SqlReading(store.engines).clocks()
    assert {row.id: row.act_by and micros(row.act_by) for row in rows} == {k: v[3] for k, v in clocks.items()}
    await store.close()
