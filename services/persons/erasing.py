"""The work that is left once the router has erased a person: everything else that names them is emptied, table by table.

One process does it at a time, by a lease. Every step is one transaction, may be repeated, and counts with the request what it emptied;
on kill -9 the next process begins the open requests again and finds less to do. A request is done when a whole round found nothing
more, no event of the lead waits for the relay, and nobody opens what topics outside of the store have of the person: for that it waits,
without being in the way of others, and gets one more round. Only then is what it looks for forgotten, too.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from services.persons.matching import Text, Wanted, first_of, holds_words, strike_words, wanted_of, without_personal
from services.ports.errors import PortError
from services.ports.persons import LoggedKey, PersonErasing
from services.ports.rows import PersonRequest

log = logging.getLogger("stafett.persons")
LEASE = "erasure"
ROWS, KEYS, BODIES = 500, 5000, 20
"""At a time: rows emptied, keys of the log looked at, bodies of at most some MiB."""
AT_ONCE = 100
"""Erasures for which tables are looked through together."""
PartitionKey = Callable[[str, str], str]


class TopicsAfter(Protocol):
    """What becomes of an erased person's signals on topics outside of the store, which nobody can change."""

    async def readable_since(self) -> datetime | None:
        """From when on somebody opens what came; None where nobody opens anything. Raises StoreUnavailable."""

    def words(self, now: datetime) -> str:
        """What the receipt says of them."""


class Eraser:
    """`partition_key(brand, digest)` is the key of records whose strongest identity has this digest; `lease()` says whether this process
    may work now; `seal(text)` is a keyed digest by which a receipt is known to be ours. `topics`: None where there are none outside
    of the store."""

    def __init__(
        self,
        store: PersonErasing,
        *,
        partition_key: PartitionKey,
        lease: Callable[[], Awaitable[bool]],
        seal: Callable[[str], str],
        topics: TopicsAfter | None = None,
        now: Callable[[], datetime],
        poll: timedelta = timedelta(seconds=1),
        sweep: timedelta = timedelta(hours=1),
    ) -> None:
        self._store, self._partition_key, self._lease, self._seal = store, partition_key, lease, seal
        self._topics = topics
        self._readable_since: datetime | None = None
        self._has_looked = False
        self._now, self._poll, self._sweep = now, poll.total_seconds(), sweep
        self._sweep_at, self._told = now(), 0
        self._must_compact = True  # a kill may have come between an erasure and this

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`."""
        while not stop.is_set():
            try:
                if await self._has_work() and await self._lease():
                    await self.step()
                    await self._sweep_now_and_then()
                    await self.compact()
            except PortError as error:
                log.warning("cannot erase", extra={"error": type(error).__name__})
            try:
                await asyncio.wait_for(stop.wait(), self._poll)
            except TimeoutError:
                continue

    async def _has_work(self) -> bool:
        """Looked at before the lease is taken, which is written each time."""
        is_due = self._must_compact or self._now() >= self._sweep_at
        return is_due or bool(await self._store.open_erasures(1)) or await self._have_topics_changed()

    async def step(self) -> int:
        """One round over the open erasures; returns how many of them are done. Raises StoreUnavailable."""
        await self._look_at_topics()
        wanted = [wanted_of(request) for request in await self._store.open_erasures(AT_ONCE)]
        if not wanted:
            return 0
        published = [one for one in wanted if await self._is_published(one.request)]
        for one in wanted:
            await self._of_lead(one.request)
        await self._history(wanted)
        await self._letters(wanted)
        await self._bodies(wanted)
        await self._forum(wanted)
        await self._spool(wanted)
        await self._log(wanted)
        over = [one for one in published if self._is_closed(one.request)]
        for one in published:
            await (self._finish(one) if one in over else self._store.let_wait(one.request))
        self._must_compact |= bool(published)
        return len(over)

    async def _look_at_topics(self) -> None:
        """What waits is looked at again where something changed there, and once after a start."""
        if self._topics is not None and await self._have_topics_changed():
            since = await self._topics.readable_since()
            await self._store.reopen(since)
            self._readable_since, self._has_looked = since, True

    async def _have_topics_changed(self) -> bool:
        """Whether what waits for topics has to be looked at again."""
        if self._topics is None:
            return False
        return not self._has_looked or await self._topics.readable_since() != self._readable_since

    def _is_closed(self, request: PersonRequest) -> bool:
        """Whether nobody opens any more, on topics outside of the store, what came until it was erased."""
        return self._topics is None or self._readable_since is None or request.asked_at < self._readable_since

    async def compact(self) -> bool:
        """What was emptied leaves the store's files, too; whether it has by now. Raises StoreUnavailable."""
        if self._must_compact:
            self._must_compact = not await self._store.compact()
        return not self._must_compact

    async def _is_published(self, request: PersonRequest) -> bool:
        """Asked before anything is emptied: what the relay moves later may still hold what was emptied meanwhile."""
        return request.lead_id is None or await self._store.is_published(request.lead_id)

    async def _of_lead(self, request: PersonRequest) -> None:
        if request.lead_id is None:
            return
        while await self._store.empty_of_lead(request, ROWS):
            log.debug("emptied some rows", extra={"lead_id": request.lead_id})

    async def _history(self, wanted: Sequence[Wanted]) -> None:
        after = 0
        while rows := await self._store.history_of_nobody(after, ROWS):
            found = [(first_of(wanted, facts), number) for number, facts in rows]
            for one in wanted:
                await self._store.empty_history(one.request, [number for who, number in found if who is one])
            after = rows[-1][0]

    async def _letters(self, wanted: Sequence[Wanted]) -> None:
        after = 0
        while letters := await self._store.letters_of_nobody(after, ROWS):
            for one in wanted:
                theirs = [
                    letter.id
                    for letter in letters
                    if (first_of([one], letter.facts) if letter.facts else holds_words(one, Text.of(letter.raw or b"")))
                ]
                await self._store.empty_letters(one.request, theirs)
            after = letters[-1].attempt

    async def _bodies(self, wanted: Sequence[Wanted]) -> None:
        after = ("", "")
        while bodies := await self._store.bodies(after, BODIES):
            texts = [(source, digest, Text.of(body)) for source, digest, body in bodies]
            for one in wanted:
                theirs = [(source, digest) for source, digest, text in texts if holds_words(one, text)]
                if theirs:
                    await self._store.drop_bodies(one.request, theirs)
            after = bodies[-1][:2]
            await asyncio.sleep(0)

    async def _forum(self, wanted: Sequence[Wanted]) -> None:
        """What people wrote stays but for the person's address, number and whole name."""
        after = 0
        while entries := await self._store.forum_page(after, ROWS):
            for one in wanted:
                struck = [(number, strike_words(one, body)) for number, body in entries]
                changed = [
                    (number, body)
                    for (number, body), (_, before) in zip(struck, entries, strict=True)
                    if body != before
                ]
                if changed:
                    await self._store.put_forum(one.request, changed)
                entries = struck
            after = entries[-1][0]

    async def _spool(self, wanted: Sequence[Wanted]) -> None:
        keys, after = self._keys(wanted), 0
        while entries := await self._store.spool_page(after, ROWS):
            for entry in entries:
                one = keys.get(entry.record.key)
                if one is not None and (body := without_personal(entry.record.value)) is not None:
                    changed = entry._replace(record=entry.record._replace(value=body))
                    await self._store.put_spooled(one.request, [changed])
            after = entries[-1].id

    async def _log(self, wanted: Sequence[Wanted]) -> None:
        """Of the embedded log; on Kafka records stay as they are until their retention."""
        keys = self._keys(wanted)
        after: LoggedKey | None = None
        while places := await self._store.log_keys(after, KEYS):
            theirs = [place for place in places if place.key in keys]
            for at in range(0, len(theirs), ROWS):
                await self._empty_logged(keys, theirs[at : at + ROWS])
            after = places[-1]
            await asyncio.sleep(0)

    async def _empty_logged(self, keys: dict[bytes, Wanted], places: Sequence[LoggedKey]) -> None:
        bodies = await self._store.log_bodies(places)
        changed: dict[str, list[tuple[LoggedKey, bytes]]] = {}
        for place, body in zip(places, bodies, strict=True):
            if body is not None and (emptied := without_personal(body)) is not None:
                changed.setdefault(keys[place.key].request.id, []).append((place, emptied))
        for one in keys.values():
            if one.request.id in changed:
                await self._store.put_logged(one.request, changed.pop(one.request.id))

    def _keys(self, wanted: Sequence[Wanted]) -> dict[bytes, Wanted]:
        """Whose records have which key: each of their identities may have been a record's strongest one."""
        keys: dict[bytes, Wanted] = {}
        for one in wanted:
            for brand, _, digest in one.keys:
                keys[self._partition_key(brand, digest).encode()] = one
            keys[one.partition_key.encode()] = one
        return keys

    async def _finish(self, one: Wanted) -> None:
        request = next((r for r in await self._store.open_erasures(AT_ONCE) if r.id == one.request.id), one.request)
        said = json.loads(request.body)
        receipt = {
            **said,
            "emptied": said.get("emptied", {}),
            "tombstones": len(one.keys),
            "asked_at": request.asked_at.isoformat(),
            "finished_at": self._now().isoformat(),
        }
        if self._topics is not None:
            receipt["topics"] = self._topics.words(self._now())
        text = json.dumps(receipt, sort_keys=True)
        receipt |= {"sha256": hashlib.sha256(text.encode()).hexdigest(), "sealed": self._seal(text)}
        await self._store.finish(request._replace(body=json.dumps(receipt)), self._now())
        log.info("a person was erased", extra={"lead_id": request.lead_id, "count": sum(receipt["emptied"].values())})

    async def _sweep_now_and_then(self) -> None:
        """What systems told of people after they were erased is on the embedded log for its retention: it is emptied there as well."""
        if self._now() < self._sweep_at:
            return
        self._sweep_at = self._now() + self._sweep
        await self.sweep()

    async def sweep(self) -> int:
        """Empties the records of the log that told of somebody who was erased; returns of how many signals. Raises StoreUnavailable."""
        wanted: list[Wanted] = []
        while rows := await self._store.erased_since(self._told, ROWS):
            for _, facts in rows:
                request = PersonRequest(
                    id="", kind="erasure", state="done", principal="", lead_id=None, asked_at=self._now()
                )
                wanted.append(Wanted(request, partition_key=json.loads(facts)["partition_key"]))
            self._told = rows[-1][0]
        if wanted:
            await self._log(wanted)
            self._must_compact = True
        return len(wanted)
