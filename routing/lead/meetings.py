"""Meetings booked and called off: what counts is the latest booking that nobody called off, whatever the order of arrival."""

from __future__ import annotations

from collections.abc import Iterable

from routing.draft import Draft
from routing.lead.absorb import counts_for_pass
from routing.lead.proof import is_outranked
from routing.model.records import Booking, Lead
from routing.people.roster import ROLES
from schemas.signals import Kind, Signal

KEPT = 20
"""Bookings and cancellations kept of a pass."""


def note(draft: Draft) -> None:
    """Notes a booking, or that one was called off."""
    lead, booked = draft.lead, draft.signal.kind == Kind.SALES_MEETING_BOOKED
    if not counts_for_pass(draft):
        return
    booking = Booking(at=draft.at, booked=booked, record=_record(draft.signal), host=_host(draft) if booked else None)
    lead.meetings = (*lead.meetings, booking)[-KEPT:]
    standing = _standing(lead.meetings)
    lead.meeting_booked_at = standing[-1].at if standing else None
    draft.lead_changed()
    if booking in standing:
        draft.facts.add("meeting_booked")


def forget_pass(lead: Lead) -> None:
    """Forgets the meetings of the pass that is over."""
    lead.meetings, lead.meeting_booked_at = (), None


def host_of(lead: Lead) -> str | None:
    """Who invites to the meeting that stands, where that is somebody of the roster."""
    standing = _standing(lead.meetings)
    return standing[-1].host if standing else None


def _host(draft: Draft) -> str | None:
    """Whoever invites owns the lead where their role fits; that they are nobody of the roster, or have another role, is told."""
    signal, roster = draft.signal, draft.context.roster
    sales = signal.sales
    if sales is None or (sales.owner_id is None and sales.owner_email is None):
        return None
    person = roster.colleague(sales.owner_id, sales.owner_email, signal.references, signal.source)
    if is_outranked(draft.lead, signal):
        draft.finding("somebody unproven says who invites to the meeting: the rules choose the owner")
        return None
    if person is None:
        draft.finding("whoever invites to the meeting is nobody of the roster: the rules choose the owner")
    elif not roster.has_role(person, *ROLES["hand_over"]):
        draft.finding(f"{person} invites to the meeting and has no role for hand_over: the rules choose the owner")
    return person


def _standing(bookings: Iterable[Booking]) -> list[Booking]:
    """Bookings that were not called off, in their order. A cancellation that names none is of the latest."""
    standing: list[Booking] = []
    for one in sorted(bookings, key=lambda b: (b.at, not b.booked)):
        if one.booked:
            standing.append(one)
            continue
        same = [b for b in standing if one.record is None or b.record == one.record]
        same = same or [b for b in standing if b.record is None]
        if same:
            standing.remove(same[-1])
    return standing


def _record(signal: Signal) -> str | None:
    return next((f"{r.system}:{r.id}" for r in signal.references if r.object == "activity"), None)
