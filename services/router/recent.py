"""Leads that were written last: they need not be read again."""

from __future__ import annotations

from collections.abc import Iterable

from services.rows import LeadRow


class Recent:
    """The rows of so many leads at `most`, those that were written last. One may be another by now: whoever decides on it
    compares its version once it is locked, and forgets it where it moved."""

    def __init__(self, most: int = 4000) -> None:
        self._most = most
        self._rows: dict[str, LeadRow] = {}

    def among(self, ids: Iterable[str]) -> dict[str, LeadRow]:
        """Those of these that are known."""
        rows = self._rows
        return {ident: rows[ident] for ident in ids if ident in rows}

    def put(self, leads: Iterable[LeadRow]) -> None:
        rows = self._rows
        for lead in leads:
            rows.pop(lead.id, None)
            rows[lead.id] = lead
        for ident in list(rows)[: max(0, len(rows) - self._most)]:
            del rows[ident]

    def forget(self, ids: Iterable[str]) -> None:
        for ident in ids:
            self._rows.pop(ident, None)

    def clear(self) -> None:
        self._rows.clear()
