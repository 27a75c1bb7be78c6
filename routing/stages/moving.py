"""The lifecycle's table, carried out: which row fits, and what leaving one stage and entering the next brings with it."""

from __future__ import annotations

from datetime import datetime
from typing import assert_never

from routing.assignment import matching, ownership, queue
from routing.assignment.assignment import Wait
from routing.assignment.owner_fields import clear_owner, set_turn
from routing.draft import Draft
from routing.handover import handover
from routing.lead import meetings
from routing.lead.absorb import forget_counts
from routing.lifecycle import Fact, Row, first_fit
from routing.model.records import Lead, Transition
from routing.nurturing import dialogue, nurturing
from routing.sla import clocks
from routing.stages import hold, readiness
from schemas.events import LeadStageChanged, Stage
from schemas.json_values import JsonObject


def run(draft: Draft, entered: set[Stage]) -> None:
    """The lead against the table, again and again, until no row fits; a stage is entered at most once (`entered`)."""
    while draft.lead.disposition == "active":
        readiness.note_definitions(draft)
        row = first_fit(draft.lead.stage, draft.facts, entered)
        if row is None or (draft.lead.parked is not None and row.to_stage in ("qualification", "hand_over")):
            break
        entered.add(row.to_stage)
        _move(draft, row)
    if draft.lead.stage == "qualification" and "qualification" in entered:
        _ask_judge(draft)


def _ask_judge(draft: Draft) -> None:
    """Somebody judges a lead that this signal left in qualification. What passed straight through took nobody's turn."""
    chosen = ownership.choose_or_wait(draft, "qualification")
    if isinstance(chosen, Wait):
        ownership.wait_in_line(draft, chosen)
    elif chosen is not None:
        ownership.give(draft, chosen)


def _move(draft: Draft, row: Row) -> None:
    lead = draft.lead
    before, fact, owner = lead.stage, _fact(draft, row), draft.seller or lead.owner
    if before == "nurturing":
        nurturing.leave(draft, row.to_stage)
    enter_stage(lead, row.to_stage, max(_since(draft, fact), lead.stage_since))
    if before == "qualification":
        queue.end(draft)
        clocks.touch(draft, "qualification", lead.stage_since, clocks.subject_of(draft))
    draft.lead_changed()
    draft.transitions.append(Transition(before, row.to_stage, row.name))
    draft.evidence.setdefault("rows", []).append(_evidence(draft, row, before, fact))
    if row.to_stage == "nurturing":
        _come_back(draft, row, fact)
    draft.note_bringing_signal()
    draft.emit(
        LeadStageChanged(
            mode=draft.signal.mode,
            from_stage=before,
            to_stage=row.to_stage,
            pass_number=lead.pass_number,
            reason=fact,
            track=lead.track,
        )
    )
    _enter(draft, row, fact, owner)


def enter_stage(lead: Lead, stage: Stage, since: datetime) -> None:
    """The lead is in this stage since then; what comes of it is the caller's."""
    lead.stage, lead.stage_since = stage, since


def _since(draft: Draft, fact: Fact) -> datetime:
    """A deal has begun with the later of acceptance and step, whichever arrives last."""
    handover = draft.lead.handover
    if fact != "taken_up" or handover is None:
        return draft.at
    return max(filter(None, (draft.at, handover.accepted_at, handover.followed_up_at)))


def _evidence(draft: Draft, row: Row, before: Stage, fact: Fact) -> JsonObject:
    made: JsonObject = {"row": row.name, "fact": fact, "from": before, "to": row.to_stage}
    return made | ({"straight": True} if before == "qualification" and draft.straight_through else {})


def _enter(draft: Draft, row: Row, fact: Fact, owner: str | None) -> None:
    """What entering the row's stage brings; `owner` had the lead until then."""
    if row.to_stage == "deal" and "won" in draft.facts:
        return  # It is over as soon as it is entered: nothing is promised for it, and no mail stops.
    match row.to_stage:
        case "hand_over":
            clocks.forget_old(draft)
            nurturing.suppress(draft, "hand_over")
            dialogue.end(draft)
            handover.begin(draft)
        case "deal":
            clocks.enter(draft, row.to_stage)
            ownership.begin_dialogue(draft, "deal")
        case "nurturing":
            clocks.enter(draft, row.to_stage)
            _enter_track(draft, row, fact, owner)
        case "prospecting" | "contact" | "qualification":
            clocks.enter(draft, row.to_stage)
        case _:
            assert_never(row.to_stage)


def _enter_track(draft: Draft, row: Row, fact: Fact, owner: str | None) -> None:
    """Onto the row's track; a customer is kept by an account manager, `owner` where they are one."""
    if row.track is None:
        return
    if row.track == "growth":
        chosen = matching.kept_by_seller(draft, owner) or ownership.choose(draft, "growth")
        if chosen is not None:
            ownership.give(draft, chosen)
    nurturing.enter(draft, row.track, fact, draft.signal.reason)


def _come_back(draft: Draft, row: Row, fact: Fact) -> None:
    """Back with marketing: the pass is over, and only what happens from now on counts for the next."""
    lead = draft.lead
    matching.remember_dialogue(draft)
    handover.close(draft, fact)
    clocks.cancel(draft, fact)
    ownership.free_account(draft)
    nurturing.release(draft, fact)
    nurturing.put_on_track(lead, row.track)
    clear_owner(lead, f"nurturing: {fact}")
    set_turn(lead, None, None)
    lead.pass_number, lead.pass_since = lead.pass_number + 1, lead.stage_since
    forget_counts(lead)
    readiness.forget_pass(lead)
    meetings.forget_pass(lead)
    dialogue.forget_pass(lead)
    hold.forget_pass(lead)
    draft.forget_pass()


def _fact(draft: Draft, row: Row) -> Fact:
    """Which of the row's facts it was; where several hold, the first by name, so that a replay says the same."""
    return min(row.facts & draft.facts)
