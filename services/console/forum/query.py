"""Which report a page asks for, as it stands in its address."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from urllib.parse import urlencode

from routing.forum.figures import Figure, FigureTable, Report, Row, Section
from routing.forum.frame import SETTLING, Frame, meeting_over
from schemas.instants import RULE, plausible, read_instant
from services.console.language.reader import Reader
from services.forum.desk import ForumDesk
from services.forum.places import REPORT

_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_PLACE = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}\.\d{1,3}\.\d{1,2}", re.ASCII)
LONGEST = 64


class ForumQuery(NamedTuple):
    """`week` as 2026-W48, "" the last one that is over; `known` an instant, "" when the week's forum met; `at`: the place of a figure."""

    week: str = ""
    known: str = ""
    at: str = ""

    def url(self, path: str = REPORT, **more: str) -> str:
        """The address of the same report."""
        members = {name: value for name, value in {**self._asdict(), **more}.items() if value}
        return f"{path}?{urlencode(members)}" if members else path


def read_query(params: Mapping[str, str]) -> ForumQuery:
    """What is too long is not asked for."""
    return ForumQuery(**{name: value for name in ForumQuery._fields if len(value := params.get(name, "")) <= LONGEST})


async def frame_for(desk: ForumDesk, query: ForumQuery, reader: Reader) -> tuple[Frame, ForumQuery]:
    """The frame, and the query that gives it again: while the forum is to come, a report is as known on a whole minute, so that its
    figures and what is behind them are of one moment. Raises ValueError where it is no week or no instant, StoreUnavailable."""
    known = _known_on(query.known, reader) if query.known else None
    frame = await desk.frame(query.week or None, known)
    week = frame.week.name
    if known is None and meeting_over(frame.agreement, week) - SETTLING > reader.now:
        known = reader.now.replace(second=0, microsecond=0)
        frame = await desk.frame(week, known)
    at = "" if known is None else known.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return frame, query._replace(week=week, known=at)


def _known_on(text: str, reader: Reader) -> datetime:
    """With a zone, or as the reader's browser writes it, on their clocks; never later than now. Raises ValueError."""
    is_local = _LOCAL.fullmatch(text) is not None
    at = plausible(datetime.fromisoformat(text).replace(tzinfo=reader.zone)) if is_local else read_instant(text)
    if at is None:
        raise ValueError(RULE)
    return min(at, reader.now)


class Spot(NamedTuple):
    """One figure with all that says what it is."""

    section: Section
    table: FigureTable
    row: Row
    column: int

    @property
    def figure(self) -> Figure:
        """The figure itself."""
        return self.row.figures[self.column]


def find_spot(report: Report, place: str) -> Spot | None:
    """None where there is no such figure."""
    if not _PLACE.fullmatch(place):
        return None
    section_name, table_name, row, column = place.split(".")
    for section in report.sections:
        for table in section.tables:
            if (section.name, table.name) != (section_name, table_name) or int(row) >= len(table.rows):
                continue
            found = table.rows[int(row)]
            return Spot(section, table, found, int(column)) if int(column) < len(found.figures) else None
    return None


def week_names(frame: Frame, now: datetime, count: int) -> list[str]:
    """So many weeks that can be chosen, the newest first: this one, those before it, and the frame's own."""
    local = now.astimezone(frame.zone)
    names = [
        f"{day.year}-W{day.week:02d}" for day in ((local - timedelta(weeks=w)).isocalendar() for w in range(count))
    ]
    return names if frame.week.name in names else [*names, frame.week.name]
