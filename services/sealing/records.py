"""A record of the topics of signals, sealed whole: what it is sealed with, then the box, which is bound to what is before it.

b"stafett1" | when the key's period begins (8 bytes, microseconds) | first 4 bytes of the key's digest | box
"""

from __future__ import annotations

from typing import NamedTuple

from services.sealing.boxes import Box

MAGIC = b"stafett1"
"""No JSON text begins so."""
SPENT = MAGIC + b"spent"
"""In the place of a record whose key was thrown away, which is done once all that it sealed is decided on."""
_HEAD = len(MAGIC) + 8 + 4
_AFTER = 28
OVERHEAD = _HEAD + _AFTER
"""Bytes by which a record grows."""


class KeyName(NamedTuple):
    """Which key sealed a record: the period that it was made for, and four bytes of its digest."""

    begins_at: int
    digest: bytes


def is_sealed(value: bytes) -> bool:
    """Whether it is a sealed record, or stands in the place of one."""
    return value.startswith(MAGIC)


def seal_record(value: bytes, name: KeyName, box: Box) -> bytes:
    """The record's value from now on. Its key is a digest and stays as it is; a dead letter that is tried again has another one."""
    head = MAGIC + name.begins_at.to_bytes(8, "big") + name.digest
    return head + box.seal(value, head)


def name_in(value: bytes) -> KeyName | None:
    """None where it is too short to be sealed."""
    if len(value) < OVERHEAD or value.startswith(SPENT):
        return None
    return KeyName(int.from_bytes(value[len(MAGIC) : len(MAGIC) + 8], "big"), value[_HEAD - 4 : _HEAD])


def open_record(value: bytes, box: Box) -> bytes:
    """What was sealed. Raises Unopenable."""
    return box.open(value[_HEAD:], value[:_HEAD])
