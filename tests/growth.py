"""What the same work costs on a store that has grown: `python -m tests.growth --at URL` on a database that `python -m tests.many_leads --stay` has
filled, or `--leads N` to fill one. `--out FILE` keeps the figures, `--against FILE` puts the ratio to those of another size beside them.

CPU is that of this process and of PostgreSQL's, which has to run on this machine: on one that is busy with other things, time says little."""

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import NamedTuple

from sqlalchemy import text

from services.adapters.sql.pruning import prune
from services.bootstrap.persons import digests_of
from services.bootstrap.running import BACKGROUND
from tests.api import installed
from tests.many_copies import Copies
from tests.many_leads import BUSY, QUIET, WAVE, WAVES, YOUNG, many_leads, write_fast
from tests.parts.postgres import PostgresServer, migrated_database

BRAND, EMAIL = "default", "email"
AT_ONCE = 16
"""Requests under way at a time while signals are posted, which is not measured."""
LONG_AGO = timedelta(days=3650)
TICKS = os.sysconf("SC_CLK_TCK")


class Figure(NamedTuple):
    """Of one piece of work: microseconds of CPU of ours and of PostgreSQL's, and of time, in the median where it was done several times."""

    ours: float
    postgres: float
    took: float


def ticks_of(pid):
    """(CPU of a process and of its ended children in ticks, its parent)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return sum(map(int, fields[11:15])), int(fields[1])


def postgres_cpu(postmaster):
    """Seconds, of the server and all that it ever started."""
    total = 0
    for entry in Path("/proc").iterdir():
        try:
            ticks, parent = ticks_of(entry.name) if entry.name.isdigit() else (0, 0)
        except OSError:
            continue
        total += ticks if postmaster in (int(entry.name) if entry.name.isdigit() else 0, parent) else 0
    return total / TICKS


class Meter:
    """Measures pieces of work in this process, and in those that it waited for."""

    def __init__(self, postmaster):
        self._postmaster = postmaster

    async def measure(self, work, times):
        """One after the other; what is in ticks of PostgreSQL is taken over all of them."""
        postgres, ours, took = postgres_cpu(self._postmaster), [], []
        for number in range(times):
            began, cpu = time.perf_counter(), own_cpu()
            await work(number)
            took.append(time.perf_counter() - began)
            ours.append(own_cpu() - cpu)
        spent = (postgres_cpu(self._postmaster) - postgres) / times
        return Figure(*(round(seconds * 1e6) for seconds in (statistics.median(ours), spent, statistics.median(took))))

    async def measure_all(self, work, parts):
        """A piece of work of so many parts, once: what each costs."""
        figure = await self.measure(work, 1)
        return Figure(*(round(value / parts, 1) for value in figure))


def own_cpu():
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


async def one_value(engines, statement, **values):
    async with engines.read(patient=True) as conn:
        return (await conn.execute(text(statement), values)).scalar()


async def sample(engines, leads, count):
    """Ids of leads from all over the table."""
    share = min(100.0, 100.0 * count * 4 / max(leads, 1))
    statement = (
        f"SELECT id FROM leads TABLESAMPLE SYSTEM ({share}) REPEATABLE (7) WHERE disposition = 'active' LIMIT :n"  # noqa: S608 - a number of ours
    )
    async with engines.read(patient=True) as conn:
        found = [row[0] for row in await conn.execute(text(statement), {"n": count})]
    Random(7).shuffle(found)
    return found


async def give_addresses(api, leads, tag):
    """An address for each of these leads, by which what is posted finds it: copies have digests that no address has."""
    digests, rows = digests_of(api.parts), []
    for number, lead in enumerate(leads):
        digest = digests.email(address_of(tag, number), BRAND)
        rows.append({"brand": BRAND, "kind": EMAIL, "digest": digest, "lead": lead})
    async with api.parts.store.engines.write() as conn:
        await conn.execute(
            text("INSERT INTO identities (brand, kind, digest, subject_id) VALUES (:brand, :kind, :digest, :lead)"),
            rows,
        )


def address_of(tag, number):
    return f"{tag}.{number}@tillvaxt.example"


async def post_all(posts):
    turn = asyncio.Semaphore(AT_ONCE)

    async def post(one):
        async with turn:
            await one()

    await asyncio.gather(*map(post, posts))


async def route_all(api):
    """The real router, until nothing waits on the log."""
    stop = asyncio.Event()
    topic, parts = api.parts.settings.topic("signals"), api.parts
    ends = await parts.log.end_offsets(topic)
    task = asyncio.create_task(BACKGROUND["router"](parts)(stop))
    try:
        while True:
            at = await parts.store.all_positions("router", topic, parts.log.cluster)
            if all(at.get(p, 0) >= end for p, end in ends.items()):
                return
            assert not task.done(), "the router ended"
            await asyncio.sleep(0.05)
    finally:
        stop.set()
        await task


async def route_figures(api, meter, leads, count):
    """Signals on leads from all over the table, and on new ones."""
    tag = f"g{os.getpid():x}"
    known = await sample(api.parts.store.engines, leads, count)
    await give_addresses(api, known, tag)

    def visit(number):
        return api.fact(fact="page.visited", email=address_of(tag, number), id=f"{tag}-{number}", campaign="autumn")

    def ask(number):
        return api.form(
            email=address_of(f"{tag}n", number), name="Vera Ny", company=f"Ny {number}", form_id="newsletter"
        )

    figures = {}
    for name, posts in (
        ("a signal on a lead that is there", [lambda n=n: visit(n) for n in range(len(known))]),
        ("a signal that makes a lead", [lambda n=n: ask(n) for n in range(count)]),
    ):
        await post_all(posts)
        figures[f"router: {name}"] = await meter.measure_all(lambda _: route_all(api), len(posts))
    return figures


async def api_figures(api, meter, leads, times):
    engines = api.parts.store.engines
    ids = await sample(engines, leads, times)
    head = await one_value(engines, "SELECT value FROM counters WHERE name = 'events'")
    asked = {
        "leads of a stage, a page from anywhere": lambda n: ("/v1/leads", {"stage": "contact", "after": ids[n]}),
        "leads of a person, a page from anywhere": lambda n: ("/v1/leads", {"owner": "elin", "after": ids[n]}),
        "leads of a source, a page from anywhere": lambda n: ("/v1/leads", {"source": "load", "after": ids[n]}),
        "a lead": lambda n: (f"/v1/leads/{ids[n]}", {}),
        "history of a lead": lambda n: (f"/v1/leads/{ids[n]}/history", {}),
        "explanation of a lead": lambda n: (f"/v1/leads/{ids[n]}/explain", {}),
        "the feed, from anywhere": lambda n: ("/v1/events", {"after": head * n // times}),
    }
    figures = {}
    for name, path in asked.items():

        async def ask(number, path=path):
            place, query = path(number)
            await api.get(place, **query)

        await ask(0)
        figures[f"API: {name}"] = await meter.measure(ask, min(times, len(ids)))
    return figures


async def sweep_figures(api, meter, times):
    store, now = api.parts.store, api.parts.now()
    looks = {
        "due clocks, 500 of them": lambda _: store.due_clocks(now, 500),
        "the next due clock": lambda _: store.next_due(now),
        "housekeeping that finds nothing too old": lambda _: prune(
            store.engines,
            dict.fromkeys(("inbox", "dead_letters", "deliveries", "incidents", "withdrawals"), now - LONG_AGO),
        ),
    }
    return {f"sweep: {name}": await meter.measure(look, times) for name, look in looks.items()}


async def import_figures(api, meter, folder, rows):
    """`stafett import` onto the log, then the router."""
    tag = f"i{os.getpid():x}"
    lines = [
        f"{tag}.{n}@import.example,Vera Import {n},Import {n} AB,{'contact' if n % 3 else 'nurturing'}"
        for n in range(rows)
    ]
    file = folder / f"{tag}.csv"
    file.write_text("\n".join(["email,full_name,company,stage", *lines]) + "\n")
    config = folder / "config"
    command = [
        sys.executable,
        "-m",
        "services.cli.main",
        "import",
        str(file),
        "--config",
        str(config),
        "--rate",
        "0",
        "--name",
        tag,
    ]

    async def send(_):
        await asyncio.to_thread(subprocess.run, command, check=True, stdout=subprocess.DEVNULL)

    figures = {"import: a row onto the log": await meter.measure_all(send, rows)}
    figures["import: a row by the router"] = await meter.measure_all(lambda _: route_all(api), rows)
    return figures


async def measure(api, folder, asked):
    engines = api.parts.store.engines
    _, postmaster = ticks_of(await one_value(engines, "SELECT pg_backend_pid()"))
    leads = int(await one_value(engines, "SELECT CAST(reltuples AS bigint) FROM pg_class WHERE relname = 'leads'"))
    meter, began = Meter(postmaster), os.getloadavg()[0]
    figures = {
        **await api_figures(api, meter, leads, asked.times),
        **await sweep_figures(api, meter, asked.times),
        **await route_figures(api, meter, leads, asked.signals),
        **await import_figures(api, meter, folder, asked.rows),
    }
    print(
        f"{leads:,} leads; load average {began:.1f} to {os.getloadavg()[0]:.1f}; us of CPU of ours, of PostgreSQL, us of time"
    )
    return {"leads": leads, "figures": figures}


def show(made, before):
    """With the ratio of all CPU to that of another size."""
    for name, figure in made["figures"].items():
        line = f"{name:52} {figure[0]:>10,.0f} {figure[1]:>10,.0f} {figure[2]:>12,.0f}"
        if before is not None and name in before["figures"]:
            then = before["figures"][name]
            line += f"   {(figure[0] + figure[1]) / max(1.0, then[0] + then[1]):5.2f} x {before['leads']:,}"
        print(line)


async def main(asked):
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if asked.at:
            async with installed(folder, secrets={"STAFETT_DATABASE_URL": asked.at}, roles=()) as api:
                made = await measure(api, folder, asked)
        else:
            made = await fill_and_measure(folder, asked)
    show(made, json.loads(asked.against.read_text()) if asked.against else None)
    if asked.out:
        asked.out.write_text(json.dumps(made))


async def fill_and_measure(folder, asked):
    server = PostgresServer().start()
    try:
        await write_fast(server)
        copies = Copies(max(1, asked.leads // (BUSY + QUIET + WAVES * WAVE)), YOUNG)
        async with migrated_database(server.url) as url, many_leads(folder, url, copies, waves=WAVES) as api:
            return await measure(api, folder / "again", asked)
    finally:
        server.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--leads", type=int, default=10_000)
    parser.add_argument(
        "--at", metavar="URL", help="a database that is filled already; signals and rows are added to it"
    )
    parser.add_argument("--signals", type=int, default=2000, help="of each kind, for the router")
    parser.add_argument("--rows", type=int, default=50_000, help="of the import")
    parser.add_argument("--times", type=int, default=30, help="each question")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--against", type=Path)
    asyncio.run(main(parser.parse_args()))
