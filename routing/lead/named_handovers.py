"""Hand-overs and offers that a sender names by our ids: whether they are there."""

from __future__ import annotations

from routing.draft import Draft
from routing.model.ids import derive
from routing.model.records import Lead
from schemas.fates import Reason
from schemas.signals import Kind, Signal

_ANSWERS = frozenset(
    {
        Kind.SALES_ACCEPTED,
        Kind.SALES_REJECTED,
        Kind.SALES_RETURNED,
        Kind.SALES_WON,
        Kind.SALES_LOST,
        Kind.CRM_LINKED,
    }
)
"""What is said of a hand-over; other facts are about the lead, whatever they name besides."""
_NO_OFFER: tuple[Reason, str] = ("no_such_offer", "no such offer")
_NO_HANDOVER: tuple[Reason, str] = ("no_such_handover", "no such hand-over")


def nothing_named(signal: Signal) -> tuple[Reason, str] | None:
    """What a signal names that led to no lead, and that is therefore none of ours. An id that can be none of ours is kept
    beside the answers, under its field's name."""
    if signal.offer_id is not None or "(offer_id)" in signal.fields:
        return _NO_OFFER
    return _NO_HANDOVER if signal.handover_id is not None or "(handover_id)" in signal.fields else None


def nothing_answered(draft: Draft) -> tuple[Reason, str] | None:
    """Why an answer about this lead answers nothing: what it names is no hand-over of it, or no offer of its hand-over."""
    signal, lead = draft.signal, draft.lead
    # What leads that are merged into this one were offered is not known here.
    if signal.kind not in _ANSWERS or lead.merged or nothing_named(signal) is None:
        return None
    handover_id, _, number = (signal.offer_id or "").rpartition(".")
    offers = {offer.id for offer in lead.handover.offers} if lead.handover is not None else set()
    if signal.offer_id in offers:
        return None
    named = signal.handover_id or handover_id
    if named not in _handovers(lead):
        return _NO_HANDOVER if signal.offer_id is None else _NO_OFFER
    is_open = lead.handover is not None and handover_id == lead.handover.id
    return _NO_OFFER if signal.offer_id is not None and (is_open or not number.isdigit()) else None


def _handovers(lead: Lead) -> set[str]:
    """Every hand-over that the lead can have had: one a pass."""
    return {derive("ho", lead.id, number) for number in range(1, lead.pass_number + 1)}
