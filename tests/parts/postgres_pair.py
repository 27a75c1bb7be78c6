"""A PostgreSQL and a standby that streams from it, of the wheel's programs; the first may be killed and the second promoted."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.parts.errors import PartMissing
from tests.parts.postgres import programs
from tests.parts.process import end, free_port, spawn

BIN = programs()
CONFIG = """
listen_addresses = '127.0.0.1'
max_connections = 200
max_wal_senders = 5
wal_level = replica
hot_standby = on
wal_receiver_status_interval = 1s
wal_retrieve_retry_interval = 200ms
"""


def system_user() -> str | None:
    """Who runs the servers where we are root, whom PostgreSQL does not run for."""
    return "nobody" if os.geteuid() == 0 else None


class Node:
    """One server: `start`, `kill` (kill -9 of all its processes). `within` is a command that begins another one elsewhere, as its user."""

    def __init__(self, folder: Path, name: str, programs: Path = BIN, *, within: list[str] | None = None) -> None:
        self.home, self.name, self.port, self._bin, self._within = folder, name, free_port(), programs, within
        self.data, self.log = folder / name, folder / f"{name}.log"
        self._process: subprocess.Popen | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    def make(self, config: str) -> None:
        """An empty server with these lines in its configuration."""
        self.home.chmod(0o755)
        if (user := system_user()) is not None:
            shutil.chown(self.home, pwd.getpwnam(user).pw_uid)
        self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8")
        with (self.data / "postgresql.conf").open("a") as file:
            file.write(config)

    def run(self, name: str, *arguments: object) -> None:
        """One of PostgreSQL's programs, which asks this server unless it is told otherwise. Raises PartMissing."""
        done = subprocess.run(
            [self._bin / name, *map(str, arguments)], capture_output=True, text=True, check=False, timeout=120, cwd="/",
            user=system_user(), env=os.environ | {"PGPORT": str(self.port)},
        )  # fmt: skip
        if done.returncode:
            raise PartMissing(f"{name}: {done.stderr[-1000:]}")

    def start(self) -> None:
        command = [self._bin / "postgres", "-D", self.data, "-p", self.port, "-k", self.home]
        self.log.touch()
        user = None if self._within else system_user()
        self._process = spawn([*(self._within or ()), *map(str, command)], self.log, cwd="/", user=user)
        until = time.monotonic() + 60
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > until:
                raise PartMissing(f"PostgreSQL does not start: {self.log.read_text(errors='replace')[-1000:]}")
            time.sleep(0.05)

    def answers(self) -> bool:
        ready = [self._bin / "pg_isready", "-q", "-h", self.home, "-p", str(self.port), "-U", "postgres"]
        return subprocess.run(ready, check=False).returncode == 0

    def say(self, statement: str) -> str:
        """What psql says, one value a line. Raises subprocess.CalledProcessError."""
        command = [self._bin / "psql", "-h", self.home, "-p", str(self.port), "-U", "postgres", "-XAtq"]
        command += ["-v", "ON_ERROR_STOP=1", "-d", "postgres", "-c", statement]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout.strip()

    def kill(self) -> None:
        """All of it at once, as where the machine goes: its children are in sessions of their own."""
        assert self._process is not None, "start() comes first"
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for pid in [self._process.pid, *map(int, children)]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait(10)

    def pause(self, still: bool) -> None:
        """SIGSTOP or SIGCONT for the server and its children: it takes connections and says nothing."""
        assert self._process is not None, "start() comes first"
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children").read_text().split()
        for pid in [self._process.pid, *map(int, children)]:
            os.kill(pid, signal.SIGSTOP if still else signal.SIGCONT)

    def stop(self) -> None:
        """SIGINT: PostgreSQL's fast shutdown, which ends sessions."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(20)
            end(self._process, kill=True)


class PostgresPair:
    """`primary` takes writes, `standby` follows it. `synchronous`: a commit waits until the standby has it on its disk. `url` names both
    servers, wherever the writes go. It is a `PostgresServer` to whoever only starts, asks and closes."""

    def __init__(self, *, synchronous: bool = True) -> None:
        self.folder, self.synchronous = Path(tempfile.mkdtemp(prefix="stafett-pair-")), synchronous
        self.primary, self.standby = Node(self.folder, "a"), Node(self.folder, "b")
        self._both = (self.primary, self.standby)

    def start(self) -> "PostgresPair":
        self.primary.make(CONFIG)
        self.primary.start()
        self.follow()
        return self

    def follow(self) -> None:
        """The standby is made of what the primary has, and streams from then on."""
        shutil.rmtree(self.standby.data, ignore_errors=True)
        where = ("-h", self.folder, "-p", self.primary.port, "-U", "postgres")
        self.primary.run("pg_basebackup", *where, "-D", self.standby.data, "-R", "-X", "stream", "-c", "fast")
        self.standby.start()
        if self.synchronous:
            self.primary.say("ALTER SYSTEM SET synchronous_standby_names = '*'")
            self.primary.say("SELECT pg_reload_conf()")
        until = time.monotonic() + 60
        while self.primary.say("SELECT count(*) FROM pg_stat_replication WHERE state = 'streaming'") == "0":
            assert time.monotonic() < until, self.standby.log.read_text(errors="replace")[-1000:]
            time.sleep(0.1)

    def fail_over(self) -> None:
        """The primary is killed and the standby promoted, as whoever watches over them does; it waits for no standby of its own."""
        self.primary.kill()
        self._promote()

    def _promote(self) -> None:
        self.primary, self.standby = self.standby, self.primary
        self.primary.say("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.primary.say("SELECT pg_promote(true, 30)")
        self.primary.say("SELECT pg_reload_conf()")

    def fail_over_lagging(self, meanwhile: Callable[[], None]) -> None:
        """As `fail_over`, to a standby that nobody waits for and that has nothing of what is committed `meanwhile`."""
        self.primary.say("ALTER SYSTEM SET synchronous_standby_names = ''")
        self.primary.say("SELECT pg_reload_conf()")
        self.standby.stop()
        meanwhile()
        self.primary.kill()
        self.standby.start()
        self._promote()

    def url(self, database: str = "postgres", user: str = "postgres") -> str:
        hosts = "&".join(f"host={node.address}" for node in self._both)
        return f"postgresql+asyncpg://{user}@/{database}?{hosts}"

    def tool(self, name: str, *arguments: object) -> None:
        """One of PostgreSQL's programs, at the primary."""
        self.primary.run(name, *arguments)

    def close(self) -> None:
        for node in self._both:
            node.stop()
        shutil.rmtree(self.folder, ignore_errors=True)
