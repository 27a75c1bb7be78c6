"""What an answer depends on, ready to be read: the value of each variable, and what each call of ours would give."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple, Protocol

from routing.model import Handover, Lead
from schemas.signals import Signal

FOREVER = timedelta(days=36_525)
"""The window of a count that names none."""


class Call(NamedTuple):
    """A call of one of our functions, as the text has it: `window` None where it has none."""

    function: str
    name: str = ""
    window: timedelta | None = None


class Figures(Protocol):
    """Whole points."""

    @property
    def fit(self) -> int: ...
    @property
    def intent(self) -> int: ...


class Asked(Protocol):
    """Of whom it is read: a lead and a signal at an instant (seconds since 1970), under one agreement."""

    @property
    def lead(self) -> Lead: ...
    @property
    def signal(self) -> Signal: ...
    @property
    def instant(self) -> int: ...
    def is_in(self, name: str) -> bool | None: ...
    def is_there(self, name: str) -> bool | None: ...
    def points(self) -> Figures: ...


Reader = Callable[[Asked], Any]

FACTS: dict[str, Reader] = {
    "lead.stage": lambda asked: asked.lead.stage,
    "lead.track": lambda asked: asked.lead.track or "",
    "lead.programme": lambda asked: asked.lead.programme or "",
    "lead.pass": lambda asked: asked.lead.pass_number,
    "lead.source": lambda asked: asked.lead.source,
    "lead.brand": lambda asked: asked.lead.brand,
    "lead.campaign": lambda asked: asked.lead.campaign,
    "lead.tags": lambda asked: asked.lead.tags,
    "lead.sales_ready": lambda asked: asked.lead.sales_ready,
    "lead.meeting_booked": lambda asked: asked.lead.meeting_booked_at is not None,
    "lead.language": lambda asked: asked.lead.language,
    "lead.created_at": lambda asked: asked.lead.created_at,
    "lead.stage_since": lambda asked: asked.lead.stage_since,
    "lead.suppressed": lambda asked: asked.lead.suppressed is not None,
    "lead.accepted": lambda asked: (found := _current(asked.lead)) is not None and found.accepted_at is not None,
    "lead.followed_up": lambda asked: (found := _current(asked.lead)) is not None and found.followed_up_at is not None,
    "lead.offers": lambda asked: len(found.offers) if (found := _current(asked.lead)) is not None else 0,
    "company.name": lambda asked: asked.lead.company_name,
    "company.domain": lambda asked: asked.lead.company_domain,
    "company.industry": lambda asked: asked.lead.company_industry,
    "company.country": lambda asked: asked.lead.company_country,
    "company.employees": lambda asked: asked.lead.company_employees,
    "company.region": lambda asked: asked.lead.company_region,
    "company.city": lambda asked: asked.lead.company_city,
    "company.postcode": lambda asked: asked.lead.company_postcode,
    "signal.kind": lambda asked: asked.signal.kind.value,
    "signal.source": lambda asked: asked.signal.source,
    "signal.source_kind": lambda asked: asked.signal.source_kind,
    "signal.form_id": lambda asked: asked.signal.form_id,
    "signal.campaign": lambda asked: asked.signal.campaign,
    "signal.tags": lambda asked: asked.signal.tags,
    "signal.automated": lambda asked: asked.signal.automated,
    "signal.reason": lambda asked: asked.signal.reason,
    "signal.amount": lambda asked: asked.signal.amount,
}
"""The value of each variable but `now`; None where it is unknown. All of them can be compared and hashed."""


def readers_of(names: tuple[str, ...], calls: tuple[Call, ...]) -> tuple[Reader, ...]:
    """What reads each of these values without CEL."""
    return (*[FACTS[name] for name in names], *[_reader(call) for call in calls])


def _reader(call: Call) -> Reader:
    """What a call would give, or what that depends on."""
    name = call.name
    match call.function:
        case "count":
            return _counter(name, call.window or FOREVER)
        case "last":
            return lambda asked: asked.lead.recent.get(name, (None,))[-1]
        case "in_segment":
            return lambda asked: asked.is_in(name)
        case "in_territory":
            return lambda asked: asked.is_there(name)
        case "text" | "number" | "yes":
            # With its class: yes and 1.0 are equal, and a lead may hold what was declared as another type before.
            return lambda asked: (found := attribute_of(asked.lead, name), found.__class__)
        case "fit":
            return lambda asked: asked.points().fit
        case "intent":
            return lambda asked: asked.points().intent
        case _:
            return lambda asked: (points := asked.points()).fit + points.intent


def _counter(kind: str, window: timedelta) -> Reader:
    seconds = window.total_seconds()
    return lambda asked: count_of(asked, kind, seconds)


def count_of(asked: Asked, kind: str, seconds: float) -> int:
    """How many signals of this kind happened within so many seconds before the instant."""
    instants = asked.lead.recent.get(kind)
    if not instants:
        return 0
    begin = asked.instant - seconds
    # They are in order.
    return len(instants) if instants[0] > begin else len(instants) - bisect_right(instants, begin)


def attribute_of(lead: Lead, name: str) -> str | float | bool | None:
    return lead.attributes.get(name) if lead.attributes else None


def _current(lead: Lead) -> Handover | None:
    """The hand-over of the lead's pass."""
    handover = lead.handover
    return handover if handover is not None and handover.pass_number == lead.pass_number else None
