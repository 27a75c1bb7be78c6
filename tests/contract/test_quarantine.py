"""What is set aside, on both engines: a body once, within quotas, and carried over from before (H5)."""

import hashlib
import json
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from services.adapters.sql import pruning
from services.adapters.sql.aside import fill_levels
from services.adapters.sql.engine import one_shot
from services.adapters.sql.migrate import downgrade, upgrade
from services.adapters.sql.reading import SqlReading
from services.adapters.sql.store import SqlStore
from services.ports.errors import QuarantineFull
from services.ports.instants import micros
from services.ports.rows import Kept, Quarantine, Quota

NOW = datetime(2026, 6, 8, tzinfo=UTC)
SMALL = Quota(Kept(40, 10_000), Kept(60, 15_000), Kept(100, 30_000))


@pytest.fixture
async def store(url):
    await upgrade(url)
    made = SqlStore(url, quota=SMALL, ticks=lambda: 0.0)
    await made.start()
    yield made
    await made.close()


def entry(ident, source="web", body=b"{", at=NOW, **more):
    given = {"reason": "why", "place": f"$[{ident}]", "content_type": None, "headers": "{}", "mode": "live", **more}
    return Quarantine(id=f"qua_{ident}", source=source, body=body, received_at=at, size=len(body), **given)


async def bodies(store):
    async with store.engines.read() as conn:
        found = await conn.execute(text("SELECT source, digest, size FROM quarantine_bodies ORDER BY 1, 2"))
        return [tuple(row) for row in found]


async def test_h5_twenty_entries_of_one_body_keep_it_once(store):
    body = b"x" * 5000
    await store.quarantine([entry(n, body=body) for n in range(20)], unproven=True)
    assert await bodies(store) == [("web", hashlib.sha256(body).hexdigest(), 5000)]
    listed = await SqlReading(store.engines).quarantine_entries()
    assert len(listed) == 20 and {one.size for one in listed} == {5000} and {one.body for one in listed} == {None}
    shown = await SqlReading(store.engines).quarantine_entry("qua_7")
    assert shown.body == body and shown.size == 5000 and shown.place == "$[7]"
    assert await SqlReading(store.engines).quarantine_usage() == {"web": Kept(20, 5000)}


async def test_h5_a_delivery_that_is_repeated_costs_nothing_even_where_nothing_more_is_taken(store):
    full = [entry(n, body=bytes([n]) * 2000) for n in range(5)]
    await store.quarantine(full, unproven=True)
    with pytest.raises(QuarantineFull, match="of this source"):
        await store.quarantine([entry("new", body=b"new")], unproven=True)
    await store.quarantine([full[0]._replace(reason="other")], unproven=True)
    assert (await SqlReading(store.engines).quarantine_entry("qua_0")).reason == "other"
    assert len(await bodies(store)) == 5


async def test_h5_nothing_that_was_taken_goes_for_what_comes(store):
    await store.quarantine([entry(n, body=bytes([n])) for n in range(40)], unproven=True)
    for n in range(50, 60):
        with pytest.raises(QuarantineFull):
            await store.quarantine([entry(n, body=bytes([n]))], unproven=True)
    assert len(await SqlReading(store.engines).quarantine_entries()) == 40


async def test_h5_one_source_and_those_without_proof_leave_room_for_the_others(store):
    for source in ("web", "landing"):
        await store.quarantine([entry(f"{source}{n}", source, bytes([n])) for n in range(30)], unproven=True)
    with pytest.raises(QuarantineFull, match="of senders without proof"):
        await store.quarantine([entry("third", "third", b"3")], unproven=True)
    await store.quarantine([entry(f"crm{n}", "crm", bytes([n])) for n in range(40)])
    with pytest.raises(QuarantineFull, match="in quarantine as may"):
        await store.quarantine([entry("erp", "erp", b"4")])
    usage = await SqlReading(store.engines).quarantine_usage()
    assert fill_levels(SMALL, usage) == {"web": 0.75, "landing": 0.75, "crm": 1.0, "all": 1.0}


async def test_h5_a_new_process_knows_what_is_there_and_room_comes_back(store, url):
    await store.quarantine([entry(n, body=bytes([n])) for n in range(40)], unproven=True)
    other = SqlStore(url, quota=SMALL, exclusive=False, ticks=lambda: 100.0)
    await other.start()
    with pytest.raises(QuarantineFull):
        await other.quarantine([entry("new", body=b"new")], unproven=True)
    await other.requarantine(entry(0, body=b"\0"), [])
    await other.quarantine([entry("new", body=b"new")], unproven=True)
    await other.close()


async def test_h5_a_body_goes_with_its_last_entry(store):
    body, later = b"{", NOW + timedelta(days=1)
    await store.quarantine([entry(1, body=body), entry(2, body=body)])
    await store.quarantine([entry(3, body=body, at=later), entry(4, body=b"[")])
    await store.requarantine(entry(1, body=body), [entry(2, body=body)])
    assert len(await bodies(store)) == 2
    await store.requarantine(entry(2, body=body), [])
    assert len(await bodies(store)) == 2, "the delivery of the next day has it too"
    await store.requarantine(entry(3, body=body, at=later), [])
    assert [size for _, _, size in await bodies(store)] == [1]
    assert (await SqlReading(store.engines).quarantine_entry("qua_4")).body == b"["


async def test_h5_what_is_too_old_goes_with_its_body(store):
    await store.quarantine([entry(1, body=b"old", at=NOW - timedelta(days=91)), entry(2, body=b"new")])
    gone = await pruning.prune(store.engines, {"quarantine": NOW - timedelta(days=90)})
    assert gone == {"quarantine": 1, "quarantine_bodies": 1}
    assert [one.id for one in await SqlReading(store.engines).quarantine_entries()] == ["qua_2"]
    assert len(await bodies(store)) == 1


async def test_h5_what_was_kept_before_is_carried_over_and_back(url):
    await upgrade(url, "0001")
    engine = one_shot(url)
    rows = [(f"qua_{n:03}", "web", body, micros(NOW)) for n, body in enumerate([b"one"] * 300 + [b"two", None])]
    letters = [("dl_1", json.dumps({"source": "crm"}), None), ("dl_2", None, b"no signal")]
    async with engine.begin() as conn:
        for ident, source, body, at in rows:
            await conn.execute(
                text("""INSERT INTO quarantine (id, source, reason, place, content_type, headers, body, mode, received_at)
                    VALUES (:id, :source, 'why', '$', NULL, '{}', :body, 'live', :at)"""),
                {"id": ident, "source": source, "body": body, "at": at},
            )
        for ident, facts, raw in letters:
            await conn.execute(
                text("""INSERT INTO dead_letters (id, attempt, state, reason, error_class, origin, facts, raw, recorded_at)
                    VALUES (:id, 0, 'dead', 'why', 'E', 't/0/1', :facts, :raw, :at)"""),
                {"id": ident, "facts": facts, "raw": raw, "at": micros(NOW)},
            )
    await upgrade(url)
    async with engine.connect() as conn:
        kept = (await conn.execute(text("SELECT digest, size FROM quarantine_bodies ORDER BY size, digest"))).all()
        sources = dict((await conn.execute(text("SELECT id, source FROM dead_letters"))).all())
    assert sorted(digest for digest, _ in kept) == sorted(hashlib.sha256(b).hexdigest() for b in (b"one", b"two"))
    assert sources == {"dl_1": "crm", "dl_2": None}
    store = SqlStore(url)
    await store.start()
    reading = SqlReading(store.engines)
    assert [(await reading.quarantine_entry(f"qua_{n:03}")).body for n in (0, 299, 300, 301)] == [
        b"one",
        b"one",
        b"two",
        None,
    ]
    assert await store.dead_since("t", NOW - timedelta(hours=1)) == {"crm": 1, "": 1}
    await store.close()
    await downgrade(url, "0001")
    async with engine.connect() as conn:
        back = dict((await conn.execute(text("SELECT id, body FROM quarantine"))).all())
    await engine.dispose()
    assert [None if back[f"qua_{n:03}"] is None else bytes(back[f"qua_{n:03}"]) for n in (0, 299, 300, 301)] == [
        b"one", b"one", b"two", None,
    ]  # fmt: skip
