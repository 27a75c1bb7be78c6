"""The reading API: leads, their history and explanation, clocks, the feed, what was set aside. Behind API keys.

A new route is a file here, as `queues.py`, and its line in `create_router`; what it asks of the store is in
`services/ports/reading.py`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime

from fastapi import APIRouter, Depends

from routing.people.roster import Roster
from services.api.access import Access
from services.api.agreements import add_agreements
from services.api.audit import add_audit
from services.api.commanding import Commanding
from services.api.commands import add_commands, add_roster
from services.api.explanations import Explainer
from services.api.feed import add_feed
from services.api.figures import add_figures
from services.api.incidents import Incidents, add_incidents
from services.api.key_desk import KeyDesk
from services.api.keys import add_keys
from services.api.leads import add_clocks, add_explanations, add_leads, add_reasons
from services.api.operations import Retry, SourceTroubles, add_operations, add_quarantine
from services.api.parameters import OnlyKnown
from services.api.persons import add_consents, add_erasure, add_persons
from services.api.queues import add_queues
from services.api.scoped import Scoped
from services.api.signals import add_signals
from services.api.sinks import SinkDesk, add_sinks
from services.api.subscriptions import Desk, add_subscriptions
from services.api.topic_keys import add_topic_keys
from services.forum.desk import ForumDesk
from services.persons.desk import PersonDesk
from services.ports.audit import Audit
from services.rules.versions import Versions


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
    incidents: Incidents,
    sinks: SinkDesk,
    desk: Desk,
    forum: ForumDesk,
    persons: PersonDesk,
    troubles: SourceTroubles,
    audit: Audit,
    keys: KeyDesk,
) -> APIRouter:
    """Routes under /v1. `stopping` ends requests that wait for news."""
    router = APIRouter(prefix="/v1", dependencies=[Depends(OnlyKnown())])

    async def roster_of() -> Roster:
        return await commanding.roster()

    add_leads(router, scoped, access, digest_email=digest_email, roster_of=roster_of)
    add_explanations(router, scoped, access, explainer)
    add_signals(router, scoped, access)
    add_queues(router, scoped, access)
    add_figures(router, access, forum)
    add_reasons(router, scoped, access, explainer)
    add_clocks(router, scoped, access, roster_of)
    add_incidents(router, scoped, access, incidents)
    add_feed(router, scoped, access, stopping)
    add_quarantine(router, scoped, access, retry)
    add_operations(router, scoped, access, now=now, troubles=troubles)
    add_sinks(router, scoped, access, sinks)
    add_commands(router, scoped, access, commanding)
    add_roster(router, access, commanding)
    add_agreements(router, access, versions)
    add_subscriptions(router, access, desk)
    add_persons(router, access, persons)
    add_erasure(router, access, persons)
    add_topic_keys(router, access, persons)
    add_consents(router, scoped, access)
    add_audit(router, access, audit)
    add_keys(router, access, keys)
    return router
