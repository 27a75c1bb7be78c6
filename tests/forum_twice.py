"""The figures of a simulated quarter, computed by the product and counted again: every one has to be equal to the last digit.

`make forum` (`python -m tests.forum_twice 50000`) does it through a store on disk, and says how long it took.
"""

import asyncio
import json
import sys
import tempfile
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from routing.forum.entries import EntryRecord
from routing.forum.report import report_of
from routing.forum.story import Heard, Story, read_event, read_facts
from schemas.forum import Cost
from services.adapters.sql import tables as t
from services.adapters.sql.forum import SqlForum
from services.adapters.sql.store import SqlStore
from services.adapters.sql.stories import SqlStories
from services.forum.reports import compute_report
from services.ports.instants import micros
from tests.by_hand import Facts, count_again, example_terms
from tests.forum import NOW, WEEK, frame, hours
from tests.parts.sqlite import migrated_file
from tests.simulated_quarter import raw_events, raw_signals, simulate

SUNDAY = date(2026, 11, 29)
WORTH = ("  ltv_to_cac: 3", "  ltv_to_cac: 3\n  customer_value: {years: 4, margin: 0.6}")
UNCOUNTED = {
    ("pipeline", "by_currency"): {"factor", "left_of_budget", "coverage"},
    ("economy", "by_currency"): None,
    ("customers", "against_budget"): {"budget", "share", "even_pace"},
}
"""What is of the agreement alone, or says why it cannot be computed: held by figures counted by hand."""


def the_frame():
    return frame(WORTH, now=NOW)


def entries():
    cost = Cost.model_validate(
        {"side": "sales", "amount": Decimal("123456.78"), "currency": "SEK", "from": "2026-08-01", "to": "2026-10-31"}
    )
    return [EntryRecord("ent_1", cost, "maja", hours(0))]


def story_of(life):
    """As the product reads it, through JSON."""
    events = [read_event(json.dumps(raw)) for raw in raw_events(life)]
    heard = [
        Heard(
            id=raw["id"],
            at=datetime.fromisoformat(raw["time"]),
            recorded_at=datetime.fromisoformat(raw["recordedtime"]),
            mode=raw["mode"],
            kind=raw["kind"],
            facts=read_facts(json.dumps(raw["facts"])),
        )
        for raw in raw_signals(life)
    ]
    return Story(f"lead_{life.name}", tuple(events), tuple(heard))


def values_of(report):
    """{(section, table, labels, column): value as text, None where there is none} of every figure that is shown."""
    return {
        (section.name, table.name, row.labels, column): None if figure.value is None else str(figure.value)
        for section in report.sections
        if section.name != "corrections"
        for table in section.tables
        for row in table.rows
        for column, figure in zip(table.columns, row.figures, strict=True)
    }


def differences(report, lives):
    """[(figure, by the product, counted again)] of those that are not equal, and how many were compared."""
    events = [raw for life in lives for raw in raw_events(life)]
    signals = [raw for life in lives for raw in raw_signals(life)]
    known_on = datetime.fromisoformat(report.known_on)
    again = count_again(Facts(events, signals, SUNDAY, known_on), example_terms())
    ours = values_of(report)
    missing = [
        (key, value, "not counted") for key, value in ours.items() if key not in again and not _is_uncounted(key)
    ]
    other = [
        (key, ours.get(key, "not there"), value) for key, value in again.items() if ours.get(key, "not there") != value
    ]
    return missing + other, len(again)


def _is_uncounted(key):
    columns = UNCOUNTED.get(key[:2], set())
    return columns is None or key[3] in columns


async def _fill(store, lives):
    events, history = [], []
    for life in lives:
        for number, raw in enumerate(raw_events(life), 1):
            text = json.dumps({**raw, "data": {**raw["data"], "personal": None}}, separators=(",", ":"))
            head = text.removesuffix("null}}")
            at = micros(datetime.fromisoformat(raw["recordedtime"]))
            events.append(
                (len(events) + 1, raw["id"], "leads", raw["subject"], number, raw["type"], "k", head, None, at)
            )
        for raw in raw_signals(life):
            at, recorded = (micros(datetime.fromisoformat(raw[name])) for name in ("time", "recordedtime"))
            facts = json.dumps(raw["facts"])
            history.append(
                (raw["id"], 0, raw["subject"], raw["kind"], raw["mode"], at, at, recorded, facts, "changed", "", "{}")
            )
    columns = (
        "position",
        "event_id",
        "topic",
        "lead_id",
        "sequence",
        "type",
        "partition_key",
        "head",
        "personal",
        "recorded_at",
    )
    kept = (
        "signal_id",
        "attempt",
        "lead_id",
        "kind",
        "mode",
        "occurred_at",
        "received_at",
        "recorded_at",
        "facts",
        "outcome",
        "note",
        "decision",
    )
    async with store.engines.write() as conn:
        for begin in range(0, len(events), 5000):
            await store.engines.dialect.insert(conn, t.events, columns, events[begin : begin + 5000])
        for begin in range(0, len(history), 5000):
            await store.engines.dialect.insert(conn, t.history, kept, history[begin : begin + 5000])
    return len(events), len(history)


async def _main(count):
    lives = list(simulate(count))
    with tempfile.TemporaryDirectory() as folder:
        store = SqlStore(await migrated_file(Path(folder) / "s.db"))
        await store.start()
        try:
            events, signals = await _fill(store, lives)
            await SqlForum(store.engines).add_entries(entries())
            begun = time.monotonic()
            report = await compute_report(SqlStories(store.engines), SqlForum(store.engines), the_frame())
            took = time.monotonic() - begun
        finally:
            await store.close()
    print(f"{count} leads, {events} events, {signals} signals: {took:.1f} s")
    wrong, compared = differences(report, lives)
    for key, ours, theirs in wrong[:50]:
        print(f"{key}: {ours}, counted again {theirs}")
    print(f"{compared} figures compared, {len(wrong)} differ")
    return 1 if wrong else 0


def report_in_memory(lives):
    return report_of(map(story_of, lives), the_frame(), entries())


if __name__ == "__main__":
    assert WEEK == "2026-W48" and NOW.tzinfo is UTC
    sys.exit(asyncio.run(_main(int(sys.argv[1]))))
