"""Stories as facts, each told in several orders of arrival: to the pure core (tests/unit/whole/test_tales.py) and to the router on real
stores (tests/integration/test_tales.py). A module of this package has its stories in `TALES`; the runners find them."""

import importlib
import pkgutil
from collections.abc import Callable
from datetime import timedelta
from typing import Any, NamedTuple

from routing.model.records import Lead
from schemas.events import EventData
from services.rules.ruling import Ruling
from tests.setups import START, ruling, signal
from tests.stories import Story


class Fact(NamedTuple):
    """Something that happened `after` START."""

    after: timedelta
    kind: str
    more: dict[str, Any]


def fact(after, kind, **more):
    return Fact(after, kind, more)


class Outcome(NamedTuple):
    """What is there when all facts have arrived and `until` is over."""

    lead: Lead
    events: list[EventData]

    def all(self, name, policy=None):
        found = [data for data in self.events if data.type_name == f"stafett.{name}.v1"]
        return [data for data in found if policy is None or data.policy == policy]

    def clocks(self, policy):
        """(state, when it ended) of each clock of this policy, by their beginning."""
        found = [clock for clock in self.lead.clocks.values() if clock.policy == policy]
        return [(c.state, c.ended_at) for c in sorted(found, key=lambda c: (c.started_at, c.id))]


class Tale(NamedTuple):
    """`facts` in the order of happening, the first makes the lead; `orders` are those of arrival, by their places. `check` holds
    for the outcome of each order."""

    name: str
    facts: tuple[Fact, ...]
    orders: tuple[tuple[int, ...], ...]
    check: Callable[[Outcome], None]
    rules: Callable[[], Ruling] = ruling
    until: timedelta = timedelta(0)


def arrivals(tale, order):
    """(fact, its number, when it arrives) in the order of arrival: at once, or a minute after what came before it."""
    at = timedelta(0)
    for number in order:
        one = tale.facts[number]
        at = max(at + timedelta(minutes=1), one.after) if at else one.after
        yield one, number, at


def tell_in_core(tale, order):
    """The outcome in the pure core."""
    story = Story(tale.rules())
    for one, number, at in arrivals(tale, order):
        if story.lead is not None:
            story.wait(at)
        story.at = START + at
        item = signal(number, one.kind, at=START + one.after, **one.more)
        story.take(item.but(received_at=story.at))
    story.wait(max(tale.until, story.at - START))
    return Outcome(story.lead, story.said)


def all_tales():
    modules = [importlib.import_module(f"{__name__}.{one.name}") for one in pkgutil.iter_modules(__path__)]
    return [tale for module in modules for tale in module.TALES]


def cases():
    """(id, story, order) of all."""
    return [(f"{t.name}-{'-'.join(map(str, order))}", t, order) for t in all_tales() for order in t.orders]
