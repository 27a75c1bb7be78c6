"""People with planted strings, and a look into everything that is kept for them."""

import re

from aiokafka import AIOKafkaConsumer, TopicPartition
from sqlalchemy import text

from services.adapters.sql.tables import metadata

PLANTED = 40
"""Strings of each person."""
PLANTED_WORD = re.compile(r"zq\d{5}x\d\dq")


class Planted:
    """One person with 40 strings that nobody else has."""

    def __init__(self, number):
        self.number = number
        self.words = [f"zq{number:05d}x{n:02d}q" for n in range(PLANTED)]
        w = self.words
        self.email = f"{w[0]}.{w[1]}@arbetsplats{number}.example"
        self.phone = f"+4670{number:07d}"
        self.first, self.last = w[3].title(), w[4].title()

    def form(self, **more):
        """With every string somewhere: in names, answers, campaign parameters, a message."""
        fields = {f"answer_{n}": f"{self.words[n]} and so on" for n in range(8, PLANTED)}
        utm = {"utm_term": self.words[5], "utm_content": self.words[6]}
        person = {"email": self.email, "first_name": self.first, "last_name": self.last, "phone": self.phone}
        return {**person, **fields, **utm, "message": f"call {self.words[7]} {self.words[2]}", **more}

    def contact(self, **more):
        """As a CRM tells of them."""
        person = {"full_name": f"{self.first} {self.last}", "phone": self.phone}
        fields = dict(zip(("note", "role", "floor"), self.words[8:], strict=False))
        return {"email": self.email, "person": person, "fields": fields, "references": [self.reference], **more}

    @property
    def reference(self):
        return {"system": "crm", "object": "person", "id": str(700_000 + self.number)}


async def hits_in_tables(engines, people, but=frozenset()):
    """{table.column: how many strings of these people are in it}; binary columns too, whatever their class."""
    words = {word for person in people for word in person.words}
    found = {}
    async with engines.read() as conn:
        for name, table in metadata.tables.items():
            rows = (await conn.execute(text(f"SELECT * FROM {name}"))).all()  # noqa: S608 - names of our own tables
            for column in table.c.keys():  # noqa: SIM118 - a collection of columns, not a mapping of names
                held = set().union(*(planted_in(str(getattr(row, column)).casefold()) for row in rows))
                if (hits := len(held & words)) and f"{name}.{column}" not in but:
                    found[f"{name}.{column}"] = hits
    return found


def hits_in_files(paths, people):
    """{file: how many strings of these people are in it}, byte by byte."""
    words = {word for person in people for word in person.words}
    found = {}
    for path in paths:
        if hits := len(planted_in(path.read_bytes().lower().decode("latin-1")) & words):
            found[path.name] = hits
    return found


def planted_in(text):
    """The planted strings in a text in small letters, whoever's they are: gone through once, not once for each of thousands."""
    return set(PLANTED_WORD.findall(text))


async def records_of(bootstrap, topics):
    """Every record of these topics as it lies there: {topic: [(key, value)]}."""
    reader = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await reader.start()
    try:
        places = [
            TopicPartition(topic, n)
            for topic in topics
            for n in (await reader._client.fetch_all_metadata()).partitions_for_topic(topic)
        ]
        reader.assign(places)
        await reader.seek_to_beginning()
        ends, found = await reader.end_offsets(places), {topic: [] for topic in topics}
        while any([await reader.position(place) < ends[place] for place in places]):
            for place, records in (await reader.getmany(timeout_ms=200)).items():
                found[place.topic] += [(record.key, record.value) for record in records]
    finally:
        await reader.stop()
    return found


def hits_in_topics(records, people):
    """{topic: how many strings of these people are in its records}."""
    words = {word for person in people for word in person.words}
    held = {
        topic: b" ".join(part or b"" for pair in pairs for part in pair).lower() for topic, pairs in records.items()
    }
    hits = {topic: len(planted_in(text.decode("latin-1")) & words) for topic, text in held.items()}
    return {topic: count for topic, count in hits.items() if count}
