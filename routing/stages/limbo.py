"""Nobody in limbo: an active lead has an owner who is there, a clock that waits for somebody, or a recorded reason.

A lead in limbo is a defect of ours or of the agreement. It is told once, when a decision leaves it so or when the watcher
finds it so, and again only after it was out of it.
"""

from __future__ import annotations

from routing.draft import Draft
from routing.lifecycle import WORKED
from routing.model.records import Lead
from routing.people.roster import Roster
from routing.sla.clocks import DIALOGUE_END, HOLD_END, QUEUE, WAKE
from schemas.events import LeadInLimbo


def why(lead: Lead, roster: Roster) -> str | None:
    """The code of the reason why the lead is in limbo; None where it is not."""
    if lead.disposition != "active" or lead.held or lead.merged_into is not None:
        return None
    if lead.owner is None and not lead.unowned_reason:
        return "no_owner_and_no_reason"
    if lead.owner is not None and not _is_there(lead.owner, roster):
        return "owner_is_gone"
    if lead.stage in WORKED and lead.owner is None and not _is_waited_for(lead) and not _is_imported(lead):
        return "nobody_works_it"
    return _without_offer(lead) if lead.stage == "hand_over" else None


def _is_there(person: str, roster: Roster) -> bool:
    member = roster.people.get(person)
    return member is not None and member.active


def _is_waited_for(lead: Lead) -> bool:
    return any(c.next_at is not None and c.policy not in (DIALOGUE_END, HOLD_END, WAKE) for c in lead.clocks.values())


def _is_imported(lead: Lead) -> bool:
    return "import" in (lead.unowned_reason or "")


def _without_offer(lead: Lead) -> str | None:
    handover = lead.handover
    if handover is None or handover.mode == "import":
        return None
    if handover.current is not None and handover.current.is_live:
        return None
    if any(clock.policy == QUEUE and clock.next_at is not None for clock in lead.clocks.values()):
        return None
    if not handover.offers:
        return None if handover.blocked and _is_waited_for(lead) else "never_offered"
    return "no_open_offer"


def watch(draft: Draft) -> None:
    """Looks at the lead as the decision leaves it, and tells once."""
    lead = draft.lead
    reason = why(lead, draft.context.roster)
    if reason is not None and lead.limbo is None:
        draft.emit(
            LeadInLimbo(mode=draft.signal.mode, reason=reason, stage=lead.stage, owner=draft.owner(lead.owner)),
            max(draft.at, draft.context.now),
        )
    lead.limbo = reason
