"""Who asks for a week's report, or enters something for it: commands, the API and the mail go through here."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime, time, timedelta
from typing import NamedTuple, Protocol

from routing.forum.entries import EntryRecord
from routing.forum.figures import Report
from routing.forum.frame import Frame, frame_of, usual_week
from routing.forum.tally import Query
from routing.forum.weeks import monday_of
from routing.model.ids import derive
from schemas.forum import Action, Cost, ForumEntry, Lesson
from schemas.words import probably
from services.forum.places import PageLinks, page_links
from services.forum.reports import compute_report, find_subjects, list_behind
from services.ports.forum import ForumStore, StoryReading
from services.rules.ruling import Ruling

KEPT = 8
"""Reports of weeks that are over, kept in memory: they are the same bytes each time."""
FEW = 2000
"""Leads up to which everything is done where it is asked for: so few are counted before another process has begun."""
Brands = frozenset[str] | None


class Apart(Protocol):
    """What takes long, done beside whoever else asks this process for something. None where it cannot be done there."""

    async def report(self, frame: Frame, brands: Brands) -> Report | None:
        """As `compute_report`."""

    async def subjects(
        self, frame: Frame, queries: Sequence[Query], most: int, brands: Brands
    ) -> dict[str, list[str]] | None:
        """As `find_subjects`."""


class NoSuchEntry(Exception):
    """There is no entry of that id, or it is none that can be closed."""


class _Asked(NamedTuple):
    week: str
    known_on: datetime
    agreement: str
    brands: Brands


class ForumDesk:
    """One report is computed at a time for a process; who asks for the same meanwhile gets the same one. `ruling` gives what rules now,
    with every published agreement, `public_url` is where the outside finds the page, if anybody said so, `apart` does what takes long. Every method but `links` raises
    StoreUnavailable."""

    def __init__(
        self,
        stories: StoryReading,
        store: ForumStore,
        *,
        ruling: Callable[[], Awaitable[Ruling]],
        now: Callable[[], datetime],
        public_url: str | None = None,
        apart: Apart | None = None,
    ) -> None:
        self._stories, self._store, self._ruling, self._now = stories, store, ruling, now
        self._public_url, self._apart = public_url, apart
        self._turn = asyncio.Lock()
        self._kept: dict[_Asked, Report] = {}

    async def frame(self, week: str | None = None, known_on: datetime | None = None) -> Frame:
        """Of a week, or of the last one that is over, under the agreement that ruled at its end. Raises ValueError where it is no week."""
        ruling = await self._ruling()
        named = week or usual_week(ruling.agreement, self._now())
        end = datetime.combine(monday_of(named) + timedelta(weeks=1), time(), UTC)
        return frame_of(ruling.at(min(end, self._now())).agreement, named, self._now(), known_on)

    async def report(self, frame: Frame, brands: Brands = None) -> Report:
        """`brands`: of leads of these alone."""
        asked = _Asked(frame.week.name, frame.known_on, frame.agreement.hash, brands)
        async with self._turn:
            if asked in self._kept:
                return self._kept[asked]
            made = await self._compute(frame, brands)
            if frame.known_on < self._now():
                self._keep(asked, made)
        return made

    async def _compute(self, frame: Frame, brands: Brands) -> Report:
        if self._apart is not None and await self._stories.has_more_than(FEW):
            made = await self._apart.report(frame, brands)
            if made is not None:
                return made
        return await compute_report(self._stories_of(brands), self._store, frame)

    def links(self, report: Report) -> PageLinks | None:
        """Where the page shows it; None where nobody said where that is."""
        return page_links(self._public_url, report)

    def _keep(self, asked: _Asked, made: Report) -> None:
        self._kept[asked] = made
        while len(self._kept) > KEPT:
            del self._kept[next(iter(self._kept))]

    async def ids(self, frame: Frame, query: Query) -> AsyncIterator[str]:
        """Every id behind a figure."""
        async for _, ids in list_behind(self._stories, frame, query):
            for ident in ids:
                yield ident

    async def subjects(
        self, frame: Frame, queries: Iterable[Query], most: int, brands: Brands = None
    ) -> dict[str, list[str]]:
        """Whose events are behind a figure, each with its ids: of the first so many leads and promises by number that there are."""
        asked = list(queries)
        if self._apart is not None and await self._stories.has_more_than(FEW):
            found = await self._apart.subjects(frame, asked, most, brands)
            if found is not None:
                return found
        return await find_subjects(self._stories_of(brands), frame, asked, most)

    def _stories_of(self, brands: Brands) -> StoryReading:
        return self._stories if brands is None else self._stories.within(brands)

    async def enter(self, entries: Iterable[ForumEntry], by: str) -> list[EntryRecord]:
        """Adds them all or none. The same entry again is the same id, so that a file may be sent twice. Raises ValueError where an action
        point is for nobody of the roster."""
        people = (await self._ruling()).roster.people
        records = []
        for entry in entries:
            if isinstance(entry, Action) and entry.who not in people:
                raise ValueError(f"who: `{entry.who}` is not in the roster{probably(entry.who, people)}")
            records.append(EntryRecord(id=_id_of(entry), entry=entry, by=by, recorded_at=self._now()))
        await self._store.add_entries(records)
        return records

    async def close(self, ident: str, action: Callable[[Action], Action], by: str) -> EntryRecord:
        """Adds a version of an action point. Raises NoSuchEntry."""
        current = {record.id: record for record in await self._store.entries()}.get(ident)
        if current is None or not isinstance(current.entry, Action):
            raise NoSuchEntry(ident)
        record = EntryRecord(id=ident, entry=action(current.entry), by=by, recorded_at=self._now())
        await self._store.add_entries([record])
        return record

    async def entries(self) -> Sequence[EntryRecord]:
        """The last version of each, in the order of their ids."""
        last = {record.id: record for record in await self._store.entries()}
        return [last[ident] for ident in sorted(last)]


def _id_of(entry: ForumEntry) -> str:
    """By what makes it the one that it is: how an action point stands, and notes on it, may change."""
    match entry:
        case Action():
            return derive("ent", "action", entry.what, entry.who, entry.by)
        case Cost():
            return derive("ent", entry.model_dump_json())
        case Lesson():
            return derive("ent", entry.model_dump_json())
