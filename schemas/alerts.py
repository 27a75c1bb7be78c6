"""The alerts' file: by which channels people hear of promises that are about to break or broken, who hears what, and when."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from schemas.alert_channels import Channel
from schemas.notify import Language, QuietHours, Wait
from schemas.signals import Mode
from schemas.words import Names, probably
from schemas.yamlfile import BrokenAt, FileModel

Occasion = Literal["warning", "breach", "rung", "target"]
"""What somebody is told of: a warning, a breach, a rung of the ladder after it, a receiver of events that is sent nothing."""
OCCASIONS: tuple[Occasion, ...] = ("warning", "breach", "rung", "target")
PLACES: tuple[str, ...] = ("owner", "manager", "named")
"""Words for people: who has the lead, who is above them, and who a rung of the ladder names."""


class AlertRoute(FileModel):
    """Who hears of which occasions by which channels. All that fit add up. `to` are `owner`, `manager`, `named` (by a rung) or
    people of the roster, each by the channels on which they have an address; left out: the owner of a warning, owner and manager
    of a breach, those named of a rung, all managers of a receiver. A channel with a place of its own (a room, a mailbox, a pager) hears it once."""

    on: Annotated[tuple[Occasion, ...], Field(min_length=1)] = OCCASIONS
    policies: Names = ()
    teams: Names = ()
    to: Names = ()
    channels: Annotated[Names, Field(min_length=1)]

    def fits(self, occasion: Occasion, policy: str, team: str | None) -> bool:
        """Whether it says who hears of this."""
        if occasion not in self.on or (self.policies and policy not in self.policies):
            return False
        return not self.teams or team in self.teams


class FoundLate(FileModel):
    """An outage of ours: breaches that are noticed so much `later` than they were due are one message where they are `more_than` so
    many."""

    later: Wait = timedelta(minutes=5)
    more_than: Annotated[int, Field(ge=1, le=10_000)] = 3


class AlertLinks(FileModel):
    """Where a message leads: `{lead}` and `{clock}` are put in. Left out: the lead on the page at STAFETT_HTTP_PUBLIC_URL."""

    lead: Annotated[str, Field(pattern=r"^https?://", max_length=1000)] | None = None
    explain: Annotated[str, Field(pattern=r"^https?://", max_length=1000)] | None = None


class AlertsFile(FileModel):
    """The whole file. `version` is the version of its format. Messages of one policy and team are one: the first goes `group_wait`
    after what it is about, the next not before `group_interval`. Over `summary_over` in one of them it is a summary: how many, and the
    oldest. `quiet_hours` are those of people who have none in the roster; they hold what is told, never what is decided."""

    version: Literal[1, "1"]
    language: Language = "en"
    group_wait: Wait = timedelta(seconds=30)
    group_interval: Wait = timedelta(minutes=5)
    summary_over: Annotated[int, Field(ge=1, le=1000)] = 5
    found_late: FoundLate = FoundLate()
    quiet_hours: QuietHours | None = None
    links: AlertLinks = AlertLinks()
    modes: tuple[Mode, ...] = ("live",)
    channels: Annotated[tuple[Channel, ...], Field(max_length=100)] = ()
    routes: Annotated[tuple[AlertRoute, ...], Field(max_length=1000)] = ()

    @model_validator(mode="after")
    def _names_are_known(self) -> AlertsFile:
        names = [channel.name for channel in self.channels]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise BrokenAt("two channels have the same name", "channels", i, "name")
        for i, route in enumerate(self.routes):
            for j, name in enumerate(route.channels):
                if name not in names:
                    rule = f"`{name}` is not among `channels`{probably(name, names)}"
                    raise BrokenAt(rule, "routes", i, "channels", j)
        return self

    def routes_in_force(self) -> tuple[AlertRoute, ...]:
        """The routes; where none is written, every channel hears of everything."""
        if self.routes or not self.channels:
            return self.routes
        return (AlertRoute(channels=tuple(channel.name for channel in self.channels)),)

    def channel(self, name: str) -> Channel | None:
        """The channel of this name."""
        return next((channel for channel in self.channels if channel.name == name), None)
