"""A salesperson's two-way dialogue before the hand-over: a genuine step of theirs, and an answer after it. While it lasts
marketing's automated mail is still; it is over when the lead goes back to nurturing, or nobody said anything for as long
as was agreed."""

from __future__ import annotations

from datetime import datetime

from routing.draft import Draft
from routing.lead.absorb import counts_for_pass, is_genuine
from routing.model.ids import derive
from routing.model.records import Clock, Lead, Talk
from routing.nurturing import nurturing
from routing.sla.clocks import DIALOGUE_END, subject_of
from schemas.signals import Kind

_STEPS = frozenset({Kind.SALES_FOLLOW_UP, Kind.OUTREACH_LOGGED, Kind.SALES_MEETING_HELD})
_ANSWERS = frozenset({Kind.EMAIL_REPLIED, Kind.MESSAGE_RECEIVED, Kind.CALL_RECEIVED, Kind.SALES_MEETING_HELD})
_SAYS = _STEPS | _ANSWERS
_EARLY = ("prospecting", "contact", "qualification")


def note(draft: Draft) -> None:
    """Notes a step or an answer, in any order of arrival. An answer to marketing's mail alone is no dialogue."""
    lead, signal = draft.lead, draft.signal
    if signal.kind not in _SAYS or lead.stage not in _EARLY or not is_genuine(signal) or not counts_for_pass(draft):
        return
    step = signal.kind in _STEPS and _by_sales(draft)
    answer = signal.kind in _ANSWERS
    if not step and not answer:
        return
    talk = lead.talk or Talk(last_at=draft.at)
    lead.talk = Talk(
        first_step_at=_earliest(talk.first_step_at, draft.at) if step else talk.first_step_at,
        last_answer_at=_latest(talk.last_answer_at, draft.at) if answer else talk.last_answer_at,
        last_at=max(talk.last_at, draft.at),
    )
    _go_on(draft, lead.talk)


def _by_sales(draft: Draft) -> bool:
    """By a salesperson; where the sender does not say who, by the owner."""
    signal, roster = draft.signal, draft.context.roster
    person = roster.actor_of(signal.actor, signal.references, signal.source)
    if person is None and signal.actor.reference is None:
        person = draft.lead.owner
    return roster.has_role(person, "sales")


def _go_on(draft: Draft, talk: Talk) -> None:
    if talk.first_step_at is None or talk.last_answer_at is None or talk.last_answer_at < talk.first_step_at:
        return
    target = draft.context.agreement.file.suppression.dialogue_ends
    end = talk.last_at + target.amount
    if end <= max(draft.at, draft.context.now):
        draft.ignore("older_fact", "the dialogue was over by then")
        return
    nurturing.suppress(draft, "dialogue")
    running = clock_of(draft)
    clock = running or _clock(draft, str(target))
    if running is None or end > clock.due_at:
        revision = clock.revision + 1 if running else 0
        since = {"started_at": talk.last_at, "target": str(target), "due_at": end, "next_at": end}
        draft.put_clock(clock.but(**since, revision=revision))


def clock_of(draft: Draft) -> Clock | None:
    """The clock that ends the dialogue, while it runs."""
    return next((c for c in draft.lead.clocks.values() if c.policy == DIALOGUE_END and c.open), None)


def fall_silent(draft: Draft) -> None:
    """Ends a dialogue in which nobody said anything for so long: mail may go on, and the next step begins a new one."""
    end(draft)
    forget_pass(draft.lead)
    if draft.lead.suppressed == "dialogue":
        nurturing.release(draft, "dialogue_over")


def forget_pass(lead: Lead) -> None:
    """Forgets what was said in the pass that is over."""
    lead.talk = None


def end(draft: Draft) -> None:
    """Ends the dialogue's clock: the dialogue is over, or a hand-over took its place."""
    clock = clock_of(draft)
    if clock is not None:
        over = {"state": "fulfilled", "ended_at": draft.at, "next_at": None, "revision": clock.revision + 1}
        draft.put_clock(clock.but(**over))


def _clock(draft: Draft, target: str) -> Clock:
    return Clock(
        id=derive("clk", DIALOGUE_END, subject_of(draft), draft.signal.id),
        policy=DIALOGUE_END,
        metric=DIALOGUE_END,
        subject_kind="lead",
        subject_id=subject_of(draft),
        started_at=draft.at,
        due_at=draft.at,
        target=target,
        mode=draft.signal.mode,
        agreement=draft.context.agreement.hash,
        cause=draft.signal.id,
        person=draft.lead.owner,
    )


def _earliest(other: datetime | None, at: datetime) -> datetime:
    return at if other is None else min(other, at)


def _latest(other: datetime | None, at: datetime) -> datetime:
    return at if other is None else max(other, at)
