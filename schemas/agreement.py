"""The agreement file: what both sides signed, one per organisation. YAML; `routing.agreement.agreement.compile_agreement` makes
it ready for decisions."""

from __future__ import annotations

from typing import Annotated, Literal, assert_never, get_args

from pydantic import Field, model_validator

from schemas.calendar import Calendar
from schemas.duration import Target, Wake
from schemas.events import Track
from schemas.forum import Forum
from schemas.handover import Handover
from schemas.market import Attribute, Goals, Scoring, Segment, Territory
from schemas.suppression import Suppression
from schemas.volumes import Sla
from schemas.words import Expression, Name, Names, Side
from schemas.yamlfile import BrokenAt, FileModel


class Definitions(FileModel):
    """Boolean CEL expressions over the lead and its recent signals; one left out is never met."""

    engaged: Expression
    sales_qualified: Expression
    not_now: Expression = "false"
    cold: Expression = "false"
    marketing_qualified: Expression = "false"
    opportunity: Expression = "false"


class Overflow(FileModel):
    """What happens where a rule fits and nobody of its pool can take the lead: it waits for `hold` at most, goes to
    another `pool`, or to a `person`. Left out: the next rule decides. `shared_over: day`: what waited is shared among all of the
    pool who work that day, not among those who come first."""

    hold: Target | None = None
    calendar: Name | None = None
    shared_over: Literal["day"] | None = None
    pool: Name | None = None
    person: Name | None = None

    @model_validator(mode="after")
    def _shares_what_waits(self) -> Overflow:
        if self.shared_over is not None and self.hold is None:
            raise ValueError("`shared_over` is for leads that wait; say `hold` as well")
        return self

    @model_validator(mode="after")
    def _says_one(self) -> Overflow:
        if sum(part is not None for part in (self.hold, self.pool, self.person)) != 1:
            raise ValueError("say one of `hold`, `pool` and `person`")
        if (self.calendar is not None) != (self.hold is not None and self.hold.kind != "elapsed"):
            raise ValueError("a `hold` in business time needs a `calendar`, and elapsed time takes none")
        return self


class Rule(FileModel):
    """One routing rule: the first whose `when` holds and whose pool has somebody at work decides. With `match_language`
    only who speaks the lead's language is asked, where the lead's is known."""

    name: Name
    when: Expression = "true"
    pool: Name
    match_language: bool = False
    overflow: Overflow | None = None


class Route(FileModel):
    """How an owner is found: rules in order, then the person of last resort, who is always named."""

    rules: tuple[Rule, ...] = ()
    fallback: Name

    @model_validator(mode="after")
    def _names_are_unique(self) -> Route:
        names = [rule.name for rule in self.rules]
        if len(names) != len(set(names)):
            raise ValueError("two rules have the same name; explanations name the rule, so names are unique")
        return self


class GrowthRoute(Route):
    """The route of customers. With `keeps: owner` the seller keeps the customer, whatever their role; with `rules` the rules
    choose who does. Who is asked by the rules stays the same: they decide where the seller is gone."""

    keeps: Literal["rules", "owner"] = "rules"


class Routing(FileModel):
    """Who judges (`qualification`), who takes over (`hand_over`) and who keeps a customer (`growth`)."""

    qualification: Route
    hand_over: Route
    growth: GrowthRoute


Reason = Annotated[str, Field(min_length=1, max_length=200)]
"""Of the lifecycle's own, or in the words of who gave a lead back."""


class Programme(FileModel):
    """What somebody gets who came to the track for one of these reasons.

    `wake` as for the track. `reasons` are the lifecycle's own (`not_now`, `rejected`, `returned`, `lost`, `cold`, ...) or the words in which sales
    gave it back, without regard to case. The words are looked for first.
    """

    name: Name
    reasons: Annotated[tuple[Reason, ...], Field(min_length=1)]
    purpose: Annotated[str | None, Field(max_length=500)] = None
    exit: Expression | None = None
    wake: Wake | None = None


class NurturingTrack(FileModel):
    """`entry` tells by the reason what is done; `exit` is what lets somebody leave, in place of `engaged`. Who was there for as long
    as `wake` says leaves, too."""

    purpose: Annotated[str, Field(max_length=500)]
    entry: tuple[Programme, ...] = ()
    exit: Expression | None = None
    wake: Wake | None = None


class OwnTrack(NurturingTrack):
    """A track of a name of one's own `within` one of the three: for leads that come there for one of `reasons` (any, where
    left out) and of which `when` holds then. The first that fits takes the lead; else it is on the track itself.

    What it leaves out is as for the track that it is within: `entry`, `exit` and `wake`.
    """

    within: Track
    reasons: tuple[Reason, ...] = ()
    when: Expression = "true"


class Nurturing(FileModel):
    """The three tracks, and `tracks` of one's own within them; what they are for is told to the platform with the event."""

    warm_up: NurturingTrack
    recycle: NurturingTrack
    growth: NurturingTrack
    tracks: dict[Name, OwnTrack] = {}

    @model_validator(mode="after")
    def _names_are_ones_own(self) -> Nurturing:
        for name in self.tracks:
            if name in get_args(Track):
                raise BrokenAt(f"`{name}` is one of the three tracks; choose a name of your own", "tracks", name)
        return self

    @property
    def all(self) -> dict[str, NurturingTrack]:
        """Every track by its name, the three first."""
        return {**{name: self.track(name) for name in get_args(Track)}, **self.tracks}

    def track(self, name: Track) -> NurturingTrack:
        match name:
            case "warm_up":
                return self.warm_up
            case "recycle":
                return self.recycle
            case "growth":
                return self.growth
            case _:
                assert_never(name)


class Approvers(FileModel):
    """Who of a side's people may approve a version for it, by name. Left out: whoever has a role of the side."""

    marketing: Names = ()
    sales: Names = ()

    @model_validator(mode="after")
    def _are_two(self) -> Approvers:
        if self.marketing and self.sales and len({*self.marketing, *self.sales}) == 1:
            raise ValueError(
                f"`{self.sales[0]}` alone cannot approve for both sides; name somebody else for one of them"
            )
        return self

    def of(self, side: Side) -> tuple[str, ...]:
        match side:
            case "marketing":
                return self.marketing
            case "sales":
                return self.sales
            case _:
                assert_never(side)


class AgreementFile(FileModel):
    """The whole file, as written. `version` is the version of the file's format. `channels` are the names of places where
    people are told, such as a chat room: ladders use them, and the event says which."""

    version: Literal[1, "1"]
    organisation: Name
    title: Annotated[str, Field(min_length=1, max_length=200)]
    brands: Annotated[tuple[Name, ...], Field(min_length=1)] = ("default",)
    approvers: Approvers = Approvers()
    calendars: dict[Name, Calendar] = {}
    segments: dict[Name, Segment] = {}
    territories: dict[Name, Territory] = {}
    attributes: dict[Name, Attribute] = {}
    scoring: Scoring = Scoring()
    definitions: Definitions
    sales_ready_tags: tuple[str, ...] = ()
    routing: Routing
    handover: Handover = Handover()
    sla: Sla = Sla()
    channels: tuple[Name, ...] = ()
    nurturing: Nurturing
    exempt_lists: tuple[str, ...] = ()
    suppression: Suppression = Suppression()
    goals: Goals = Goals()
    forum: Forum | None = None
