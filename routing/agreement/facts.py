"""What an answer depends on, ready to be read: the value of each variable, and what each call of ours would give."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from datetime import timedelta
from operator import attrgetter
from typing import NamedTuple, Protocol

from routing.model.records import Handover, Lead
from schemas.certain import Impossible
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


class Judged(Protocol):
    """What values are read of: a lead and a signal at an instant (seconds since 1970), under one agreement."""

    @property
    def lead(self) -> Lead: ...
    @property
    def signal(self) -> Signal: ...
    @property
    def instant(self) -> int: ...
    def is_in(self, name: str) -> bool | None: ...
    def is_there(self, name: str) -> bool | None: ...
    def points(self) -> Figures: ...


Reader = Callable[[Judged], object]

_PLACES = {
    "lead.stage": "lead.stage",
    "lead.pass": "lead.pass_number",
    "lead.source": "lead.source",
    "lead.brand": "lead.brand",
    "lead.campaign": "lead.campaign",
    "lead.form_id": "lead.form_id",
    "lead.tags": "lead.tags",
    "lead.sales_ready": "lead.sales_ready",
    "lead.language": "lead.language",
    "lead.created_at": "lead.created_at",
    "lead.stage_since": "lead.stage_since",
    "company.name": "lead.company_name",
    "company.domain": "lead.company_domain",
    "company.industry": "lead.company_industry",
    "company.country": "lead.company_country",
    "company.employees": "lead.company_employees",
    "company.region": "lead.company_region",
    "company.city": "lead.company_city",
    "company.postcode": "lead.company_postcode",
    "signal.source": "signal.source",
    "signal.source_kind": "signal.source_kind",
    "signal.form_id": "signal.form_id",
    "signal.campaign": "signal.campaign",
    "signal.tags": "signal.tags",
    "signal.automated": "signal.automated",
    "signal.reason": "signal.reason",
    "signal.amount": "signal.amount",
}
"""Where the variables stand that are read as they are kept."""
FACTS: dict[str, Reader] = {
    **{name: attrgetter(place) for name, place in _PLACES.items()},
    "lead.track": lambda judged: judged.lead.track or "",
    "lead.own_track": lambda judged: judged.lead.own_track or "",
    "lead.programme": lambda judged: judged.lead.programme or "",
    "lead.meeting_booked": lambda judged: judged.lead.meeting_booked_at is not None,
    "lead.suppressed": lambda judged: judged.lead.suppressed is not None,
    "lead.accepted": lambda judged: (
        (handover := _current(judged.lead)) is not None and handover.accepted_at is not None
    ),
    "lead.followed_up": lambda judged: (
        (handover := _current(judged.lead)) is not None and handover.followed_up_at is not None
    ),
    "lead.offers": lambda judged: len(handover.offers) if (handover := _current(judged.lead)) is not None else 0,
    "signal.kind": lambda judged: judged.signal.kind.value,
}
"""The value of each variable but `now`; None where it is unknown. All of them can be compared and hashed."""


def reader_of(names: tuple[str, ...], calls: tuple[Call, ...]) -> Reader:
    """What reads all of these values without CEL; those that are read as they are kept, all at once."""
    places = [_PLACES[name] for name in names if name in _PLACES]
    readers: list[Reader] = [attrgetter(*places)] if places else []
    readers += [FACTS[name] for name in names if name not in _PLACES]
    readers += [_reader(call) for call in calls]
    return readers[0] if len(readers) == 1 else lambda judged: tuple([read(judged) for read in readers])


def _reader(call: Call) -> Reader:
    """What a call would give, or what that depends on."""
    name = call.name
    match call.function:
        case "count":
            return _counter(name, call.window or FOREVER)
        case "last":
            return lambda judged: judged.lead.recent.get(name, (None,))[-1]
        case "in_segment":
            return lambda judged: judged.is_in(name)
        case "in_territory":
            return lambda judged: judged.is_there(name)
        case "text" | "number" | "yes":
            # With its class: yes and 1.0 are equal, and a lead may hold what was declared as another type before.
            return lambda judged: (value := attribute_of(judged.lead, name), value.__class__)
        case "fit":
            return lambda judged: judged.points().fit
        case "intent":
            return lambda judged: judged.points().intent
        case "score":
            return lambda judged: (points := judged.points()).fit + points.intent
        case _:
            raise Impossible(f"{call.function} is no function of ours")


def _counter(kind: str, window: timedelta) -> Reader:
    seconds = window.total_seconds()
    return lambda judged: (
        count_of(instants, judged.instant - seconds) if (instants := judged.lead.recent.get(kind)) else 0
    )


def count_of(instants: tuple[int, ...], begin: float) -> int:
    """How many of them lie after `begin`. They are in order."""
    return len(instants) if instants and instants[0] > begin else len(instants) - bisect_right(instants, begin)


def attribute_of(lead: Lead, name: str) -> str | float | bool | None:
    return lead.attributes.get(name) if lead.attributes else None


def _current(lead: Lead) -> Handover | None:
    """The hand-over of the lead's pass."""
    handover = lead.handover
    return handover if handover is not None and handover.pass_number == lead.pass_number else None
