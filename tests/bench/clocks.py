"""SLA clocks in PostgreSQL: a million open ones, what a look at them costs, and ten thousand that fall due at once."""

import asyncio
import json
import statistics
import time
from datetime import UTC, datetime, timedelta

import asyncpg

from routing.agreement.agreement import compile_agreement
from routing.calendar.business_time import due_at
from schemas.duration import parse_target
from schemas.envelope import whole
from services.router.role import Router
from tests.bench.mix import Mix
from tests.bench.table import Row
from tests.setups import EXAMPLES

OTHERS = 10_000_000
"""Number of the first lead whose clock is watched: no other signal is about them."""
FILL = """
INSERT INTO clocks (id, lead_id, policy, state, revision, due_at, next_at, partition_key, body)
SELECT 'clk_' || md5(i::text), 'lead_' || md5((i / 3)::text), 'follow-up', 'running', 0, $2 + i * 1000000::bigint,
       $2 + i * 1000000::bigint, md5((i / 3)::text), repeat('x', 420)
FROM generate_series(1, $1) i"""
OTHERS_DECIDED = """SELECT recorded_at - received_at FROM history
    WHERE kind <> 'clock.due' AND source IN ('web', 'crm') AND received_at >= $1 AND received_at < $2"""
SECONDS = 90
EDITS = (
    (
        "      target: 2 business days\n      calendar: stockholm\n      pause_on",
        f"      target: {SECONDS}s elapsed\n      calendar: stockholm\n      pause_on",
    ),
)
"""The lead's own wait ends so long after its form, so that leads whose forms came together are breached together."""


async def clocks(machine, count, due):
    """Rows of one measure each; what is said besides is printed."""
    async with machine.parts() as parts:
        await _fill(machine, count)
        rows = await _looks(parts)
        rows += await _at_once(machine, parts, due)
    return rows


async def _fill(machine, count):
    conn = await asyncpg.connect(**machine.dsn("postgres"))
    begins = int((datetime.now(UTC) + timedelta(days=1)).timestamp() * 1e6)
    await conn.execute(FILL, count, begins, timeout=600)
    await conn.execute("VACUUM ANALYZE clocks")
    size = await conn.fetchval("SELECT pg_size_pretty(pg_relation_size('clocks_next'))")
    print(f"clocks: {count:,} open, the index of due instants has {size}", flush=True)
    await conn.close()


async def _looks(parts):
    store = parts.store

    async def sweep():
        now = parts.now()
        await store.due_clocks(now, 500)
        await store.next_due(now)

    rows = [Row("idle sweep of the watcher, both queries", "ms", await _timed(sweep, 200))]
    counting = await _timed(lambda: parts.reading.counts(parts.now()), 1)
    rows.append(Row("depths for /metrics, counted each time", "ms", counting))
    rows.append(
        Row(
            "depths for /metrics, while the count is kept",
            "ms",
            await _timed(lambda: parts.reading.counts(parts.now()), 20),
        )
    )
    return rows


async def _timed(act, count):
    found = []
    for _ in range(count):
        begun = time.perf_counter()
        await act()
        found.append((time.perf_counter() - begun) * 1000)
    return found


async def _at_once(machine, parts, due):
    """`due` leads whose wait ends at one instant, and a tenth of that one after the other, while other signals come."""
    topic, sizes = parts.settings.topic("signals"), []
    router = Router(parts.store, parts.log, topic, parts.ruling, parts.now, on_batch=lambda o: sizes.append(o.size))
    began = datetime.now(UTC).replace(microsecond=0)
    mix = Mix(seed=10)
    records = [mix.demo(OTHERS + i, topic, began) for i in range(due)]
    # One after the other over twenty seconds, from eight seconds after the others on.
    spread = [mix.demo(OTHERS + due + i, topic, began + timedelta(seconds=8 + 200 * i / due)) for i in range(due // 10)]
    records += spread
    for i in range(0, len(records), 500):
        await parts.log.append(records[i : i + 500])
    consumer = parts.log.consumer(topic, "router")
    machine.begin("relay")
    while sum(sizes) < len(records):
        await router.step(consumer)
    await consumer.stop()
    left = SECONDS - (datetime.now(UTC) - began).total_seconds()
    print(f"clocks: {due:,} leads in hand-over, {left:.0f} s before their clocks fall due", flush=True)
    assert left > 5, "it took too long to make the leads"
    machine.begin("router-1")
    feeding = asyncio.create_task(_feed(parts, topic))
    conn = await asyncpg.connect(**machine.dsn("postgres"))
    while await conn.fetchval("SELECT EXISTS (SELECT FROM outbox)"):
        await asyncio.sleep(0.2)
    instant = began + timedelta(seconds=SECONDS)
    breached = "SELECT count(*) FROM events WHERE type = 'stafett.sla.breached.v1' AND head LIKE $1"
    said = f'%"due_at":"{instant:%Y-%m-%dT%H:%M:%SZ}"%'
    async with asyncio.timeout(SECONDS + 180):
        while await conn.fetchval(breached, said) < due:
            await asyncio.sleep(1)
    await asyncio.sleep(max(0.0, (instant + timedelta(seconds=30) - datetime.now(UTC)).total_seconds()))
    feeding.cancel()
    rows = await conn.fetch("SELECT head, recorded_at FROM events WHERE type = 'stafett.sla.breached.v1'")
    lateness = _lateness([json.loads(whole(head, None)) | {"at": at} for head, at in rows], instant)
    others = await _others(conn, instant)
    await conn.close()
    return [*lateness, *others]


async def _others(conn, instant):
    """Seconds from the receipt of other signals to the commit of what was decided, before the instant and until all is told."""
    told = await conn.fetchval(
        "SELECT max(recorded_at) FROM history WHERE kind = 'clock.due' AND occurred_at = $1", _micros(instant)
    )
    before = await conn.fetch(OTHERS_DECIDED, _micros(instant - timedelta(seconds=5)), _micros(instant))
    meanwhile = await conn.fetch(OTHERS_DECIDED, _micros(instant), told)
    rows = []
    for name, records in (("before", before), ("meanwhile", meanwhile)):
        delays = sorted(record[0] / 1e6 for record in records)
        if delays:
            three = [delays[0], statistics.median(delays), delays[int(len(delays) * 0.99)]]
            rows.append(Row(f"delay of {len(delays):,} other signals {name}: least / p50 / p99", "s", three))
    return rows


def _micros(instant):
    return int(instant.timestamp() * 1_000_000)


def _lateness(breaches, instant):
    """Seconds from the due instant to the breach's event on its topic."""
    rows = []
    for name, wanted in (("at once", True), ("one after the other", False)):
        late = []
        for breach in breaches:
            due = datetime.fromisoformat(breach["data"]["due_at"])
            if (abs((due - instant).total_seconds()) < 0.001) == wanted:
                late.append(breach["at"] / 1e6 - due.timestamp())
        late.sort()
        three = [late[0], statistics.median(late), late[int(len(late) * 0.99)]]
        print(
            f"clocks: {len(late):,} due {name}: published after {three[0]:.2f} s (first), {three[1]:.2f} s (p50), {three[2]:.2f} s (p99), {late[-1]:.2f} s (last)"
        )
        rows.append(Row(f"lateness, {len(late):,} due {name}: first / p50 / p99", "s", three))
    return rows


async def _feed(parts, topic, per_second=300):
    """Other leads' signals meanwhile."""
    mix = Mix(seed=9)
    while True:
        begun = time.monotonic()
        await parts.log.append(mix.records(per_second // 10, topic))
        await asyncio.sleep(max(0.0, 0.1 - (time.monotonic() - begun)))


def due_instants(count=20_000):
    """Microseconds for one due instant on a business calendar, and for one decision's share of it."""
    agreement = compile_agreement((EXAMPLES / "agreement.yaml").read_text("utf-8"))
    calendar = agreement.calendar("stockholm")
    start = datetime(2026, 6, 8, 7, tzinfo=UTC)
    rows = []
    for words in ("24h elapsed", "4h business", "2 business days", "10 business days"):
        target = parse_target(words)
        found = []
        for turn in range(5):
            begun = time.perf_counter()
            for i in range(count // 5):
                due_at(
                    start + timedelta(minutes=i % 40_000, seconds=turn),
                    target,
                    calendar if "business" in words else None,
                    (),
                )
            found.append((time.perf_counter() - begun) / (count // 5) * 1e6)
        rows.append(Row(f"due instant of `{words}`", "us", found))
    return rows
