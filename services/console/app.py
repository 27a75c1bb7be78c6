"""The reading API: leads, their history and explanation, clocks, the feed, what was set aside. Behind API keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Depends

from services.commanding import Commanding
from services.console.access import Access
from services.console.agreements import add_agreements
from services.console.commands import add_commands, add_roster
from services.console.feed import add_feed
from services.console.leads import add_clocks, add_explanations, add_leads, add_reasons
from services.console.operations import Retry, add_operations, add_quarantine
from services.console.parameters import OnlyKnown
from services.console.queues import add_queues
from services.console.scoped import Scoped
from services.console.signals import add_signals
from services.explain import Explainer
from services.versions import Versions


def create_router(
    scoped: Scoped,
    access: Access,
    digest_email: Callable[[str, str], str | None],
    now: Callable[[], datetime],
    retry: Retry,
    commanding: Commanding,
    stopping: asyncio.Event,
    explainer: Explainer,
    versions: Versions,
) -> APIRouter:
    """Routes under /v1. `stopping` ends requests that wait for news."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(OnlyKnown())])
    add_leads(router, scoped, access, digest_email)
    add_explanations(router, scoped, access, explainer)
    add_signals(router, scoped, access)
    add_queues(router, scoped, access)
    add_reasons(router, scoped, access, explainer)
    add_clocks(router, scoped, access)
    add_feed(router, scoped, access, stopping)
    add_quarantine(router, scoped, access, retry)
    add_operations(router, scoped, access, now)
    add_commands(router, scoped, access, commanding)
    add_roster(router, access, commanding)
    add_agreements(router, access, versions)
    return router
