"""What a CRM's words mean at this customer: stages that are an acceptance, activities that are a genuine step, ..."""

from __future__ import annotations

from schemas.signals import Actor, Echo, Kind, Parsed, Sales
from schemas.sources import SalesMeaning
from schemas.words import NOT_QUALIFIED, reason_key

_STATES = frozenset({Kind.SALES_STAGE_CHANGED, Kind.DEAL_UPDATED, Kind.CONTACT_UPDATED, Kind.COMPANY_UPDATED})
"""Kinds that carry a stage or a status in `sales.to`."""
_MEETINGS = {Kind.SALES_TASK_OPEN: Kind.SALES_MEETING_BOOKED, Kind.SALES_FOLLOW_UP: Kind.SALES_MEETING_HELD}
_ENDED = frozenset({Kind.SALES_LOST, Kind.SALES_REJECTED, Kind.SALES_RETURNED})


def with_sales_words(parsed: Parsed, meaning: SalesMeaning) -> Parsed:
    """The signal as this source's configuration has it; what it says nothing of stays as the body said."""
    parsed = _without_own_users(parsed, meaning)
    if parsed.sales is not None:
        parsed = _step(_stage(parsed, parsed.sales, meaning), parsed.sales, meaning)
    return _reason(parsed, meaning)


def _without_own_users(parsed: Parsed, meaning: SalesMeaning) -> Parsed:
    """Our own writes come back from the CRM: nobody's step."""
    who = parsed.actor.reference
    if who is None or who not in (*meaning.our_users, *meaning.our_apps):
        return parsed
    echo: Echo = "user" if who in meaning.our_users else "app"
    return parsed.but(actor=Actor(kind="system", reference=who), automated=True, echo=echo)


def _stage(parsed: Parsed, sales: Sales, meaning: SalesMeaning) -> Parsed:
    if parsed.kind not in _STATES or sales.to is None:
        return parsed
    wanted = sales.to.casefold()
    for kind, words in (
        (Kind.SALES_ACCEPTED, meaning.accepted),
        (Kind.SALES_REJECTED, meaning.rejected),
        (Kind.SALES_RETURNED, meaning.returned),
        (Kind.SALES_WON, meaning.won),
        (Kind.SALES_LOST, meaning.lost),
        (Kind.SALES_MEETING_BOOKED, meaning.meeting_booked),
    ):
        if wanted in {word.casefold() for word in words}:
            reason = parsed.reason or (sales.to if kind in _ENDED else None)
            return parsed.but(kind=kind, reason=reason)
    return parsed


def _step(parsed: Parsed, sales: Sales, meaning: SalesMeaning) -> Parsed:
    """A meeting is one by its type; another step is genuine where its type is one of those agreed on, if any were."""
    if parsed.kind in _MEETINGS and (sales.activity_type or "").casefold() in {
        w.casefold() for w in meaning.meeting_types
    }:
        return parsed.but(kind=_MEETINGS[parsed.kind])
    if parsed.kind != Kind.SALES_FOLLOW_UP or not meaning.follow_up_types:
        return parsed
    if (sales.activity_type or "").casefold() in {word.casefold() for word in meaning.follow_up_types}:
        return parsed
    return parsed.but(kind=Kind.ACTIVITY_UPDATED)


def _reason(parsed: Parsed, meaning: SalesMeaning) -> Parsed:
    """`not_qualified` has to name the failed criterion: the CRM's own words of it are kept as that."""
    if parsed.kind in _ENDED and reason_key(parsed.reason) in set(map(reason_key, meaning.not_qualified)):
        return parsed.but(reason=NOT_QUALIFIED, criterion=parsed.criterion or parsed.reason)
    return parsed
