"""The report of a week out of the store: stories page by page, each page counted in a thread, so that nothing else waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence

from routing.forum.counts import ids_behind
from routing.forum.figures import Report
from routing.forum.frame import Frame
from routing.forum.report import Forum
from routing.forum.story import Event, Heard, Story, read_event, read_facts
from routing.forum.tally import Query
from services.ports.forum import ForumStore, SignalRow, StoryReading, StoryRows

PAGE = 100
"""Leads that are in memory at a time."""


async def compute_report(reading: StoryReading, store: ForumStore, frame: Frame) -> Report:
    """Raises StoreUnavailable."""
    forum = Forum(frame)
    async for page in _pages(reading):
        await asyncio.to_thread(_add, forum, page)
    records = await store.entries()
    return await asyncio.to_thread(forum.report, records)


async def find_subjects(
    reading: StoryReading, frame: Frame, queries: Iterable[Query], most: int
) -> dict[str, list[str]]:
    """Whose events are behind a figure, each with its ids: of the first so many leads and promises by number that there are. Each id once,
    whatever the figure divides by what. Raises StoreUnavailable."""
    found: dict[str, dict[str, None]] = {}
    for query in queries:
        seen = 0
        async for subject, ids in list_behind(reading, frame, query):
            found.setdefault(subject, {}).update(dict.fromkeys(ids))
            seen += 1
            if seen == most:
                break
    return {subject: list(found[subject]) for subject in sorted(found)[:most]}


async def list_behind(reading: StoryReading, frame: Frame, query: Query) -> AsyncIterator[tuple[str, list[str]]]:
    """(subject, its ids) behind a figure, lead by lead. Raises StoreUnavailable."""
    async for page in _pages(reading):
        for found in await asyncio.to_thread(_behind_in, page, frame, query):
            yield found


def _behind_in(page: Sequence[StoryRows], frame: Frame, query: Query) -> list[tuple[str, list[str]]]:
    found = ((rows.subject, list(ids_behind([to_story(rows)], frame, query))) for rows in page)
    return [(subject, ids) for subject, ids in found if ids]


async def _pages(reading: StoryReading) -> AsyncIterator[Sequence[StoryRows]]:
    after = ""
    while page := await reading.stories(after, PAGE):
        yield page
        after = page[-1].subject


def _add(forum: Forum, page: Sequence[StoryRows]) -> None:
    for rows in page:
        forum.add(to_story(rows))


def to_story(rows: StoryRows) -> Story:
    """What the forum looks at, out of what the store keeps."""
    events: list[Event] = [event for text in rows.events if (event := read_event(text)) is not None]
    return Story(rows.subject, tuple(events), tuple(_to_heard(row) for row in rows.signals))


def _to_heard(row: SignalRow) -> Heard:
    """It happened when its sender says, and never after it was received."""
    return Heard(
        id=row.signal_id,
        at=min(row.occurred_at, row.received_at),
        recorded_at=row.recorded_at,
        mode=row.mode,
        kind=row.kind,
        facts=read_facts(row.facts),
    )
