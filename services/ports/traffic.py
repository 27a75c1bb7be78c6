"""How much each source sends, by the hour, for as long as that is needed to know what is usual."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol


class SourceTraffic(Protocol):
    """Every method raises StoreUnavailable."""

    async def add(self, counts: Mapping[tuple[str, datetime], int], keep_from: datetime) -> None:
        """Deliveries by source and by the begin of their hour, on top of those that are known; of these sources what is older than
        `keep_from` goes."""

    async def by_source(self) -> dict[str, dict[datetime, int]]:
        """All that is known, hours without any left out."""
