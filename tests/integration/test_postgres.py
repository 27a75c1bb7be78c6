"""What only a real PostgreSQL can show: TLS that is verified, and a role that may not change the schema."""

import asyncio
import os
import ssl
import sys
import uuid
from asyncio.subprocess import PIPE

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import DBAPIError

from services.adapters.sql.engine import Engines, one_shot
from services.adapters.sql.migrate import give_rights, upgrade
from services.adapters.sql.postgres_engine import _tls
from services.adapters.sql.store import SqlStore
from services.adapters.sql.tables import metadata
from services.ports.errors import StoreUnavailable
from tests.parts.certificates import write_certificates
from tests.parts.postgres import PostgresServer
from tests.parts.postgres_tls import tls_in_front


@pytest.fixture(scope="module")
def server():
    made = PostgresServer().start()
    write_certificates(made.folder)
    yield made
    made.close()


@pytest.fixture
async def secure(server):
    async with tls_in_front(server.folder, server.folder) as port:
        yield (
            lambda host, mode, ca=server.folder / "ca.pem": (
                f"postgresql+asyncpg://postgres@{host}:{port}/postgres?sslmode={mode}&sslrootcert={ca}"
            )
        )


async def answers(url):
    engine = one_shot(url)
    try:
        async with engine.connect() as conn:
            return (await conn.execute(text("SELECT 1"))).scalar() == 1
    finally:
        await engine.dispose()


async def test_verify_full_speaks_tls_to_the_name_that_the_certificate_has(secure):
    assert await answers(secure("127.0.0.1", "verify-full"))


async def test_verify_full_refuses_another_name_that_verify_ca_would_take(secure):
    refused = SqlStore(secure("localhost", "verify-full"))
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await refused.start()
    await refused.close()
    assert await answers(secure("localhost", "verify-ca"))


async def test_verify_full_refuses_an_authority_of_somebody_else(secure, tmp_path):
    write_certificates(tmp_path)
    store = SqlStore(secure("127.0.0.1", "verify-full", tmp_path / "ca.pem"))
    with pytest.raises(StoreUnavailable, match="cannot be reached"):
        await store.start()
    await store.close()


@pytest.fixture
async def restricted(postgres_url):
    """The URL of a role that has what `stafett db grants` gives, and nothing else."""
    await upgrade(postgres_url)
    role = f"run_{uuid.uuid4().hex[:12]}"
    engine = one_shot(postgres_url)
    async with engine.begin() as conn:
        await conn.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'test-only'"))
    await give_rights(postgres_url, role)
    yield make_url(postgres_url).set(username=role, password="test-only").render_as_string(hide_password=False)
    async with engine.begin() as conn:
        await conn.execute(text(f"DROP OWNED BY {role}"))
        await conn.execute(text(f"DROP ROLE {role}"))
    await engine.dispose()


async def test_what_a_later_migration_makes_is_the_runtime_roles_to_use(restricted, postgres_url):
    owner, runtime = one_shot(postgres_url), one_shot(restricted)
    async with owner.begin() as conn:
        await conn.execute(text("CREATE TABLE later (id bigserial, word text)"))
    async with runtime.begin() as conn:
        await conn.execute(text("INSERT INTO later (word) VALUES ('a')"))
        assert (await conn.execute(text("SELECT id, word FROM later"))).one() == (1, "a")
    await owner.dispose()
    await runtime.dispose()


async def test_many_upgrades_at_once_make_one_schema(postgres_url):
    environ = os.environ | {"STAFETT_DATABASE_URL": postgres_url}
    command = [sys.executable, "-m", "services.cli.main", "db", "upgrade"]
    started = [await asyncio.create_subprocess_exec(*command, env=environ, stderr=PIPE) for _ in range(3)]
    ended = [(await process.communicate())[1] for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], ended
    store = SqlStore(postgres_url)
    await store.start()
    await store.close()


async def test_a_migration_has_no_statement_timeout_and_a_role_has_one(postgres_url):
    async def timeout(engine):
        async with engine.connect() as conn:
            found = (await conn.execute(text("SHOW statement_timeout"))).scalar()
        await engine.dispose()
        return found

    assert await timeout(one_shot(postgres_url)) == "0"
    assert await timeout(Engines(postgres_url).writing) == "8s"
    assert await timeout(Engines(postgres_url).patient) == "1min"


def test_a_certificate_is_shown_with_every_mode_that_speaks_tls(tmp_path):
    write_certificates(tmp_path)
    ca, both = (str(tmp_path / name) for name in ("ca.pem", "broker.pem"))
    required = _tls("require", None, both, None)
    assert (required.verify_mode, required.check_hostname) == (ssl.CERT_NONE, False)
    verified = _tls("require", ca, both, None)
    assert (verified.verify_mode, verified.check_hostname) == (ssl.CERT_REQUIRED, False)
    assert _tls("verify-full", ca, None, None).check_hostname
    assert (_tls("require", None, None, None), _tls("", None, None, None)) == ("require", None)


async def test_the_runtime_role_cannot_change_the_schema(restricted):
    engine = one_shot(restricted)
    for statement in ("CREATE TABLE more (id int)", "DROP TABLE leads", "ALTER TABLE leads ADD COLUMN more int"):
        with pytest.raises(DBAPIError, match=r"permission denied|must be owner"):
            async with engine.begin() as conn:
                await conn.execute(text(statement))
    await engine.dispose()


async def test_the_runtime_role_may_read_and_write_what_the_service_needs(restricted):
    store = SqlStore(restricted)
    await store.start()
    assert await store.raise_epoch() == 1
    async with store.engines.read() as conn:
        for table in metadata.sorted_tables:
            await conn.execute(text(f"SELECT 1 FROM {table.name} LIMIT 1"))  # noqa: S608 - names are ours, values are parameters
    await store.close()


async def test_who_is_not_let_in_waits_and_is_told_where_to_look(postgres):
    store = SqlStore(postgres("no_such_database"))
    with pytest.raises(StoreUnavailable, match="STAFETT_DATABASE_URL"):
        await upgrade(postgres("no_such_database"))
    with pytest.raises(StoreUnavailable, match="STAFETT_DATABASE_URL"):
        await store.start()
    await store.close()
