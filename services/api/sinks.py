"""Routes on sinks: how far each is, which record there is ours, what was done; try again, pause, resume."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Path, Query

from schemas.http import (
    SinkList,
    SinkRecordPage,
    SinkRecordView,
    SinkRetried,
    SinkStepList,
    SinkStepView,
    SinkView,
)
from schemas.http.common import LEAD_ID
from schemas.sinks import Sink
from schemas.sinks.file import EverySink
from services.api.access import Access, Key, route
from services.api.scoped import Scoped
from services.api.views import After, Limit, may_see, storable, text
from services.door.problems import Trouble
from services.ports.deliveries import Deliveries, State
from services.ports.sinks import SinkOffice, SinkRecord, SinkStep

TARGET = "sink/"
"""How the names of sinks begin among those who get events."""
SinkName = Annotated[str, Path(description="The sink's name.", examples=["crm"], max_length=320)]
OfLead = Annotated[str, text("Only of this lead.", LEAD_ID)]


class SinkDesk(NamedTuple):
    """What the routes need: the sinks of the file, what is kept of them, and their places in the feed."""

    sinks: Sequence[EverySink]
    office: SinkOffice
    deliveries: Deliveries
    now: Callable[[], datetime]


def add_sinks(router: APIRouter, scoped: Scoped, access: Access, desk: SinkDesk) -> None:
    @route(router, "/sinks", scope="ops:read", operation="listSinks", tag="operations", summary="List sinks")
    async def sinks(key: Key = access.needs("ops:read")) -> SinkList:
        """The CRMs and marketing platforms that are written into: how far each is in the feed, how many events wait, why it is paused."""
        views = sink_views(desk.sinks, await desk.deliveries.states())
        return SinkList(sinks=[view for view in views if sees_sink(desk, view.name, key.brands)])

    @route(
        router,
        "/sinks/{name}/records",
        "not_found",
        scope="ops:read",
        operation="listSinkRecords",
        tag="operations",
        summary="List which record there is which of ours",
    )
    async def records(
        name: SinkName, key: Key = access.needs("ops:read"), lead: OfLead = "", after: After = "", limit: Limit = 50
    ) -> SinkRecordPage:
        """Records that this sink has made or found: contacts, companies, opportunities, notes and tasks; memberships of a marketing platform."""
        rows = await desk.office.list_records(
            await _target(name, key, desk), lead_id=lead or None, brands=key.brands, after=after, limit=limit
        )
        following = cursor_of(rows[-1]) if len(rows) == limit else None
        return SinkRecordPage(records=[record_view(row) for row in rows], next=following)

    @route(
        router,
        "/sinks/{name}/steps",
        "not_found",
        scope="ops:read",
        operation="listSinkSteps",
        tag="operations",
        summary="List what a sink did",
    )
    async def steps(
        name: SinkName,
        key: Key = access.needs("ops:read"),
        lead: OfLead = "",
        refused: Annotated[bool, Query(description="Only what somebody has to end.", examples=[True])] = False,
        limit: Limit = 50,
    ) -> SinkStepList:
        """What was done for events last, newest first; with `refused` only what somebody has to end. Requests that a dry run would
        have sent are hidden from keys without `personal:read`."""
        rows = await desk.office.list_steps(
            await _target(name, key, desk), lead_id=lead or None, brands=key.brands, refused=refused, limit=limit
        )
        return SinkStepList(steps=[step_view(row, whole=may_see(key)) for row in rows])

    _add_acts(router, scoped, access, desk)


def _add_acts(router: APIRouter, scoped: Scoped, access: Access, desk: SinkDesk) -> None:
    @route(
        router,
        "/sinks/{name}/retry",
        "not_found",
        scope="ops:write",
        operation="retrySink",
        tag="operations",
        method="POST",
        summary="Try now what waits",
    )
    async def retry(name: SinkName, key: Key = access.needs("ops:write"), lead: OfLead = "") -> SinkRetried:
        """What waits for somebody, or for a later try, is tried now: of one lead, or of all."""
        target = await _target(name, key, desk)
        if not lead:
            _serves_key_alone(name, key, desk)
        elif await scoped.of(key).lead(storable(lead)) is None:
            raise Trouble("not_found", "there is no such lead")
        return SinkRetried(events=await desk.office.retry(target, desk.now(), lead or None))

    for action, summary in (("pause", "Write nothing"), ("resume", "Write again")):
        _add_switch(router, access, desk, (action, summary))


def _add_switch(router: APIRouter, access: Access, desk: SinkDesk, named: tuple[str, str]) -> None:
    action, summary = named

    @route(
        router,
        f"/sinks/{{name}}/{action}",
        "not_found",
        scope="ops:write",
        operation=f"{action}Sink",
        tag="operations",
        method="POST",
        summary=summary,
        response_description="The sink as it is now.",
        description="Nothing is written until it is resumed. The place in the feed is kept, so that nothing is lost."
        if action == "pause"
        else "What came meanwhile is written, in each lead's order.",
    )
    async def switch(name: SinkName, key: Key = access.needs("ops:write")) -> SinkView:
        reason = f"by the key {key.name}" if action == "pause" else None
        return await switch_sink(desk, await _target(name, key, desk), key.brands, reason)


async def switch_sink(desk: SinkDesk, target: str, brands: Collection[str] | None, reason: str | None) -> SinkView:
    """Pauses it for this reason, or resumes it (None), for somebody who sees these brands (None: all). Raises Trouble."""
    name = target.removeprefix(TARGET)
    if not serves_alone(desk, name, brands):
        raise Trouble("no_scope", "this sink is of brands that the key does not see; say which lead")
    if not await desk.deliveries.disable(target, reason):
        raise Trouble("not_found", "this sink never ran")
    views = sink_views(desk.sinks, await desk.deliveries.states())
    return next(view for view in views if view.name == name)


def sink_views(sinks: Sequence[EverySink], states: Sequence[State]) -> list[SinkView]:
    """Those of the file in its order, then those that ran once."""
    places = {s.subscription.removeprefix(TARGET): s for s in states if s.subscription.startswith(TARGET)}
    entries: Mapping[str, EverySink] = {sink.name: sink for sink in sinks}
    return [_sink_view(name, entries.get(name), places.get(name)) for name in dict.fromkeys((*entries, *places))]


def _sink_view(name: str, sink: EverySink | None, place: State | None) -> SinkView:
    return SinkView(
        name=name,
        kind=sink.kind if sink is not None else None,
        mode=sink.mode if sink is not None else None,
        position=place.position if place is not None else None,
        waiting=place.pending if place is not None else 0,
        paused=place.disabled if place is not None else None,
    )


def record_view(record: SinkRecord) -> SinkRecordView:
    names = [name for name in SinkRecordView.model_fields if name in record._fields]
    return SinkRecordView(lead=record.lead_id, **{name: getattr(record, name) for name in names})


def step_view(step: SinkStep, *, whole: bool) -> SinkStepView:
    """`whole`: with what would have been sent, which is personal."""
    names = [name for name in SinkStepView.model_fields if name in step._fields and name != "request"]
    request = step.request if whole else None
    return SinkStepView(
        step=step.name, lead=step.lead_id, request=request, **{name: getattr(step, name) for name in names}
    )


def cursor_of(record: SinkRecord) -> str:
    """Where a list goes on behind this one."""
    return f"{record.kind}/{record.key}"


def sees_sink(desk: SinkDesk, name: str, brands: Collection[str] | None) -> bool:
    """Whether hand-overs of one of these brands (None: all) may be written there."""
    served = _brands_of(name, desk)
    return brands is None or not served or bool(set(served) & set(brands))


def serves_alone(desk: SinkDesk, name: str, brands: Collection[str] | None) -> bool:
    """Whether the sink writes hand-overs of no brand but these (None: all)."""
    served = _brands_of(name, desk)
    return brands is None or (bool(served) and set(served) <= set(brands))


def _serves_key_alone(name: str, key: Key, desk: SinkDesk) -> None:
    """Raises Trouble where the sink writes hand-overs of brands that the key does not see."""
    if not serves_alone(desk, name, key.brands):
        raise Trouble("no_scope", "this sink is of brands that the key does not see; say which lead")


def _brands_of(name: str, desk: SinkDesk) -> tuple[str, ...]:
    sink: Sink | None = next((one for one in desk.sinks if one.name == name), None)
    return sink.brands if sink is not None else ()


async def _target(name: str, key: Key, desk: SinkDesk) -> str:
    """Raises Trouble where there is no such sink, or none for this key."""
    known = {view.name for view in sink_views(desk.sinks, await desk.deliveries.states())}
    if storable(name) not in known or not sees_sink(desk, name, key.brands):
        raise Trouble("not_found", "there is no such sink")
    return TARGET + name
