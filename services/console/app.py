"""The reading API: leads, their history and explanation, clocks, the feed, what was set aside. Behind API keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime

from fastapi import APIRouter, Depends

from services.adapters.sql.reading import Reading
from services.commanding import Commanding
from services.console.access import Access, Key
from services.console.agreements import add_agreements
from services.console.commands import add_commands, add_roster
from services.console.feed import add_feed
from services.console.leads import add_clocks, add_explanations, add_leads, add_reasons
from services.console.operations import Retry, add_operations, add_quarantine
from services.console.parameters import OnlyKnown
from services.console.signals import add_signals
from services.explain import Explainer
from services.versions import Versions


def create_router(
    reading: Reading,
    keys: Mapping[str, Key],
    digest_email: Callable[[str, str], str | None],
    now: Callable[[], datetime],
    retry: Retry,
    commanding: Commanding,
    stopping: asyncio.Event,
    explainer: Explainer,
    versions: Versions,
) -> APIRouter:
    """Routes under /v1. `stopping` ends requests that wait for news."""
    router, access = APIRouter(prefix="/v1", dependencies=[Depends(OnlyKnown())]), Access(keys)
    add_leads(router, reading, access, digest_email)
    add_explanations(router, reading, access, explainer)
    add_signals(router, reading, access)
    add_reasons(router, access, explainer)
    add_clocks(router, reading, access)
    add_feed(router, reading, access, stopping)
    add_quarantine(router, reading, access, retry)
    add_operations(router, reading, access, now)
    add_commands(router, access, commanding)
    add_roster(router, access, commanding)
    add_agreements(router, access, versions)
    return router
