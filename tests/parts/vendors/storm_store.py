"""The store that a storm is carried through."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import pytest

from services.adapters.sql.store import SqlStore
from tests.parts.databases import migrated_database
from tests.parts.sqlite import migrated_file


@asynccontextmanager
async def storm_store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[SqlStore]:
    """A store on the engine that the fixture's parameter names."""
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            url = await migrated_file(tmp_path / "s.db")
        else:
            url = await stack.enter_async_context(migrated_database(request.getfixturevalue("postgres")))
        made = SqlStore(url)
        await made.start()
        stack.push_async_callback(made.close)
        yield made
