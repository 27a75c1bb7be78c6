"""What a data team is promised of the topics, as functions of what it read there. The topics are those of the golden story."""

import json
from contextlib import asynccontextmanager

from jsonschema import Draft202012Validator

from schemas.events import TOPICS
from schemas.export import schema
from services.ports.rows import RecordOut
from tests.golden_story import whole_story
from tests.setups import setup


@asynccontextmanager
async def published_story(request, folder):
    """(running, topics): the relay published the story; a third of the records came twice, as after a relay that was killed between
    the publication and its note of it."""
    async with setup("real-postgres-kafka", request, folder) as running:
        await whole_story(running)
        prefix = running.topic.rsplit(".", 2)[0]
        topic_of = {topic: f"{prefix}.{topic}.v1" for topic in TOPICS}
        rows = [entry.row for entry in await running.reading.events(limit=10_000)][::3]
        await running.log.publish(
            [
                RecordOut(topic_of[row.topic], row.partition_key.encode(), text.encode())
                for row, text in zip(rows, (await running.events())[::3], strict=True)
            ]
        )
        yield running, list(topic_of.values())


def first_of_each(texts):
    """The de-duplication of docs/data-team.md: by `id`, the first is kept."""
    events = {}
    for text in texts:
        event = json.loads(text)
        events.setdefault(event["id"], event)
    return list(events.values())


def check_schemas(events):
    """Each against the schemas that `stafett schema` prints: the envelope's, and that of its type for `data`."""
    of_type = {name: Draft202012Validator(schema(name)) for name in ("envelope", *{event["type"] for event in events})}
    for event in events:
        of_type["envelope"].validate(event)
        of_type[event["type"]].validate(event["data"])


def sequences(events):
    """{lead: its sequence numbers, sorted}."""
    numbers = {}
    for event in events:
        numbers.setdefault(event["subject"], []).append(int(event["sequence"]))
    return {lead: sorted(found) for lead, found in numbers.items()}
