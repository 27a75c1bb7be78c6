"""All metrics of Stafett, in one place. Durations are seconds. Label values are of closed sets: never an id, never text
that a sender chose."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence, Sized
from typing import Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from schemas.signals import Echo

CONTENT_TYPE = CONTENT_TYPE_LATEST
REGISTRY = CollectorRegistry()
MAX_SOURCES = 100
"""Sources are configured, so there are few; those beyond it are counted together."""
OTHER = "other"
OUTCOMES = frozenset(
    {"accepted", "spooled", "quarantined", "refused", "too_large", "limited", "unavailable", "stopped"}
)
COMPARISONS = ("agrees", "theirs_is_newer", "ours_is_newer", "both_changed", "missing", "closed_without_us")
ATTEMPTS = frozenset({"delivered", "refused", "failed", "timeout", "given_up"})
_SECONDS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)

consumer_lag = Gauge(
    "stafett_consumer_lag_records",
    "Records of a partition that the router has not read.",
    ["partition"],
    registry=REGISTRY,
)
thin_lag = Gauge(
    "stafett_thin_lag_records",
    "Records of a partition of the thin topic that enrichment has not read.",
    ["partition"],
    registry=REGISTRY,
)
batch_size = Histogram(
    "stafett_router_batch_records",
    "Signals in one transaction.",
    buckets=(1, 5, 10, 50, 100, 200, 300, 500, 1000, 5000),
    registry=REGISTRY,
)
age_at_commit = Histogram(
    "stafett_router_age_at_commit_seconds",
    "From the receipt of a batch's oldest signal to the commit of what it caused.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
breach_lateness = Histogram(
    "stafett_sla_breach_lateness_seconds",
    "From due_at to the commit of the breach.",
    buckets=_SECONDS,
    registry=REGISTRY,
)
dead_letters = Counter("stafett_dead_letters", "Signals that were set aside.", registry=REGISTRY)
fates = Counter(
    "stafett_signals_without_effect",
    "Signals that were answered 202 and came to nothing, by source, outcome and reason.",
    ["source", "outcome", "reason"],
    registry=REGISTRY,
)
not_permitted = Counter(
    "stafett_facts_not_permitted",
    "Signals of which a source may not say a part or the whole, by source and the class of facts that its `may` lacks.",
    ["source", "may"],
    registry=REGISTRY,
)
reading_faults = Counter(
    "stafett_reading_faults",
    "Bodies, or parts of them, that were set aside for a fault of ours, by the module that it is in.",
    ["module"],
    registry=REGISTRY,
)
published = Counter("stafett_relay_published_events", "Events moved from the outbox to the topics.", registry=REGISTRY)
unpublished = Counter(
    "stafett_relay_unpublished_events",
    "Events that are larger than their topic takes: in the feed only.",
    registry=REGISTRY,
)
outbox_depth = Gauge("stafett_outbox_depth", "Events that are not published yet.", registry=REGISTRY)
spool_depth = Gauge("stafett_spool_depth", "Signals that wait in the store for the log.", registry=REGISTRY)
quarantine_depth = Gauge("stafett_quarantine_depth", "Bodies that could not be read.", registry=REGISTRY)
quarantine_bytes = Gauge("stafett_quarantine_bytes", "Bytes of bodies that could not be read.", registry=REGISTRY)
quarantine_filled = Gauge(
    "stafett_quarantine_filled_ratio",
    "How full the quarantine is, by source and (source `all`) as a whole: at 1 nothing more is taken.",
    ["source"],
    registry=REGISTRY,
)
stopped_sources = Gauge(
    "stafett_source_stopped",
    "1 while a source takes nothing, for its signals cannot be processed.",
    ["source"],
    registry=REGISTRY,
)
held_leads = Gauge("stafett_held_leads", "Leads whose signals queue behind a dead letter.", registry=REGISTRY)
waiting_leads = Gauge(
    "stafett_waiting_leads", "Leads that wait for somebody of a pool, by queue.", ["queue"], registry=REGISTRY
)
limbo_leads = Gauge(
    "stafett_leads_in_limbo", "Active leads that nobody has and nothing waits for: a defect.", registry=REGISTRY
)
limbo_found = Counter("stafett_leads_found_in_limbo", "Times that the router found a lead in limbo.", registry=REGISTRY)
clocks = Gauge("stafett_sla_clocks", "SLA clocks by state.", ["state"], registry=REGISTRY)
intake = Counter("stafett_intake_requests", "Requests to the hooks.", ["source", "outcome"], registry=REGISTRY)
fetches = Counter("stafett_fetches", "Requests to the APIs of sources.", ["source", "outcome"], registry=REGISTRY)
pending_deliveries = Gauge(
    "stafett_pending_deliveries",
    "Events that wait for a subscription to take them.",
    ["subscription"],
    registry=REGISTRY,
)
disabled_subscriptions = Gauge(
    "stafett_subscription_disabled", "1 while a subscription is sent nothing.", ["subscription"], registry=REGISTRY
)
paused_subscriptions = Gauge(
    "stafett_subscription_paused",
    "1 while a subscription pauses: `open`, its receiver takes nothing; `throttled`, it asked for the pause.",
    ["subscription", "pause"],
    registry=REGISTRY,
)
failing_subscriptions = Gauge(
    "stafett_subscription_failing_seconds",
    "For how long a subscription's receiver has taken nothing; 0 while it takes what it is sent.",
    ["subscription"],
    registry=REGISTRY,
)
open_connections = Gauge("stafett_http_connections", "Connections open at the HTTP port.", registry=REGISTRY)
dropped_connections = Counter(
    "stafett_http_connections_dropped", "Silent connections that made room for others.", registry=REGISTRY
)
held_bodies = Gauge(
    "stafett_http_bodies_bytes", "Bytes of bodies in flight, beyond the first 64 KiB of each.", registry=REGISTRY
)
echoes = Counter(
    "stafett_sink_echoes",
    "Webhooks that told of our own writes, by how they were known: the user, the app, or the value.",
    ["source", "by"],
    registry=REGISTRY,
)
source_silent = Gauge(
    "stafett_source_silent",
    "1 while nothing comes from a source though it usually would by now.",
    ["source"],
    registry=REGISTRY,
)
webhook_problems = Gauge(
    "stafett_source_webhook_problems",
    "What is wrong with the webhooks that the vendor of a source lists.",
    ["source"],
    registry=REGISTRY,
)
repaired = Counter(
    "stafett_reconcile_repaired",
    "Facts that a sweep of a CRM had to add, since no webhook brought them.",
    ["sink"],
    registry=REGISTRY,
)
compared = Gauge(
    "stafett_reconcile_handovers",
    "Open hand-overs of the last audit, by how they compare with the CRM.",
    ["sink", "verdict"],
    registry=REGISTRY,
)
sinks = Counter("stafett_sink_events", "Events that a sink tried to write.", ["sink", "outcome"], registry=REGISTRY)
deliveries = Counter("stafett_delivery_attempts", "Attempts to deliver an event.", ["outcome"], registry=REGISTRY)
alert_tries = Counter(
    "stafett_alert_attempts", "Tries to tell people, by kind of channel.", ["channel", "outcome"], registry=REGISTRY
)

clock_offset = Gauge(
    "stafett_clock_offset_seconds",
    "How far the clock of this machine is ahead of the store's, by which all is decided; negative: behind.",
    registry=REGISTRY,
)

_sources: set[str] = set()


def count_batch(size: int, age: float, lateness: Sequence[float], failures: int, limbo: int = 0) -> None:
    """A batch of the router is committed. `age` and `lateness` in seconds."""
    batch_size.observe(size)
    age_at_commit.observe(age)
    for seconds in lateness:
        breach_lateness.observe(seconds)
    dead_letters.inc(failures)
    limbo_found.inc(limbo)


def count_fate(source: str | None, fate: str, reason: str, count: int) -> None:
    """So many signals of one batch. The words are those of `schemas.fates`."""
    fates.labels(_source_label(source), fate, reason).inc(count)


def count_not_permitted(source: str | None, may: str, count: int) -> None:
    """So many signals of one delivery. `may` is a class of `schemas.may`."""
    not_permitted.labels(_source_label(source), may).inc(count)


def count_reading_fault(module: str) -> None:
    """A fault of ours while a body was read. `module` is a name of our code's."""
    reading_faults.labels(module).inc()


def count_request(source: str | None, outcome: str) -> None:
    """A request to a hook was answered. `source` is the configured one, None where there is none of that name."""
    _intake(_source_label(source), outcome if outcome in OUTCOMES else OTHER).inc()


def _source_label(source: str | None) -> str:
    """The source as a label, as long as there are few."""
    if source is None or (source not in _sources and len(_sources) >= MAX_SOURCES):
        return OTHER
    _sources.add(source)
    return source


@functools.cache
def _intake(source: str, outcome: str) -> Counter:
    """The library's own look-up checks every label each time."""
    return intake.labels(source, outcome)


def set_source_stopped(source: str, stopped: bool) -> None:
    """A configured source takes nothing now, or takes signals again."""
    stopped_sources.labels(source).set(stopped)


def set_quarantine_fill(shares: Mapping[str, float]) -> None:
    """How full it is, by source; of sources beyond MAX_SOURCES the fullest counts for all of them."""
    named = sorted(shares, key=lambda name: (name != "all", name))[:MAX_SOURCES]
    quarantine_filled.clear()
    for name in named:
        quarantine_filled.labels(name).set(shares[name])
    if rest := [share for name, share in shares.items() if name not in named]:
        quarantine_filled.labels(OTHER).set(max(rest))


def count_attempt(outcome: str) -> None:
    """An attempt at a subscriber ended."""
    deliveries.labels(outcome if outcome in ATTEMPTS else OTHER).inc()


def count_echoes(source: str, by: Echo, count: int) -> None:
    """So many signals of a source told of what our sinks wrote."""
    echoes.labels(source, by).inc(count)


def set_source_silent(source: str, *, is_silent: bool) -> None:
    """Whether nothing comes from it though it usually would by now."""
    source_silent.labels(source).set(is_silent)


def set_webhook_problems(source: str, count: int) -> None:
    """So much is wrong with its webhooks at the vendor."""
    webhook_problems.labels(source).set(count)


def count_repaired(sink: str, count: int) -> None:
    """A sweep of a CRM added so many facts."""
    repaired.labels(sink).inc(count)


def count_compared(sink: str, counts: Mapping[str, int]) -> None:
    """An audit of a CRM is over; verdicts that nobody had are none."""
    for verdict in COMPARISONS:
        compared.labels(sink, verdict).set(counts.get(verdict, 0))


def count_sink_outcome(sink: str, outcome: str) -> None:
    """A sink wrote what follows from an event, or the trouble that it had. Both are of closed sets: the file's names, our words."""
    sinks.labels(sink, outcome).inc()


def count_alert(kind: str, outcome: str) -> None:
    """A try to tell somebody ended. `kind` is that of the channel, `outcome` sent, later or failed."""
    alert_tries.labels(kind, outcome).inc()


def lag(gauge: Gauge, positions: dict[int, int], ends: dict[int, int]) -> None:
    """How far stored positions are behind the log's ends; partitions without a position were never read."""
    for partition, end in ends.items():
        gauge.labels(str(partition)).set(max(0, end - positions.get(partition, 0)))


def queues(waiting: Mapping[str, int]) -> None:
    """How many leads wait in each queue; in one that is not named nobody waits. Pools are configured, so queues are few."""
    waiting_leads.clear()
    for queue, count in waiting.items():
        waiting_leads.labels(queue).set(count)


def forget_subscriptions() -> None:
    """Before all of them are said again: one that was deleted is told of no more."""
    for gauge in (pending_deliveries, disabled_subscriptions, paused_subscriptions, failing_subscriptions):
        gauge.clear()


def subscription_state(name: str, pending: int, *, disabled: bool, pause: str | None, failing: float) -> None:
    """How far a subscription is behind, and whether it is sent nothing. `failing` in seconds."""
    pending_deliveries.labels(name).set(pending)
    disabled_subscriptions.labels(name).set(disabled)
    for word in ("open", "throttled"):
        paused_subscriptions.labels(name, word).set(pause == word)
    failing_subscriptions.labels(name).set(failing)


class Held(Protocol):
    """Bytes of bodies in flight."""

    held: int


def watch_door(connections: Sized, bodies: Held) -> None:
    """They are asked whenever somebody reads the metrics."""
    open_connections.set_function(lambda: len(connections))
    held_bodies.set_function(lambda: bodies.held)


def clock_counts(running: int, due: int) -> None:
    """How many clocks run, and how many of those are due and not yet judged."""
    clocks.labels("running").set(running)
    clocks.labels("due").set(due)


def exposition() -> bytes:
    """All metrics as Prometheus reads them, of type CONTENT_TYPE."""
    return generate_latest(REGISTRY)
