"""kcat reads the topics as a data team does: keys, values by their schemas, each event once by its id, a place per group."""

import pytest

from tests.data_team import check_schemas, first_of_each, published_story, sequences
from tests.golden_story import expected_events
from tests.parts.kcat import consume

pytestmark = pytest.mark.real


async def test_kcat_reads_every_event_by_key_and_schema_and_once_by_its_id(request, tmp_path, kafka_bootstrap):
    async with published_story(request, tmp_path) as (_, topics):
        records = consume(kafka_bootstrap, f"{topics[0]}.kcat", topics)
        again = consume(kafka_bootstrap, f"{topics[0]}.kcat", topics)
    events = first_of_each(record["payload"] for record in records)
    assert len(records) > len(events), "some came twice"
    assert sorted(record["payload"] for record in unique(records)) == sorted(expected_events())
    assert not again, "the group's place is at the end"
    check_schemas(events)
    assert all(list(range(1, len(found) + 1)) == found for found in sequences(events).values())
    for record in records:
        assert "headers" not in record, "all is in the value"
        assert f'"partitionkey":"{record["key"]}"' in record["payload"]


async def test_what_comes_of_a_lead_is_in_order_within_a_topic_and_on_one_partition(request, tmp_path, kafka_bootstrap):
    async with published_story(request, tmp_path) as (_, topics):
        records = consume(kafka_bootstrap, f"{topics[0]}.kcat", topics)
    places, last = {}, {}
    for record in sorted(unique(records), key=lambda record: record["offset"]):
        event = first_of_each([record["payload"]])[0]
        places.setdefault((record["topic"], record["key"]), set()).add(record["partition"])
        assert int(event["sequence"]) > last.get((record["topic"], event["subject"]), 0)
        last[record["topic"], event["subject"]] = int(event["sequence"])
    assert len(places) > 5
    assert all(len(partitions) == 1 for partitions in places.values())


def unique(records):
    """The first record of each event, as they lie in their partitions."""
    ordered = sorted(records, key=lambda record: record["offset"])
    return list({record["payload"]: record for record in reversed(ordered)}.values())
