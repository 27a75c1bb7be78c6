"""Alembic's environment: the URL comes from the caller, one transaction for all revisions."""

import asyncio

from alembic import context
from sqlalchemy import Connection, text

from services.adapters.sql.engine import one_shot
from services.adapters.sql.tables import metadata

LOCK = 0x7374616665747401
"""Of PostgreSQL's advisory locks; any number that nobody else takes."""


def migrate(connection: Connection) -> None:
    """One process at a time on PostgreSQL: who comes second waits, and finds that nothing is left to do."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        connection.execute(text("SET LOCAL lock_timeout TO DEFAULT"))
    context.configure(connection=connection, target_metadata=metadata, transactional_ddl=True)
    with context.begin_transaction():
        context.run_migrations()


async def run() -> None:
    engine = one_shot(context.config.attributes["url"])
    try:
        async with engine.begin() as connection:
            await connection.run_sync(migrate)
    finally:
        await engine.dispose()


# Callers in a running loop call Alembic in a thread, so that a loop of our own is right here.
asyncio.run(run())
