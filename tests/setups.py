"""The three set-ups, each with `now` in the test's hand: signals go in one after the other, events come out."""

import asyncio
import uuid
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from sqlalchemy import text

from routing.agreement.agreement import compile_agreement
from routing.people.roster import Roster
from schemas.envelope import whole
from schemas.roster import RosterFile
from schemas.signals import IdentityKey, Person, Signal
from schemas.yamlfile import load
from services.adapters.log.kafka import KafkaLog
from services.adapters.log.local import LocalLog
from services.adapters.sql.reading import SqlReading
from services.adapters.sql.store import SqlStore
from services.ports.rows import RecordOut
from services.relay.role import Relay
from services.router.role import Router
from services.rules.ruling import Ruling
from services.settings.reading import load as load_settings
from services.sla.watcher import Watcher
from tests.parts.databases import migrated_database
from tests.parts.kafka import create_topics
from tests.parts.sqlite import migrated_file

EXAMPLES = Path(__file__).parent.parent / "deploy" / "examples"
START = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SETUPS = ("sqlite-embedded", "real-postgres-embedded", "real-postgres-kafka")


@cache
def example():
    """The agreement of the examples. Nothing changes one that is compiled, and to compile it takes a fifth of a second."""
    return compile_agreement((EXAMPLES / "agreement.yaml").read_text())


def ruling():
    return Ruling(example(), Roster(load((EXAMPLES / "roster.yaml").read_text(), RosterFile, "roster.yaml")))


def signal(number, kind, lead="anna", at=START, **more):
    more.setdefault("person", Person(email=f"{lead}@example.com"))
    return Signal(
        kind=kind,
        id=f"sig_{number}",
        dedupe_key=str(number),
        source="web",
        occurred_at=at,
        received_at=at,
        partition_key=f"key-{lead}",
        identities=(IdentityKey(kind="email", digest=f"digest-{lead}"),),
        **more,
    )


def record(item, topic):
    value = item.text().encode()
    return RecordOut(topic, item.partition_key.encode(), value)


class Setup:
    def __init__(self, store, log, topic):
        self.store, self.log, self.topic = store, log, topic
        self.reading = SqlReading(store.engines)
        self.at = START
        self.ruling = ruling()
        self.router = Router(
            store, log, topic, lambda: self.ruling, lambda: self.at, batch_wait=timedelta(milliseconds=1)
        )
        self.relay = Relay(store, log, lambda name: f"{topic.rsplit('.', 2)[0]}.{name}.v1", lambda: self.at, "test")
        self.watcher = Watcher(store, log, topic, lambda: self.at)
        self.consumer = log.consumer(topic, "router")

    async def rejoin(self):
        """The router's place in the group is given to one that begins."""
        await self.leave()
        self.consumer = self.log.consumer(self.topic, "router")

    async def leave(self):
        await self.consumer.stop()

    async def give(self, *signals):
        for item in signals:
            self.at = max(self.at, item.received_at)
            await self.log.append([record(item, self.topic)])
            await self.route(1)

    async def route(self, count):
        done = 0
        async with asyncio.timeout(60):
            while done < count:
                await self.router._position(self.consumer)
                records = await self.consumer.poll(100, 0.2)
                if records:
                    await self.router.handle(records, self.consumer)
                    done += len(records)
        await self.relay.drain()

    async def later(self, **delta):
        """Time passes: what falls due is announced and routed, in due order."""
        until = self.at + timedelta(**delta)
        while (due := await self.store.next_due()) is not None and due <= until:
            self.at = due
            clocks = await self.store.due_clocks(self.at, 500)
            assert not await self.watcher.sweep()
            await self.route(len(clocks))
        self.at = until

    async def events(self):
        return [whole(e.row.head, e.row.personal) for e in await self.reading.events(limit=10_000)]


@asynccontextmanager
async def setup(name, request, tmp_path):
    async with AsyncExitStack() as stack:
        if "postgres" in name:
            url = await stack.enter_async_context(migrated_database(request.getfixturevalue("postgres")))
        else:
            url = await migrated_file(tmp_path / "s.db")
        kafka = request.getfixturevalue("kafka_bootstrap") if name.endswith("kafka") else None
        yield await stack.enter_async_context(setup_on(url, kafka))


@asynccontextmanager
async def setup_on(url, kafka=None):
    """On a store that is there, with the log in its tables unless there is a Kafka."""
    async with AsyncExitStack() as stack:
        store = SqlStore(url)
        await store.start()
        stack.push_async_callback(store.close)
        prefix = f"t{uuid.uuid4().hex[:8]}"
        log = LocalLog(store, partitions=6) if kafka is None else await kafka_log(kafka, prefix, url)
        await log.start()
        stack.push_async_callback(log.close)
        made = Setup(store, log, f"{prefix}.signals.v1")
        stack.push_async_callback(made.leave)
        yield made


async def forget(log, topic, before):
    """As retention does: `before` is {partition: the first offset that is left}."""
    if isinstance(log, LocalLog):
        statement = text("DELETE FROM log_records WHERE topic = :t AND partition = :p AND record_offset < :o")
        async with log._store.engines.write() as conn:
            for partition, offset in before.items():
                await conn.execute(statement, {"t": topic, "p": partition, "o": offset})
        return
    admin = AIOKafkaAdminClient(bootstrap_servers=log._options["bootstrap_servers"])
    await admin.start()
    await admin.delete_records({TopicPartition(topic, p): RecordsToDelete(before_offset=o) for p, o in before.items()})
    await admin.close()


async def kafka_log(bootstrap, prefix, url):
    await create_topics(
        bootstrap, [f"{prefix}.{t}.v1" for t in ("signals", "thin", "leads", "handovers", "sla", "marketing")]
    )
    given = {"DATABASE_URL": url, "LOG_URL": f"kafka://{bootstrap}", "KAFKA_TOPIC_PREFIX": prefix}
    return KafkaLog(load_settings({f"STAFETT_{key}": value for key, value in given.items()}))
