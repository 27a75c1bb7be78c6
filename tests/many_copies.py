# ruff: noqa: S608 - what is put into statements are names of our own tables and columns
"""Lives that the router decided, told again and again under other ids and at other times of the year before, by PostgreSQL itself: of each
row a template is made once, in which the ends of its ids are marks, and a copy is that template with its own ends put in."""

import asyncio
from typing import NamedTuple

from sqlalchemy import Integer, LargeBinary, Text, UniqueConstraint, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.adapters.sql.schema import NEEDED
from services.adapters.sql.tables import metadata

GROWS = (
    "events", "history", "leads", "clocks", "identities", "inbox", "accounts", "alert_notices", "alert_notifications", "dead_letters",
    "deliveries", "delivery_attempts", "incidents", "quarantine", "sink_records", "sink_steps", "withdrawals",
)  # fmt: skip
"""Tables that have more rows the more leads there are, for as long as these are kept; the largest first."""
DAY = 86_400_000_000
"""In microseconds. The lives are spread over the year before."""
SEEDS = 20
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID = r"\m([a-z]{2,6}_[a-z2-7]{20})[a-z2-7]{6}\M"
_END, _KEY_END = "~~~~~~", "^^^^^^^^"
"""Where a copy puts the end of its ids, and of keys that are no ids. Six letters: of a million copies with four, one has the end of its original."""
_NOT_OF_A_KEY = {"brand", "kind", "source", "subscription", "topic", "sink"}
assert set(GROWS) <= set(NEEDED)


class Copies(NamedTuple):
    """`number` further lives of each that is there; in the `young` nearest to now promises still run, in those of before all was done."""

    number: int
    young: int

    @property
    def step(self):
        """Between two copies of a life, in microseconds."""
        return 365 * DAY // self.number


async def multiply(url, copies):
    """Fills the tables that grow, two at a time. Tables without a row get some, which say no more than that they are there."""
    engine = create_async_engine(url)
    async with engine.connect() as conn:
        lasted = (await conn.execute(text("SELECT max(recorded_at) - min(recorded_at) FROM events"))).scalar()
    waiting = list(GROWS)

    async def take_tables():
        while waiting:
            name = waiting.pop(0)
            async with engine.begin() as conn:
                await _fill(conn, metadata.tables[name], copies, copies.step - lasted)
            async with engine.connect() as conn:
                await (await conn.execution_options(isolation_level="AUTOCOMMIT")).execute(
                    text(f"VACUUM ANALYZE {name}")
                )

    await asyncio.gather(take_tables(), take_tables())
    async with engine.begin() as conn:
        await conn.execute(text("UPDATE counters SET value = (SELECT max(position) FROM events) WHERE name = 'events'"))
        await _move_sequences(conn)
    async with engine.connect() as conn:
        await (await conn.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
    await engine.dispose()


async def _move_sequences(conn):
    """Behind the numbers that copies were given, so that whoever writes on gets new ones."""
    for name in GROWS:
        for column in metadata.tables[name].primary_key.columns:
            place = (await conn.execute(text(f"SELECT pg_get_serial_sequence('{name}', '{column.name}')"))).scalar()
            if place is not None:
                await conn.execute(text(f"SELECT setval('{place}', (SELECT max({column.name}) FROM {name}))"))


async def _fill(conn, table, copies, room):
    """A table that is emptied in the same transaction is written without the write-ahead log, and its indexes are built at the end."""
    name = table.name

    async def do(statement):
        return await conn.execute(text(statement.replace(":", r"\:")))

    await do("SET LOCAL maintenance_work_mem = '512MB'")
    await do("SET LOCAL synchronous_commit = off")
    if not (await do(f"SELECT 1 FROM {name} LIMIT 1")).first():
        await conn.execute(table.insert(), [_seed(table, number) for number in range(SEEDS)])
    if name == "events":
        # What was earlier has the lower positions, as it was written: those that are there are the newest.
        await do(f"UPDATE events SET position = position + {copies.number} * (SELECT count(*) FROM events)")
    columns = ", ".join(f'"{column.name}"' for column in table.columns)
    await do(f"CREATE TEMP TABLE own ON COMMIT DROP AS SELECT * FROM {name}")
    await do(f"CREATE TEMP TABLE spread ON COMMIT DROP AS SELECT t.*, {_shift(table, room)} AS shift FROM own t")
    templates = ", ".join(f'{_template(table, column)} AS "{column.name}"' for column in table.columns)
    ranks = "row_number() OVER (ORDER BY recorded_at + shift, position)" if name == "events" else "0"
    await do(f"CREATE TEMP TABLE templates ON COMMIT DROP AS SELECT {templates}, shift, {ranks} AS rank FROM spread t")
    builds = await _take_indexes(do, name)
    await do(f"TRUNCATE {name}")
    await do(f"INSERT INTO {name} ({columns}) SELECT {columns} FROM own")
    values = ", ".join(_value(table, column, copies) for column in table.columns)
    # The oldest first, as the rows would have come.
    await do(
        f"INSERT INTO {name} ({columns}) SELECT {values} FROM ({_lives(table, copies)}) n CROSS JOIN LATERAL"
        " (SELECT * FROM templates WHERE n.i > 0 ORDER BY rank) t"
    )
    for build in builds:
        await do(build)


async def _take_indexes(do, name):
    """Takes away all that slows a row down; the statements that bring it back."""
    constraints = (
        await do(f"""SELECT conname, pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = '{name}'::regclass
            AND contype IN ('p', 'u')""")
    ).all()
    indexes = (
        await do(f"""SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
            WHERE i.indrelid = '{name}'::regclass AND NOT EXISTS (SELECT 1 FROM pg_constraint c WHERE c.conindid = i.indexrelid)""")
    ).all()
    for constraint, _ in constraints:
        await do(f'ALTER TABLE {name} DROP CONSTRAINT "{constraint}"')
    for index, _ in indexes:
        await do(f"DROP INDEX {index}")
    back = [f'ALTER TABLE {name} ADD CONSTRAINT "{constraint}" {definition}' for constraint, definition in constraints]
    return [*back, *(definition for _, definition in indexes)]


def _lives(table, copies):
    """One row for each copy: its number, the end of its ids, by how much it was earlier, and the distance between two copies' numbers."""
    code = " || ".join(
        f"substr('{_ALPHABET}', CAST((i >> {b}) & 31 AS integer) + 1, 1)" for b in (25, 20, 15, 10, 5, 0)
    )
    spans = "".join(
        f", (SELECT max({c.name}) - min({c.name}) + 1 FROM own) AS span_{c.name}"
        for c in table.columns
        if _is_number_of_a_key(table, c)
    )
    series = f"generate_series(CAST({copies.number} AS bigint), 1, -1) i"
    return (
        f"SELECT i, {code} AS code, lpad(to_hex(i), 8, '0') AS key_end, i * {copies.step} AS back{spans} FROM {series}"
    )


def _shift(table, room):
    """By how much all that is of one lead lies later in its copies, so that a copy's lives do not all begin at once."""
    names = table.columns.keys()
    lead = "id" if table.name == "leads" else "lead_id"
    return (
        f"(hashtext(coalesce({lead}, ''))::bigint & 65535) * {room} / 65536" if lead in names else "CAST(0 AS bigint)"
    )


def _keys(table):
    """The names of columns that no two rows may share."""
    unique = [c for c in table.constraints if isinstance(c, UniqueConstraint)]
    return {column.name for key in (table.primary_key, *unique) for column in key.columns}


def _is_number_of_a_key(table, column):
    return isinstance(column.type, Integer) and column.name in _keys(table)


def _is_end_of_a_key(table, column):
    return isinstance(column.type, Text) and column.name in _keys(table) and column.name not in _NOT_OF_A_KEY


def _template(table, column):
    """The expression of this column's value with marks in it."""
    name = f't."{column.name}"'
    if not isinstance(column.type, Text):
        return name
    with_marks = rf"regexp_replace({name}, '{_ID}', '\1{_END}', 'g')"
    if not _is_end_of_a_key(table, column):
        return with_marks
    return f"CASE WHEN {name} ~ '{_ID}' THEN {with_marks} ELSE left({name}, -8) || '{_KEY_END}' END"


def _value(table, column, copies):
    """The expression of this column's value in a copy."""
    name = f't."{column.name}"'
    if table.name == "events" and column.name == "position":
        return f"({copies.number} - n.i) * (SELECT count(*) FROM own) + t.rank"
    if _is_number_of_a_key(table, column):
        return f"{name} + n.i * n.span_{column.name}"
    if table.name == "clocks" and column.name in ("act_by", "next_at"):
        return f"CASE WHEN n.i > {copies.young} THEN NULL ELSE {name} - n.back + t.shift END"
    if table.name == "clocks" and column.name == "state":
        return f"CASE WHEN n.i > {copies.young} AND {name} <> 'cancelled' THEN 'fulfilled' ELSE {name} END"
    if column.name.endswith("_at") or column.name == "at":
        return f"{name} - n.back + t.shift"
    if not isinstance(column.type, Text):
        return name
    ended = f"replace({name}, '{_END}', n.code)"
    return f"replace({ended}, '{_KEY_END}', n.key_end)" if _is_end_of_a_key(table, column) else ended


def _seed(table, number):
    """A row of a table that these lives leave empty: of this kind is what the roles for alerts, sinks and deliveries write."""
    return {column.name: _anything(column, number) for column in table.columns if not column.nullable}


def _anything(column, number):
    if isinstance(column.type, Text):
        return f"seed_{'a' * 19}{_ALPHABET[number]}{'a' * 6}"
    return b"x" if isinstance(column.type, LargeBinary) else (False if column.type.python_type is bool else number)
