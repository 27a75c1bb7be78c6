"""Where a consumer group reads on: the store says, and where it says nothing, the log's beginning does."""

from __future__ import annotations

from collections.abc import Sequence

from services.ports.errors import LogUnavailable
from services.ports.log import Log
from services.ports.rows import Position
from services.ports.store import PositionStore


async def positions_of(
    store: PositionStore, log: Log, group: str, topic: str, partitions: Sequence[int]
) -> list[Position]:
    """The stored positions, by partition. A partition without one begins where the log begins, which retention may have
    moved past 0; that is stored before anybody reads, so that `advance` has a row to compare.

    Raises StoreUnavailable, LogUnavailable, ClusterChanged.
    """
    known = await store.positions(group, topic, log.cluster, partitions)
    missing = set(partitions) - {position.partition for position in known}
    if not missing:
        return known
    begins = await log.begin_offsets(topic)
    if unknown := missing - begins.keys():
        raise LogUnavailable(f"{topic}: the log does not say where the partitions {sorted(unknown)} begin")
    await store.place(group, topic, log.cluster, [Position(partition, begins[partition]) for partition in missing])
    return await store.positions(group, topic, log.cluster, partitions)
