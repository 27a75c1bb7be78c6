"""Where each step of a webhook's way is traced: wrapped around what the roles are given, where a collector is named."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable, Sequence
from datetime import datetime

from services import __version__
from services.door.answers import Answer
from services.ingest.app import Answering
from services.ingest.call import Call
from services.observability.tracing import Fields, Missing, Step, Traces, traceparent_in, traces_to
from services.ports.rows import ClockRow, OutboxEntry, OutboxRow
from services.router.role import Outcome
from services.settings import Settings, SettingsError


def traces_of(settings: Settings) -> Traces | None:
    """None where nothing is traced. Raises SettingsError."""
    if settings.traces.url is None:
        return None
    process = {
        "service.name": "stafett",
        "service.version": __version__,
        "service.instance.id": f"{socket.gethostname()}-{os.getpid()}",
    }
    try:
        return traces_to(settings.traces.url, settings.traces.share, process)
    except Missing as missing:
        raise SettingsError(f"STAFETT_TRACES_URL: {missing.__doc__}") from None


def trace_calls(answer: Answering, traces: Traces | None) -> Answering:
    """The same handler of hooks; what it takes goes on with our `traceparent` in the place of the sender's."""
    if traces is None:
        return answer

    async def tracing(call: Call) -> Answer:
        with traces.step("ingest", "webhook", call.headers.get("traceparent")) as under:
            if under.traceparent is not None:
                call.headers["traceparent"] = under.traceparent
            answered = await answer(call)
            under.add({"source": call.source[:63], "status": answered.status}, failed=answered.status >= 500)
        return answered

    return tracing


def trace_batches(count: Callable[[Outcome], None], traces: Traces | None) -> Callable[[Outcome], None]:
    """`on_batch` of the router, which is told of what is committed: a step for each signal that came with a trace."""
    if traces is None:
        return count

    def both(outcome: Outcome) -> None:
        count(outcome)
        for signal in outcome.signals:
            if signal.traceparent is not None:
                waited = int((outcome.begun_at - signal.received_at).total_seconds() * 1000)
                fields: Fields = {
                    "kind": str(signal.kind),
                    "source": signal.source,
                    "signal": signal.id,
                    "waited_ms": waited,
                }
                traces.note(
                    Step(
                        "router",
                        "decide",
                        signal.traceparent,
                        outcome.begun_at,
                        ended_at=outcome.ended_at,
                        fields=fields,
                    )
                )

    return both


def trace_clocks(traces: Traces | None) -> Callable[[ClockRow, datetime], str | None]:
    """What the watcher gives each clock that it announces: a trace of its own, which begins when it fell due and takes in all that
    follows from it. A clock that is announced again, since the log did not take it or the router is behind, begins another."""

    def begin(row: ClockRow, now: datetime) -> str | None:
        if traces is None:
            return None
        fields = {"clock": row.id, "policy": row.policy, "lead": row.lead_id or ""}
        return traces.note(Step("sla", "announce", None, row.next_at or row.due_at, ended_at=now, fields=fields))

    return begin


def trace_events(traces: Traces | None) -> Callable[[Sequence[OutboxEntry], datetime, datetime], None]:
    """`on_moved` of the relay: a step for each event whose signal came with a trace."""

    def note(entries: Sequence[OutboxEntry], begun_at: datetime, ended_at: datetime) -> None:
        if traces is not None:
            _note_published(traces, [entry.row for entry in entries], begun_at, ended_at)

    return note


def trace_feed(traces: Traces | None) -> Callable[[Sequence[OutboxRow], datetime], None]:
    """The same of events that are in the feed with what decided on them."""

    def note(rows: Sequence[OutboxRow], at: datetime) -> None:
        if traces is not None:
            _note_published(traces, rows, at, at)

    return note


def _note_published(traces: Traces, rows: Sequence[OutboxRow], begun_at: datetime, ended_at: datetime) -> None:
    for row in rows:
        if (parent := traceparent_in(row.head)) is not None:
            fields = {"event": row.event_id, "type": row.type, "lead": row.lead_id or ""}
            traces.note(Step("relay", "publish", parent, begun_at, ended_at=ended_at, fields=fields))
