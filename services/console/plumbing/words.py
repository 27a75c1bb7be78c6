"""What is said of what was set aside and of who is sent nothing, for people who never saw a code."""

from __future__ import annotations

from collections.abc import Mapping

from schemas.fates import Fate, Reason
from services.console.language.reader import Reader
from services.console.language.vocabulary import plain
from services.console.language.words import mark

FATES: Mapping[Fate, str] = {
    "no_lead": mark("About nobody we know"),
    "refused": mark("Refused"),
    "ignored": mark("Without effect"),
}
REASONS: Mapping[Reason, str] = {
    "test_delivery": mark("a test delivery of the sender"),
    "names_nobody": mark("it names nobody who could be answered or found"),
    "nobody_known": mark("nobody known is named, and what happened makes nobody a lead"),
    "waits_for_them": mark("nobody known is named; what they withdraw holds once they are a lead"),
    "by_a_program": mark("a program wrote it, such as an automatic answer"),
    "person_erased": mark("the person was erased"),
    "no_such_handover": mark("the hand-over that it names is none of ours"),
    "no_such_offer": mark("the offer that it names is none of ours"),
    "no_such_lead": mark("the lead that it names is not there"),
    "not_allowed": mark("whoever asked has no right to it"),
    "cannot_receive": mark("the person who should get it is not in the roster, or left"),
    "cannot_merge": mark("the two leads cannot be merged, or parted, so"),
    "cannot_change_roster": mark("the change does not fit the roster"),
    "cannot_approve": mark("whoever asked cannot approve the agreement for that side"),
    "lead_inactive": mark("the lead is spam, no buyer, or not to be contacted"),
    "lead_merged": mark("the lead is merged into another"),
    "no_open_handover": mark("no hand-over is open"),
    "no_open_offer": mark("there is no open offer"),
    "not_in_dialogue": mark("sales does not work the lead now"),
    "earlier_handover": mark("it is about an earlier hand-over"),
    "earlier_offer": mark("it is about an earlier offer"),
    "already_answered": mark("the offer was answered already"),
    "older_fact": mark("something later is known"),
    "no_change": mark("it is so already"),
    "repeated": mark("the same request was made a moment before"),
    "unknown_colleague": mark("the colleague that it names is not in the roster"),
    "not_by_a_person": mark("no person did it"),
    "our_own_write": mark("what we wrote there came back"),
    "not_by_an_sdr": mark("the sales-ready tag was set by a program, or by a sender who proves nothing"),
    "not_done_yet": mark("it is planned, and not done yet"),
    "handover_open_here": mark("an import changes nothing of a lead that is being handed over"),
    "unclassified": mark("what happened could not be told from what the sender wrote"),
    "unsorted": mark("it is from before reasons were kept"),
}
_FATES: Mapping[str, str] = {str(fate): text for fate, text in FATES.items()}
_REASONS: Mapping[str, str] = {str(reason): text for reason, text in REASONS.items()}


def fate_text(fate: str | None, reader: Reader) -> str:
    """What a signal came to."""
    return reader.say(_FATES.get(fate or "", FATES["ignored"]))


def reason_text(reason: str | None, reader: Reader) -> str:
    """Why a signal came to nothing. A word that a later version wrote is said as it is."""
    known = _REASONS.get(reason or "unsorted")
    return reader.say(known) if known is not None else plain(reason or "")


def source_text(source: str | None, reader: Reader) -> str:
    """Where it came from: a source of the file, or a command."""
    match source:
        case None:
            return reader.say("not known")
        case "command":
            return reader.say("commands of people")
        case _:
            return source
