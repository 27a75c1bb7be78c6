"""A database with very many leads, for whoever asks how the page reads it: lives that the router decided, and copies of them.
`python -m tests.many_leads` fills one with a million, times the first view of each screen and says how each question is read."""

import argparse
import asyncio
import os
import re
import sys
import tempfile
import time
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from pathlib import Path

from sqlalchemy import event, text
from sqlalchemy.ext.asyncio import create_async_engine

from services.adapters.sql.flow import SqlFlowReading
from services.bootstrap.page import new_link
from services.console.flow.counting import FlowCounter
from tests.api import installed
from tests.many_copies import GROWS, Copies, multiply
from tests.mixed_lives import WAVE, tell_waves
from tests.page import Browser, is_being_computed
from tests.page_walk import shape, tell_lives, walk
from tests.parts.databases import migrated_database
from tests.parts.postgres import PostgresServer

BUSY, QUIET, WAVES = 8, 42, 7
"""Leads of `tell_lives`, contacts beside them of whom nothing was heard since, and waves of others, each from the form to its end."""
YOUNG = 3
"""Copies whose promises still run."""
FEW = 1000
"""Rows of a table of which no index is used."""
FIRST_VIEW = 1.0
"""Seconds in which each screen has to show what it is for."""
REPORTS = ("/forum",)
"""Screens that may say first that their figures are being computed: a report of a week reads the stories of all leads."""
FAST = (
    "fsync = off",
    "full_page_writes = off",
    "wal_level = minimal",
    "max_wal_senders = 0",
    "max_wal_size = '8GB'",
    "autovacuum = off",
)
_statements: ContextVar[list | None] = ContextVar("statements", default=None)


async def tell_quiet_lives(api, count=QUIET):
    """Contacts as another system brings them."""
    for number in range(count):
        person = {"full_name": f"Kontakt {number}"}
        await api.fact(fact="contact.created", email=f"k{number}@lista.example", id=f"k{number}", person=person)  # fmt: skip
    await api.settled()


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
    return sorted(set(re.findall(r"Seq Scan on (\w+)", plan)) & {*GROWS, "flow_counts"})


@asynccontextmanager
async def many_leads(folder, url, copies, *, quiet=QUIET, waves=0):
    """An installation on a database with so many lives; its roles have stopped. Promises still run in the youngest copies."""
    place = {"STAFETT_DATABASE_URL": url.replace("+asyncpg", "")}
    async with installed(folder, secrets=place) as api:
        leads = await tell_lives(api)
        await tell_quiet_lives(api, quiet)
        await tell_waves(api, waves)
    await multiply(url, copies)
    async with _open_filled(folder / "again", place) as api:
        # As a process does that runs all the while.
        await FlowCounter(SqlFlowReading(api.parts.store.engines)).catch_up()
        api.leads = leads
        yield api


@asynccontextmanager
async def _open_filled(folder, place):
    """An installation on a database that has its lives; none of its roles runs."""
    folder.mkdir()
    async with installed(folder, secrets=place, roles=()) as api:
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


async def show_first_views(api, folder, place):
    """The time of the first view of each screen, each by a process that has read nothing yet; how each question is read; and whether all is well."""
    engines = api.parts.store.engines
    small = await _show_size(engines)
    slow, everything = [], []
    for person in ("maja", "lena", "elin"):
        async with signed_in(api, person) as reader:
            # A report of all leads takes minutes: what says that it is being computed is a page like any other here.
            reader.get = reader.client.get
            with questions(engines) as asked:
                screens = {shape(page.path)[0]: page.path for page in reversed(await walk(reader))}
            everything += asked
        for path in screens.values():
            fresh = Path(tempfile.mkdtemp(dir=folder))
            async with installed(fresh, secrets=place, roles=()) as other, signed_in(other, person) as reader:
                with questions(other.parts.store.engines) as asked:
                    began = time.perf_counter()
                    answer = await reader.client.get(path)
                    took = time.perf_counter() - began
                    waits = is_being_computed(answer)
            everything += asked
            slow += [path] if took > FIRST_VIEW or answer.status_code != 200 or (waits and path not in REPORTS) else []
            print(
                f"{took * 1000:7.0f} ms  {answer.status_code}  {person:5} {len(asked):2} questions  {path}"
                + (" (says that it is being computed)" if waits else ""),
                flush=True,
            )
    through = []
    for statement, plan in await plans(engines, everything):
        bad = [name for name in scans_in(plan) if name not in small]
        through += bad
        said = f"READS THROUGH {', '.join(bad)}" if bad else "by an index"
        print(f"\n--- {said}: {' '.join(statement.split())[:300]}\n{plan}")
    print(
        f"\nslower than {FIRST_VIEW:g} s: {slow or 'none'}; tables read from one end to the other: {through or 'none'}"
    )
    return not slow and not through


async def _show_size(engines):
    """Prints it; the tables of so few rows that no index is worth while."""
    # As the statistics have it: to count millions of rows takes longer than a statement may.
    rows_of = "SELECT relname, CAST(reltuples AS bigint) FROM pg_class WHERE relname = ANY(:names)"
    async with engines.read() as conn:
        counts = dict((await conn.execute(text(rows_of), {"names": list(GROWS)})).all())
        size = (await conn.execute(text("SELECT pg_size_pretty(pg_database_size(current_database()))"))).scalar()
    rows = ", ".join(f"{name} {count:,}" for name, count in counts.items())
    print(f"load average {os.getloadavg()[0]:.1f}; {size}; {rows}", flush=True)
    return {name for name, count in counts.items() if count < FEW}


async def main(asked):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.at:
            place = {"STAFETT_DATABASE_URL": asked.at}
            async with _open_filled(folder / "filled", place) as api:
                return await show_first_views(api, folder, place)
        return await fill_and_show(folder, asked)


async def fill_and_show(folder, asked):
    own, began = BUSY + QUIET + WAVES * WAVE, time.perf_counter()
    server = PostgresServer().start()
    try:
        await write_fast(server)
        copies = Copies(asked.leads // own, YOUNG)
        async with migrated_database(server.url) as url, many_leads(folder, url, copies, waves=WAVES) as api:
            print(f"filled in {time.perf_counter() - began:.0f} s", flush=True)
            place = url.replace("+asyncpg", "")
            well = await show_first_views(api, folder, {"STAFETT_DATABASE_URL": place})
            if asked.stay:
                print(f"until ctrl-c: --at '{place}'", flush=True)
                await asyncio.Event().wait()
            return well
    finally:
        server.close()


async def write_fast(server):
    """A server that nobody relies on: what fills it is not written twice, and nothing waits for the disk."""
    admin = create_async_engine(server.url("postgres"), isolation_level="AUTOCOMMIT")
    async with admin.connect() as conn:
        for setting in FAST:
            await conn.execute(text(f"ALTER SYSTEM SET {setting}"))
    await admin.dispose()
    server.restart()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=1_000_000)
    parser.add_argument(
        "--stay", action="store_true", help="keep the filled database until ctrl-c, and say where it is"
    )
    parser.add_argument("--at", metavar="URL", help="show what such a database has, and fill none")
    sys.exit(0 if asyncio.run(main(parser.parse_args())) else 1)
