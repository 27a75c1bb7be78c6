"""How far this topic is known to be decided, beside what the store says: a store that says less went back.

After a failover to a standby that lagged, or with an older copy of the database, the same signals would be decided again under the
same ids, and whoever reads the events may have another decision under them already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from services.ports.rows import Position, Reported

WHAT_TO_DO = (
    "A standby that lagged was promoted, or an older copy of the database took its place. Nothing is decided, for consumers may have"
    " other decisions under the same ids: stop all roles, run `stafett db restored --keep-positions` and begin again"
    " (docs/operations.md, Failover of PostgreSQL)"
)


class Reached:
    """What this process has committed to the store itself, in the store's newest epoch that it knows."""

    def __init__(self, topic: str) -> None:
        self._topic, self._epoch = topic, 0
        self._offsets: dict[int, int] = {}

    def note(self, epoch: int, positions: Iterable[Position]) -> None:
        """These were committed."""
        self._begin(epoch)
        self._offsets.update(positions)

    def _begin(self, epoch: int) -> None:
        if epoch != self._epoch:
            self._epoch, self._offsets = epoch, {}

    def newest(self, epoch: int, reported: Mapping[int, Reported]) -> int:
        """The newest epoch that is known, beside the store's."""
        return max([epoch, self._epoch, *(told.epoch for told in reported.values())])

    def gap(self, epoch: int, stored: Iterable[Position], reported: Mapping[int, Reported]) -> str:
        """What the store lacks, which says `stored` in `epoch`, and what to do then; empty where it has all that this process committed
        and all that was `reported` to the log. An epoch that rose since was raised by an operator, who began again."""
        newest = self.newest(epoch, reported)
        if epoch < newest:
            return f"the store is in epoch {epoch}, and was in {newest}. {WHAT_TO_DO}"
        own = self._offsets if epoch == self._epoch else {}
        told = {partition: at.offset for partition, at in reported.items() if at.epoch == epoch}
        for partition, offset in stored:
            known = max(own.get(partition, 0), told.get(partition, 0))
            if offset < known:
                place = f"{self._topic}/{partition}"
                return (
                    f"{place}: the store says that {offset} is next, and all before {known} was decided. {WHAT_TO_DO}"
                )
        return ""
