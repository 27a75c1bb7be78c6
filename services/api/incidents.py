"""Routes on incidents: what people are told of, and that somebody has seen it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, NamedTuple

from fastapi import APIRouter, Path, Query

from routing.incidents.records import Incident, IncidentState
from routing.model.ids import promise_named
from schemas.http import INCIDENT_ID, Acknowledged, IncidentPage, IncidentStates, IncidentView
from services.api.access import Access, Key, route
from services.api.scoped import Scoped
from services.api.views import After, Limit, storable
from services.door.problems import Trouble
from services.ports.incidents import IncidentDesk

IncidentId = Annotated[str, Path(description="The incident's id.", examples=[INCIDENT_ID], max_length=320)]
AnyId = Annotated[
    str, Path(description="An incident's id, or that of a message, for all that it told of.", examples=[INCIDENT_ID], max_length=320)
]  # fmt: skip


class Incidents(NamedTuple):
    """The desk, and the way to acknowledge at it: `acknowledge(id, by)`."""

    desk: IncidentDesk
    acknowledge: Callable[[str, str], Awaitable[Sequence[Incident]]]


def add_incidents(router: APIRouter, scoped: Scoped, access: Access, incidents: Incidents) -> None:
    @route(router, "/incidents", scope="leads:read", operation="listIncidents", tag="sla", summary="List incidents")
    async def incident_list(
        key: Key = access.needs("leads:read"),
        state: Annotated[
            IncidentStates, Query(description="`open`: firing or acknowledged.", examples=["open"])
        ] = "open",
        after: After = "",
        limit: Limit = 50,
    ) -> IncidentPage:
        """What people are told of until it is over: promises that are about to break, or broken."""
        wanted: IncidentState | None = None if state == "open" else state
        rows = await incidents.desk.incidents(wanted, after, limit, key.brands)
        return IncidentPage(
            incidents=[incident_view(row) for row in rows], next=rows[-1].id if len(rows) == limit else None
        )

    @route(
        router,
        "/incidents/{incident_id}",
        "not_found",
        scope="leads:read",
        operation="getIncident",
        tag="sla",
        summary="Show an incident",
    )
    async def one(incident_id: IncidentId, key: Key = access.needs("leads:read")) -> IncidentView:
        """One of them, also when it is over."""
        return incident_view(await _visible(incident_id, key))

    @route(
        router,
        "/incidents/{incident_id}/acknowledge",
        "not_found",
        scope="incidents:write",
        operation="acknowledgeIncident",
        tag="sla",
        method="POST",
        summary="Acknowledge an incident",
    )
    async def acknowledge(incident_id: AnyId, key: Key = access.needs("incidents:write")) -> Acknowledged:
        """Somebody has seen it: recorded with the key's person, shown where it was told, and no clock stops for it. Asked twice, it
        is the same."""
        if key.brands is not None:
            await _visible(incident_id, key)
        done = await incidents.acknowledge(storable(incident_id), key.person or key.name)
        if not done:
            raise Trouble("not_found", "there is no such incident, and no such message")
        return Acknowledged(incidents=[incident_view(incident) for incident in done])

    async def _visible(ident: str, key: Key) -> Incident:
        """Raises Trouble for one that there is not, or not for this key."""
        incident = await incidents.desk.incident(storable(ident))
        if incident is not None and key.brands is not None and await scoped.of(key).lead(incident.subject) is None:
            incident = None
        if incident is None:
            raise Trouble("not_found", "there is no such incident")
        return incident


def incident_view(incident: Incident) -> IncidentView:
    promise = promise_named(incident.subject)
    target = incident.subject_id if incident.is_of_target else None
    shown = {name: getattr(incident, name) for name in IncidentView.model_fields if name in Incident.__struct_fields__}
    of_clock = {"clock_id": incident.about if target is None else None, "lead": incident.lead, "promise": promise}
    return IncidentView(**shown | of_clock | {"target": target})
