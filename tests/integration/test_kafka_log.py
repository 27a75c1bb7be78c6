"""What only a real broker can show: restarts, rebalances, lost offsets, TLS and SASL."""

import asyncio
import contextlib
import json
import random
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete

from services.adapters.log.kafka import KafkaLog
from services.adapters.log.partitioner import partition_of
from services.ports.errors import LogUnavailable, OffsetLost
from services.ports.log import RECORD_BYTES
from services.ports.rows import Position, RecordOut
from services.settings import load
from tests.parts.kafka import KafkaBroker, create_topics
from tests.parts.kafka_secure import PASSWORD, USER, SecureKafka, token

PARTITIONS = 6
# After a refused login aiokafka closes its connection without waiting for the close.
pytestmark = [
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
]


@contextlib.asynccontextmanager
async def running(bootstrap, prefix=None, **more):
    given = {"DATABASE_URL": "postgresql://u@h/d", "LOG_URL": f"kafka://{bootstrap}", **more}
    given["KAFKA_TOPIC_PREFIX"] = prefix or f"t{uuid.uuid4().hex[:8]}"
    settings = load({f"STAFETT_{name}": value for name, value in given.items()})
    log = KafkaLog(settings)
    await log.start()
    try:
        yield log, settings.topic("signals")
    finally:
        await log.close()


@pytest.fixture
async def made(kafka_bootstrap):
    prefix = f"t{uuid.uuid4().hex[:8]}"
    await create_topics(kafka_bootstrap, [f"{prefix}.signals.v1"], PARTITIONS)
    async with running(kafka_bootstrap, prefix) as (log, topic):
        yield log, topic


@pytest.fixture(scope="module")
def restarted():
    broker = KafkaBroker().start()
    yield broker
    broker.close()


@pytest.fixture
def own_broker(restarted):
    """One that may be stopped and killed; whoever comes next finds it running."""
    if not restarted.runs:
        restarted.start()
    return restarted


@pytest.fixture(scope="module")
def secure():
    broker = SecureKafka().start()
    yield broker
    broker.close()


KEEPER = ThreadPoolExecutor(1)
"""A process that a thread began dies with that thread: the pool of a test's own loop does not last."""


async def restart(broker, kill):
    await asyncio.get_running_loop().run_in_executor(KEEPER, partial(broker.restart, kill=kill))


def out(topic, *numbers, key=None):
    return [RecordOut(topic, (key or f"k{n}").encode(), str(n).encode()) for n in numbers]


async def joined(consumer, count):
    async with asyncio.timeout(40):
        while len(consumer.assignment()) != count:
            assert await consumer.poll(10, 0.1) == []


async def from_start(consumer, positions=None):
    await consumer.seek([Position(p, (positions or {}).get(p, 0)) for p in consumer.partitions_to_seek()])


async def read(consumer, count, timeout=40):
    found = []
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(timeout):
            while len(found) < count:
                await from_start(consumer)
                found += await consumer.poll(500, 0.2)
    return found


async def test_a_partition_gives_nothing_until_it_has_a_position(made):
    log, topic = made
    await log.append(out(topic, *range(50)))
    consumer = log.consumer(topic, "router")
    try:
        await joined(consumer, PARTITIONS)
        assert consumer.partitions_to_seek() == set(range(PARTITIONS))
        for _ in range(5):
            assert await consumer.poll(100, 0.1) == []
        one = partition_of(b"k1", PARTITIONS)
        await consumer.seek([Position(one, 0)])
        found = await consumer.poll(100, 2)
        assert found
        assert {record.partition for record in found} == {one}
        assert consumer.partitions_to_seek() == set(range(PARTITIONS)) - {one}
    finally:
        await consumer.stop()


async def test_a_seek_back_gives_the_same_records_again_and_skips_none(made):
    log, topic = made
    await log.append(out(topic, *range(200), key="same"))
    partition = partition_of(b"same", PARTITIONS)
    consumer = log.consumer(topic, "router")
    try:
        assert len(await read(consumer, 100)) >= 100
        for start in (50, 10, 120):
            await consumer.poll(7, 0.05)
            await consumer.seek([Position(partition, start)])
            records = await consumer.poll(20, 5)
            assert [int(record.value) for record in records] == list(range(start, start + len(records)))
            assert records
    finally:
        await consumer.stop()


async def test_a_position_that_retention_has_passed_is_an_error_and_nothing_is_skipped(made, kafka_bootstrap):
    log, topic = made
    await log.append(out(topic, *range(20), key="same"))
    partition = partition_of(b"same", PARTITIONS)
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    await admin.delete_records({TopicPartition(topic, partition): RecordsToDelete(before_offset=8)})
    await admin.close()
    consumer = log.consumer(topic, "router")
    try:
        await joined(consumer, PARTITIONS)
        await consumer.seek([Position(partition, 3)])
        with pytest.raises(OffsetLost) as caught:
            await read_positioned(consumer)
        assert (caught.value.partition, caught.value.wanted, caught.value.available) == (partition, 3, 8)
        assert partition in consumer.partitions_to_seek()
        assert await consumer.poll(10, 0.5) == []
        await consumer.seek([Position(partition, 8)])
        assert [int(record.value) for record in await read_positioned(consumer)] == list(range(8, 20))
    finally:
        await consumer.stop()


async def read_positioned(consumer):
    async with asyncio.timeout(20):
        while True:
            if found := await consumer.poll(100, 0.2):
                return found


async def test_members_share_the_partitions_and_a_revoke_waits_for_the_batch_in_hand(made):
    log, topic = made
    first, second = log.consumer(topic, "router"), log.consumer(topic, "router")
    await log.append(out(topic, *range(100)))
    try:
        await joined(first, PARTITIONS)
        await from_start(first)
        in_hand = await read_positioned(first)
        other = asyncio.create_task(joined(second, PARTITIONS // 2))
        await asyncio.sleep(4)
        assert len(first.assignment()) == PARTITIONS, "the batch is still in hand"
        await first.report_positions([Position(record.partition, record.offset + 1) for record in in_hand])
        async with asyncio.timeout(30):
            while len(first.assignment()) != PARTITIONS // 2 or not other.done():
                await first.poll(10, 0.1)
                await asyncio.sleep(0)
        await other
        assert first.assignment().isdisjoint(second.assignment())
        assert first.partitions_to_seek() == first.assignment(), "positions end with an assignment"
        await second.stop()
        await joined(first, PARTITIONS)
    finally:
        await first.stop()
        await second.stop()


@pytest.mark.parametrize("kill", [False, True])
async def test_a_restart_under_load_loses_nothing_that_was_acknowledged(own_broker, kill):
    prefix = f"t{uuid.uuid4().hex[:8]}"
    await create_topics(own_broker.bootstrap, [f"{prefix}.signals.v1"], PARTITIONS)
    async with running(own_broker.bootstrap, prefix) as (log, topic):
        acked, refused, stop = [], 0, asyncio.Event()

        async def load(lane):
            nonlocal refused
            number = lane
            while not stop.is_set():
                try:
                    await log.append(out(topic, number))
                    acked.append(number)
                except LogUnavailable:
                    refused += 1
                    await asyncio.sleep(0.1)
                number += 32

        consumer = log.consumer(topic, "router")
        lanes = [asyncio.create_task(load(lane)) for lane in range(32)]
        await joined(consumer, PARTITIONS)
        await asyncio.sleep(1)
        await restart(own_broker, kill)
        before = len(acked)
        async with asyncio.timeout(40):
            while len(acked) < before + 2000:
                await asyncio.sleep(0.1)
        stop.set()
        await asyncio.gather(*lanes)
        total = sum((await log.end_offsets(topic)).values())
        found, wanted = set(), set(acked)
        async with asyncio.timeout(40):
            while not wanted <= found:
                await from_start(consumer)
                with contextlib.suppress(LogUnavailable):
                    found |= {int(record.value) for record in await consumer.poll(500, 0.2)}
        print(f"acked {len(acked)}, refused {refused}, stored {total}, lost {len(wanted - found)}")
        await consumer.stop()


async def test_published_events_are_never_seen_before_an_earlier_one_of_their_key(own_broker):
    """As the relay does: what failed is published again from its beginning."""
    prefix = f"t{uuid.uuid4().hex[:8]}"
    await create_topics(own_broker.bootstrap, [f"{prefix}.signals.v1"], PARTITIONS)
    async with running(own_broker.bootstrap, prefix) as (log, topic):
        restarting = asyncio.create_task(restart(own_broker, kill=True))
        again = 0
        for start in range(0, 20_000, 1000):
            events = [RecordOut(topic, f"k{n % 50}".encode(), str(n).encode()) for n in range(start, start + 1000)]
            while True:
                try:
                    await log.publish(events)
                    break
                except LogUnavailable:
                    again += 1
            await asyncio.sleep(0.05)
        await restarting
        consumer = log.consumer(topic, "reader")
        total = sum((await log.end_offsets(topic)).values())
        highest: dict[bytes, int] = {}
        for record in await read(consumer, total):
            number = int(record.value)
            expected = highest.get(record.key, int(record.key[1:]) - 50) + 50
            assert number <= expected, "an event before an earlier one"
            highest[record.key] = max(number, expected - 50)
        assert set(highest.values()) == set(range(19_950, 20_000))
        await consumer.stop()


async def test_a_poll_keeps_to_its_timeout_and_stop_is_bounded_without_a_broker(own_broker):
    prefix = f"t{uuid.uuid4().hex[:8]}"
    await create_topics(own_broker.bootstrap, [f"{prefix}.signals.v1"], PARTITIONS)
    async with running(own_broker.bootstrap, prefix) as (log, topic):
        consumer = log.consumer(topic, "router")
        await joined(consumer, PARTITIONS)
        await from_start(consumer)
        own_broker.stop(kill=True)
        loop = asyncio.get_running_loop()
        for _ in range(10):
            began = loop.time()
            with contextlib.suppress(LogUnavailable):
                await consumer.poll(10, 0.2)
            assert loop.time() - began < 1
        began = loop.time()
        calls = (log.append(out(topic, 1)), log.publish(out(topic, 1)), log.check(), log.end_offsets(topic))
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert [type(answer) for answer in answers] == [LogUnavailable] * 4
        assert loop.time() - began < 15
        async with asyncio.timeout(20):
            await consumer.stop()


async def test_the_largest_event_is_published(made):
    log, topic = made
    largest = RecordOut(topic, b"k", random.Random(7).randbytes(RECORD_BYTES - 1))
    await log.publish([*out(topic, 1, key="k"), largest, *out(topic, 2, key="k")])
    consumer = log.consumer(topic, "reader")
    found = [record.value for record in await read(consumer, 3)]
    await consumer.stop()
    assert found == [b"1", largest.value, b"2"]


async def test_a_topic_that_is_missing_is_said_by_name(kafka_bootstrap):
    async with running(kafka_bootstrap) as (log, topic):
        consumer = log.consumer(topic, "router")
        with pytest.raises(LogUnavailable, match="there is no topic"):
            await consumer.poll(10, 10)
        await consumer.stop()


async def test_the_broker_puts_keys_where_our_partitioner_says(made):
    log, topic = made
    await log.append(out(topic, *range(100)))
    await log.publish(out(topic, *range(100, 200)))
    consumer = log.consumer(topic, "router")
    records = await read(consumer, 200)
    await consumer.stop()
    assert len(records) == 200
    assert all(record.partition == partition_of(record.key, PARTITIONS) for record in records)


async def round_trip(bootstrap, broker, **security):
    prefix = f"t{uuid.uuid4().hex[:8]}"
    await create_topics(broker.bootstrap, [f"{prefix}.signals.v1"], PARTITIONS)
    async with running(bootstrap, prefix, **security) as (log, topic):
        await log.append(out(topic, 1))
        await log.check()
        consumer = log.consumer(topic, "router")
        assert [record.value for record in await read(consumer, 1)] == [b"1"]
        await consumer.stop()


@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"])
async def test_sasl_with_a_password_over_tls(secure, mechanism, tmp_path):
    (tmp_path / "password").write_text(PASSWORD + "\n")
    security = {
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": mechanism,
        "KAFKA_USERNAME": USER,
        "KAFKA_CA_FILE": str(secure.folder / "ca.pem"),
    }
    bootstrap = f"127.0.0.1:{secure.sasl}"
    await round_trip(bootstrap, secure, KAFKA_PASSWORD_FILE=str(tmp_path / "password"), **security)
    with pytest.raises(LogUnavailable):
        await round_trip(bootstrap, secure, KAFKA_PASSWORD="wrong", **security)


async def test_a_broker_whose_certificate_nobody_signed_is_refused(secure):
    security = {"KAFKA_SASL_MECHANISM": "PLAIN", "KAFKA_USERNAME": USER, "KAFKA_PASSWORD": PASSWORD}
    with pytest.raises(LogUnavailable):
        await round_trip(f"127.0.0.1:{secure.sasl}", secure, KAFKA_SECURITY_PROTOCOL="SASL_SSL", **security)


async def test_mutual_tls_with_an_encrypted_key(secure):
    security = {"KAFKA_SECURITY_PROTOCOL": "SSL", "KAFKA_CA_FILE": str(secure.folder / "ca.pem")}
    ours = {
        "KAFKA_CERT_FILE": str(secure.folder / "client.pem"),
        "KAFKA_KEY_FILE": str(secure.folder / "client.key"),
        "KAFKA_KEY_PASSWORD": PASSWORD,
    }
    await round_trip(f"127.0.0.1:{secure.mutual}", secure, **security, **ours)
    with pytest.raises(LogUnavailable):
        await round_trip(f"127.0.0.1:{secure.mutual}", secure, **security)


class Endpoint(BaseHTTPRequestHandler):
    """RFC 6749, 4.4: client id and secret in, a token out."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        ok = b"grant_type=client_credentials" in body and self.headers["Authorization"] == "Basic Y2xpZW50OnNlY3JldA=="
        self.send_response(200 if ok else 401)
        self.end_headers()
        self.wfile.write(json.dumps({"access_token": token(), "expires_in": 600} if ok else {}).encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def endpoint():
    server = HTTPServer(("127.0.0.1", 0), Endpoint)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/token"
    server.shutdown()
    server.server_close()


async def test_oauthbearer_from_an_endpoint_and_from_a_file(secure, endpoint, tmp_path):
    security = {
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_SASL_MECHANISM": "OAUTHBEARER",
        "KAFKA_CA_FILE": str(secure.folder / "ca.pem"),
    }
    client = {"KAFKA_OAUTH_TOKEN_URL": endpoint, "KAFKA_OAUTH_CLIENT_ID": "client"}
    bootstrap = f"127.0.0.1:{secure.sasl}"
    await round_trip(bootstrap, secure, **security, **client, KAFKA_OAUTH_CLIENT_SECRET="secret")
    with pytest.raises(LogUnavailable):
        await round_trip(bootstrap, secure, **security, **client, KAFKA_OAUTH_CLIENT_SECRET="wrong")
    (tmp_path / "token").write_text(token() + "\n")
    await round_trip(bootstrap, secure, **security, KAFKA_OAUTH_TOKEN_PATH=str(tmp_path / "token"))
