"""Kafka's default partitioner: murmur2 of the key, so that the embedded log puts keys where Kafka would.

Source: org.apache.kafka.common.utils.Utils.murmur2 and BuiltInPartitioner.partitionForKey.
"""

from __future__ import annotations

import struct

_M = 0x5BD1E995
_MASK = 0xFFFFFFFF


def murmur2(data: bytes) -> int:
    """The unsigned 32-bit hash."""
    length = len(data)
    h = 0x9747B28C ^ length
    whole = length & ~3
    for word in struct.unpack(f"<{whole >> 2}I", data[:whole]):
        k = word * _M & _MASK
        k = (k ^ k >> 24) * _M & _MASK
        h = (h * _M & _MASK) ^ k
    if rest := data[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * _M & _MASK
    h = (h ^ h >> 13) * _M & _MASK
    return h ^ h >> 15


def partition_of(key: bytes, partitions: int) -> int:
    """Which of so many partitions a key belongs to."""
    return (murmur2(key) & 0x7FFFFFFF) % partitions
