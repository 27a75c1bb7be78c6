"""Routes on signals: what became of one, and which came to nothing."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import AwareDatetime

from schemas.fates import FATES, Fate
from schemas.http import SIGNAL_ID, HistoryPage, SignalPage
from services.api.access import Access, Key, route
from services.api.scoped import Scoped
from services.api.views import MAX_NUMBER, After, Limit, history_view, signal_view, storable, text
from services.door.problems import Trouble
from services.ports.reading import HistoryEntry, Place, place_of


def add_signals(router: APIRouter, scoped: Scoped, access: Access) -> None:
    @route(
        router,
        "/signals",
        scope="leads:read",
        operation="listSignals",
        tag="leads",
        summary="List what came to nothing",
    )
    async def signals(
        key: Key = access.needs("leads:read"),
        outcome: Annotated[
            Fate | None,
            Query(description="Only those that came to this; all of them where left out.", examples=["no_lead"]),
        ] = None,
        source: Annotated[
            str | None, text("Only those of this source; `command` has what was asked for.", "web")
        ] = None,
        since: Annotated[
            AwareDatetime | None,
            Query(description="Only those recorded since then.", examples=["2026-11-24T09:00:00Z"]),
        ] = None,
        after: After = "",
        limit: Limit = 50,
    ) -> SignalPage:
        """Signals that were answered 202 and came to nothing: about nobody we know, refused, or ignored; each with its reason.
        What could not be read is at `/v1/quarantine`, what could not be processed at `/v1/dead-letters`."""
        fates = FATES if outcome is None else (outcome,)
        rows = await scoped.of(key).fates(fates, source=source, since=since, after=_place(after), limit=limit)
        return SignalPage(signals=[signal_view(row, key) for row in rows], next=following(rows, limit))

    @route(
        router,
        "/signals/{signal_id}",
        "not_found",
        scope="leads:read",
        operation="getSignal",
        tag="leads",
        summary="What became of one",
    )
    async def signal(
        signal_id: Annotated[
            str, Path(description="As a hook or a command answered it.", examples=[SIGNAL_ID], max_length=64)
        ],
        key: Key = access.needs("leads:read"),
    ) -> HistoryPage:
        """How a signal was judged, once for each attempt: whose it is, what it changed, or why nothing; of a command, whether it
        was carried out or refused. Not found while it waits for the router."""
        rows = await scoped.of(key).history_of_signal(storable(signal_id))
        if not rows:
            raise Trouble("not_found", "no such signal was judged yet")
        return HistoryPage(history=[history_view(row, key) for row in rows], next=None)


def following(rows: list[HistoryEntry], limit: int) -> str | None:
    """`next` of a page; None after the last one."""
    return "{}.{}".format(*place_of(rows[-1])) if len(rows) == limit else None


def read_place(after: str) -> tuple[int, str] | None:
    """Instant and id of a `next` of ours; None where there is none. Raises Trouble for what is no such thing."""
    if not after:
        return None
    at, _, ident = after.partition(".")
    if not (at.isascii() and at.isdecimal() and ident and len(at) < 20):
        raise Trouble("invalid", "query.after: has to be the `next` of the page before")
    return min(int(at), MAX_NUMBER), ident


def _place(after: str) -> Place[int] | None:
    """Raises Trouble."""
    place = read_place(after)
    if place is None:
        return None
    at, number = place
    if not (number.isascii() and number.isdecimal() and len(number) < 20):
        raise Trouble("invalid", "query.after: has to be the `next` of the page before")
    return Place(at, min(int(number), MAX_NUMBER))
