"""Commands: what people and programs may ask for. Each has a reason, and becomes a signal in its lead's own order."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, model_validator

from schemas.instants import Instant
from schemas.roster import Member
from schemas.words import Name, Side, is_not_qualified

LeadId = Annotated[str, Field(pattern=r"^lead_[a-z2-7]{26}$", examples=["lead_o6ax5urvbbdx52qw5d5xi7r5f7"])]


class _Command(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")
    reason: Annotated[str, Field(min_length=1, max_length=300, description="Why; told in the history and events.")]


class _OnLead(_Command):
    lead: LeadId


class Accept(_OnLead):
    """The owner takes the open offer."""

    command: Literal["accept"]


class Reject(_OnLead):
    """The owner hands it back; for `not_qualified` the failed criterion has to be named."""

    command: Literal["reject"]
    criterion: Annotated[str | None, Field(max_length=200)] = None

    @model_validator(mode="after")
    def _criterion_is_named(self) -> Reject:
        if is_not_qualified(self.reason) and self.criterion is None:
            raise ValueError("for `not_qualified` name the failed `criterion`")
        return self


class Claim(_OnLead):
    """Whoever asks becomes the owner."""

    command: Literal["claim"]


class Assign(_OnLead):
    """A manager names the owner."""

    command: Literal["assign"]
    person: Name


class Delegate(_OnLead):
    """The owner, or an SDR, gives it to somebody else."""

    command: Literal["delegate"]
    person: Name


class Hold(_OnLead):
    """Neither qualified nor handed over until it is released, or until then (30 days where absent, a year at most); what
    sales does with it counts all the same."""

    command: Literal["hold"]
    until: Instant | None = None


class Release(_OnLead):
    command: Literal["release"]


class BrandList(_OnLead):
    """Mail of these lists goes on while sales is in dialogue; an empty list takes the exemption back."""

    command: Literal["brand_list"]
    lists: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(max_length=50)]


class SetDisposition(_OnLead):
    command: Literal["disposition"]
    disposition: Literal["active", "spam", "not_a_buyer", "do_not_contact"]


class Merge(_OnLead):
    """`other` is the same person: it becomes one with `lead`, which is kept. It can be taken back."""

    command: Literal["merge"]
    other: LeadId


class Unmerge(_OnLead):
    """`other` was merged into `lead` by mistake: it gets back owner, clocks, offer and count."""

    command: Literal["unmerge"]
    other: LeadId


class Absence(_Command):
    """Away from `since` (now where absent) to `until` (until they return where absent). Open offers are handed back."""

    command: Literal["absence"]
    person: Name
    since: Instant | None = None
    until: Instant | None = None

    @model_validator(mode="after")
    def _ends_after_it_begins(self) -> Absence:
        if self.since is not None and self.until is not None and self.until <= self.since:
            raise ValueError("`until` is not after `since`")
        return self


class Return(_Command):
    """Back earlier than was said, or at all."""

    command: Literal["return"]
    person: Name


class Join(_Command):
    """Somebody new, or back for good; `seats` are {pool: weight}."""

    command: Literal["join"]
    member: Member
    seats: dict[Name, Annotated[float, Field(gt=0, le=100)]] = {}


class Leave(_Command):
    """Gone for good: everything they own goes to their successor, else to whom the rules say."""

    command: Literal["leave"]
    person: Name


class PausePool(_Command):
    command: Literal["pause_pool"]
    pool: Name


class ResumePool(_Command):
    command: Literal["resume_pool"]
    pool: Name


class Approve(_Command):
    """The asker approves, for one side, the version of the agreement with this hash; publishing it takes both sides."""

    command: Literal["approve"]
    hash: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$", description="Whole, as `stafett agreement check` prints it.")]
    side: Side


OnLead = Accept | Reject | Claim | Assign | Delegate | Hold | Release | BrandList | SetDisposition | Merge | Unmerge
OnRoster = Absence | Return | Join | Leave | PausePool | ResumePool
AnyCommand = OnLead | OnRoster | Approve


class Command(RootModel[Annotated[AnyCommand, Field(discriminator="command")]]):
    """Any of them; `command` says which."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"command": "accept", "lead": "lead_o6ax5urvbbdx52qw5d5xi7r5f7", "reason": "calling today"}]
        }
    )
