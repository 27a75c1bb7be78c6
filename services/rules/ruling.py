"""What rules now: the agreement and the roster in force, handed to the roles that decide."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from routing.agreement.agreement import Agreement
from routing.people.roster import Roster


class Ruling(NamedTuple):
    """The agreement and the roster in force. A decision records the hash of the one and the version of the other.

    `past` are agreements of before by hash, for clocks that started and decisions that were made under them.
    """

    agreement: Agreement
    roster: Roster
    past: Mapping[str, Agreement] = MappingProxyType({})
    timeline: tuple[tuple[datetime, Agreement], ...] = ()

    def at(self, received_at: datetime) -> Ruling:
        """With the agreement that was in force when a signal was received; `timeline` has what was published, by the
        instant from which it rules."""
        found = next((a for since, a in reversed(self.timeline) if since <= received_at), self.agreement)
        return self if found is self.agreement else self._replace(agreement=found)

    def agreement_of(self, digest: str) -> Agreement | None:
        """None where that agreement is not at hand."""
        return self.agreement if digest == self.agreement.hash else self.past.get(digest)

    @property
    def newest(self) -> Agreement:
        """What was published last, be it for later: the next version is to follow it. Else what rules."""
        return self.timeline[-1][1] if self.timeline else self.agreement

    @property
    def organisation(self) -> str:
        return self.agreement.organisation
