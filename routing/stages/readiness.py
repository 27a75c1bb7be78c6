"""What the stage of the moment asks of the agreement: tags, scoring rules and definitions, and the facts noted when they are met."""

from __future__ import annotations

from routing.draft import Draft
from routing.handover import handover
from routing.lead.absorb import counts_for_pass, is_genuine, with_instant
from routing.lead.proof import is_outranked
from routing.lifecycle import DIALOGUE, Fact
from routing.model.records import Lead
from routing.nurturing import nurturing
from schemas.events import LeadDefinitionMet, Milestone
from schemas.signals import INBOUND, Kind, Signal

_TRIES = frozenset({Kind.CLOCK_DUE, Kind.SALES_FOLLOW_UP, Kind.OUTREACH_LOGGED})
_LOOK_AGAIN = frozenset({Kind.POINTS_CHANGED, Kind.LEAD_UNPARKED, Kind.LEAD_MERGE})


def note_sales_ready(draft: Draft) -> None:
    """The agreed tag counts whoever set it, as far as that can be told; not where a program set it, and not from a source that
    proves nothing: anybody could write it."""
    signal = draft.signal
    agreed = draft.context.agreement.sales_ready_tags
    if agreed.isdisjoint(signal.tags) or signal.kind == Kind.TAG_REMOVED or draft.lead.sales_ready:
        return
    if not counts_for_pass(draft):
        draft.ignore("older_fact", "the sales-ready tag was set in an earlier pass")
        return
    if signal.automated or signal.actor.kind in ("automation", "system"):
        draft.ignore("not_by_an_sdr", "the sales-ready tag was set by a program")
        return
    if signal.proof == "none":
        draft.ignore("not_by_an_sdr", "the sales-ready tag came from a source that proves nothing")
        return
    draft.lead.sales_ready = True
    draft.facts.add("sales_ready")


def note_points(draft: Draft) -> None:
    """Scoring rules with a condition, or on a kind that is not counted anyway, keep the instants of what they met."""
    lead, signal, agreement = draft.lead, draft.signal, draft.context.agreement
    rules = agreement.standards.apart.get(signal.kind)
    if not rules or not counts_for_pass(draft) or (signal.automated and signal.kind in INBOUND):
        return
    for rule in rules:
        if rule.when is None or draft.judge.asks(rule.when).met:
            instants = lead.scored.get(rule.name, ())
            lead.scored = {**lead.scored, rule.name: with_instant(instants, draft.instant, agreement.kept)}
            draft.lead_changed()


def forget_pass(lead: Lead) -> None:
    """What was met in the pass that is over."""
    lead.met, lead.scored, lead.sales_ready = (), {}, False


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
    candidates = (s for s in draft.heard if s.kind == Kind.SALES_MEETING_BOOKED or not tags.isdisjoint(s.tags))
    return next(candidates, draft.signal)


def _note_engagement(draft: Draft) -> bool:
    """Whether the definitions that this stage asks for, or one of them, are met."""
    lead, facts = draft.lead, draft.facts
    before = len(facts)
    if lead.stage in ("contact", "qualification"):
        _milestone(draft, "marketing_qualified")
    if (lead.stage == "contact" and draft.meets("engaged")) or (
        lead.stage == "nurturing" and nurturing.may_leave(draft)
    ):
        facts.add("engaged")
    if lead.stage == "qualification":
        # A fact that comes late may carry a lead on, but never back.
        definitions: tuple[Fact, ...] = (
            ("sales_qualified", "not_now") if draft.at >= lead.stage_since else ("sales_qualified",)
        )
        facts.update([name for name in definitions if draft.meets(name) and _may_follow(draft, name)])
    return len(facts) > before


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
    points = draft.judge.points_asked_for
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
    return kind in _TRIES and (kind == Kind.CLOCK_DUE or is_genuine(draft.signal))


def is_engagement(draft: Draft) -> bool:
    signal = draft.signal
    inbound = signal.kind in INBOUND and not signal.automated
    return inbound or bool(signal.tags) or signal.kind in _LOOK_AGAIN or draft.learned
