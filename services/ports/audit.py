"""Who saw personal data and who changed something, over HTTP: who it was, what, of which lead, when first and last in each hour."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

Door = Literal["api", "page"]
"""By which way they came: with a key, or signed in."""


class Use(NamedTuple):
    """One thing that somebody asked for. `actor` is the name of the key, or the person; `person` who asks with the key, or the
    person; `action` the operation's name; `subject` the id in its address, empty where it has none; `status` the answer's."""

    door: Door
    actor: str
    person: str | None
    action: str
    subject: str = ""
    status: int = 0


class AuditRow(NamedTuple):
    """The uses that are alike within one hour. `number` rises with each new row and never changes."""

    number: int
    use: Use
    first_at: datetime
    last_at: datetime
    times: int


class AuditFilter(NamedTuple):
    """Only of this actor, about this subject, since this instant; None asks for all."""

    actor: str | None = None
    subject: str | None = None
    since: datetime | None = None


class Audit(Protocol):
    """Every method raises StoreUnavailable."""

    async def add(self, uses: Mapping[Use, int], at: datetime) -> None:
        """So many more of each, on top of those of this hour; durable when it returns."""

    async def rows(self, wanted: AuditFilter, after: int, limit: int) -> list[AuditRow]:
        """By number, from behind `after` on."""
