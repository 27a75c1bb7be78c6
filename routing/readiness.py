"""What the stage of the moment asks of the agreement's definitions, and the facts that are noted when they are met."""

from __future__ import annotations

from routing import handover, nurturing
from routing.draft import Draft
from routing.lead import counts_for_pass, genuine
from routing.lifecycle import DIALOGUE
from routing.proof import is_outranked
from schemas.events import LeadDefinitionMet, Milestone
from schemas.signals import INBOUND, Kind, Signal

_TRIES = frozenset({Kind.CLOCK_DUE, Kind.SALES_FOLLOW_UP, Kind.OUTREACH_LOGGED})
_LOOK_AGAIN = frozenset({Kind.POINTS_CHANGED, Kind.LEAD_UNPARKED, Kind.LEAD_MERGE})


def note_definitions(draft: Draft) -> None:
    """What the stage of the moment can use, and only that, is evaluated. Called before each look at the table."""
    lead, facts = draft.lead, draft.facts
    if lead.stage in DIALOGUE:
        _milestone(draft, "opportunity")
    if lead.stage == "hand_over" and lead.handover is not None:
        if lead.handover.accepted_at and lead.handover.followed_up_at:
            facts.add("taken_up")
        elif _tries(draft) and handover.is_about_this(draft) and draft.meets("cold"):
            facts.add("cold")
        return
    if not is_engagement(draft) or not counts_for_pass(draft):
        return
    draft.was_asked = True
    for signal in draft.heard:
        draft.ask_of(signal)
        if _note_engagement(draft):
            return
    if draft.heard:
        draft.ask_of(_brought_by(draft))
    _note_engagement(draft)


def _brought_by(draft: Draft) -> Signal:
    """Of what came during a hold, what set the fact that moves the lead now; else what ended the hold."""
    if draft.facts.isdisjoint({"sales_ready", "meeting_booked"}):
        return draft.signal
    tags = draft.context.agreement.sales_ready_tags
    asked = (s for s in draft.heard if s.kind == Kind.SALES_MEETING_BOOKED or not tags.isdisjoint(s.tags))
    return next(asked, draft.signal)


def _note_engagement(draft: Draft) -> bool:
    """Whether the definitions that this stage asks for, or one of them, are met."""
    lead, facts = draft.lead, draft.facts
    known = len(facts)
    if lead.stage in ("contact", "qualification"):
        _milestone(draft, "marketing_qualified")
    if (lead.stage == "contact" and draft.meets("engaged")) or (
        lead.stage == "nurturing" and nurturing.may_leave(draft)
    ):
        facts.add("engaged")
    if lead.stage == "qualification":
        # A fact that comes late may carry a lead on, but never back.
        asked = ("sales_qualified", "not_now") if draft.at >= lead.stage_since else ("sales_qualified",)
        facts.update([name for name in asked if draft.meets(name) and _may_follow(draft, name)])
    return len(facts) > known


def _may_follow(draft: Draft, name: str) -> bool:
    """What somebody unproven says may carry a proven lead on, but never back."""
    if name != "not_now" or not is_outranked(draft.lead, draft.signal):
        return True
    draft.finding("`not_now` is met by what somebody unproven said: the lead stays, its owner may ask")
    return False


def _milestone(draft: Draft, name: Milestone) -> None:
    """A definition that moves nobody, but is counted: told once a pass, when it is first met."""
    lead, expression = draft.lead, draft.context.agreement.definitions[name]
    if name in lead.met or expression.constant is False or not counts_for_pass(draft):
        return
    if not draft.holds(name, expression):
        return
    lead.met = (*lead.met, name)
    points = draft.judge.reckoned
    draft.emit(
        LeadDefinitionMet(
            mode=draft.signal.mode,
            definition=name,
            stage=lead.stage,
            pass_number=lead.pass_number,
            fit=points.fit if points else None,
            intent=points.intent if points else None,
        )
    )


def _tries(draft: Draft) -> bool:
    kind = draft.signal.kind
    return kind in _TRIES and (kind == Kind.CLOCK_DUE or genuine(draft.signal))


def is_engagement(draft: Draft) -> bool:
    signal = draft.signal
    inbound = signal.kind in INBOUND and not signal.automated
    return inbound or bool(signal.tags) or signal.kind in _LOOK_AGAIN or draft.learned
