"""Routes for whoever runs it: what was set aside, depths, the lifecycle."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path

from routing.incidents.targets import SOURCES, TargetTrouble
from routing.lifecycle import TABLE
from schemas.http import (
    QUARANTINE_ID,
    DeadLetterPage,
    DeadLetterView,
    Lifecycle,
    LifecycleRow,
    QuarantineDetail,
    QuarantinePage,
    QuarantineView,
    Retried,
    SourceTrouble,
    Status,
)
from schemas.json_values import JsonObject
from services.api.access import Access, Key, route
from services.api.scoped import Scoped
from services.api.shape import readable, shape_of
from services.api.unnamed import media_type, unnamed_headers, unnamed_place, unnamed_reason, unnamed_shape
from services.api.views import After, Limit, may_see, storable
from services.door.problems import Trouble
from services.ports.rows import Quarantine, headers_of

SourceTroubles = Callable[[], Awaitable[Sequence[TargetTrouble]]]
Retry = Callable[[str], Awaitable[Retried | None]]
EntryId = Annotated[str, Path(description="The entry's id.", examples=[QUARANTINE_ID], max_length=320)]


def add_quarantine(router: APIRouter, scoped: Scoped, access: Access, retry: Retry) -> None:
    """`retry(id)` reads the body of an entry again; None where there is no such entry, Trouble where it cannot."""

    @route(
        router,
        "/quarantine",
        scope="ops:read",
        operation="listQuarantine",
        tag="operations",
        summary="List what was not understood",
    )
    async def quarantine(key: Key = access.needs("ops:read"), after: After = "", limit: Limit = 50) -> QuarantinePage:
        """Bodies that could not be understood: where and why, without the bodies. Names that a sender chose are hidden from
        keys without `personal:read`."""
        rows = await scoped.of(key).quarantine_entries(after, limit)
        shown = [QuarantineView(**_summary(row, may_see(key))) for row in rows]
        return QuarantinePage(quarantine=shown, next=rows[-1].id if len(rows) == limit else None)

    @route(
        router,
        "/quarantine/{entry_id}",
        "not_found",
        scope="ops:read",
        operation="getQuarantine",
        tag="operations",
        summary="Show what was not understood",
    )
    async def entry(entry_id: EntryId, key: Key = access.needs("ops:read")) -> QuarantineDetail:
        """The names and types in the body; its values, and names that are not commonly used, only for keys with
        `personal:read`."""
        row = await scoped.of(key).quarantine_entry(storable(entry_id))
        if row is None:
            raise Trouble("not_found", "there is no such entry")
        whole = may_see(key)
        body, headers = readable(row.body) if whole else None, headers_of(row)
        # A stranger wrote it: to take it apart must not stop the others.
        shape = await asyncio.to_thread(shape_of, row.body, row.content_type)
        if not whole:
            shape, headers = unnamed_shape(shape), unnamed_headers(headers)
        return QuarantineDetail(**_summary(row, whole), headers=headers, shape=shape, body=body)

    @route(
        router,
        "/quarantine/{entry_id}/retry",
        "not_found",
        "still_unclear",
        "no_longer_kept",
        scope="ops:write",
        operation="retryQuarantine",
        tag="operations",
        method="POST",
        status_code=202,
        summary="Read a body again",
    )
    async def again(entry_id: EntryId, key: Key = access.needs("ops:write")) -> Retried:
        """Reads the body with the source's configuration of now, after you corrected it. Its signals keep the time at
        which they were received and have no second effect. Of the body's parts those that are understood now leave the
        quarantine, the others stay in it with their reason of now."""
        seen = await scoped.of(key).quarantine_entry(storable(entry_id))
        try:
            retried = None if seen is None else await retry(entry_id)
        except Trouble as trouble:
            if may_see(key) or seen is None or trouble.detail is None:
                raise
            raise Trouble(trouble.code, unnamed_reason(trouble.detail, seen.source), trouble.retry_after) from None
        if retried is None or seen is None:
            raise Trouble("not_found", "there is no such entry")
        if may_see(key):
            return retried
        return Retried(signals=retried.signals, quarantined=[unnamed_place(place) for place in retried.quarantined])


def add_operations(
    router: APIRouter, scoped: Scoped, access: Access, *, now: Callable[[], datetime], troubles: SourceTroubles
) -> None:
    """`troubles` gives the sources that do not tell what they should."""

    @route(
        router,
        "/dead-letters",
        scope="ops:read",
        operation="listDeadLetters",
        tag="operations",
        summary="List dead letters",
    )
    async def dead_letters(key: Key = access.needs("ops:read"), limit: Limit = 100) -> DeadLetterPage:
        """Signals that could not be processed, oldest first, with those that wait behind them."""
        rows = await scoped.of(key).dead_letters(limit=limit)
        shown = [DeadLetterView(**{name: getattr(row, name) for name in DeadLetterView.model_fields}) for row in rows]
        return DeadLetterPage(dead_letters=shown)

    @route(router, "/status", scope="ops:read", operation="getStatus", tag="operations", summary="Show depths")
    async def status(key: Key = access.needs("ops:read")) -> Status:
        """Depths (outbox, spool, held leads, clocks, deliveries), and sources that do not tell what they should."""
        counts, wrong = await scoped.of(key).counts(now()), await troubles()
        sources = [
            SourceTrouble(source=name, since=trouble.since, why=trouble.why)
            for trouble in wrong
            if scoped.has_source(key, name := trouble.name.removeprefix(SOURCES))
        ]
        return Status(**counts._asdict(), sources=sources)

    @route(
        router,
        "/lifecycle",
        scope="leads:read",
        operation="getLifecycle",
        tag="operations",
        summary="Show the lifecycle",
    )
    async def lifecycle(_: Key = access.needs("leads:read")) -> Lifecycle:
        """The lifecycle table that decisions are made by."""
        rows = [LifecycleRow(**row._asdict() | {"facts": sorted(row.facts)}) for row in TABLE]
        return Lifecycle(rows=rows)


def _summary(row: Quarantine, whole: bool) -> JsonObject:
    """`whole`: with what the sender chose."""
    names = [name for name in QuarantineView.model_fields if name in row._fields]
    said = {name: getattr(row, name) for name in names} | {"bytes": row.size}
    if whole:
        return said
    place, reason = unnamed_place(row.place, row.source), unnamed_reason(row.reason, row.source)
    return said | {"place": place, "reason": reason, "content_type": media_type(row.content_type)}
