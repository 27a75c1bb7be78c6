"""A deal changes hands: whoever gets it is told all that is known of the lead, as with an offer."""

from __future__ import annotations

from routing.assignment import ownership
from routing.assignment.assignment import Assignment
from routing.draft import Draft
from routing.handover import handover
from routing.lead import dossier
from routing.sla import clocks
from schemas.events import HandoverTransferred


def give(draft: Draft, chosen: Assignment, reason: str) -> None:
    """Gives the lead to this person, with the next step to take; in a deal they are told of it."""
    lead, before = draft.lead, draft.lead.owner
    ownership.give(draft, chosen)
    clocks.restart_recurring(draft)
    if lead.stage != "deal" or lead.handover is None or before == lead.owner:
        return
    fields = handover.event_fields(draft, handover.open_offer(draft)) | {"owner": draft.owner(lead.owner)}
    facts = dossier.build_dossier(lead, draft.context.agreement)
    draft.emit(
        HandoverTransferred(
            **fields,
            from_owner=draft.owner(before),
            reason=reason,
            dossier=facts,
            personal=dossier.in_words(lead, facts),
        ),
        max(draft.at, draft.context.now),
    )
