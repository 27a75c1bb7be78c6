"""The copy of a PostgreSQL database by its own pg_dump, counted in the same snapshot; and a database made of such a copy."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import tempfile
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from sqlalchemy import text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.ext.asyncio import AsyncConnection

from schemas.certain import certain
from services.adapters.sql.backups.manifest import POSITIONS, REVISION, Contents, count_rows, differences
from services.adapters.sql.engine import one_shot, translated
from services.ports.errors import BackupUnusable
from services.ports.rows import Placed

FILE = "store.dump"
_TABLES = """SELECT c.relname FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace
    AND c.relkind IN ('r', 'p') AND NOT c.relispartition ORDER BY 1"""
_FINISH = """
RESET search_path;
INSERT INTO meta (key, value) VALUES ('epoch', '1') ON CONFLICT (key) DO UPDATE SET value = (meta.value::bigint + 1)::text;
DELETE FROM meta WHERE key = 'gap';
DELETE FROM positions;
COMMIT;
"""
"""What `stafett db restored` does, in the transaction that restores: no role can begin between the two."""
_CHUNK = 1 << 16


async def save_postgres(url: str, folder: Path) -> Contents:
    """Dumps one snapshot, and counts in the same one. Raises BackupUnusable, StoreUnavailable."""
    engine = one_shot(url)
    try:
        with translated():
            async with engine.connect() as connection:
                await connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
                snapshot = (await connection.execute(text("SELECT pg_export_snapshot()"))).scalar_one()
                target = folder / FILE
                options = (
                    "--format=custom",
                    "--no-owner",
                    "--no-privileges",
                    f"--snapshot={snapshot}",
                    f"--file={target}",
                )
                await _run(url, ["pg_dump", *options])
                return await _contents(connection)
    finally:
        await engine.dispose()


async def restore_postgres(url: str, folder: Path, saved: Contents) -> None:
    """Makes an empty database the one that was saved, with a raised epoch: all of it in one transaction, or nothing.

    Raises:
        BackupUnusable: the database is not empty, a program is missing, or what came back is not what was saved.
        StoreUnavailable: it cannot be reached.
    """
    engine = one_shot(url)
    try:
        with translated():
            async with engine.connect() as connection:
                if tables := list((await connection.execute(text(_TABLES))).scalars()):
                    rule = "a backup is restored into an empty one: make it with createdb, and name it in STAFETT_DATABASE_URL"
                    raise BackupUnusable(f"the database has tables already ({tables[0]}, ...); {rule}")
            await _restore_in_one_transaction(url, folder / FILE)
            async with engine.connect() as connection:
                lines = differences(saved, await _contents(connection))
    finally:
        await engine.dispose()
    if lines:
        raise BackupUnusable("what came back is not what was saved, do not use it: " + "; ".join(lines))


async def _contents(connection: AsyncConnection) -> Contents:
    tables = list((await connection.execute(text(_TABLES))).scalars())
    if "alembic_version" not in tables:
        raise BackupUnusable("the database is no store of Stafett: it has no table alembic_version")
    rows = {name: int((await connection.execute(text(count_rows(name)))).scalar_one()) for name in tables}
    revision = (await connection.execute(text(REVISION))).scalar_one()
    placed = await connection.execute(text(POSITIONS))
    return Contents(str(revision), rows, tuple(Placed(*row) for row in placed))


async def _run(url: str, command: list[str]) -> None:
    with tempfile.TemporaryFile() as errors:
        process = await _begin(url, command, errors)
        await process.wait()
        _check(command[0], process.returncode, errors)


async def _restore_in_one_transaction(url: str, dump: Path) -> None:
    """pg_restore writes SQL, psql runs it. The COMMIT is sent only once pg_restore has ended well: psql cannot tell the end of a script
    from a script that was cut."""
    make = ["pg_restore", "--no-owner", "--no-privileges", "--file=-", str(dump)]
    take = ["psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1"]
    with tempfile.TemporaryFile() as made, tempfile.TemporaryFile() as taken:
        reader = await _begin(url, make, made, stdout=PIPE)
        writer = await _begin(url, take, taken, stdin=PIPE)
        script, session = certain(reader.stdout, "asked for above"), certain(writer.stdin, "asked for above")
        try:
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # its status says why it ended
                session.write(b"BEGIN;\n")
                while chunk := await script.read(_CHUNK):
                    session.write(chunk)
                    await session.drain()
                if await reader.wait() == 0:
                    session.write(_FINISH.encode())
                    await session.drain()
                session.close()
            _check(take[0], await writer.wait(), taken)
            _check(make[0], await reader.wait(), made)
        finally:
            for process in (reader, writer):
                if process.returncode is None:
                    process.kill()
                    await process.wait()


async def _begin(
    url: str, command: list[str], errors: IO[bytes], *, stdin: int = DEVNULL, stdout: int = DEVNULL
) -> asyncio.subprocess.Process:
    program = _program(command[0])
    return await asyncio.create_subprocess_exec(
        program, *command[1:], env=_environment(url), stdin=stdin, stdout=stdout, stderr=errors
    )


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise BackupUnusable(
            f"{name} is not on PATH; install PostgreSQL's client programs, of the server's version or newer"
        )
    return path


def _check(name: str, status: int | None, errors: IO[bytes]) -> None:
    """Raises BackupUnusable with the program's own first lines; what the server adds to them can hold a row, and is left out."""
    if status == 0:
        return
    errors.seek(0)
    lines = errors.read(_CHUNK).decode(errors="replace").splitlines()
    own = [line.removeprefix(f"{name}: ") for line in lines if line.startswith((f"{name}:", "psql:"))][:2]
    raise BackupUnusable(f"{name} failed: {'; '.join(own)[:300] or f'status {status}'}")


def _environment(url: str) -> Mapping[str, str]:
    """Where and by which user, for libpq: a password on the command line would be seen by everybody on the machine."""
    parsed = make_url(url)
    given = {
        **_servers(parsed),
        "PGUSER": parsed.username or "",
        "PGPASSWORD": str(parsed.password or ""),
        "PGDATABASE": parsed.database or "",
        **_tls(parsed),
    }
    return {**os.environ, **{name: value for name, value in given.items() if value}}


def _servers(url: URL) -> dict[str, str]:
    """One or several, of which the one that takes writes is asked, as the roles do."""
    hosts = url.query.get("host", "")
    if isinstance(hosts, str):
        return {"PGHOST": url.host or hosts, "PGPORT": str(url.port or "")}
    names, ports = zip(*(host.partition(":")[::2] for host in hosts), strict=True)
    wanted = str(url.query.get("target_session_attrs", "read-write"))
    return {"PGHOST": ",".join(names), "PGPORT": ",".join(ports), "PGTARGETSESSIONATTRS": wanted}


def _tls(url: URL) -> dict[str, str]:
    names = {"sslmode": "PGSSLMODE", "sslrootcert": "PGSSLROOTCERT", "sslcert": "PGSSLCERT", "sslkey": "PGSSLKEY"}
    return {variable: str(url.query[name]) for name, variable in names.items() if name in url.query}
