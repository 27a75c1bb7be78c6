"""Routes on the weekly forum: a week's figures, and what is entered for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query
from pydantic import AwareDatetime

from routing.forum.entries import EntryRecord
from schemas.forum import ForumEntry
from schemas.http import EntryList, EntryView, FiguresView
from schemas.json_values import JsonObject
from services.api.access import Access, Key, route
from services.door.problems import Trouble
from services.forum.desk import ForumDesk

WEEK = Annotated[
    str | None,
    Query(description="An ISO week; left out, the last one that is over.", examples=["2026-W48"], max_length=20),
]
KNOWN_ON = Annotated[
    AwareDatetime | None,
    Query(
        description="As known then; left out, when the week's forum met, or now where that is to come.",
        examples=["2026-12-07T08:00:00+01:00"],
    ),
]
_EXAMPLE = {"kind": "action", "what": "Ask Cia again", "who": "elin", "by": "2026-12-04"}
_BODY: JsonObject = {
    "description": "A cost, an action point or a lesson.",
    "content": {"application/json": {"example": _EXAMPLE}},
}


def add_figures(router: APIRouter, access: Access, forum: ForumDesk) -> None:
    @route(router, "/figures", scope="leads:read", operation="getFigures", tag="forum", summary="Show a week's figures")
    async def figures(
        key: Key = access.needs("leads:read"), week: WEEK = None, known_on: KNOWN_ON = None
    ) -> FiguresView:
        """The weekly forum's report: each figure with its query and the ids behind it, or why it cannot be computed. It is read from all
        leads, so the first asking for a week takes long where there are many; one is computed at a time."""
        try:
            frame = await forum.frame(week, known_on)
        except ValueError as error:
            raise Trouble("invalid", f"query.week: {error}") from error
        report = await forum.report(frame, frozenset(key.brands) if key.brands is not None else None)
        return FiguresView.model_validate(msgspec.to_builtins(report))

    @route(
        router, "/forum/entries", scope="leads:read", operation="listEntries", tag="forum", summary="List forum entries"
    )
    async def entries(key: Key = access.needs("leads:read")) -> EntryList:
        """Costs, action points and lessons, each in its last version. They are of no brand: a key of some brands sees none."""
        return _entry_list([] if key.brands is not None else await forum.entries())

    @route(
        router,
        "/forum/entries",
        scope="commands:write",
        operation="addEntry",
        tag="forum",
        method="POST",
        summary="Enter something for the forum",
        asks=_BODY,
    )
    async def enter(entry: ForumEntry, key: Key = access.needs("commands:write")) -> EntryList:
        """A cost, an action point or a lesson. The same again is the same entry; an action point with another `state` or `note` is its next
        version."""
        if key.brands is not None:
            raise Trouble("no_scope", "entries are of no brand; this key is of some")
        try:
            return _entry_list(await forum.enter([entry], key.person or key.name))
        except ValueError as error:
            raise Trouble("invalid", f"body.{error}") from error


def _entry_list(records: Sequence[EntryRecord]) -> EntryList:
    return EntryList(entries=[EntryView(id=r.id, by=r.by, recorded_at=r.recorded_at, entry=r.entry) for r in records])
