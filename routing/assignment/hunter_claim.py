"""A hunter's own lead is never rotated: it waits for an absent hunter as long as the agreement says, then goes to their successor,
else to the person of last resort. Who gives it up themselves, by a rejection, lets the rules decide."""

from __future__ import annotations

from routing.assignment import matching
from routing.assignment.assignment import FALLBACK, LOOK_AGAIN, Assignment, Wait
from routing.draft import Draft
from schemas.agreement import Overflow

RULE = "hunter"


def hunter_of(draft: Draft, route: str) -> str | None:
    """Who keeps the lead from being rotated on this route; None where nobody does."""
    lead, people = draft.lead, draft.context.roster.people
    hunter = lead.hunter
    if route == "growth" or hunter is None or hunter not in people or not people[hunter].active:
        return None
    opened = lead.handover
    offers = opened.offers if opened is not None and opened.closed_at is None else ()
    given_up = any(offer.person == hunter and offer.state == "rejected" for offer in offers)
    return None if given_up else hunter


def is_waited_for(draft: Draft, hunter: str) -> bool:
    """Whether the agreement has leads wait for this hunter, who is away."""
    rules = draft.context.agreement.file.handover.hunter
    return rules is not None and draft.context.roster.why_away(hunter, draft.context.now) == "absent"


def without_absences(draft: Draft, hunter: str, had_it: frozenset[str]) -> frozenset[str]:
    """Those who had their chance: a hunter whose offer was taken back because they were away had none."""
    opened = draft.lead.handover
    own = [offer for offer in opened.offers if offer.person == hunter] if opened is not None else []
    away = all(offer.state == "withdrawn" and offer.reason == "owner_absent" for offer in own)
    return had_it - {hunter} if own and away else had_it


def choose(draft: Draft, route: str, hunter: str, had_it: frozenset[str], may_hold: bool) -> Assignment | Wait | None:
    """The hunter, or who comes instead; no turn of anybody is taken."""
    had_it = without_absences(draft, hunter, had_it)
    if may_hold and hunter not in had_it and is_waited_for(draft, hunter):
        return _hold(draft, route, hunter)
    match = matching.owner_of_old(draft, route, had_it)
    if match.chosen is not None:
        return match.chosen
    fallback = draft.context.agreement.routes[route].fallback
    if fallback in had_it:
        return None
    why = {"route": route, "tried": list(match.passed), "rule": FALLBACK}
    return Assignment(person=fallback, rule=FALLBACK, why=why, route=route)


def _hold(draft: Draft, route: str, hunter: str) -> Wait:
    rules, now = draft.context.agreement.file.handover.hunter, draft.context.now
    back = draft.context.roster.back_at(hunter, now)
    why = {
        "route": route,
        "rule": RULE,
        "tried": [],
        "held": {"rule": RULE, "code": "nobody", "candidates": [{"person": hunter, "code": "absent"}]},
    }
    over = Overflow(hold=rules.waits, calendar=rules.calendar) if rules is not None else Overflow()
    return Wait(
        rule=RULE,
        pool=f"{RULE}:{hunter}",
        retry_at=max(back or now + LOOK_AGAIN, now + LOOK_AGAIN),
        overflow=over,
        why=why,
    )
