"""How a signal stands on the log."""

from __future__ import annotations

from schemas.signals import Signal
from services.rows import RecordOut


def record_of(signal: Signal, topic: str) -> RecordOut:
    """A signal as a record of `topic`, keyed so that all about one person is in one partition."""
    value = signal.model_dump_json(by_alias=True, exclude_defaults=True).encode()
    return RecordOut(topic, signal.partition_key.encode(), value)
