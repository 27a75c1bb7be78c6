"""What stands for the log and the store in unit tests: they keep what they are given and fail when they are told to."""

from itertools import accumulate

from services.ports.errors import LogUnavailable, RecordTooLarge, StoreUnavailable
from services.ports.log import oversized_indexes
from services.ports.rows import SpoolEntry
from services.ports.store import STEP_BYTES


class FakeLog:
    """`down` fails every append; `lost` are keys that it does not take for now, `refused` those that it never takes."""

    def __init__(self):
        self.down, self.lost, self.refused = False, set(), set()
        self.records, self.tries = [], 0

    async def append(self, records):
        self.tries += 1
        if self.down:
            raise LogUnavailable("down")
        large = oversized_indexes(records) | {at for at, r in enumerate(records) if r.key in self.refused}
        lost = {at for at, record in enumerate(records) if record.key in self.lost}
        stored = frozenset(range(len(records))) - large - lost
        self.records += [records[at] for at in sorted(stored)]
        if large:
            raise RecordTooLarge(frozenset(large), stored)
        if lost:
            raise LogUnavailable("in part", stored)


class FakeStore:
    def __init__(self):
        self.down = False
        self.spool_rows, self.aside, self.letters, self._number = [], [], [], 0

    async def spool(self, records, limit):
        self._up()
        if len(self.spool_rows) + len(records) > limit:
            raise StoreUnavailable("full")
        for record in records:
            self._number += 1
            self.spool_rows.append(SpoolEntry(self._number, record))

    async def has_spooled(self):
        self._up()
        return bool(self.spool_rows)

    async def spool_entries(self, limit, size=STEP_BYTES):
        self._up()
        before = accumulate((len(row.record.value) for row in self.spool_rows), initial=0)
        return [row for row, so_far in zip(self.spool_rows, before, strict=False) if so_far < size][:limit]

    async def unspool(self, ids, letters=()):
        self._up()
        self.spool_rows = [row for row in self.spool_rows if row.id not in ids]
        self.letters += letters

    async def quarantine(self, entries, unproven=False):
        self._up()
        known = {entry.id: entry for entry in self.aside}
        new = {entry.id: entry for entry in entries}
        self.aside = [*(one._replace(reason=new[one.id].reason) if one.id in new else one for one in self.aside),
                      *(one for one in new.values() if one.id not in known)]  # fmt: skip

    async def requarantine(self, entry, left):
        self._up()
        of_it = (entry.source, entry.received_at, entry.body)
        self.aside = [one for one in self.aside if (one.source, one.received_at, one.body) != of_it]
        await self.quarantine(left)

    def _up(self):
        if self.down:
            raise StoreUnavailable("down")
