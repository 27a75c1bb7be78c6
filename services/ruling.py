"""What rules now: the agreement and the roster in force, handed to the roles that decide."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

from routing.agreement import Agreement
from routing.roster import Roster


class Ruling(NamedTuple):
    """The agreement and the roster in force. A decision records the hash of the one and the version of the other.

    `past` are agreements of before by hash, for clocks that started and decisions that were made under them.
    """

    agreement: Agreement
    roster: Roster
    past: Mapping[str, Agreement] = MappingProxyType({})

    def agreement_of(self, digest: str) -> Agreement | None:
        """None where that agreement is not at hand."""
        return self.agreement if digest == self.agreement.hash else self.past.get(digest)

    @property
    def organisation(self) -> str:
        return self.agreement.organisation
