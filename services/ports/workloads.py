"""What the page asks of the store about people: what each of them carries, and what became of their promises.

Lists are ordered and bounded. Every method raises StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

from services.ports.console import Waiting
from services.ports.reading import Place
from services.ports.rows import ClockRow, LeadRow

Verdict = Literal["fulfilled", "breached"]
"""What became of a promise, as clocks say it: kept, or broken."""


class Workload(NamedTuple):
    """Of one person. `open`: leads in qualification, hand-over and deal; `overdue` and `today`: leads that they have to act on, by what is
    due first, before now and before tonight; `kept` and `broken`: promises about leads that were due within the span."""

    open: int = 0
    overdue: int = 0
    today: int = 0
    kept: int = 0
    broken: int = 0


class Workloads(NamedTuple):
    """By person. `is_all` is False where more was there than is counted."""

    people: Mapping[str, Workload]
    is_all: bool


class PromiseSpan(NamedTuple):
    """Which promises: those due from `since` on and before `until`, but for those of the policies in `passed_over`. Those of `of_marketing`
    are counted where their clock says who answers for them: clocks of earlier versions do not, and name the lead's owner."""

    since: datetime
    until: datetime
    passed_over: Collection[str]
    of_marketing: Collection[str] = ()


class WorkloadReading(Protocol):
    """For the screen People. `brands`: of leads of these alone; None is all."""

    async def workloads(
        self,
        people: Sequence[str],
        brands: Collection[str] | None,
        span: PromiseSpan,
        *,
        now: datetime,
        tonight: datetime,
    ) -> Workloads:
        """What each of these people carries."""

    async def turns(self, pools: Sequence[str]) -> dict[str, str]:
        """The state that each of these pools keeps of its turns, as JSON, by the pool's name; none of a pool that nobody was given a lead by."""

    async def open_leads(
        self, person: str, brands: Collection[str] | None, after: str = "", limit: int = 50
    ) -> list[LeadRow]:
        """Their open leads, by id; from behind `after`."""

    async def promises(
        self,
        person: str,
        verdict: Verdict,
        brands: Collection[str] | None,
        span: PromiseSpan,
        *,
        after: Place[str] | None = None,
        limit: int = 50,
    ) -> list[Waiting]:
        """Their promises that came to this verdict, what was due first on top; from behind `after`, the place of the last one of the page
        before. Each with its lead as it is now, whoever has it."""

    async def volumes(self, span: PromiseSpan) -> list[ClockRow]:
        """Clocks of volumes, which are about no lead, that came to a verdict and were due then; what was due first on top."""
