"""How PostgreSQL plans the questions of a reading, over tables with many rows."""

from sqlalchemy import text


async def plans_over(rows, store, reading, monkeypatch):
    """Fills the tables by the statements `rows`; the list that is returned gets the plan of each question asked from now on."""
    async with store.engines.write() as conn:
        for statement in rows.split(";"):
            await conn.execute(text(statement))
    async with store.engines.writing.connect() as conn:
        await (await conn.execution_options(isolation_level="AUTOCOMMIT")).execute(text("ANALYZE"))
    plans = []

    async def explain(statement, **values):
        async with store.engines.read() as conn:
            plans.append("\n".join(r[0] for r in await conn.execute(text(f"EXPLAIN {statement}"), values)))
            return (await conn.execute(text(statement), values)).all()

    monkeypatch.setattr(reading, "_all", explain)
    return plans
