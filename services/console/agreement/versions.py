"""Which version ruled, rules and will rule, who signed it, and which approvals wait."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from schemas.http import AgreementView, ApprovalView
from schemas.words import Side
from services.console.agreement.promises import SIDES
from services.console.language.reader import Reader, person_name
from services.console.language.words import mark

SHORT = 12
"""Digits of a hash that tell versions apart for people."""


class VersionLine(NamedTuple):
    """A version in the list of all. `state` says when it rules; `tone` is `now`, `later`, `before` or `withdrawn`."""

    digest: str
    title: str
    state: str
    signers: str
    tone: str


class WaitingApproval(NamedTuple):
    """A hash that somebody approved and that is not published."""

    digest: str
    lines: Sequence[str]
    missing: Sequence[str]


def version_line(version: AgreementView, reader: Reader) -> VersionLine:
    """When it rules, in words."""
    return VersionLine(
        digest=version.hash[:SHORT],
        title=version.title,
        state=_state_text(version, reader),
        signers=signers_text(version.approvals, reader),
        tone=version.rules,
    )


_STATES: Mapping[str, str] = {
    "before": mark("ruled from %(at)s"),
    "now": mark("rules since %(at)s"),
    "later": mark("will rule from %(at)s"),
}


def _state_text(version: AgreementView, reader: Reader) -> str:
    if version.withdrawn is not None:
        person, at = person_name(version.withdrawn.person), reader.instant(version.withdrawn.at)
        why = version.withdrawn.reason
        return reader.say("taken back by %(person)s, %(at)s: %(why)s", person=person, at=at, why=why)
    # What ruled before anything was published did so from the beginning.
    if version.effective_from is None or version.effective_from.year <= 1970:
        return reader.say("rules now") if version.rules == "now" else reader.say("ruled at first")
    return reader.say(_STATES[version.rules], at=reader.instant(version.effective_from))


def signers_text(approvals: Mapping[str, str], reader: Reader) -> str:
    """`Lena for marketing and Maja for sales`; nobody for a configured file."""
    given = [
        reader.say("%(person)s for %(side)s", person=person_name(approvals[side]), side=reader.say(text))
        for side, text in SIDES.items()
        if side in approvals
    ]
    return (
        reader.several(given)
        if given
        else reader.say("signed by nobody here: it is the file that Stafett was started with")
    )


def waiting_approvals(pending: Sequence[ApprovalView], reader: Reader) -> list[WaitingApproval]:
    """By hash, in the order in which they were given."""
    by_hash: dict[str, list[ApprovalView]] = {}
    for approval in pending:
        by_hash.setdefault(approval.hash, []).append(approval)
    return [
        WaitingApproval(
            digest=digest[:SHORT],
            lines=[_approval_text(one, reader) for one in given],
            missing=[reader.say(SIDES[side]) for side in missing_sides(given)],
        )
        for digest, given in by_hash.items()
    ]


def missing_sides(given: Sequence[ApprovalView]) -> list[Side]:
    """Those that did not approve."""
    return [side for side in SIDES if all(one.side != side for one in given)]


def _approval_text(approval: ApprovalView, reader: Reader) -> str:
    return reader.say(
        "%(person)s approved for %(side)s, %(at)s: %(why)s",
        person=person_name(approval.person),
        side=reader.say(SIDES[approval.side]),
        at=reader.instant(approval.approved_at),
        why=approval.reason,
    )
