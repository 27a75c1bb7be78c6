"""Spans of what happens to a webhook, or after a clock fell due, up to whoever is told of it, sent to a collector by OTLP over HTTP.

Where no collector is named there is no `Traces`, nothing of OpenTelemetry is loaded, and a step costs a comparison with None. A span names
sources, kinds, events, leads, clocks, subscriptions, sinks and channels, and nobody's data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter
    from opentelemetry.trace import Span, SpanKind

Place = Literal["ingest", "router", "relay", "delivery", "sla", "sinks", "alerts"]
"""Which step of the way it was."""
Fields = Mapping[str, str | int]
QUEUE = 4096
"""Spans that wait to be sent; what comes beyond it is dropped, so that a collector that is away costs memory for these alone."""
SEND_SECONDS = 5
FAREWELL_MS = 2000
"""For what waits at the end."""
_HEADER = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")
_IN_EVENT = re.compile(r'"traceparent":"(00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2})"')


class Missing(RuntimeError):
    """OpenTelemetry is not installed: pip install 'stafett[traces]'."""


class Step(NamedTuple):
    """Something that is over. `parent`: the `traceparent` that it came with; None begins a trace. `begun_at`, `ended_at`: the time of whoever did it."""

    place: Place
    name: str
    parent: str | None
    begun_at: datetime
    ended_at: datetime
    fields: Fields = {}


class Under:
    """A step that is under way. `traceparent` is what it hands on: None where this trace is none of those that are kept."""

    def __init__(self, span: Span) -> None:
        self._span = span
        self.traceparent = _traceparent_of(span)

    def add(self, fields: Fields, *, failed: bool = False) -> None:
        """What is known of it at its end."""
        from opentelemetry.trace import Status, StatusCode

        self._span.set_attributes({f"stafett.{name}": value for name, value in fields.items()})
        if failed:
            self._span.set_status(Status(StatusCode.ERROR))


class Traces:
    """Of all traces `share` is kept, chosen by the trace's id, so that each step of one is or none. Every method returns at once: a
    thread of its own sends."""

    def __init__(self, provider: TracerProvider) -> None:
        self._provider = provider
        places: tuple[Place, ...] = get_args(Place)
        self._tracers = {place: provider.get_tracer(f"stafett.{place}") for place in places}

    @contextmanager
    def step(self, place: Place, name: str, parent: str | None) -> Iterator[Under]:
        """Begins now and ends with the block. A `parent` that is none begins a trace."""
        span = self._tracers[place].start_span(name, context=_context(parent), kind=_kind(place))
        try:
            yield Under(span)
        finally:
            span.end()

    def note(self, step: Step) -> str | None:
        """A step that is over; the `traceparent` that it hands on, None where its trace is none of those that are kept."""
        span = self._tracers[step.place].start_span(
            step.name,
            context=_context(step.parent),
            kind=_kind(step.place),
            start_time=_nanos(step.begun_at),
            attributes={f"stafett.{name}": value for name, value in step.fields.items()},
        )
        traceparent = _traceparent_of(span)
        span.end(_nanos(step.ended_at))
        return traceparent

    def close(self) -> None:
        """Sends what waits, for two seconds at most. Blocks."""
        self._provider.force_flush(FAREWELL_MS)
        self._provider.shutdown()


def traces_to(url: str, share: float, fields: Fields, exporter: SpanExporter | None = None) -> Traces:
    """`fields` say which process it is. Raises Missing."""
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
        from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
    except ImportError as error:
        raise Missing from error
    provider = TracerProvider(
        sampler=TraceIdRatioBased(share), resource=Resource.create(dict(fields)), shutdown_on_exit=False
    )
    sender = exporter or OTLPSpanExporter(endpoint=url, timeout=SEND_SECONDS)
    provider.add_span_processor(
        BatchSpanProcessor(sender, max_queue_size=QUEUE, export_timeout_millis=1000 * SEND_SECONDS)
    )
    return Traces(provider)


def traceparent_in(envelope: str) -> str | None:
    """Of an event's JSON. Our own writer puts it before `data`, so nothing that somebody wrote is looked at."""
    found = _IN_EVENT.search(envelope.partition('"data":')[0])
    return found[1] if found else None


def _traceparent_of(span: Span) -> str | None:
    """None where it is not kept."""
    context = span.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-01" if span.is_recording() else None


def _context(parent: str | None) -> Context:
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

    found = _HEADER.fullmatch(parent or "")
    if found is None:
        return Context()
    context = SpanContext(
        int(found[1], 16), int(found[2], 16), is_remote=True, trace_flags=TraceFlags(int(found[3], 16))
    )
    return set_span_in_context(NonRecordingSpan(context), Context()) if context.is_valid else Context()


def _kind(place: Place) -> SpanKind:
    from opentelemetry.trace import SpanKind

    kinds: dict[Place, SpanKind] = {
        "ingest": SpanKind.SERVER,
        "router": SpanKind.CONSUMER,
        "relay": SpanKind.PRODUCER,
        "delivery": SpanKind.CLIENT,
        "sla": SpanKind.PRODUCER,
        "sinks": SpanKind.CLIENT,
        "alerts": SpanKind.CLIENT,
    }
    return kinds[place]


def _nanos(at: datetime) -> int:
    return int(at.timestamp() * 1_000_000) * 1000
