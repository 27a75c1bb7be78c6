"""A schema that a newer version has made: an older version begins on it only where it is told that it may."""

import pytest
from sqlalchemy import inspect, text

from services.adapters.sql.engine import one_shot
from services.adapters.sql.migrate import upgrade
from services.adapters.sql.schema import SERVES_KEY
from services.adapters.sql.store import SqlStore
from services.adapters.sql.tables import HEAD, SERVES
from services.ports.errors import SchemaNewer


async def say(url, statement, **values):
    engine = one_shot(url)
    async with engine.begin() as conn:
        found = await conn.execute(text(statement), values)
        value = found.scalar() if found.returns_rows else None
    await engine.dispose()
    return value


async def make_newer(url, serves):
    """As a version of tomorrow leaves it."""
    await say(url, "UPDATE alembic_version SET version_num = '9998'")
    await say(url, "UPDATE meta SET value = :value WHERE key = :key", key=SERVES_KEY, value=serves)


async def test_a_newer_schema_is_refused_with_the_way_back(migrated_url):
    await make_newer(migrated_url, "9998")
    for attempt in (SqlStore(migrated_url).start(), upgrade(migrated_url)):
        with pytest.raises(SchemaNewer, match="a backup of before the upgrade") as caught:
            await attempt
        assert "9998" in str(caught.value) and HEAD in str(caught.value)
    assert await say(migrated_url, "SELECT version_num FROM alembic_version") == "9998"


async def test_a_newer_schema_that_serves_this_version_is_begun_on_and_not_changed(migrated_url, caplog):
    await make_newer(migrated_url, HEAD)
    store = SqlStore(migrated_url)
    await store.start()
    await store.close()
    assert "a newer version has upgraded the database" in caplog.text
    with pytest.raises(SchemaNewer):
        await upgrade(migrated_url)


async def test_an_upgrade_says_which_versions_its_schema_serves(migrated_url):
    assert await say(migrated_url, "SELECT value FROM meta WHERE key = :key", key=SERVES_KEY) == SERVES


async def test_what_came_since_the_oldest_version_that_is_served_only_adds(tmp_path):
    def shape(conn):
        seen = inspect(conn)
        return {table: {c["name"]: c for c in seen.get_columns(table)} for table in seen.get_table_names()}

    async def shape_at(revision):
        url = f"sqlite+aiosqlite:///{tmp_path}/{revision}.db"
        await upgrade(url, revision)
        engine = one_shot(url)
        async with engine.connect() as conn:
            found = await conn.run_sync(shape)
        await engine.dispose()
        return found

    older, newer = await shape_at(SERVES), await shape_at(HEAD)
    for table, columns in older.items():
        for name, column in columns.items():
            assert str(newer[table][name]["type"]) == str(column["type"])
            assert newer[table][name]["nullable"] or not column["nullable"], f"{table}.{name} is needed now"
        for name in newer[table].keys() - columns.keys():
            added = newer[table][name]
            assert added["nullable"] or added["default"] is not None, f"the older version writes no {table}.{name}"
