"""Approving a version for one's side: who may, and what a pasted file comes to. Nobody is asked to approve what they did not see."""

from __future__ import annotations

from typing import NamedTuple, get_args

from routing.agreement.agreement import Agreement, check_against, compile_agreement
from routing.people.permissions import cannot_sign, signers
from routing.people.roster import Roster
from schemas.agreement import Approvers
from schemas.words import Side
from schemas.yamlfile import FileError
from services.rules.ruling import Ruling

NAME = "agreement.yaml"
"""As problems of a pasted file call it."""


class Proposal(NamedTuple):
    """A pasted file: the agreement that it is, or the `problems` that keep it from being one."""

    text: str
    agreement: Agreement | None
    problems: list[str]


def read_proposal(text: str, roster: Roster) -> Proposal:
    """Checked as publishing checks it, and against the roster of now. It takes some tenths of a second."""
    # A browser sends every line's end as two characters, which YAML reads as one.
    text = text.replace("\r\n", "\n")
    try:
        agreement = compile_agreement(text, NAME)
        problems = check_against(agreement, roster, text, NAME)
    except FileError as error:
        return Proposal(text, None, list(error.problems))
    return Proposal(text, None if problems else agreement, problems)


def sides_of(person: str, roster: Roster, ruling: Ruling, own: Approvers | None = None) -> list[Side]:
    """For which sides somebody may approve: by their roles in `roster`, and by name where the version that was published last names who
    may. `own`: those that the version in question names."""
    before = ruling.newest.file.approvers
    sides: tuple[Side, ...] = get_args(Side)
    return [
        side for side in sides if cannot_sign(person, side, roster, signers(side, ruling.roster, before, own)) is None
    ]
