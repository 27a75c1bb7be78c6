"""Genuine acts of our people that keep promises: who did them, and whose promise they may keep.

A person's promise is kept by that person, or by the colleague that they gave the lead to; the lead's own by any of us. Where the
sender does not say who acted, the act counts for whoever had the lead.
"""

from __future__ import annotations

from datetime import datetime

from routing.draft import Draft
from routing.model.records import Clock, Lead, Step

STEPS_KEPT = 64
"""Steps of all metrics that a lead keeps, so that a clock that a late fact starts knows who took them."""


def doer(draft: Draft) -> str | None:
    """The person of the roster who took the step; None where the sender does not say, or names nobody of the roster. Where a
    sender tells only whose activity it is, its owner did it."""
    signal, roster, sales = draft.signal, draft.context.roster, draft.signal.sales
    named = roster.actor_of(signal.actor, signal.references, signal.source)
    if named is not None or signal.actor.reference is not None or signal.actor.email is not None or sales is None:
        return named
    return roster.colleague(sales.owner_id, sales.owner_email, signal.references, signal.source)


def note(lead: Lead, step: Step) -> None:
    """Keeps who took a step; where there are too many the oldest are dropped."""
    if step not in lead.steps:
        lead.steps = tuple(sorted((*lead.steps, step), key=lambda s: (s.at, s.what, s.by or "")))[-STEPS_KEPT:]


def may_keep(clock: Clock, by: str | None) -> bool:
    """Whether a step of this person can keep the clock's promise."""
    return clock.person is None or by is None or by in (clock.person, clock.delegate)


def instants_for_person(lead: Lead, what: str, person: str | None, *, named: bool = False) -> list[datetime]:
    """When steps were taken that count for this person, earliest first: their own and, unless only `named` ones are asked
    for, those that nobody is named for. What older releases kept does not say who, and counts as such."""
    steps = [step for step in lead.steps if step.what == what]
    own = {step.at for step in steps if step.by == person or (step.by is None and not named)}
    if named:
        return sorted(own)
    of_others = {step.at for step in steps} - own
    return sorted(own | ({*lead.marks.get(what, ())} - of_others))
