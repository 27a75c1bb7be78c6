"""One transaction of the router, in bulk statements. Locks are taken in id order by every router."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from routing.lifecycle import WORKED
from routing.model.links import ERASED, Key
from services.adapters.sql import agreements, withdrawals
from services.adapters.sql import tables as t
from services.adapters.sql.engine import Dialect
from services.adapters.sql.feed import DirectFeed, add_to_feed
from services.adapters.sql.lead_writes import plain_rows, upsert, write_leads
from services.adapters.sql.person_tables import person_requests
from services.ports.errors import Conflict, Fenced
from services.ports.instants import instant, instant_or_none, micros
from services.ports.rows import (
    AccountRow,
    AgreementRow,
    ClockRow,
    DeadLetter,
    LeadRow,
    LedgerKey,
    LedgerRow,
    LinkRow,
    OutboxRow,
    PersonRequest,
    RecordOut,
    Writes,
)

R = TypeVar("R")
_LEAD = ", ".join(LeadRow._fields)
_LETTER = ", ".join(DeadLetter._fields)
_IF_ERASED = f"""ON CONFLICT (brand, kind, digest) DO UPDATE SET subject_id = excluded.subject_id
    WHERE identities.subject_id LIKE '{ERASED}%' RETURNING brand, kind, digest"""


class SqlBatch:
    """Works on a connection whose transaction `SqlStore.batch` opened and ends. `feed`: where events go instead of the outbox."""

    def __init__(self, conn: AsyncConnection, dialect: Dialect, feed: DirectFeed | None = None) -> None:
        self._conn, self._dialect, self._feed = conn, dialect, feed
        self._known: dict[str, LeadRow] = {}
        self._fed: list[OutboxRow] = []
        self.needs_relay = False

    def tell_committed(self) -> None:
        """The transaction is committed."""
        if self._feed is not None and self._fed:
            self._feed.on_fed(self._fed, self._feed.now())

    async def settle(self) -> None:
        """To be called at the end, before the commit."""

    async def _begin_writing(self) -> None:
        """The transaction has begun already."""

    async def advance(self, group: str, topic: str, cluster: str, moves: Mapping[int, tuple[int, int]]) -> None:
        """The fence: exactly as many rows as partitions must still stand where we read from."""
        await self._begin_writing()
        rows = [(partition, *move) for partition, move in sorted(moves.items())]
        statement = f"""
            UPDATE positions SET next_offset = u.c2
            FROM {self._dialect.values(("bigint", "bigint", "bigint"), "u")}
            WHERE consumer_group = :g AND topic = :t AND cluster = :c AND partition = u.c0 AND next_offset = u.c1"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        values = {"g": group, "t": topic, "c": cluster, **self._dialect.columns("u", rows)}
        if await self._dialect.change(self._conn, statement, values) != len(rows):
            raise Fenced

    async def claim_new(self, signal_ids: Sequence[tuple[str, int]], now: datetime) -> set[tuple[str, int]]:
        """Sorted, so that two routers with the same signals wait for one another in one direction only."""
        rows = [(*identity, micros(now)) for identity in sorted(signal_ids)]
        tail = "ON CONFLICT DO NOTHING RETURNING signal_id, attempt"
        found = await self._dialect.returning(
            self._conn, t.inbox, columns=("signal_id", "attempt", "entered_at"), rows=rows, tail=tail
        )
        return {(row[0], row[1]) for row in found}

    async def links(self, keys: Sequence[tuple[str, str, str]]) -> dict[tuple[str, str, str], str]:
        if not keys:
            return {}
        statement = f"""
            SELECT brand, kind, digest, subject_id
            FROM {self._dialect.values(("text", "text", "text"), "u")}
            JOIN identities ON brand = u.c0 AND kind = u.c1 AND digest = u.c2"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        found = await self._dialect.fetch(self._conn, statement, self._dialect.columns("u", keys))
        return {(row[0], row[1], row[2]): row[3] for row in found}

    async def links_of(self, lead_ids: Sequence[str]) -> dict[tuple[str, str, str], str]:
        where = self._dialect.among("subject_id", "ids")
        statement = text(f"SELECT brand, kind, digest, subject_id FROM identities WHERE {where}")  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        found = await self._conn.execute(statement, {"ids": self._dialect.list_value(lead_ids)})
        return {(row[0], row[1], row[2]): row[3] for row in found}

    async def withdrawals(self, keys: Sequence[Key]) -> dict[Key, str]:
        return await withdrawals.withdrawals(self._conn, self._dialect, keys)

    async def read_leads(self, ids: Sequence[str]) -> dict[str, LeadRow]:
        if not ids:
            return {}
        statement = f"SELECT {_LEAD} FROM leads WHERE {self._dialect.among('id', 'ids')}"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = await self._dialect.fetch(self._conn, statement, {"ids": self._dialect.list_value(ids)})
        leads = {row[0]: lead_row(row) for row in rows}
        self._known |= leads
        return leads

    async def lock_leads(self, ids: Sequence[str]) -> dict[str, int]:
        return {row[0]: row[1] for row in await self._lock_rows("SELECT id, version FROM leads", "id", ids)}

    async def read_accounts(self, ids: Sequence[str]) -> dict[str, AccountRow]:
        if not ids:
            return {}
        where = self._dialect.among("id", "ids")
        statement = f"SELECT id, state FROM accounts WHERE {where}"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        found = await self._dialect.fetch(self._conn, statement, {"ids": self._dialect.list_value(ids)})
        return {row[0]: AccountRow(*row) for row in found}

    async def lock_accounts(self, ids: Sequence[str]) -> dict[str, AccountRow]:
        await self._begin_writing()
        empty = [(ident, "") for ident in sorted(ids)]
        await self._dialect.insert(
            self._conn, t.accounts, columns=("id", "state"), rows=empty, tail="ON CONFLICT DO NOTHING"
        )
        return {row[0]: AccountRow(*row) for row in await self._lock_rows("SELECT id, state FROM accounts", "id", ids)}

    async def read_ledgers(self, keys: Sequence[LedgerKey]) -> dict[LedgerKey, LedgerRow]:
        return await self._ledgers(keys, "") if keys else {}

    async def lock_ledgers(self, keys: Sequence[LedgerKey]) -> dict[LedgerKey, LedgerRow]:
        """A key without a row gets an empty one first: a row that is not there cannot be locked."""
        if not keys:
            return {}
        await self._begin_writing()
        empty = [LedgerRow(*key, 0, "") for key in sorted(keys)]
        await self._dialect.insert(self._conn, t.ledgers, LedgerRow._fields, empty, tail="ON CONFLICT DO NOTHING")
        lock = f"{self._dialect.lock} OF ledgers" if self._dialect.lock else ""
        return await self._ledgers(keys, f"ORDER BY kind, name {lock}")

    async def _ledgers(self, keys: Sequence[LedgerKey], tail: str) -> dict[LedgerKey, LedgerRow]:
        statement = f"""
            SELECT kind, name, seq, state
            FROM {self._dialect.values(("text", "text"), "u")}
            JOIN ledgers ON kind = u.c0 AND name = u.c1 {tail}"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        found = await self._dialect.fetch(self._conn, statement, self._dialect.columns("u", keys))
        rows = [LedgerRow(*row) for row in found]
        return {row.key: row for row in rows}

    async def waiting(self, lead_ids: Sequence[str], limit: int) -> list[DeadLetter]:
        statement = text(f"""SELECT {_LETTER} FROM dead_letters
            WHERE lead_id = :lead AND state IN ('dead', 'queued') ORDER BY number LIMIT :n""")  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows: list[Any] = []
        for lead in sorted(set(lead_ids)):
            rows += (await self._conn.execute(statement, {"lead": lead, "n": limit})).all()
        return [DeadLetter(*row)._replace(recorded_at=instant(row.recorded_at)) for row in rows]

    async def open_leads(self, people: Sequence[str]) -> dict[str, int]:
        if not people:
            return {}
        statement = f"""SELECT owner, count(*) FROM leads WHERE {self._dialect.among("owner", "people")}
            AND {self._dialect.among("stage", "worked")} AND disposition = 'active' GROUP BY owner"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        asked = {"people": self._dialect.list_value(people), "worked": self._dialect.list_value(WORKED)}
        found = await self._dialect.fetch(self._conn, statement, asked)
        return dict.fromkeys(people, 0) | {row[0]: row[1] for row in found}

    async def roster_changes(self) -> str | None:
        found = await self._dialect.fetch(self._conn, "SELECT value FROM meta WHERE key = 'roster'", {})
        return found[0][0] if found else None

    async def publications(self) -> str | None:
        return await agreements.publications(self._conn, self._dialect)

    async def agreements(self, hashes: Sequence[str]) -> dict[str, AgreementRow]:
        return await agreements.agreements(self._conn, self._dialect, hashes)

    async def put_roster_changes(self, changes: str) -> None:
        await self._begin_writing()
        await upsert(self._conn, self._dialect, t.meta, columns=("key", "value"), key="key", rows=[("roster", changes)])

    async def keep_roster(self, version: str, body: str, now: datetime) -> None:
        await self._begin_writing()
        columns = ("version", "body", "recorded_at")
        await self._dialect.insert(
            self._conn,
            t.rosters,
            columns=columns,
            rows=[(version, body, micros(now))],
            tail="ON CONFLICT (version) DO NOTHING",
        )

    async def owned_by(self, person: str, after: str, limit: int) -> list[LeadRow]:
        statement = text(f"SELECT {_LEAD} FROM leads WHERE owner = :p AND id > :after ORDER BY id LIMIT :n")  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        rows = (await self._conn.execute(statement, {"p": person, "after": after, "n": limit})).all()
        return [lead_row(row) for row in rows]

    async def spool(self, records: Sequence[RecordOut]) -> None:
        await self._begin_writing()
        self.needs_relay |= bool(records)
        await self._dialect.insert(self._conn, t.spool, ("topic", "key", "body"), records)

    async def write(self, writes: Writes) -> None:
        """Identities first: a conflict there costs the least. The outbox last: its ids are drawn after all locks."""
        await self._begin_writing()
        await withdrawals.end_waits(self._conn, self._dialect, writes.withdrawals)
        await self._link(writes.links, "ON CONFLICT DO NOTHING RETURNING brand, kind, digest")
        await self._link(writes.revived, _IF_ERASED)
        await withdrawals.begin_waits(self._conn, self._dialect, writes.withdrawals)
        await upsert(
            self._conn,
            self._dialect,
            t.identities,
            columns=LinkRow._fields,
            key="brand, kind, digest",
            rows=sorted(writes.relinks),
        )
        await write_leads(self._conn, self._dialect, writes.leads, self._known)
        self._known |= {row.id: row for row in writes.leads}
        await upsert(self._conn, self._dialect, t.accounts, columns=AccountRow._fields, key="id", rows=writes.accounts)
        await upsert(
            self._conn, self._dialect, t.ledgers, columns=LedgerRow._fields, key="kind, name", rows=writes.ledgers
        )
        clocks = plain_rows(writes.clocks, "due_at", "next_at", "act_by")
        await upsert(self._conn, self._dialect, t.clocks, columns=ClockRow._fields, key="id", rows=clocks)
        await self._insert_all(writes)

    async def _insert_all(self, writes: Writes) -> None:
        append, conn = self._dialect.append, self._conn
        if writes.history:
            rows = plain_rows(writes.history, "occurred_at", "received_at", "recorded_at")
            await append(conn, t.history, writes.history[0]._fields, rows)
        await add_letters(conn, self._dialect, writes.dead_letters)
        await agreements.add_approvals(conn, self._dialect, writes.approvals)
        if writes.redriven:
            where = self._dialect.among("id", "ids")
            done = {"ids": self._dialect.list_value(writes.redriven)}
            statement = f"UPDATE dead_letters SET state = 'redriven' WHERE {where} AND state IN ('dead', 'queued')"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
            if await self._dialect.change(conn, statement, done) != len(set(writes.redriven)):
                raise Conflict("somebody settled one of these letters since it was read")
        requests = plain_rows(writes.erasures, "asked_at", "finished_at")
        tail = "ON CONFLICT DO NOTHING"
        await self._dialect.insert(conn, person_requests, PersonRequest._fields, requests, tail=tail)
        await self._send(writes.outbox)

    async def _send(self, events: Sequence[OutboxRow]) -> None:
        if not events:
            return
        if self._feed is not None and await self._feed.may_go_ahead(self._conn):
            await add_to_feed(self._conn, self._dialect, events, self._feed.now())
            self._fed += events
        else:
            await self._dialect.append(self._conn, t.outbox, OutboxRow._fields, events)
            self.needs_relay = True

    async def _link(self, links: Sequence[LinkRow], tail: str) -> None:
        """Raises Conflict where another transaction linked one of them to another subject."""
        if not links:
            return
        rows = sorted(links)
        wanted = {row[:3]: row.subject_id for row in rows}
        made = await self._dialect.returning(self._conn, t.identities, LinkRow._fields, rows=rows, tail=tail)
        known = wanted.keys() - {tuple(row) for row in made}
        now = await self.links(sorted(known))
        if taken := frozenset((key, now.get(key)) for key in known if now.get(key) != wanted[key]):
            raise Conflict(taken=taken)

    async def _lock_rows(self, select: str, key: str, ids: Sequence[str]) -> Sequence[Any]:
        if not ids:
            return []
        await self._begin_writing()
        where = self._dialect.among(key, "ids")
        statement = f"{select} WHERE {where} ORDER BY {key} {self._dialect.lock}"
        return await self._dialect.fetch(self._conn, statement, {"ids": self._dialect.list_value(sorted(ids))})


async def add_letters(conn: AsyncConnection, dialect: Dialect, letters: Sequence[DeadLetter]) -> None:
    """Those that are there already stay as they are."""
    rows = plain_rows(letters, "recorded_at")
    await dialect.insert(
        conn, t.dead_letters, columns=DeadLetter._fields, rows=rows, tail="ON CONFLICT (id) DO NOTHING"
    )


def lead_row(row: Any) -> LeadRow:
    """A row of the table of leads, as we know it."""
    plain: Any = LeadRow(*row)
    lead: LeadRow = plain._replace(
        held=bool(plain.held),
        updated_at=instant(plain.updated_at),
        queued_at=instant_or_none(plain.queued_at),
        created_at=instant_or_none(plain.created_at),
    )
    return lead


def clock_row(row: Any) -> ClockRow:
    """A row of the table of clocks, as we know it."""
    return ClockRow(*row)._replace(
        due_at=instant(row.due_at), next_at=instant_or_none(row.next_at), act_by=instant_or_none(row.act_by)
    )
