"""Routes on queues: leads that wait for somebody of a pool."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from routing.model.records import Lead
from routing.people.hindrances import reasons_of
from schemas.certain import certain
from schemas.http import PassedOver, QueueList, QueueView, WaitingPage, WaitingView
from schemas.http.queues import Route
from services.api.access import Access, Key, route
from services.api.scoped import Scoped
from services.api.signals import read_place
from services.api.views import After, Limit, storable
from services.ports.instants import micros
from services.ports.reading import Place, QueueCount
from services.ports.rows import LeadRow

UNKNOWN = "-"
"""Stands in a path for a pool that is not known."""


def add_queues(router: APIRouter, scoped: Scoped, access: Access) -> None:
    @route(router, "/queues", scope="leads:read", operation="listQueues", tag="leads", summary="List queues")
    async def queues(key: Key = access.needs("leads:read")) -> QueueList:
        """Every queue in which leads wait for somebody of a pool: how many, and since when. One in which nobody waits is not
        in the list."""
        return QueueList(queues=[queue_view(count) for count in await scoped.of(key).queues()])

    @route(
        router,
        "/queues/{route}/{pool}",
        "not_found",
        scope="leads:read",
        operation="listWaiting",
        tag="leads",
        summary="List who waits in a queue",
    )
    async def waiting(
        route: Annotated[Route, Path(description="The route.", examples=["hand_over"])],
        pool: Annotated[
            str, Path(description=f"The pool; `{UNKNOWN}` where it is not known.", examples=["field"], max_length=320)
        ],
        key: Key = access.needs("leads:read"),
        after: After = "",
        limit: Limit = 50,
    ) -> WaitingPage:
        """Leads that wait in this queue, who has waited longest first: since when, until when at the latest, and what is in the
        way of each of the pool."""
        place = read_place(after)
        begin = Place(int(place[0]), place[1]) if place else None
        name = f"{route}/{'' if pool == UNKNOWN else storable(pool)}"
        rows = await scoped.of(key).waiting(name, begin, limit)
        return WaitingPage(leads=[waiting_view(row) for row in rows], next=following(rows, limit))


def following(rows: list[LeadRow], limit: int) -> str | None:
    """`next` of a page; None after the last one."""
    return f"{micros(rows[-1].queued_at)}.{rows[-1].id}" if len(rows) == limit and rows[-1].queued_at else None


def queue_view(count: QueueCount) -> QueueView:
    route, _, pool = count.queue.partition("/")
    return QueueView.model_validate(
        {"queue": count.queue, "route": route, "pool": pool or None, "waiting": count.waiting, "since": count.since}
    )


def waiting_view(row: LeadRow) -> WaitingView:
    lead = Lead.read(row.state)
    queue, since = lead.queue, certain(row.queued_at, "it waits")
    passed = [
        PassedOver(person=p.person, codes=list(p.codes), reason=reasons_of({"code": p.codes[0], "also": p.codes[1:]}))
        for p in (queue.passed if queue is not None else ())
        if p.codes
    ]
    said = ", ".join(f"{p.person}: {p.reason}" for p in passed)
    return WaitingView(
        lead=row.id,
        brand=row.brand,
        stage=lead.stage,
        since=since,
        until=queue.until if queue is not None else None,
        rule=queue.rule if queue is not None else None,
        passed=passed,
        why=f"nobody of pool {queue.pool} could take it: {said}" if queue is not None else "it is looked at again soon",
    )
