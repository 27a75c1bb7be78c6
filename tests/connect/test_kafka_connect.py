"""Kafka Connect with the files of deploy/kafka/connect: every event in a file, again after kill -9, and what is no JSON set aside."""

import json
import time

import pytest

from services.ports.rows import RecordOut
from tests.data_team import check_schemas, first_of_each, published_story
from tests.golden_story import expected_events
from tests.parts.kafka import create_topics
from tests.parts.kafka_connect import KafkaConnect
from tests.parts.kcat import consume

pytestmark = pytest.mark.real
DEAD = "data.stafett-dead"
NOT_JSON = b"{no"


@pytest.fixture
def connect(kafka_bootstrap, tmp_path):
    made = []

    def start(prefix):
        changes = {
            "broker:9092": kafka_bootstrap,
            "stafett\\\\.": f"{prefix}\\\\.",
            "stafett.data.": f"{prefix}.data.",
            DEAD: f"{prefix}-dead",
            "replication.factor=3": "replication.factor=1",
        }
        made.append(KafkaConnect(tmp_path, changes))
        return made[0].start()

    yield start
    for one in made:
        one.kill()


async def test_every_event_is_in_the_file_through_kill_9_and_what_is_no_json_is_set_aside(
    request, tmp_path, kafka_bootstrap, connect
):
    async with published_story(request, tmp_path) as (running, topics):
        prefix = topics[0].split(".")[0]
        await create_topics(kafka_bootstrap, [f"{prefix}-dead"], 1)
        await running.log.append([RecordOut(topics[0], b"k", NOT_JSON)])
        worker = connect(prefix)
        lines = wait_for(
            tmp_path / "events.ndjson", lambda lines: set(lines) >= {*expected_events(), NOT_JSON.decode()}
        )
        worker.kill()  # before it noted how far it is, or after: both are right
        await running.log.append([RecordOut(topics[2], b"k", b'{"id":"evt_later","type":"later"}')])
        worker.start()
        lines = wait_for(tmp_path / "events.ndjson", lambda lines: any("evt_later" in line for line in lines))
        ids = wait_for(tmp_path / "ids.txt", lambda lines: "evt_later" in lines)
    events = first_of_each(line for line in lines if line != NOT_JSON.decode() and "evt_later" not in line)
    assert sorted(set(lines) - {NOT_JSON.decode(), '{"id":"evt_later","type":"later"}'}) == sorted(expected_events())
    check_schemas(events)
    assert set(ids) == {"evt_later", *(event["id"] for event in events)}
    letters = consume(kafka_bootstrap, f"{prefix}.data.letters", [f"{prefix}-dead"])
    assert {letter["payload"] for letter in letters} == {NOT_JSON.decode()}
    headers = dict(zip(letters[0]["headers"][::2], letters[0]["headers"][1::2], strict=True))
    assert headers["__connect.errors.topic"] == topics[0]
    assert headers["__connect.errors.stage"] == "VALUE_CONVERTER"


def wait_for(file, enough):
    """The lines of the file once they are enough."""
    until = time.monotonic() + 120
    while time.monotonic() < until:
        lines = file.read_text().splitlines() if file.exists() else []
        if enough(lines):
            return lines
        time.sleep(0.2)
    raise AssertionError(f"{file.name}: {len(lines)} lines, the last is {json.dumps(lines[-1:])}")
