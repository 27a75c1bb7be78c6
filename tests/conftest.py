"""Fixtures of the real parts. They start on first use; tests that use them are marked `real`. They fail, never skip."""

import os

import pytest

from tests.parts.kafka import KafkaBroker
from tests.parts.postgres import PostgresServer, fresh_database

REAL = {"kafka", "postgres", "postgres_url", "kafka_bootstrap"}


def pytest_collection_modifyitems(items):
    for item in items:
        values = item.callspec.params.values() if hasattr(item, "callspec") else ()
        if set(item.fixturenames) & REAL or any(str(value).startswith("real-") for value in values):
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
    async with fresh_database(postgres) as url:
        yield url
