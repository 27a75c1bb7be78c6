# ruff: noqa: S608 - what is put into statements are names of our own tables and columns
"""A database with very many leads, for whoever asks how the page reads it: lives that the router decided, told again and again under other
ids and on other days, by PostgreSQL itself. `python -m tests.many_leads` fills one with a million and times the first view of each screen."""

import argparse
import asyncio
import os
import re
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path

from sqlalchemy import Integer, LargeBinary, Text, UniqueConstraint, event, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.adapters.sql.schema import NEEDED
from services.adapters.sql.tables import metadata
from services.bootstrap.page import new_link
from tests.api import installed
from tests.page import Browser
from tests.page_walk import read_page, shape, tell_lives, walk
from tests.parts.postgres import PostgresServer, migrated_database

GROWS = (
    "accounts", "alert_notices", "alert_notifications", "clocks", "dead_letters", "deliveries", "delivery_attempts", "events", "history",
    "identities", "inbox", "incidents", "leads", "quarantine", "sink_records", "sink_steps", "withdrawals",
)  # fmt: skip
"""Tables that have more rows the more leads there are, for as long as these are kept."""
DAY = 86_400_000_000
"""In microseconds. The lives are spread over the year before."""
BUSY, QUIET = 8, 42
"""Leads of `tell_lives`, and contacts beside them of whom nothing was heard since."""
YOUNG = 100
"""Copies whose promises still run; in those of before all was done."""
SEEDS = 20
_ALPHABET = "abcdefghijklmnopqrstuvwxyz234567"
_ID = r"\m([a-z]{2,6}_[a-z2-7]{22})[a-z2-7]{4}\M"
_NOT_OF_A_KEY = {"brand", "kind", "source", "subscription", "topic", "sink"}
_statements: ContextVar[list | None] = ContextVar("statements", default=None)


async def tell_quiet_lives(api, count=QUIET):
    """Contacts as another system brings them."""
    for number in range(count):
        person = {"full_name": f"Kontakt {number}"}
        await api.fact(fact="contact.created", email=f"k{number}@lista.example", id=f"k{number}", person=person)  # fmt: skip
    await api.settled()


async def multiply(conn, copies, young):
    """So many further lives of each that is there. Tables without a row get some, which say no more than that they are there."""
    indexes = (await conn.execute(text(_INDEXES), {"tables": list(GROWS)})).all()
    for name, _ in indexes:
        await conn.execute(text(f"DROP INDEX {name}"))
    for name in GROWS:
        table = metadata.tables[name]
        if not (await conn.execute(text(f"SELECT 1 FROM {name} LIMIT 1"))).first():
            await conn.execute(table.insert(), [_seed(table, number) for number in range(SEEDS)])
        if name == "events":
            # What was earlier has the lower positions, as it was written: those that are there are the newest.
            span = "(SELECT max(position) - min(position) + 1 FROM events)"
            await conn.execute(text(f"UPDATE events SET position = position + {copies} * {span}"))
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        values = ", ".join(_copied(table, column, young) for column in table.columns)
        lives = f"INSERT INTO {name} ({columns}) SELECT {values} FROM {name} t, ({_lives(table, copies)}) n ON CONFLICT DO NOTHING"
        await conn.execute(text(lives.replace(":", r"\:")))
    for _, definition in indexes:
        await conn.execute(text(definition))
    await conn.execute(text("UPDATE counters SET value = (SELECT max(position) FROM events) WHERE name = 'events'"))


_INDEXES = """SELECT c.relname, pg_get_indexdef(i.indexrelid) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    JOIN pg_class t ON t.oid = i.indrelid WHERE t.relname = ANY(:tables) AND NOT i.indisunique"""
"""Those that are built faster at the end."""


def _lives(table, copies):
    """One row for each copy: its number, the end of its ids, by how much it was earlier, and the distance between two copies' numbers."""
    code = " || ".join(f"substr('{_ALPHABET}', CAST((i >> {b}) & 31 AS integer) + 1, 1)" for b in (15, 10, 5, 0))
    spans = "".join(
        f", (SELECT max({c.name}) - min({c.name}) + 1 FROM {table.name}) AS span_{c.name}"
        for c in table.columns
        if _is_number_of_a_key(table, c)
    )
    step = 365 * DAY // copies
    return f"SELECT i, {code} AS code, i * {step} AS back{spans} FROM generate_series(CAST(1 AS bigint), {copies}) i"


def _keys(table):
    """The names of columns that no two rows may share."""
    unique = [c for c in table.constraints if isinstance(c, UniqueConstraint)]
    return {column.name for key in (table.primary_key, *unique) for column in key.columns}


def _is_number_of_a_key(table, column):
    return isinstance(column.type, Integer) and column.name in _keys(table)


def _copied(table, column, young):
    """The expression of this column's value in a copy."""
    name = f't."{column.name}"'
    if _is_number_of_a_key(table, column):
        return f"{name} {'-' if table.name == 'events' else '+'} n.i * n.span_{column.name}"
    if table.name == "clocks" and column.name in ("act_by", "next_at"):
        return f"CASE WHEN n.i > {young} THEN NULL ELSE {name} - n.back END"
    if table.name == "clocks" and column.name == "state":
        return f"CASE WHEN n.i > {young} AND {name} <> 'cancelled' THEN 'fulfilled' ELSE {name} END"
    if column.name.endswith("_at") or column.name == "at":
        return f"{name} - n.back"
    if not isinstance(column.type, Text):
        return name
    under_another_id = f"regexp_replace({name}, '{_ID}', '\\1' || n.code, 'g')"
    if column.name not in _keys(table) or column.name in _NOT_OF_A_KEY:
        return under_another_id
    return f"CASE WHEN {name} ~ '{_ID}' THEN {under_another_id} ELSE left({name}, -8) || lpad(to_hex(n.i), 8, '0') END"


def _seed(table, number):
    """A row of a table that these lives leave empty: of this kind is what the roles for alerts, sinks and deliveries write."""
    return {column.name: _anything(column, number) for column in table.columns if not column.nullable}


def _anything(column, number):
    if isinstance(column.type, Text):
        return f"seed_{'a' * 21}{_ALPHABET[number]}{'a' * 4}"
    return b"x" if isinstance(column.type, LargeBinary) else (False if column.type.python_type is bool else number)


@contextmanager
def questions(engines):
    """(statement, parameters) of what is asked of the store within, by whoever asks in this task."""
    asked = []

    def note(conn, cursor, statement, parameters, context, executemany):
        if (place := _statements.get()) is not None and statement.lstrip().upper().startswith(("SELECT", "WITH")):
            place.append((statement, parameters))

    engine = engines.reading.sync_engine
    event.listen(engine, "before_cursor_execute", note)
    token = _statements.set(asked)
    try:
        yield asked
    finally:
        _statements.reset(token)
        event.remove(engine, "before_cursor_execute", note)


async def plans(engines, asked):
    """(statement, plan) of each different question."""
    found = {}
    async with engines.read() as conn:
        for statement, parameters in asked:
            if statement not in found:
                rows = await conn.exec_driver_sql(f"EXPLAIN {statement}", parameters)
                found[statement] = "\n".join(row[0] for row in rows)
    return list(found.items())


def scans_in(plan):
    """Growing tables that are read from one end to the other in this plan."""
    return sorted(set(re.findall(r"Seq Scan on (\w+)", plan)) & set(GROWS))


@asynccontextmanager
async def many_leads(folder, url, *, copies, young=YOUNG, quiet=QUIET):
    """An installation on a database with so many lives; its roles have stopped. Promises still run in the youngest copies."""
    place = {"STAFETT_DATABASE_URL": url.replace("+asyncpg", "")}
    async with installed(folder, secrets=place) as api:
        leads = await tell_lives(api)
        await tell_quiet_lives(api, quiet)
    (folder / "again").mkdir()
    async with installed(folder / "again", secrets=place, roles=()) as api:
        # With a connection of its own: those of the store give up what takes longer than they may.
        engine = create_async_engine(url)
        async with engine.begin() as conn:
            await multiply(conn, copies, young)
        async with engine.connect() as conn:
            await (await conn.execution_options(isolation_level="AUTOCOMMIT")).execute(text("VACUUM ANALYZE"))
        await engine.dispose()
        api.leads = leads
        yield api


@asynccontextmanager
async def signed_in(api, person):
    browser = Browser(api.app)
    _, path = await new_link(api.parts, person)
    await browser.get(path)
    try:
        yield browser
    finally:
        await browser.close()


async def show_first_views(api):
    """The time of the first view of each screen, and what each question reads."""
    engines = api.parts.store.engines
    async with engines.read() as conn:
        counts = {name: (await conn.execute(text(f"SELECT count(*) FROM {name}"))).scalar() for name in GROWS}
        size = (await conn.execute(text("SELECT pg_size_pretty(pg_database_size(current_database()))"))).scalar()
    print(
        f"load average {os.getloadavg()[0]:.1f}; {size}; "
        + ", ".join(f"{name} {count:,}" for name, count in counts.items()),
        flush=True,
    )
    slowest, everything = 0.0, []
    for person in ("maja", "elin"):
        async with signed_in(api, person) as reader:
            paths, shapes = [], set()
            for page in await walk(reader):
                if shape(page.path) not in shapes:
                    shapes.add(shape(page.path))
                    paths.append(page.path)
        async with signed_in(api, person) as reader:
            for path in paths:
                with questions(engines) as asked:
                    began = time.perf_counter()
                    page = await read_page(reader, path)
                    took = time.perf_counter() - began
                slowest, everything = max(slowest, took), everything + asked
                print(f"{took * 1000:7.0f} ms  {page.status}  {person:5} {len(asked):2} questions  {path}", flush=True)
    print(f"the slowest: {slowest * 1000:.0f} ms")
    for statement, plan in await plans(engines, everything):
        bad = scans_in(plan)
        print(
            f"\n--- {'READS THROUGH ' + ', '.join(bad) if bad else 'by an index'}: {' '.join(statement.split())[:300]}\n{plan}"
        )


async def main(leads):
    with tempfile.TemporaryDirectory() as folder:
        server = PostgresServer().start()
        try:
            async with migrated_database(server.url) as url:
                began = time.perf_counter()
                async with many_leads(Path(folder), url, copies=leads // (BUSY + QUIET)) as api:
                    print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
                    await show_first_views(api)
        finally:
            server.close()


assert set(GROWS) <= set(NEEDED)
if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    asyncio.run(main(parser.parse_args().leads))
