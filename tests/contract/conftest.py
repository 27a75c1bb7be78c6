"""A store on each of the engines."""

import pytest

from services.adapters.sql.store import SqlStore
from tests.parts.databases import fresh_database, migrated_database
from tests.parts.sqlite import migrated_file


@pytest.fixture(params=["sqlite", "real-postgres"])
async def url(request, tmp_path):
    """Of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite+aiosqlite:///{tmp_path}/s.db"
        return
    async with fresh_database(request.getfixturevalue("postgres")) as made:
        yield made


@pytest.fixture(params=["sqlite", "real-postgres"])
async def migrated_url(request, tmp_path):
    """Of a database with the schema."""
    if request.param == "sqlite":
        yield await migrated_file(tmp_path / "s.db")
        return
    async with migrated_database(request.getfixturevalue("postgres")) as made:
        yield made


@pytest.fixture
async def store(migrated_url):
    made = SqlStore(migrated_url)
    await made.start()
    yield made
    await made.close()
