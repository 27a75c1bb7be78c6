"""Why an adapter could not do what was asked; a role tells these apart by their types."""

from __future__ import annotations


class PortError(Exception):
    """An adapter could not do what was asked. The message holds no personal data: it may be logged."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip())

    @property
    def fields(self) -> dict[str, str | int]:
        """What a log line says beside the message."""
        return {}


class LogUnavailable(PortError):
    """The log cannot take or give records now; nothing says whether a record that was under way is stored.

    `stored`: of records that were to be appended, the places of those that are stored for certain.
    """

    def __init__(self, message: str | None = None, stored: frozenset[int] = frozenset()) -> None:
        super().__init__(message)
        self.stored = stored


class RecordTooLarge(PortError):
    """The log never takes a record of this size, so trying again would not help.

    `at`: the places of these among the records that were to be appended; `stored`: of those that are stored for certain.
    """

    def __init__(self, at: frozenset[int], stored: frozenset[int] = frozenset()) -> None:
        super().__init__(f"{len(at)} records are larger than the log takes")
        self.at, self.stored = at, stored


class StoreUnavailable(PortError):
    """The store cannot be reached now, or gave up on a transaction for a passing reason; try again later."""


class StoreFull(StoreUnavailable):
    """The disk under the store is full: make room; nothing has to be repaired."""


class NoConnectionFree(StoreUnavailable):
    """The store has no connection left for us: raise max_connections of PostgreSQL (or the role's limit), or run fewer processes."""


class StoreTooSlow(StoreUnavailable):
    """The store ended a transaction that took longer than it may; a smaller one may go through."""


class StepStuck(StoreUnavailable):
    """A step of a role's loop did not end by itself; what it did not commit is done again."""


class ClocksDisagree(StoreUnavailable):
    """The clocks of this machine and of the store differ by more than they may: nothing is decided until they agree.

    `offset`: seconds that this machine's is ahead; `bound`: how many they may differ.
    """

    def __init__(self, offset: float, bound: float) -> None:
        super().__init__(
            f"the clock of this machine and the store's differ by {abs(offset):.1f} s, {bound:.0f} s are allowed: nothing is"
            " decided until both follow the same time servers"
        )


class QuarantineFull(PortError):
    """As many bodies wait in quarantine as may, of this source or of all; an operator has to look at them."""


class SpoolFull(StoreUnavailable):
    """As many signals wait in the spool as may; it takes more once the log is back."""


class Fenced(PortError):
    """Another process holds these partitions or this lease now; roll back and read the positions again."""


class SchemaOutdated(PortError):
    """The database's schema is not the one this version needs; run `stafett db upgrade` with a role that may."""


class SchemaNewer(SchemaOutdated):
    """A newer version of Stafett has upgraded the database; run that version. There is no way back but a backup of before."""


class ClusterChanged(PortError):
    """Stored offsets belong to another cluster; if the log was replaced or restored, run `stafett db restored`."""


class TopicShared(PortError):
    """Another Stafett, with a store of its own, reads this topic in the same consumer group: each of the two would get a part of the
    signals, and neither all. Give this one another STAFETT_KAFKA_TOPIC_PREFIX, or stop the other and begin again."""


class RulesUnreadable(PortError):
    """What rules was stored by another version, and this one cannot read it: better no router than one that decides by other
    rules than the others. Run one version of Stafett in all processes."""


class StoreRejected(PortError):
    """The store refuses the data itself (a value that no column takes): trying again would not help."""


class OffsetLost(PortError):
    """The stored position is not in the log any more, so records would be skipped; an operator has to decide.

    `wanted` is the stored position, `available` the first offset that the log still has (of this partition).
    """

    def __init__(self, topic: str, partition: int, wanted: int, available: int) -> None:
        self.topic, self.partition, self.wanted, self.available = topic, partition, wanted, available
        super().__init__(
            f"{topic}/{partition}: the next record to read is {wanted}, but the log begins at {available}; its retention"
            " was shorter than our outage, or the topic was made again. Nothing was skipped; `stafett db positions` can."
        )

    @property
    def fields(self) -> dict[str, str | int]:
        return {"topic": self.topic, "partition": self.partition, "offset": self.wanted}


class StoreWentBack(PortError):
    """The store lacks what was committed to it: nothing is decided until an operator has run `stafett db restored`."""


class BackupUnusable(PortError):
    """A backup cannot be made or restored as it is asked for; nothing that was there has been changed."""


class Conflict(PortError):
    """Another transaction linked an identity that this batch was about to link; start the batch over.

    `taken`: the identities that are linked already, and whose they are. Those of a race are read by the next attempt.
    """

    def __init__(
        self, message: str | None = None, taken: frozenset[tuple[tuple[str, str, str], str | None]] = frozenset()
    ) -> None:
        super().__init__(message)
        self.taken = taken
