"""Fixtures of the real parts. They start on first use; tests that use them are marked `real`. They fail, never skip."""

import asyncio
import inspect
import os

import pytest

from tests.parts.databases import forget_databases, fresh_database
from tests.parts.kafka import KafkaBroker
from tests.parts.postgres import PostgresServer

PARTS = (
    "tests.parts.alertmanager",
    "tests.parts.browser",
    "tests.parts.fleet",
    "tests.parts.kafka",
    "tests.parts.kit",
    "tests.parts.postgres",
    "tests.parts.reverse_proxies",
    "tests.parts.keycloak",
    "tests.parts.synapse",
    "tests.parts.tryton",
)


def pytest_collection_modifyitems(items):
    for item in items:
        values = item.callspec.params.values() if hasattr(item, "callspec") else ()
        fixtures = [definitions[-1] for definitions in item._fixtureinfo.name2fixturedefs.values()]
        if any(map(is_real, fixtures)) or any(str(value).startswith("real-") for value in values):
            item.add_marker("real")


def is_real(fixture):
    """One that names something of the parts: a server that it starts, or what only a server has."""
    function = inspect.unwrap(fixture.func)
    named = (function.__globals__.get(name) for name in function.__code__.co_names)
    return any(getattr(thing, "__module__", "").startswith(PARTS) for thing in named)


@pytest.fixture(scope="session")
def kafka_bootstrap():
    own = os.environ.get("STAFETT_TEST_KAFKA")
    if own:
        yield own
        return
    broker = KafkaBroker().start()
    yield broker.bootstrap
    broker.close()


@pytest.fixture(scope="session")
def postgres():
    own = os.environ.get("STAFETT_TEST_POSTGRES")
    if own:
        base = own.replace("postgresql://", "postgresql+asyncpg://").rsplit("/", 1)[0]
        yield lambda name: f"{base}/{name}"
        asyncio.run(forget_databases(lambda name: f"{base}/{name}"))
        return
    server = PostgresServer().start()
    yield server.url
    server.close()


@pytest.fixture
async def postgres_url(postgres):
    async with fresh_database(postgres) as url:
        yield url
