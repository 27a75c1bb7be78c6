"""Day one: a sender asserts where a contact stands. No offer, no clock, no ledger entry follows."""

from __future__ import annotations

from typing import assert_never

from routing.assignment import ownership, queue
from routing.assignment.owner_fields import clear_owner, set_owner, set_turn, set_unowned_reason
from routing.draft import Draft
from routing.handover import handover
from routing.lifecycle import DIALOGUE
from routing.model.records import Transition
from routing.nurturing import nurturing
from routing.sla import clocks
from routing.stages import moving
from routing.upkeep import disposition
from schemas.events import STAGES, Stage
from schemas.fates import Reason


def assert_imported(draft: Draft) -> None:
    """Consent is heard in any case; stage and owner as asserted, unless the lead is worked here or something later is
    known."""
    asserted = draft.signal.asserted
    for consent in draft.signal.consents:
        nurturing.follow_consent(draft, consent.state)
    reason = _why_not(draft)
    # Who asked to be left alone is heard like a consent, whatever else is known of them.
    if reason is None or (asserted is not None and asserted.disposition == "do_not_contact"):
        disposition.assert_imported(draft)
    if reason is not None:
        draft.ignore(*reason)
    elif draft.lead.disposition == "active":
        _assert_place(draft)


def _assert_place(draft: Draft) -> None:
    lead, sales = draft.lead, draft.signal.sales
    stage = next((stage for stage in STAGES if sales is not None and stage == sales.to), None)
    if stage is not None and stage != lead.stage:
        _put_in_stage(draft, stage)
    _put_on_track(draft)
    _assert_owner(draft)
    if lead.stage in DIALOGUE:
        ownership.begin_dialogue(draft, "import")
    ownership.hold_account(draft)


def _why_not(draft: Draft) -> tuple[Reason, str] | None:
    lead = draft.lead
    open_one = lead.handover if lead.handover is not None and lead.handover.closed_at is None else None
    if lead.disposition != "active":
        return "lead_inactive", f"the lead is {lead.disposition}: an import changes nothing of it"
    if open_one is not None and (open_one.offers or open_one.mode != "import"):
        return "handover_open_here", "a hand-over is open here: an import changes nothing of it"
    if draft.at < lead.stage_since:
        return "older_fact", "the import is older than the stage of now"
    return None


def _put_in_stage(draft: Draft, stage: Stage) -> None:
    lead = draft.lead
    draft.transitions.append(Transition(lead.stage, stage, "import"))
    clocks.cancel(draft, "import")
    if lead.stage in DIALOGUE and stage not in DIALOGUE:
        handover.close(draft, "import")
        ownership.free_account(draft)
    if stage not in DIALOGUE and (lead.stage in DIALOGUE or lead.suppressed == "dialogue"):
        nurturing.release(draft, "import")
    if stage in DIALOGUE and lead.stage not in DIALOGUE:
        handover.open_one(draft)
    moving.enter_stage(lead, stage, draft.at)
    nurturing.put_on_track(lead, "warm_up" if stage == "nurturing" else None, programme=lead.programme)
    if stage == "nurturing":
        clear_owner(lead, "nurturing: import")


def _put_on_track(draft: Draft) -> None:
    """A customer may be imported onto growth; their programme is that of customers won here."""
    lead, asserted = draft.lead, draft.signal.asserted
    if asserted is None or asserted.track is None or lead.stage != "nurturing":
        return
    rules = draft.context.agreement.file.nurturing.track(asserted.track)
    programme = nurturing.programme_for(rules, "won", None) if asserted.track == "growth" else None
    nurturing.put_on_track(lead, asserted.track, programme=programme.name if programme else None)


def _assert_owner(draft: Draft) -> None:
    """Who is not in the roster, or left, can own nothing; the reason says so where somebody ought to work the lead."""
    lead, signal = draft.lead, draft.signal
    ident = signal.sales.owner_id if signal.sales else None
    systems = (*(reference.system for reference in signal.references), signal.source)
    person = next(filter(None, (draft.context.roster.person_of(system, ident) for system in systems)), None)
    if person is not None and draft.context.roster.people[person].active:
        set_owner(lead, person, draft.at)
        queue.end(draft)
        set_turn(lead, lead.owner_pool, None)
    elif lead.owner is None:
        set_unowned_reason(lead, _unowned_reason(lead.stage))


def _unowned_reason(stage: Stage) -> str:
    """Why an imported lead of this stage has no owner."""
    match stage:
        case "prospecting" | "contact":
            return "marketing"
        case "nurturing":
            return "nurturing: import"
        case "qualification" | "hand_over" | "deal":
            return "import: the owner is not in the roster, or left"
        case _:
            assert_never(stage)
