"""Fixtures of the real parts. They start on first use; tests that use them are marked `real`. They fail, never skip."""

import os
import uuid

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.parts.kafka import KafkaBroker
from tests.parts.postgres import PostgresServer

REAL = {"kafka", "postgres", "postgres_url", "kafka_bootstrap"}


def pytest_collection_modifyitems(items):
    for item in items:
        if REAL & set(item.fixturenames) or any("real" in str(p) for p in getattr(item, "callspec", None) and item.callspec.params.values() or ()):
            item.add_marker("real")


@pytest.fixture(scope="session")
def kafka():
    broker = KafkaBroker().start()
    yield broker
    broker.close()


@pytest.fixture(scope="session")
def kafka_bootstrap(request):
    return os.environ.get("STAFETT_TEST_KAFKA") or request.getfixturevalue("kafka").bootstrap


@pytest.fixture(scope="session")
def postgres():
    own = os.environ.get("STAFETT_TEST_POSTGRES")
    if own:
        base = own.replace("postgresql://", "postgresql+asyncpg://").rsplit("/", 1)[0]
        yield lambda name: f"{base}/{name}"
        return
    server = PostgresServer().start()
    yield server.url
    server.close()


@pytest.fixture
async def postgres_url(postgres):
    """A fresh database, dropped afterwards."""
    name = f"t{uuid.uuid4().hex[:16]}"
    admin = create_async_engine(postgres("postgres"), isolation_level="AUTOCOMMIT")
    async with admin.connect() as conn:
        await conn.execute(text(f"CREATE DATABASE {name}"))
    yield postgres(name)
    async with admin.connect() as conn:
        await conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    await admin.dispose()
