"""Dispositions: who is no lead to be worked, and who is one again. Only active leads are routed and timed."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from routing.assignment import ownership
from routing.assignment.assignment import Assignment
from routing.assignment.owner_fields import clear_owner, set_unowned_reason
from routing.draft import Draft
from routing.handover import handover
from routing.lifecycle import DIALOGUE, route_of
from routing.nurturing import nurturing
from routing.sla import clocks
from routing.stages import hold
from schemas.events import Disposition, LeadDispositionChanged

_KNOWN: dict[str, Disposition] = {
    "active": "active",
    "spam": "spam",
    "not_a_buyer": "not_a_buyer",
    "do_not_contact": "do_not_contact",
}


def change(draft: Draft) -> None:
    """Sets the disposition that the signal states, unless a later one was stated already."""
    signal = draft.signal
    _set_disposition(draft, _KNOWN.get((signal.sales.to if signal.sales else None) or signal.reason or ""))


def assert_imported(draft: Draft) -> None:
    """What an import says of it; where it says nothing, nothing changes."""
    asserted = draft.signal.asserted
    if asserted is not None and asserted.disposition not in (None, draft.lead.disposition):
        _set_disposition(draft, asserted.disposition)


def _set_disposition(draft: Draft, disposition: Disposition | None) -> None:
    lead, signal = draft.lead, draft.signal
    if lead.disposition_at is not None and draft.at < lead.disposition_at:
        draft.ignore("older_fact", "a later disposition was stated already")
        return
    if disposition is None or disposition == lead.disposition or lead.disposition == "erased":
        draft.ignore("no_change", "the disposition is unknown, or was that already")
        return
    before, lead.disposition, lead.disposition_at = lead.disposition, disposition, draft.at
    draft.emit(
        LeadDispositionChanged(
            mode=signal.mode, from_disposition=before, to_disposition=disposition, reason=signal.reason
        )
    )
    match disposition:
        case "active":
            _stand_up(draft)
        case "spam" | "not_a_buyer" | "do_not_contact" | "erased":
            _stand_down(draft, disposition)
        case _:
            assert_never(disposition)


def erase(draft: Draft, reason: str) -> None:
    """The person is erased, whatever was stated before; a lead that was merged into another too."""
    lead = draft.lead
    before, lead.disposition, lead.disposition_at = lead.disposition, "erased", draft.at
    draft.emit(
        LeadDispositionChanged(mode=draft.signal.mode, from_disposition=before, to_disposition="erased", reason=reason)
    )
    _stand_down(draft, "erased")


def stand_down_since(draft: Draft, disposition: Disposition, at: datetime) -> None:
    """Sets the disposition that was stated then, before the lead was known, unless a later one is known."""
    lead = draft.lead
    if lead.disposition != "active" or (lead.disposition_at is not None and at <= lead.disposition_at):
        return
    lead.disposition, lead.disposition_at = disposition, at
    draft.emit(
        LeadDispositionChanged(
            mode=draft.signal.mode, from_disposition="active", to_disposition=disposition, reason="stated before"
        )
    )
    _stand_down(draft, disposition)


def _stand_down(draft: Draft, disposition: Disposition) -> None:
    """Withdraws offers, ends clocks, and takes the lead from its owner."""
    lead = draft.lead
    handover.withdraw(draft, disposition)
    clocks.cancel(draft, disposition)
    hold.drop(draft)
    ownership.free_account(draft, customer=True)
    clear_owner(lead, disposition)
    if disposition == "do_not_contact":
        nurturing.suppress(draft, disposition)


def _stand_up(draft: Draft) -> None:
    """Gives the lead to whoever had it, else by the rules, as its stage asks for."""
    lead = draft.lead
    set_unowned_reason(lead, "nurturing: active again" if lead.stage == "nurturing" else "marketing")
    match lead.stage:
        case "hand_over":
            _offer_again(draft)
        case "deal":
            _give_again(draft, _former(draft))
        case "qualification":
            _give_again(draft, None)
        case "prospecting" | "contact" | "nurturing":
            if lead.track == "growth":
                _give_again(draft, None)
        case _:
            assert_never(lead.stage)
    if lead.stage not in DIALOGUE and lead.suppressed in ("do_not_contact", "consent_withdrawn", "dialogue"):
        nurturing.release(draft, "active_again")


def _give_again(draft: Draft, former: Assignment | None) -> None:
    chosen = former or ownership.choose(draft, route_of(draft.lead.stage))
    if chosen is not None:
        ownership.give(draft, chosen)


def _offer_again(draft: Draft) -> None:
    former = _former(draft)
    if former is not None:
        handover.offer_to(draft, former)
    else:
        handover.offer_or_give_up(draft)


def _former(draft: Draft) -> Assignment | None:
    """Who had the last offer of the open hand-over, if they are at work."""
    open_one = draft.lead.handover
    if open_one is None or open_one.current is None:
        return None
    person = open_one.current.person
    if draft.context.roster.why_away(person, draft.context.now) is not None:
        return None
    return Assignment(person=person, rule="former_owner", why={"rule": "former_owner"})
