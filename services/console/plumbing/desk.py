"""What the screen is given beside what every screen is: what there is to see, and the commands that there are."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from routing.incidents.silence import Silence
from services.api.operations import Retry
from services.api.sinks import SinkDesk
from services.api.subscriptions import Desk
from services.console.console import Console
from services.console.signed_in import SignedIn
from services.ports.plumbing import PlumbingReading
from services.ports.reading import ApiReading, Reading
from services.ports.rows import Redriving


class Unread(NamedTuple):
    """Signals on the log that nobody has read yet: those that the router decides on, and those whose sender's API is asked first."""

    signals: int
    thin: int


class PlumbingDesk(NamedTuple):
    """`sources` is the brand of each configured source. `unread` is None while the log does not say it. `retry` reads a body again,
    `redrive` tries again what was set aside: as the API and the command line do."""

    reading: Reading
    plumbing: PlumbingReading
    sources: Mapping[str, str]
    unread: Callable[[], Awaitable[Unread | None]]
    silences: Callable[[], Awaitable[Mapping[str, Silence]]]
    retry: Retry
    redrive: Callable[[str], Awaitable[Redriving]]
    sinks: SinkDesk
    subscriptions: Desk

    def sources_of(self, somebody: SignedIn) -> list[str] | None:
        """The sources of their brands; None: all."""
        if somebody.brands is None:
            return None
        return [name for name, brand in self.sources.items() if brand in somebody.brands]

    def reading_of(self, somebody: SignedIn) -> ApiReading:
        """The store as far as their brands and the sources of these go."""
        if somebody.brands is None:
            return self.reading
        return self.reading.within(somebody.brands, self.sources_of(somebody) or ())


class Room(NamedTuple):
    """What the functions of the screen hand to one another."""

    console: Console
    desk: PlumbingDesk
