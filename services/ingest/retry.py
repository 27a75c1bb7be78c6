"""Reading a quarantined body again, after the source's configuration was corrected."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

from schemas.http import Retried
from schemas.signals import Parsed, Quarantined
from services.ingest.app import Configured
from services.ingest.intake import Intake, NowhereToPut
from services.ingest.mapped import read
from services.ingest.normalise import to_signal
from services.ingest.sales import meant
from services.observability import scrub
from services.ports import RECORD_BYTES
from services.problems import Trouble
from services.rows import Quarantine


class Retry:
    """Called with an entry's id. Signals keep the entry's own time, so that ids are what they would have been then."""

    def __init__(
        self,
        sources: Mapping[str, Configured],
        intake: Intake,
        key: bytes,
        read: Callable[[str], Awaitable[Quarantine | None]],
        headers_of: Callable[[Quarantine], dict[str, str]],
        forget: Callable[[str], Awaitable[None]],
    ) -> None:
        self._sources, self._intake, self._key = sources, intake, key
        self._read, self._headers_of, self._forget = read, headers_of, forget

    async def __call__(self, entry_id: str) -> Retried | None:
        """None where there is no such entry. Raises Trouble."""
        entry = await self._read(entry_id)
        if entry is None:
            return None
        configured = self._sources.get(entry.source)
        if configured is None or entry.body is None:
            raise Trouble("no_longer_kept", "its source is no longer configured" if entry.body else "it was erased")
        found = read(
            configured.source.kind,
            entry.body,
            entry.content_type or "",
            {name.casefold(): value for name, value in self._headers_of(entry).items()},
            configured.source.mapping,
        )
        unclear = [item for item in found if isinstance(item, Quarantined)]
        if same := next((item for item in unclear if scrub(item.where) == entry.place), None):
            raise Trouble("still_unclear", scrub(f"{same.where}: {same.quarantined}"))
        source, key = configured.source, self._key
        known = [meant(item, source.sales) for item in found if isinstance(item, Parsed)]
        signals = [to_signal(item, source, entry.received_at, key) for item in known]
        try:
            taken = await self._intake.take(signals, thin=source.fetch is not None)
        except NowhereToPut:
            raise Trouble("unavailable", "the signals could not be stored", retry_after=5) from None
        if taken.large:
            raise Trouble("still_unclear", f"as a record a signal has more than {RECORD_BYTES} bytes")
        # After the signals are safe: a crash before this only means that it is tried again, to no second effect.
        await self._forget(entry_id)
        return Retried(signals=[signal.id for signal in signals], quarantined=[scrub(item.where) for item in unclear])
