"""A CRM's last word on an opportunity: won, lost or returned. They are facts whatever the stage: what the process expected before
them (an answer, a step) is taken from them, and what was said otherwise is corrected."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from routing.assignment import ownership
from routing.draft import Draft
from routing.handover import handover, manual, rejection
from routing.lifecycle import DIALOGUE
from routing.model.records import Handover, Sale
from routing.people.roster import ROLES
from routing.sla import clocks
from schemas.events import HandoverFollowedUp

SALES_KEPT = 12
"""Sales that a lead remembers, so that each is told once."""


def lose(draft: Draft, fact: Literal["lost", "returned"]) -> None:
    """Ends the opportunity as lost or returned. One that nobody accepted is rejected, for the CRM's reason."""
    lead = draft.lead
    if lead.stage not in DIALOGUE:
        draft.ignore("not_in_dialogue", f"nothing to be {fact} in {lead.stage}")
    elif not handover.is_about_this(draft):
        draft.ignore("earlier_handover", "it is about an earlier hand-over")
    elif lead.stage == "hand_over" and handover.the_handover(draft).accepted_at is None:
        rejection.reject_open(draft)
    else:
        draft.facts.add(fact)


def win(draft: Draft) -> None:
    """A sale makes a customer in any stage, for the person who sold; each sale counts once."""
    lead = draft.lead
    if _is_known(draft):
        draft.ignore("no_change", "this sale is known already")
        return
    draft.seller = _seller(draft)
    if lead.stage in DIALOGUE and not handover.is_about_this(draft):
        _remember(draft, _win_before(draft))
        return
    draft.facts.add("won")
    if lead.stage not in DIALOGUE:
        _win_outside(draft)
    elif lead.stage == "hand_over":
        _take_up(draft)
    else:
        _step(draft)
        _give_to_seller(draft)
    _remember(draft, handover.the_handover(draft).id)


def _remember(draft: Draft, handover_id: str) -> None:
    lead = draft.lead
    sale = Sale(at=draft.at, handover_id=handover_id, deals=tuple(sorted(_deals(draft))))
    lead.sales = (*lead.sales, sale)[-SALES_KEPT:]


def _is_known(draft: Draft) -> bool:
    """Whether it is another word of a sale that was told, or of one before that."""
    lead, deals = draft.lead, _deals(draft)
    named = draft.signal.handover_id or (draft.signal.offer_id or "").rpartition(".")[0]
    if any(sale.handover_id == named or not deals.isdisjoint(sale.deals) for sale in lead.sales):
        return True
    last = lead.sales[-1] if lead.sales else None
    is_customer = lead.stage == "nurturing" and lead.track == "growth"
    if last is not None and draft.at <= last.at:
        return True
    return is_customer and not _is_further(draft, last, deals)


def _is_further(draft: Draft, last: Sale | None, deals: frozenset[str]) -> bool:
    """Of a customer only another deal in the same system is another sale. A sale whose deal nobody named has the first that is."""
    lead = draft.lead
    if not deals or last is None:
        return bool(deals) and draft.at > lead.stage_since
    if not last.deals:
        lead.sales = (*lead.sales[:-1], last.but(deals=tuple(sorted(deals))))
    return not _systems(last.deals).isdisjoint(_systems(deals))


def _deals(draft: Draft) -> frozenset[str]:
    return frozenset(f"{r.system}:{r.id}" for r in draft.signal.references if r.object == "deal")


def _systems(deals: Iterable[str]) -> frozenset[str]:
    return frozenset(deal.partition(":")[0] for deal in deals)


def _seller(draft: Draft) -> str | None:
    """Who won it: the deal's owner, else who said so, where they sell; else whose the lead is or was in the hand-over."""
    signal, roster, lead = draft.signal, draft.context.roster, draft.lead
    sales = signal.sales
    if sales is not None and (sales.owner_id is not None or sales.owner_email is not None):
        person = roster.colleague(sales.owner_id, sales.owner_email, signal.references, signal.source)
    elif signal.automated or signal.actor.kind in ("automation", "system"):
        person = None
    else:
        person = roster.actor_of(signal.actor, signal.references, signal.source)
    if roster.has_role(person, *ROLES["hand_over"]):
        return person
    if lead.stage in DIALOGUE:
        return lead.owner
    return lead.hunter or lead.former.get("hand_over")


def _take_up(draft: Draft) -> None:
    """Whoever wins what they were offered accepts it and takes the step; a colleague who wins it takes it over first."""
    _give_to_seller(draft)
    offer, opened = handover.open_offer(draft), handover.the_handover(draft)
    if opened.accepted_at is None and (offer is not None or opened.mode == "import"):
        handover.accept(draft, offer)
    _step(draft)
    opened = handover.the_handover(draft)
    offer = handover.open_offer(draft)
    if offer is not None and offer.followed_up_at is None:
        handover.note_follow_up(draft, offer, draft.at, None)
    elif opened.followed_up_at is None:
        handover.put_handover(draft, opened.but(followed_up_at=draft.at))
        fields = handover.event_fields(draft, None)
        draft.emit(HandoverFollowedUp(**fields, followed_up_at=draft.at))


def _step(draft: Draft) -> None:
    """Nobody wins without a step. No further one is waited for."""
    clocks.touch(draft, "follow_up", draft.at, recurs=False)


def _give_to_seller(draft: Draft) -> None:
    """Who is gone is told as the seller, and gets nothing."""
    seller, lead = draft.seller, draft.lead
    if seller in (None, lead.owner) or not draft.context.roster.people[seller].active:
        return
    if lead.stage == "hand_over":
        manual.reassign(draft, seller)
    else:
        ownership.give(draft, ownership.assign_by_hand(draft, seller))


def _win_outside(draft: Draft) -> None:
    """No hand-over was open: the sale closes the last one again if that ended otherwise, else one of its own, offered to nobody."""
    lead = draft.lead
    draft.finding(f"won outside the process, in {lead.stage}")
    _step(draft)
    before = _handover_without_sale(draft)
    opened = before or handover.open_one(draft)
    handover.put_handover(draft, opened.but(closed_at=draft.at, outcome="won"))
    handover.tell_won(draft, outside=True, corrects=before.outcome if before is not None else None)


def _win_before(draft: Draft) -> str:
    """The id of a hand-over of its own, offered to nobody, for a sale from before the one that is open: it is told and credited, and
    what began after it goes on."""
    current, sold = handover.the_handover(draft), handover.earlier_handover(draft)
    draft.finding("won before this hand-over was opened, which stays open")
    handover.put_handover(draft, sold.but(closed_at=draft.at, outcome="won"))
    handover.tell_won(draft, outside=True)
    handover.put_handover(draft, current)
    return sold.id


def _handover_without_sale(draft: Draft) -> Handover | None:
    last, lead = draft.lead.handover, draft.lead
    if lead.stage != "nurturing" or last is None or last.outcome == "won" or last.closed_at is None:
        return None
    return last if last.pass_number == lead.pass_number - 1 else None
