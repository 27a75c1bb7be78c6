"""Tryton, a CRM as people have it: a server of its own, on PostgreSQL, with a company and people who sell.

`kill` is kill -9; `start` after it finds the same database. What is true there is read past Tryton, from the tables.
"""

import base64
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Self

import httpx
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.parts.errors import PartMissing
from tests.parts.postgres import PostgresServer
from tests.parts.process import end, free_port, spawn
from tests.parts.tryton_files import INTEGRATION, database_uri, dump, password, tryton_python

DATABASE = "tryton"
COMPANY = 1


@dataclass(frozen=True)
class Opportunity:
    """One row, with all that hangs on it. `owner` is a login; notes are in the order in which they were made."""

    id: int
    reference: str
    state: str
    owner: str | None
    party: str | None
    emails: tuple[str, ...]
    due: date | None
    description: str | None
    lost_reason: str | None
    notes: tuple[str, ...] = field(default=())


class TrytonServer:
    """A process and its database. The first on a machine takes about a minute, each after it some three seconds."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._process = None
        self._postgres: PostgresServer | None = None

    def start(self) -> "TrytonServer":
        """Begins, and waits until it answers. Raises PartMissing."""
        self.begin()
        self.wait_ready()
        return self

    def begin(self) -> None:
        """The process ends with the thread that begins it. Raises PartMissing."""
        python = tryton_python()
        if self._postgres is None:
            self._postgres = self._filled(dump())
        settings = self._folder / "trytond.conf"
        settings.write_text(
            f"[database]\nuri = {database_uri(self._postgres)}\nlist = False\n[web]\nlisten = 127.0.0.1:{self.port}\n"
        )
        self._process = spawn(
            [str(python), "-P", str(python.with_name("trytond")), "-c", str(settings), "-d", DATABASE], self.log,
            cwd=self._folder,
        )  # fmt: skip

    def kill(self) -> None:
        """At once and without a goodbye: what was under way is done or undone by the database alone."""
        end(self._process, kill=True)

    def close(self) -> None:
        self.kill()  # asked nicely it first waits for its threads, some ten seconds
        if self._postgres is not None:
            self._postgres.close()

    @property
    def log(self) -> Path:
        return self._folder / "trytond.log"

    @property
    def _folder(self) -> Path:
        assert self._postgres is not None, "start() comes first"
        return self._postgres.folder

    def _filled(self, dumped: Path) -> PostgresServer:
        server = PostgresServer().start()
        try:
            copy = server.folder / dumped.name
            copy.write_bytes(dumped.read_bytes())
            copy.chmod(0o644)
            # No test takes the machine's power away, and a restored database is much to write out.
            say = ("psql", "-h", server.folder, "-U", "postgres", "-c")
            for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()", f"CREATE DATABASE {DATABASE}"):
                server.tool(*say, statement)
            server.tool("pg_restore", "-h", server.folder, "-U", "postgres", "-1", "-d", DATABASE, copy)
        except BaseException:
            server.close()
            raise
        return server

    def wait_ready(self) -> None:
        """Until it answers: to a log-in, which needs its modules and its database. Raises PartMissing."""
        until = time.monotonic() + 60
        while self._process is not None and self._process.poll() is None and time.monotonic() < until:
            try:
                if self._login_answer().status_code == httpx.codes.OK:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        self.kill()
        raise PartMissing(f"Tryton does not answer: {self.log.read_text(errors='replace')[-2000:]}")

    def _login_answer(self) -> httpx.Response:
        said = {
            "id": 1,
            "method": "common.db.login",
            "params": [INTEGRATION, {"password": password(INTEGRATION)}, "en"],
        }
        return httpx.post(f"{self.url}/{DATABASE}/rpc/", json=said, timeout=40)

    async def opportunities(self) -> list[Opportunity]:
        """All that there are, in the order in which they were made."""
        rows = await self.rows(OPPORTUNITIES)
        notes: dict[int, list[str]] = {}
        for note in await self.rows(NOTES):
            notes.setdefault(note["opportunity"], []).append(note["message"])
        return [
            Opportunity(**{**row, "emails": tuple(row["emails"])}, notes=tuple(notes.get(row["id"], ())))
            for row in rows
        ]

    async def rows(self, query: str, **values: object) -> list[dict]:
        """What a query of the tables answers; it sees what is committed."""
        assert self._postgres is not None, "start() comes first"
        engine = create_async_engine(self._postgres.url(DATABASE))
        try:
            async with engine.connect() as conn:
                return [dict(row) for row in (await conn.execute(text(query), values)).mappings()]
        finally:
            await engine.dispose()


OPPORTUNITIES = """
    SELECT o.id, o.reference, o.state, u.login AS owner, p.name AS party, o.end_date AS due, o.description, o.lost_reason,
           ARRAY(SELECT c.value FROM party_contact_mechanism c WHERE c.party = p.id AND c.type = 'email' ORDER BY c.id) AS emails
      FROM sale_opportunity o
      LEFT JOIN party_party p ON p.id = o.party
      LEFT JOIN res_user u ON u.employee = o.employee
     ORDER BY o.id
"""
NOTES = """
    SELECT split_part(resource, ',', 2)::int AS opportunity, message FROM ir_note
     WHERE resource LIKE 'sale.opportunity,%' ORDER BY id
"""


class TrytonRefused(Exception):
    """Tryton's error, as it says it."""


class TrytonUser:
    """Somebody at work in Tryton, as its own clients do it: `await user.call("sale.opportunity.lost", [7])`."""

    def __init__(self, server: TrytonServer, login: str) -> None:
        self._address, self.login = f"{server.url}/{DATABASE}/rpc/", login
        self._client = httpx.AsyncClient(timeout=40)

    async def __aenter__(self) -> Self:
        ident, session, _ = await self._ask("common.db.login", self.login, {"password": password(self.login)}, "en")
        proof = base64.b64encode(f"{self.login}:{ident}:{session}".encode()).decode()
        self._client.headers["Authorization"] = f"Session {proof}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._client.aclose()

    async def call(self, method: str, *params: object):
        """What the model's method gives. Raises TrytonRefused."""
        return await self._ask(f"model.{method}", *params, {"company": COMPANY, "language": "en"})

    async def _ask(self, method: str, *params: object):
        answer = await self._client.post(self._address, json={"id": 1, "method": method, "params": params})
        if answer.status_code != httpx.codes.OK:
            raise TrytonRefused(f"{answer.status_code}: {answer.text[:500]}")
        said = answer.json()
        if "error" in said:
            raise TrytonRefused(said["error"])
        return said["result"]
