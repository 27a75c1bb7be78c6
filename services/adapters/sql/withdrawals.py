"""What was withdrawn by identities that are nobody's yet. A row goes with a link that says so: whoever makes a lead of the identity
has to take that link first, and finds by it whether another router has added to the row.

On kill -9 nothing is left half done: rows and links are written in the transaction that commits the signal.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from routing.model.links import WAITING, Key
from services.adapters.sql import tables as t
from services.adapters.sql.engine import Dialect
from services.ports.errors import Conflict
from services.ports.instants import micros
from services.ports.rows import WithdrawalChange

_KEY = ("brand", "kind", "digest")


async def withdrawals(conn: AsyncConnection, dialect: Dialect, keys: Sequence[Key]) -> dict[Key, str]:
    """What waits by these identities. Not locked."""
    if not keys:
        return {}
    values = dialect.values(("text", "text", "text"), "u")
    statement = f"SELECT brand, kind, digest, purposes FROM {values} JOIN withdrawals ON brand = u.c0 AND kind = u.c1 AND digest = u.c2"  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
    found = await dialect.fetch(conn, statement, dialect.columns("u", keys))
    return {(row[0], row[1], row[2]): row[3] for row in found}


async def end_waits(conn: AsyncConnection, dialect: Dialect, changes: Sequence[WithdrawalChange]) -> None:
    """Removes what was read, and the links of what waits no more. Raises Conflict where a row is not as it was read."""
    read = sorted((*change[:3], change.before) for change in changes if change.before)
    if read:
        values = dialect.values(("text", "text", "text", "text"), "u")
        statement = text(f"""DELETE FROM withdrawals WHERE (brand, kind, digest, purposes) IN
            (SELECT u.c0, u.c1, u.c2, u.c3 FROM {values})""")  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        if (await conn.execute(statement, dialect.columns("u", read))).rowcount != len(read):
            raise Conflict("what waits for somebody unknown moved")
    await unlink(conn, dialect, [change[:3] for change in changes if not change.after])


async def begin_waits(conn: AsyncConnection, dialect: Dialect, changes: Sequence[WithdrawalChange]) -> None:
    """Rows for what waits from now on; those that they are made of were removed. Raises Conflict where one is there."""
    rows = sorted((*change[:3], change.after, micros(change.at)) for change in changes if change.after)
    if not rows:
        return
    tail = "ON CONFLICT DO NOTHING RETURNING brand, kind, digest"
    made = await dialect.returning(
        conn, t.withdrawals, columns=(*_KEY, "purposes", "recorded_at"), rows=rows, tail=tail
    )
    if len(made) != len(rows):
        raise Conflict("what waits for somebody unknown moved")


async def unlink(conn: AsyncConnection, dialect: Dialect, keys: Sequence[Key]) -> None:
    """The links by which these identities are nobody's; what is somebody's by now stays."""
    if not keys:
        return
    values = dialect.values(("text", "text", "text"), "u")
    statement = text(f"""DELETE FROM identities WHERE subject_id = :waiting
        AND (brand, kind, digest) IN (SELECT u.c0, u.c1, u.c2 FROM {values})""")  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
    await conn.execute(statement, {"waiting": WAITING, **dialect.columns("u", sorted(keys))})
