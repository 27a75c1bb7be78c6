"""The port `StoryReading` in SQL: events and signals, lead by lead, by the indexes that lead pages use."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import text

from schemas.envelope import whole
from services.adapters.sql.engine import Engines
from services.ports.forum import SignalRow, StoryRows
from services.ports.instants import instant

_SIGNAL = ", ".join(SignalRow._fields)


class SqlStories:
    """The port `StoryReading`. `brands`: leads of others are not there."""

    def __init__(self, engines: Engines, brands: frozenset[str] | None = None) -> None:
        self._engines, self._brands = engines, brands

    def within(self, brands: Iterable[str]) -> SqlStories:
        return SqlStories(self._engines, frozenset(brands))

    async def has_more_than(self, leads: int) -> bool:
        return bool(await self._all("SELECT id FROM leads ORDER BY id LIMIT 1 OFFSET :leads", leads=leads))

    async def stories(self, after: str = "", limit: int = 100) -> list[StoryRows]:
        subjects = [row[0] for row in await self._all(self._subjects(), after=after, limit=limit)]
        if not subjects:
            return []
        ends = {"first": subjects[0], "last": subjects[-1]}
        between = "lead_id >= :first AND lead_id <= :last"
        events = await self._all(
            f"SELECT lead_id, head FROM events WHERE {between} ORDER BY lead_id, sequence",  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
            **ends,
        )
        signals = await self._all(
            f"SELECT lead_id, {_SIGNAL} FROM history WHERE {between} AND fate IS NULL ORDER BY lead_id, id",  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
            **ends,
        )
        return _group(subjects, events, signals)

    def _subjects(self) -> str:
        """One after the other by the index, for neither engine skips to the next value of a DISTINCT by itself."""
        if self._brands is None:
            following = "SELECT min(lead_id) FROM events WHERE lead_id > s.id"
            return f"""WITH RECURSIVE s(id, n) AS (
                SELECT min(lead_id), 1 FROM events WHERE lead_id > :after
                UNION ALL SELECT ({following}), n + 1 FROM s WHERE s.id IS NOT NULL AND n < :limit)
                SELECT id FROM s WHERE id IS NOT NULL ORDER BY id"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound
        return f"""SELECT id FROM leads WHERE id > :after AND {self._engines.dialect.among("brand", "brands")}
            ORDER BY id LIMIT :limit"""  # noqa: S608 - put in are columns and conditions that this package writes; what others wrote is bound

    async def _all(self, statement: str, **values: Any) -> Sequence[Any]:
        if self._brands is not None and ":brands" in statement:
            values["brands"] = self._engines.dialect.list_value(self._brands)
        async with self._engines.read(patient=True) as conn:
            return (await conn.execute(text(statement), values)).all()


def _group(subjects: Sequence[str], events: Sequence[Any], signals: Sequence[Any]) -> list[StoryRows]:
    """Each subject with its own; of a signal that was judged again the last time counts."""
    heads: dict[str, list[str]] = defaultdict(list)
    for subject, head in events:
        heads[subject].append(whole(head, None))
    heard: dict[str, dict[str, SignalRow]] = defaultdict(dict)
    for subject, *values in signals:
        row = SignalRow(*values)
        heard[subject][row.signal_id] = row._replace(
            occurred_at=instant(values[3]), received_at=instant(values[4]), recorded_at=instant(values[5])
        )
    return [StoryRows(subject, heads[subject], list(heard[subject].values())) for subject in subjects]
