"""What the screens of the page are given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import NamedTuple

from services.api.commanding import Commanding
from services.api.explanations import Explainer
from services.api.incidents import Incidents
from services.console.language.reader import Reader, reader_of
from services.console.live import Live
from services.console.rendering import Pages
from services.console.signed_in import SignedIn
from services.forum.desk import ForumDesk
from services.ports.console import PageReading, Sight
from services.ports.flow import FlowReading
from services.ports.reading import ApiReading, Reading
from services.ports.workloads import WorkloadReading
from services.rules.ruling import Ruling
from services.rules.versions import Versions


class Console(NamedTuple):
    """`page`, `workloads`, `flow` and `reading` are the store's, `count_flow` counts what is new for the screen Flow; `versions` are those of the agreement, `ruling` is the one in force and the
    roster with its changes."""

    page: PageReading
    workloads: WorkloadReading
    flow: FlowReading
    count_flow: Callable[[], Awaitable[None]]
    reading: Reading
    explainer: Explainer
    commanding: Commanding
    incidents: Incidents
    versions: Versions
    ruling: Callable[[], Awaitable[Ruling]]
    forum: ForumDesk
    live: Live
    pages: Pages
    now: Callable[[], datetime]

    def reader(self, somebody: SignedIn) -> Reader:
        """Somebody, reading now."""
        return reader_of(somebody.language, somebody.zone, self.now())

    def reading_of(self, somebody: SignedIn) -> ApiReading:
        """The store as far as their brands go."""
        return self.reading if somebody.brands is None else self.reading.within(somebody.brands, ())


def sight_of(somebody: SignedIn) -> Sight:
    """Which leads there are for them."""
    return Sight(somebody.brands, somebody.owners())
