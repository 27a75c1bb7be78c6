"""What an offer tells: all that its receiver needs, so that nobody has to ask back."""

from __future__ import annotations

from operator import attrgetter

from routing.draft import Draft
from routing.lead import dossier
from routing.model.records import Clock, Offer
from schemas import paths
from schemas.events import HandoverOffered, Paths
from schemas.json_values import JsonObject

_soonest = attrgetter("due_at", "id")


def offer_event(draft: Draft, offer: Offer, fields: JsonObject) -> HandoverOffered:
    """The event of this offer, made now; `fields` are those of every event of a hand-over. The clocks that start with
    the offer have started."""
    lead = draft.lead
    facts = dossier.build_dossier(lead, draft.context.agreement)
    clock = _first_follow_up(draft, offer)
    return HandoverOffered(
        **fields,
        offer_number=offer.number,
        expires_at=offer.expires_at,
        follow_up_due_at=clock.due_at if clock is not None else None,
        follow_up_clock_id=clock.id if clock is not None else None,
        qualification=lead.handover.qualification if lead.handover is not None else None,
        paths=Paths(lead=paths.of_lead(lead.id), explanation=paths.of_lead_explanation(lead.id)),
        dossier=facts,
        personal=dossier.in_words(lead, facts),
    )


def _first_follow_up(draft: Draft, offer: Offer) -> Clock | None:
    """Of the open promises to follow up that are the lead's or the receiver's, the one that is due first. One that is
    broken already is not theirs to keep."""
    waiting = [
        clock
        for clock in draft.lead.clocks.values()
        if clock.metric == "follow_up" and clock.open and clock.person in (None, offer.person)
    ]
    return min(waiting, key=_soonest, default=None)
