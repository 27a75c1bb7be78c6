"""History decided once more, signal by signal in the order of recording, on a store of its own: what must come out as it did."""

import json

from sqlalchemy import text

from schemas.signals import Signal
from services.adapters.sql.store import SqlStore
from services.ports.instants import instant
from services.ports.rows import Record
from services.ports.signal_records import Incoming, halves
from services.router.ruling_in_store import RulingInStore
from services.router.transaction import BatchTransaction
from tests.parts.sqlite import migrated_file

DECIDED = ("signal_id", "lead_id", "outcome", "note", "reason", "decision")


async def decided(engines):
    """(what each signal came to, what each event said) in the order of recording."""
    async with engines.read() as conn:
        rows = (await conn.execute(text("SELECT * FROM history ORDER BY id"))).all()
        heads = "SELECT head FROM events UNION ALL SELECT head FROM outbox"
        events = sorted(row[0] for row in await conn.execute(text(heads)))
    return rows, events


def signal_of(row):
    """As it is known by now. What the agreement took for an attribute is evidence, and is there when the fields are gone."""
    facts, evidence = json.loads(row.facts), json.loads(row.decision)["evidence"]
    given = json.loads(row.personal or "{}")
    fields = {**evidence.get("attributes", {}), **given.pop("fields", {})}
    return Signal.from_mapping({**facts, **given, **({"fields": fields} if fields else {})})


async def decide_again(engines, ruling, folder):
    """The same of a fresh store, on which every signal of this history is decided at its recorded time."""
    rows, _ = await decided(engines)
    store = SqlStore(await migrated_file(folder / "again.db"))
    await store.start()
    rules = RulingInStore(ruling, "signals")
    try:
        for row in rows:
            signal = signal_of(row)
            record = Record("signals", 0, row.id, b"", b"")
            async with store.batch() as tx:
                incoming = Incoming(record, signal, halves=halves(signal))
                work = BatchTransaction(tx, [incoming], instant(row.recorded_at))
                await work.claim_new_signals()
                await work.read_ruling(rules)
                await work.decide(0)
                await work.lock_leads(is_valid=True)
                await work.write()
        return await decided(store.engines)
    finally:
        await store.close()


def as_decided(rows):
    return [tuple(getattr(row, name) for name in DECIDED) for row in rows]
