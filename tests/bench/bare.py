"""The bare baseline: what the same parts give when nothing is verified, parsed, decided or explained.

A raw ASGI application that puts the body on a topic, padded to the size of our signal, and answers 202 at the broker's
ack; a consumer that takes each batch of records in one transaction with the steps that no lost or doubled signal asks
for (fence, inbox, a lead's row locked, read, changed and written, history, outbox); a relay that moves the outbox to a
topic. Beside it, as the floor of what moving bytes costs, a consumer that only stores the records.
The embedded one: the same application over one SQLite file, appends grouped into one transaction, and a reader that
stores batches beside it.
"""

import argparse
import asyncio
import contextlib
import sqlite3
import threading
import time

import asyncpg
import uvicorn
import uvloop
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from pydantic_core import from_json

TABLES = """
CREATE TABLE IF NOT EXISTS positions (partition int PRIMARY KEY, next_offset bigint NOT NULL);
CREATE TABLE IF NOT EXISTS records (
  partition int, record_offset bigint, key bytea NOT NULL, value bytea NOT NULL, PRIMARY KEY (partition, record_offset));
"""
ANSWER = b'{"signals":["sig_aaaaaaaaaaaaaaaaaaaaaaaaaa"],"quarantined":[]}'
START = {
    "type": "http.response.start",
    "status": 202,
    "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(ANSWER)).encode())],
}
BODY = {"type": "http.response.body", "body": ANSWER}


LEADS = 4000
"""How many keys the records have, in turn."""


def producer_of(bootstrap):
    """As ours is set."""
    return AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        compression_type="lz4",
        max_batch_size=512 * 1024,
        linger_ms=0,
    )


class ToKafka:
    """Partitions in turn."""

    def __init__(self, bootstrap, topic, partitions):
        self._bootstrap, self._topic, self._partitions, self._turn = bootstrap, topic, partitions, 0

    async def start(self):
        self._producer = producer_of(self._bootstrap)
        await self._producer.start()

    async def put(self, value):
        self._turn += 1
        place = self._turn % self._partitions
        await (await self._producer.send(self._topic, value, b"%032d" % (self._turn % LEADS), partition=place))


class ToFile:
    """One thread writes: each transaction takes all that came meanwhile; another stores what was written, by batches."""

    def __init__(self, file):
        self._file, self._waiting, self._lock, self._bell = file, [], threading.Lock(), threading.Event()

    async def start(self):
        self._loop = asyncio.get_running_loop()
        threading.Thread(target=self._write, daemon=True).start()

    async def put(self, value):
        done = self._loop.create_future()
        with self._lock:
            self._waiting.append((value, done))
        self._bell.set()
        await done

    def _write(self):
        conn = open_file(self._file)
        stored = 0
        while True:
            self._bell.wait()
            self._bell.clear()
            with self._lock:
                taken, self._waiting = self._waiting, []
            with _transaction(conn):
                conn.executemany("INSERT INTO log (value) VALUES (?)", [(value,) for value, _ in taken])
            self._loop.call_soon_threadsafe(_resolve, [done for _, done in taken])
            with _transaction(conn):
                rows = conn.execute(
                    "SELECT seq, value FROM log WHERE seq > ? ORDER BY seq LIMIT 500", (stored,)
                ).fetchall()
                conn.executemany("INSERT INTO records (seq, value) VALUES (?, ?)", rows)
            stored = rows[-1][0] if rows else stored
            if rows and not self._waiting:
                self._bell.set()


def open_file(file):
    """The file with its two tables, as durable as ours is."""
    conn = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "wal_autocheckpoint=4000"):
        conn.execute(f"PRAGMA {pragma}")
    conn.execute("CREATE TABLE IF NOT EXISTS log (seq INTEGER PRIMARY KEY AUTOINCREMENT, value BLOB NOT NULL)")
    conn.execute("CREATE TABLE IF NOT EXISTS records (seq INTEGER PRIMARY KEY, value BLOB NOT NULL)")
    return conn


@contextlib.contextmanager
def _transaction(conn):
    conn.execute("BEGIN IMMEDIATE")
    yield
    conn.execute("COMMIT")


def _resolve(waits):
    for wait in waits:
        wait.set_result(None)


def app_of(target, pad):
    """POST anything anywhere."""

    async def app(scope, receive, send):
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        await target.put(body + pad)
        await send(START)
        await send(BODY)

    return app


async def serve(target, port, pad):
    """One uvicorn, as ours."""
    await target.start()
    config = uvicorn.Config(
        app_of(target, b" " * pad),
        port=port,
        log_level="warning",
        access_log=False,
        lifespan="off",
        server_header=False,
    )
    await uvicorn.Server(config).serve()


class Store:
    """Takes batches of records: one transaction each, positions by compare-and-set, rows by unnest."""

    def __init__(self, dsn):
        self._dsn, self._expected = dsn, {}

    async def start(self, partitions):
        self._conn = await asyncpg.connect(**self._dsn)
        await self._conn.execute(TABLES)
        await self._conn.executemany(
            "INSERT INTO positions VALUES ($1, 0) ON CONFLICT DO NOTHING", [(p,) for p in partitions]
        )
        rows = await self._conn.fetch("SELECT partition, next_offset FROM positions")
        self._expected = {row[0]: row[1] for row in rows}
        return self._expected

    async def take(self, fetched):
        """`fetched` is what getmany gave. Returns how many it were."""
        rows = [(place.partition, r.offset, r.key, r.value) for place, found in fetched.items() for r in found]
        moves = [
            (p.partition, self._expected[p.partition], found[-1].offset + 1) for p, found in fetched.items() if found
        ]
        if not rows:
            return 0
        async with self._conn.transaction():
            said = await self._conn.execute(
                "UPDATE positions SET next_offset = u.n FROM unnest($1::int[], $2::bigint[], $3::bigint[]) u(p, e, n)"
                " WHERE partition = u.p AND next_offset = u.e",
                *map(list, zip(*moves, strict=True)),
            )
            assert said == f"UPDATE {len(moves)}"
            await self.also(rows)
        self._expected.update({partition: after for partition, _, after in moves})
        return len(rows)

    async def also(self, rows):
        """Within the transaction that moves the positions."""
        await self._conn.execute(
            "INSERT INTO records SELECT * FROM unnest($1::int[], $2::bigint[], $3::bytea[], $4::bytea[])",
            *map(list, zip(*rows, strict=True)),
        )

    async def close(self):
        await self._conn.close()


STATE = """
CREATE TABLE IF NOT EXISTS inbox (id text PRIMARY KEY);
CREATE TABLE IF NOT EXISTS state (id text PRIMARY KEY, version bigint NOT NULL, body text NOT NULL);
CREATE TABLE IF NOT EXISTS history (id bigserial PRIMARY KEY, signal_id text, lead_id text, body text, decision text);
CREATE TABLE IF NOT EXISTS outbox (id bigserial PRIMARY KEY, lead_id text, body text);
"""


async def made(conn):
    """The tables of STATE; two processes that make them at once would trip over one another."""
    await conn.execute(f"SELECT pg_advisory_lock(1); {STATE} SELECT pg_advisory_unlock(1)")


SMALL, USUAL = 1300, 2500
"""Bytes of a lead's row: of one that knows hardly more than its last signal, and of a usual one of ours."""


class StateStore(Store):
    """The same steps as ours with nothing decided: JSON read, fence, inbox, the lead's row locked and loaded, changed by one
    number, and written; a row of history; eleven events for ten signals. History and events have about the sizes of ours;
    `lead` is that of a lead's row."""

    lead = USUAL

    async def start(self, partitions):
        expected = await super().start(partitions)
        await made(self._conn)
        return expected

    async def also(self, rows):
        signals = [(_read(value, *place), key.decode(), value.decode()) for *place, key, value in rows]
        new = await self._conn.fetch(
            "INSERT INTO inbox SELECT * FROM unnest($1::text[]) ON CONFLICT DO NOTHING RETURNING id",
            [signal["id"] for signal, _, _ in signals],
        )
        fresh = {row[0] for row in new}
        leads = sorted({key for _, key, _ in signals})
        known = await self._conn.fetch(
            "SELECT id, version, body FROM state WHERE id = ANY($1) ORDER BY id FOR UPDATE", leads
        )
        versions = {row[0]: row[1] for row in known}
        changed, history, events = {}, [], []
        for i, (signal, key, text) in enumerate(signals):
            if signal["id"] not in fresh:
                continue
            versions[key] = versions.get(key, 0) + 1
            changed[key] = (key, versions[key], text + self._rest(text))
            history.append((signal["id"], key, text, text[:500]))
            events += [(key, text + text[:200])] * (1 if i % 10 else 2)
        await self._write(list(changed.values()), history, events)

    def _rest(self, text):
        """Of the lead's row."""
        more = max(0, self.lead - len(text))
        return (text * (more // len(text) + 1))[:more]

    async def _write(self, changed, history, events):
        await self._conn.execute(
            "INSERT INTO state SELECT * FROM unnest($1::text[], $2::bigint[], $3::text[])"
            " ON CONFLICT (id) DO UPDATE SET version = excluded.version, body = excluded.body",
            *turned(changed, 3),
        )
        await self._conn.execute(
            "INSERT INTO history (signal_id, lead_id, body, decision)"
            " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])",
            *turned(history, 4),
        )
        await self._conn.execute(
            "INSERT INTO outbox (lead_id, body) SELECT * FROM unnest($1::text[], $2::text[])", *turned(events, 2)
        )


def _read(value, partition, offset):
    """JSON; what is none (a form), or has no `id`, goes by its place."""
    return {"id": f"{partition}/{offset}", **(from_json(value) if value[:1] == b"{" else {})}


class Relay:
    """The outbox to a topic: in order, gone once the broker has it."""

    def __init__(self, bootstrap, topic, dsn):
        self._bootstrap, self._topic, self._dsn = bootstrap, topic, dsn

    async def run(self):
        """For ever."""
        producer = producer_of(self._bootstrap)
        await producer.start()
        conn = await asyncpg.connect(**self._dsn)
        await made(conn)
        while True:
            rows = await conn.fetch("SELECT id, lead_id, body FROM outbox ORDER BY id LIMIT 1000")
            if not rows:
                await asyncio.sleep(0.05)
                continue
            await asyncio.gather(*[await producer.send(self._topic, r[2].encode(), r[1].encode()) for r in rows])
            await conn.execute("DELETE FROM outbox WHERE id = ANY($1)", [row[0] for row in rows])


def turned(rows, width):
    """Columns of rows, also where there is no row."""
    return [[row[i] for row in rows] for i in range(width)]


class Consumer:
    """Reads the partitions of a topic, or each that is the `nth` of so many, without a group, and stores what it reads."""

    def __init__(self, bootstrap, topic, partitions, store, nth=0, of=1):
        self._bootstrap, self._store = bootstrap, store
        self._places = [TopicPartition(topic, p) for p in range(nth, partitions, of)]

    async def start(self):
        expected = await self._store.start([place.partition for place in self._places])
        self._client = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap, enable_auto_commit=False, max_partition_fetch_bytes=4 * 1024 * 1024
        )
        await self._client.start()
        self._client.assign(self._places)
        for place in self._places:
            self._client.seek(place, expected[place.partition])

    async def drain(self, count):
        """Until so many more are stored; returns the seconds."""
        done, begun = 0, time.perf_counter()
        while done < count:
            done += await self._store.take(await self._client.getmany(timeout_ms=200, max_records=500))
        return time.perf_counter() - begun

    async def stop(self):
        await self._client.stop()
        await self._store.close()


async def consume(bootstrap, topic, partitions, dsn, nth, of):
    """For ever."""
    consumer = Consumer(bootstrap, topic, partitions, StateStore(dsn), nth, of)
    await consumer.start()
    await consumer.drain(float("inf"))


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bare", description=__doc__)
    parser.add_argument("part", choices=["web", "consumer", "relay", "embedded"])
    for name in ("--bootstrap", "--topic", "--host", "--file", "--database"):
        parser.add_argument(name)
    for name in ("--port", "--pad", "--partitions", "--nth"):
        parser.add_argument(name, type=int, default=0)
    parser.add_argument("--of", type=int, default=1)
    given = parser.parse_args()
    if given.part == "web":
        uvloop.run(serve(ToKafka(given.bootstrap, given.topic, given.partitions), given.port, given.pad))
    elif given.part == "embedded":
        uvloop.run(serve(ToFile(given.file), given.port, given.pad))
    else:
        dsn = {"host": given.host, "user": "postgres", "database": given.database}
        if given.part == "relay":
            uvloop.run(Relay(given.bootstrap, given.topic, dsn).run())
        else:
            uvloop.run(consume(given.bootstrap, given.topic, given.partitions, dsn, given.nth, given.of))


if __name__ == "__main__":
    main()
