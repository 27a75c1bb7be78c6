"""What rules now: the agreement and the roster in force, handed to the roles that decide."""

from __future__ import annotations

from typing import NamedTuple

from routing.agreement import Agreement
from routing.roster import Roster


class Ruling(NamedTuple):
    """The agreement and the roster in force. A decision records the hash of the one and the version of the other."""

    agreement: Agreement
    roster: Roster

    @property
    def organisation(self) -> str:
        return self.agreement.organisation
