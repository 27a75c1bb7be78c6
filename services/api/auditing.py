"""Who asked for what: noted before the answer goes out, so that nobody sees anything that is not noted.

The first use of its kind in an hour is in the store before it is answered; further ones like it are counted in memory and written
within a minute of the next one. On kill -9 a row's count and last instant may be short by those, never a read's row. Where the store
is away a reader gets nothing. A change is noted once it was made: on kill -9 between the two its row is missing, and the change is
in the history or the state of what it changed.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Callable, MutableMapping
from datetime import datetime, timedelta
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.door.problems import Trouble
from services.ports.audit import Audit, Use
from services.ports.errors import PortError, StoreRejected

log = logging.getLogger("stafett.http")
HOUR, KEEP_EVERY = timedelta(hours=1), timedelta(minutes=1)
MOST = 10_000
"""Kinds of use that are known to be in the store; beyond it each is written by itself."""
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
READS = frozenset({"exportPerson", "searchLeads"})
"""Operations that change nothing, whatever their method."""


class Auditor:
    """Notes uses of one process."""

    def __init__(self, audit: Audit, now: Callable[[], datetime]) -> None:
        self._audit, self._now = audit, now
        self._hour = hour_of(now())
        self._known: set[Use] = set()
        self._counts: dict[datetime, Counter[Use]] = {}
        self._kept_at = now()

    async def note(self, use: Use) -> None:
        """Returns once a use like it is in the store. Raises StoreUnavailable; then it is counted all the same."""
        now = self._now()
        if hour_of(now) != self._hour:
            self._hour, self._known = hour_of(now), set()
        self._count(use, 1)
        if use not in self._known or now - self._kept_at >= KEEP_EVERY:
            await self.keep()
            if len(self._known) < MOST:
                self._known.add(use)

    async def keep(self) -> None:
        """What was counted goes to the store, each as of its hour; where it cannot, it stays here. Raises StoreUnavailable."""
        counts, self._counts = self._counts, {}
        now = self._now()
        try:
            for hour in sorted(counts):
                await self._write(counts[hour], min(now, hour + HOUR - timedelta(microseconds=1)))
                counts[hour] = Counter()
        finally:
            for hour, uses in counts.items():
                if uses:
                    self._counts.setdefault(hour, Counter()).update(uses)
        self._kept_at = now

    async def _write(self, uses: Counter[Use], at: datetime) -> None:
        """One that the store takes never holds up no other: it is told in the log. Raises StoreUnavailable."""
        try:
            await self._audit.add(uses, at)
        except StoreRejected:
            for use, count in uses.items():
                try:
                    await self._audit.add({use: count}, at)
                except StoreRejected:
                    log.error("the store refuses to note a use", extra={"action": use.action, "status": use.status})

    def take_back(self, use: Use) -> None:
        """It did not happen: nobody saw anything."""
        self._count(use, -1)

    def _count(self, use: Use, more: int) -> None:
        uses = self._counts.setdefault(self._hour, Counter())
        uses[use] += more
        if not uses[use]:
            del uses[use]


def hour_of(at: datetime) -> datetime:
    """When its hour began."""
    return at.replace(minute=0, second=0, microsecond=0)


class Audited:
    """Stands before `app`. `use_of(scope, status)` says who asked for what, None where that is nobody's business."""

    def __init__(
        self, app: ASGIApp, auditor: Auditor, use_of: Callable[[MutableMapping[str, Any], int], Use | None]
    ) -> None:
        self._app, self._auditor, self._use_of = app, auditor, use_of

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_refused = False

        async def note_then_send(message: Message) -> None:
            nonlocal is_refused
            if message["type"] == "http.response.start" and not await self._is_noted(scope, message["status"]):
                is_refused = True
                away = Trouble("unavailable", "the store cannot be reached, and nobody reads what cannot be noted", 5)
                await away.response()(scope, receive, send)
            if not is_refused:
                await send(message)

        await self._app(scope, receive, note_then_send if scope["type"] == "http" else send)

    async def _is_noted(self, scope: Scope, status: int) -> bool:
        """Whether the answer may go out."""
        use = self._use_of(scope, status)
        if use is None:
            return True
        try:
            await self._auditor.note(use)
        except PortError as error:
            log.warning("a use could not be noted", extra={"error": type(error).__name__, "kind": use.action})
            if scope["method"] in SAFE or use.action in READS:
                self._auditor.take_back(use)
                return False
        return True
