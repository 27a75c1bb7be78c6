"""Alembic's environment: the URL comes from the caller, one transaction for all revisions."""

import asyncio

from alembic import context
from sqlalchemy import Connection

from services.adapters.sql.engine import one_shot
from services.adapters.sql.tables import metadata


def migrate(connection: Connection) -> None:
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
