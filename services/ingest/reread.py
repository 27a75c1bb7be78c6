"""Reading a quarantined body again, after the source's configuration was corrected."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from schemas.http import Retried
from schemas.sources import Source
from services.door.problems import Trouble
from services.ingest.accepting.intake import Intake, NowhereToPut, Taken
from services.ingest.app import Understood, signals_of
from services.ingest.configured.source import Configured
from services.ingest.limits.offload import Offload
from services.ingest.proof.signed_ids import read_signed
from services.ingest.quarantine.aside import WHOLE, still_aside, too_large
from services.observability.logging import LONGEST_PLACE, scrub
from services.ports.rows import Quarantine, headers_of
from services.ports.store import QuarantineStore


class Retry:
    """Called with an entry's id. Signals keep the entry's own time, so that ids are what they would have been then."""

    def __init__(
        self,
        sources: Mapping[str, Configured],
        intake: Intake,
        key: bytes,
        find: Callable[[str], Awaitable[Quarantine | None]],
        store: QuarantineStore,
        offload: Offload | None = None,
    ) -> None:
        self._sources, self._intake, self._key = sources, intake, key
        self._find, self._store = find, store
        self._offload = offload or Offload()

    async def __call__(self, entry_id: str) -> Retried | None:
        """None where there is no such entry. Raises Trouble."""
        entry = await self._find(entry_id)
        if entry is None:
            return None
        configured = self._sources.get(entry.source)
        if configured is None or entry.body is None:
            raise Trouble("no_longer_kept", "its source is no longer configured" if entry.body else "it was erased")
        source, body = configured.source, entry.body
        understood = await self._offload.run(body, lambda: self._read_again(source, entry, body))
        if same := next((item for item in understood.unclear if scrub(item.where, LONGEST_PLACE) == entry.place), None):
            reason = scrub(same.quarantined, LONGEST_PLACE)
            await self._store.quarantine([entry._replace(reason=reason)])
            raise Trouble("still_unclear", f"{entry.place}: {reason}")
        taken = await self._take(source, understood)
        remaining = still_aside(entry, [*understood.unclear, *too_large(understood.signals, taken)])
        # After the signals are safe: a crash before this only means that it is tried again, to no second effect.
        await self._store.requarantine(entry, remaining)
        safe = [signal.id for signal in understood.signals if signal not in taken.large]
        if still := next((one for one in remaining if one.id == entry.id and (one.place != WHOLE or not safe)), None):
            raise Trouble("still_unclear", f"{still.place}: {still.reason}")
        return Retried(signals=safe, quarantined=[one.place for one in remaining])

    def _read_again(self, source: Source, entry: Quarantine, body: bytes) -> Understood:
        headers = {name.casefold(): value for name, value in headers_of(entry).items()}
        items = read_signed(source, body, entry.content_type or "", headers)
        return signals_of(source, items, entry.received_at, self._key)

    async def _take(self, source: Source, understood: Understood) -> Taken:
        try:
            return await self._intake.take(understood.signals, thin=source.fetch is not None)
        except NowhereToPut:
            raise Trouble("unavailable", "the signals could not be stored", retry_after=5) from None
