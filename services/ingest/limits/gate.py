"""How much each sender may send: before anything is proven by address, afterwards by what it cost."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import NamedTuple

from schemas.sources import Source
from services.door.limits import Buckets, Sampled
from services.door.problems import Trouble

log = logging.getLogger("stafett.ingest")
FAILURES_A_SECOND = 1.0
FAILURES_AT_ONCE = 30
"""Of one address at one source, which do not prove who sent them. Who guesses is slowed; a sender with an old secret is seen."""
BYTES_A_TOKEN = 64 * 1024
"""Of a body that cost as much as one more request."""
UNKNOWN = "unknown"
"""What every name that is no source's is counted under."""


class _Rates(NamedTuple):
    """The buckets of a source: of all that it is sent, and of one client's share within."""

    whole: Buckets
    client: Buckets


class Gate:
    """The bounds of all sources. A source without proof is bounded as a whole and, within that, by client; what it costs is
    counted in requests, signals and bytes. A source that is proven is bounded where its file says so, in requests; each
    address that fails to prove itself is bounded in failures. `ticks` are seconds of a monotonic clock."""

    def __init__(self, sources: Iterable[Source], ticks: Callable[[], float]) -> None:
        self._ticks = ticks
        self._rates = {source.name: _rates(source) for source in sources if _is_bounded(source)}
        self._failures = Buckets(FAILURES_A_SECOND, FAILURES_AT_ONCE)
        self._lines = Sampled()

    def enter(self, source: Source, client: str, size: int = 0) -> None:
        """A request of this client with a body of `size` bytes, as far as it says. Raises Trouble where it has to wait."""
        now = self._ticks()
        self._keep_out(source.name, client, now)
        rates = self._rates.get(source.name)
        if rates is None:
            return
        # The client first: who is over their share takes nothing of what others may send.
        if seconds := rates.client.wait(client, now):
            self._note(source.name, "limited", now)
            raise Trouble("too_many", "this client sends faster than it may", seconds)
        if seconds := rates.whole.wait(source.name, now):
            self._note(source.name, "limited", now)
            raise Trouble("too_many", "this source sends faster than it may", seconds)
        self._charge(rates, source, client, 1 + (size // BYTES_A_TOKEN if _is_unproven(source) else 0))

    def weigh(self, source: Source, client: str, size: int) -> None:
        """Bytes that a body had beyond what it was said to have."""
        rates = self._rates.get(source.name)
        if rates is not None and size > 0 and _is_unproven(source):
            self._charge(rates, source, client, size // BYTES_A_TOKEN)

    def count(self, source: Source, client: str, signals: int) -> None:
        """What a delivery turned out to be: its first signal was counted as a request."""
        rates = self._rates.get(source.name)
        if rates is not None and signals > 1 and _is_unproven(source):
            self._charge(rates, source, client, signals - 1)

    def fail(self, source: str | None, client: str, code: str) -> None:
        """A delivery or a handshake that proves nothing; `source` is None for a name that no source has."""
        now, name = self._ticks(), source or UNKNOWN
        self._failures.charge((name, client), now)
        self._note(name, code, now)

    def keep_out(self, source: str | None, client: str) -> None:
        """Raises Trouble for a client that failed too often."""
        self._keep_out(source or UNKNOWN, client, self._ticks())

    def _keep_out(self, name: str, client: str, now: float) -> None:
        if seconds := self._failures.wait((name, client), now):
            self._note(name, "kept_out", now)
            raise Trouble("too_many", "too many deliveries from this address did not prove who sent them", seconds)

    def _charge(self, rates: _Rates, source: Source, client: str, cost: float) -> None:
        now = self._ticks()
        rates.client.charge(client, now, cost)
        rates.whole.charge(source.name, now, cost)

    def note(self, name: str, code: str) -> None:
        """A line in the log, at most one a second for the same."""
        self._note(name, code, self._ticks())

    def _note(self, name: str, code: str, now: float) -> None:
        count = self._lines.count((name, code), now)
        if count is not None:
            log.warning("refused", extra={"source": name, "code": code, "count": count})


def _is_unproven(source: Source) -> bool:
    return source.verify.scheme == "none"


def _is_bounded(source: Source) -> bool:
    """A sender that proves itself is bounded where its source says so."""
    return _is_unproven(source) or bool(source.model_fields_set & {"rate", "burst"})


def _rates(source: Source) -> _Rates:
    whole = Buckets(source.rate, source.burst, most=1)
    if not _is_unproven(source):
        return _Rates(whole, Buckets(source.rate, source.burst))
    return _Rates(
        whole, Buckets(source.client_rate or source.rate / 5, source.client_burst or max(1, source.burst // 2))
    )
