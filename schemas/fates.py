"""What became of a signal that came to nothing, in words of a closed set: by them it is counted, listed and explained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple

Fate = Literal["no_lead", "refused", "ignored"]
"""`no_lead`: it is about nobody we know, and makes nobody known. `refused`: whoever asked for it may not, or it cannot be.
`ignored`: it is about a lead and is kept in its history, and does not do what it means."""
FATES: tuple[Fate, ...] = ("no_lead", "refused", "ignored")
Reason = Literal[
    "test_delivery",
    "names_nobody",
    "nobody_known",
    "waits_for_them",
    "by_a_program",
    "person_erased",
    "no_such_handover",
    "no_such_offer",
    "no_such_lead",
    "not_allowed",
    "cannot_receive",
    "cannot_merge",
    "cannot_change_roster",
    "cannot_approve",
    "lead_inactive",
    "lead_merged",
    "no_open_handover",
    "no_open_offer",
    "not_in_dialogue",
    "earlier_handover",
    "earlier_offer",
    "already_answered",
    "older_fact",
    "no_change",
    "repeated",
    "unknown_colleague",
    "not_by_a_person",
    "our_own_write",
    "not_by_an_sdr",
    "not_done_yet",
    "handover_open_here",
    "unclassified",
    "unsorted",
]


class Meaning(NamedTuple):
    fate: Fate
    text: str


REASONS: Mapping[Reason, Meaning] = {
    "test_delivery": Meaning("no_lead", "a test delivery is shown, never a lead"),
    "names_nobody": Meaning("no_lead", "it names nobody who can be answered or found"),
    "nobody_known": Meaning("no_lead", "nobody known is named, and what happened makes nobody a lead"),
    "waits_for_them": Meaning(
        "no_lead", "nobody known is named: what they withdraw waits for them, and holds once they are a lead"
    ),
    "by_a_program": Meaning("no_lead", "a program wrote it: an automatic answer alone makes nobody a lead"),
    "person_erased": Meaning("no_lead", "the person was erased, and only what they do themselves brings them back"),
    "no_such_handover": Meaning("no_lead", "the hand-over that it names is none of ours"),
    "no_such_offer": Meaning("no_lead", "the offer that it names is none of ours"),
    "no_such_lead": Meaning("no_lead", "the lead that it names is not there"),
    "not_allowed": Meaning("refused", "whoever asked has no right to it"),
    "cannot_receive": Meaning("refused", "the person who should get it is not in the roster, or left"),
    "cannot_merge": Meaning("refused", "the two leads cannot be merged, or parted, so"),
    "cannot_change_roster": Meaning("refused", "the change does not fit the roster"),
    "cannot_approve": Meaning("refused", "whoever asked cannot approve the agreement for that side"),
    "lead_inactive": Meaning("ignored", "the lead is spam, no buyer, or not to be contacted"),
    "lead_merged": Meaning("ignored", "the lead is merged into another and stands still"),
    "no_open_handover": Meaning("ignored", "no hand-over is open"),
    "no_open_offer": Meaning("ignored", "there is no open offer"),
    "not_in_dialogue": Meaning("ignored", "the lead is neither in a hand-over nor in a deal"),
    "earlier_handover": Meaning("ignored", "it is about an earlier hand-over"),
    "earlier_offer": Meaning("ignored", "it is about an earlier offer"),
    "already_answered": Meaning("ignored", "the offer was answered already"),
    "older_fact": Meaning("ignored", "something later is known"),
    "no_change": Meaning("ignored", "it is so already"),
    "repeated": Meaning("ignored", "the same request was made a moment before"),
    "unknown_colleague": Meaning("ignored", "the colleague that it names is not in the roster"),
    "not_by_a_person": Meaning("ignored", "no person did it"),
    "our_own_write": Meaning("ignored", "what a sink wrote came back"),
    "not_by_an_sdr": Meaning(
        "ignored", "the sales-ready tag was set by a program, or came from a source that proves nothing"
    ),
    "not_done_yet": Meaning("ignored", "it is planned, and not done yet"),
    "handover_open_here": Meaning("ignored", "an import changes nothing of a lead whose hand-over is open here"),
    "unclassified": Meaning("ignored", "what happened could not be told from what the sender wrote"),
    "unsorted": Meaning("ignored", "it was recorded before reasons had words of their own"),
}
"""What each means, and what a signal comes to for it. A hand-over or an offer that is not there is `ignored` where the signal
names a lead besides."""


def fate_of(reason: Reason, has_lead: bool) -> Fate:
    """What a signal comes to for this reason."""
    fate = REASONS[reason].fate
    return "ignored" if fate == "no_lead" and has_lead else fate
