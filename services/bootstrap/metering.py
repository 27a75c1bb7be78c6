"""What is measured where: roles say what they did by call-backs, depths are read when somebody asks."""

from __future__ import annotations

import asyncio
import functools
import logging
from collections.abc import Awaitable, Callable, Container

from starlette.requests import Request
from starlette.responses import Response

from services.adapters.sql.aside import fill_levels
from services.bootstrap.parts import Parts, quota_of
from services.bootstrap.source_watch import SourceWatch, source_watch_of
from services.bootstrap.traffic import TrafficCounter
from services.ingest.call import Call
from services.observability import metrics
from services.ports.deliveries import pause_now
from services.ports.errors import PortError
from services.router.role import Outcome

log = logging.getLogger("stafett.metrics")
Answer = Callable[[Request], Awaitable[Response]]
PATIENCE = 5.0
"""Seconds for store and log to say their depths; without them the rest is told all the same."""
_OUTCOMES = {401: "refused", 404: "refused", 413: "too_large", 429: "limited", 503: "unavailable"}
_CAME = frozenset({"accepted", "spooled", "quarantined"})
"""What shows that a source sends, whether it was understood or not."""


def count_batch(outcome: Outcome) -> None:
    """The router's `on_batch`."""
    metrics.count_batch(
        outcome.size, outcome.age, lateness=outcome.breach_lateness, failures=outcome.dead_letters, limbo=outcome.limbo
    )
    for (source, fate, reason), count in outcome.fates.items():
        metrics.count_fate(source, fate, reason, count)


def in_limbo(count: int) -> None:
    """The limbo watch's `on_count`."""
    metrics.limbo_leads.set(count)


def count_published(count: int) -> None:
    """The relay's `on_published`."""
    metrics.published.inc(count)


def count_set_aside(count: int) -> None:
    """The relay's `on_set_aside`."""
    metrics.dead_letters.inc(count)


def count_unpublished(count: int) -> None:
    """The relay's `on_unpublished`."""
    metrics.unpublished.inc(count)


def count_fetch(source: str, outcome: str) -> None:
    """The `on_fetch` of enrichment."""
    metrics.fetches.labels(source, outcome).inc()


def count_calls(sources: Container[str], traffic: TrafficCounter) -> Callable[[Call, int], None]:
    """The hooks' `on_answer`: counts requests by source and outcome, and what each source usually sends."""

    def count(call: Call, status: int) -> None:
        name = call.source
        outcome = call.outcome or _OUTCOMES.get(status, "accepted" if status < 400 else "refused")
        metrics.count_request(name if name in sources else None, outcome)
        if name in sources and outcome in _CAME:
            traffic.count(name)
        for may, many in call.may_not.items():
            metrics.count_not_permitted(name, may, many)
        for echo, many in call.echoes.items():
            metrics.count_echoes(name, echo, many)

    return count


async def refresh(parts: Parts) -> None:
    """Reads the depths and the lag. Raises StoreUnavailable, LogUnavailable."""
    counts = await parts.reading.counts(parts.now())
    metrics.outbox_depth.set(counts.outbox)
    metrics.spool_depth.set(counts.spool)
    metrics.quarantine_depth.set(counts.quarantine)
    usage = await parts.reading.quarantine_usage()
    metrics.quarantine_bytes.set(sum(kept.size for kept in usage.values()))
    metrics.set_quarantine_fill(fill_levels(quota_of(parts.settings), usage))
    metrics.held_leads.set(counts.held_leads)
    metrics.queues({count.queue: count.waiting for count in await parts.reading.queues()})
    metrics.clock_counts(counts.running_clocks, counts.due_clocks)
    states = await parts.deliveries.states()
    metrics.forget_subscriptions()
    for state in states:
        metrics.subscription_state(
            state.subscription,
            state.pending,
            disabled=state.disabled is not None,
            pause=pause_now(state, parts.now()),
            failing=(parts.now() - state.failing_since).total_seconds() if state.failing_since is not None else 0.0,
        )
    for gauge, group, name in ((metrics.consumer_lag, "router", "signals"), (metrics.thin_lag, "enrich", "thin")):
        topic = parts.settings.topic(name)
        positions = await parts.store.all_positions(group, topic, parts.log.cluster)
        metrics.lag(gauge, positions, await parts.log.end_offsets(topic))


def metrics_handler(parts: Parts) -> Answer:
    """The handler that answers Prometheus, with the last known depths where store or log are away."""

    @functools.cache
    def sources() -> SourceWatch:
        return source_watch_of(parts.settings, parts.traffic, parts.sinks, parts.now)

    async def scrape(_: Request) -> Response:
        try:
            async with asyncio.timeout(PATIENCE):
                await refresh(parts)
                await sources().troubles()
        except (PortError, TimeoutError) as error:
            log.debug("depths are not known now", extra={"error": type(error).__name__})
        return Response(metrics.exposition(), media_type=metrics.CONTENT_TYPE)

    return scrape
