"""The page for people, from the parts."""

from __future__ import annotations

import asyncio

from services.adapters.sql.console import SqlPageReading
from services.adapters.sql.flow import SqlFlowReading
from services.adapters.sql.workloads import SqlWorkloadReading
from services.api.commanding import Commanding
from services.api.explanations import Explainer
from services.api.incidents import Incidents
from services.bootstrap.commands import ruling_of_now, versions_of
from services.bootstrap.parts import Parts
from services.console.console import Console
from services.console.flow.counting import FlowCounter
from services.console.live import Live
from services.console.rendering import Pages
from services.console.static_files import StaticFiles
from services.forum.desk import ForumDesk


def flow_counter_of(parts: Parts) -> FlowCounter:
    """One for the process."""
    return FlowCounter(SqlFlowReading(parts.store.engines))


def console_of(
    parts: Parts,
    commanding: Commanding,
    incidents: Incidents,
    forum: ForumDesk,
    *,
    flow_counter: FlowCounter,
    stopping: asyncio.Event,
) -> Console:
    """`stopping` ends what open pages listen to."""
    page, versions = SqlPageReading(parts.store.engines), versions_of(parts)
    return Console(
        page=page,
        workloads=SqlWorkloadReading(parts.store.engines),
        flow=SqlFlowReading(parts.store.engines),
        count_flow=flow_counter.catch_up,
        reading=parts.reading,
        explainer=Explainer(parts.reading, versions.ruling, parts.now),
        commanding=commanding,
        incidents=incidents,
        versions=versions,
        ruling=ruling_of_now(parts),
        forum=forum,
        live=Live(page, stopping, parts.page_bell),
        pages=Pages(StaticFiles()),
        now=parts.now,
    )
