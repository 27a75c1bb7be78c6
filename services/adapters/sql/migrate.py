"""Schema changes, by Alembic configured in code: a wheel has no alembic.ini."""

from __future__ import annotations

import asyncio
import tempfile

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from services.adapters.sql.claims import refuse_torn_copy
from services.adapters.sql.engine import Engines, one_shot, translated
from services.adapters.sql.schema import Columns, columns_of, foreign, lacking, newer, revision_of, write_serves
from services.adapters.sql.tables import HEAD
from services.ports.errors import SchemaNewer, SchemaOutdated
from services.settings.resources import migrations_dir

GRANTS = """\
-- Rights of the role that runs the roles: it reads and writes rows, and changes no schema. To be run by the role that
-- runs `stafett db upgrade`, for what it makes later is granted, too.
GRANT USAGE ON SCHEMA public TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {role};
REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {role};
GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {role};
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE ON SEQUENCES TO {role};
"""


def config(url: str) -> Config:
    """Alembic's configuration for this database."""
    made = Config()
    made.set_main_option("script_location", str(migrations_dir()))
    made.attributes["url"] = url
    return made


async def upgrade(url: str, revision: str = "head") -> None:
    """Brings the schema to `revision`, and says in it which versions it serves. Raises StoreUnavailable, StoreRejected, SchemaOutdated."""
    await _check_it_is_ours(url)
    try:
        with translated():
            await asyncio.to_thread(command.upgrade, config(url), revision)
    except CommandError as error:
        raise SchemaOutdated(f"the schema cannot be brought to {revision}: {error}") from error
    if revision in ("head", HEAD):
        engines = Engines(url)
        try:
            await write_serves(engines)
        finally:
            await engines.close()


async def _check_it_is_ours(url: str) -> None:
    """What a revision's name promises has to be there before another is put on top. Raises StoreUnavailable, SchemaOutdated."""
    engines = Engines(url)
    if engines.file is not None:
        refuse_torn_copy(engines.file)
    try:
        at = await revision_of(engines)
        if at is not None and at > HEAD:
            raise SchemaNewer(newer(at))
        if at in known_revisions() and (lack := await lacking(engines, await _made_by(at))):
            raise SchemaOutdated(foreign(at, lack))
    finally:
        await engines.close()


def known_revisions() -> set[str]:
    """The schema's revisions that this version knows."""
    return {script.revision for script in ScriptDirectory.from_config(config("sqlite://")).walk_revisions()}


async def _made_by(revision: str) -> Columns:
    """What the migrations up to this revision make, on a file of their own."""
    with tempfile.TemporaryDirectory(prefix="stafett-schema-") as folder:
        url = f"sqlite+aiosqlite:///{folder}/made.db"
        await asyncio.to_thread(command.upgrade, config(url), revision)
        engines = Engines(url)
        try:
            return await columns_of(engines)
        finally:
            await engines.close()


async def downgrade(url: str, revision: str) -> None:
    await asyncio.to_thread(command.downgrade, config(url), revision)


def grants(role: str) -> str:
    """SQL for the owner to run: what a role without DDL rights needs. Raises ValueError for a strange name."""
    if not role.replace("_", "").isalnum():
        raise ValueError(f"{role!r} is no plain name of a role")
    return GRANTS.format(role=role)


async def give_rights(url: str, role: str) -> None:
    """Runs what `grants` gives, as the owner of the schema: all of it or nothing. Raises ValueError for a strange name or a database
    without roles, StoreUnavailable, StoreRejected."""
    statements = [statement for statement in grants(role).split(";") if statement.strip()]
    engine = one_shot(url)
    if engine.dialect.name != "postgresql":
        raise ValueError("a SQLite file has no roles: whoever may open the file may use it")
    try:
        with translated():
            async with engine.begin() as connection:
                for statement in statements:
                    await connection.exec_driver_sql(statement)
    finally:
        await engine.dispose()
