"""Promises of a team, a person or the whole organisation: so many in a month, or such a share of them."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from schemas.duration import Target
from schemas.sla import Policy, Step
from schemas.words import TEAM_MANAGER, Expression, Name, Side, Telling
from schemas.yamlfile import FileModel

Countable = Literal[
    "contact",
    "qualification",
    "hand_over",
    "deal",
    "marketing_qualified",
    "opportunity",
    "offered",
    "accepted",
    "rejected",
    "followed_up",
    "won",
    "lost",
    "returned",
    "meeting_booked",
]
"""A stage entered, a definition met, an answer to a hand-over or its end, a meeting booked: each at its own instant."""
Per = Literal["week", "month", "quarter", "year"]


class Subject(FileModel):
    """Whose leads are counted: those of a team, or of one person, as they had them then. Left out: everybody's."""

    team: Name | None = None
    person: Name | None = None

    @model_validator(mode="after")
    def _says_one(self) -> Subject:
        if (self.team is None) == (self.person is None):
            raise ValueError("say `team` or `person`; leave `subject` out for the whole organisation")
        return self


def _percent(value: object) -> object:
    """`80%` as 0.8, since 80 could be meant as a count."""
    if isinstance(value, str) and (match := re.fullmatch(r"(\d{1,3}(?:\.\d+)?) ?%", value.strip())):
        return float(match[1]) / 100
    raise ValueError(f"`{value}` is no share; write it as 80%")


Share = Annotated[
    float,
    BeforeValidator(_percent),
    Field(gt=0, le=1),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,3}(\.\d+)? ?%$", "examples": ["80%"]}),
]


class Told(Step):
    """Who is told of a breach, `after` so long from the end of the period: `notify` those who promised it, `escalate` the
    managers; `to` names others instead, `channel` says where."""

    do: Telling


class Volume(FileModel):
    """At least so many (`at_least`), or such a share of those `against` (`share`), in each `per` of the calendar's zone.

    One clock a period measures it: it starts with the period and is due at its end. A count is kept as soon as it is
    reached, a share is known at the end; what happened before the end and comes late still counts, and corrects it.

    A promise that begins to rule within a period is first judged in the next, whole one (`first: whole`), or at once for what
    is left of it: `pro_rata` asks for the part of the count that the open time left is of the period's.
    """

    name: Name
    side: Side
    subject: Subject | None = None
    counts: Countable
    against: Countable | None = None
    at_least: Annotated[int | None, Field(ge=1)] = None
    share: Share | None = None
    per: Per
    first: Literal["whole", "pro_rata"] = "whole"
    calendar: Name
    when: Expression = "true"
    warnings: Annotated[tuple[Target, ...], Field(max_length=10)] = ()
    ladder: Annotated[tuple[Told, ...], Field(max_length=10)] = ()

    @model_validator(mode="after")
    def _is_a_count_or_a_share(self) -> Volume:
        if (self.at_least is None) == (self.share is None):
            raise ValueError("say `at_least`, a count, or `share`, such as 80%")
        if (self.share is None) != (self.against is None):
            raise ValueError(
                "`share` and `against` go together: a share of what was counted and what speaks against it"
            )
        if self.against == self.counts:
            raise ValueError("`against` is what speaks against it, such as `rejected` where `accepted` is counted")
        return self

    @model_validator(mode="after")
    def _warnings_have_an_instant(self) -> Volume:
        for warning in self.warnings:
            if warning.kind == "business_days":
                raise ValueError(f"`{warning}`: say a warning's distance from the end in hours, elapsed or business")
        return self

    @model_validator(mode="after")
    def _has_a_manager_to_tell(self) -> Volume:
        if self.subject is None and any(TEAM_MANAGER in rung.to for rung in self.ladder):
            rule = f"the whole organisation has no `{TEAM_MANAGER}`; leave `to` out for all managers, or name somebody"
            raise ValueError(rule)
        return self

    @property
    def promise(self) -> str:
        """In words, as clocks and events say it."""
        if self.share is not None:
            return f"{self.share:.0%} {self.counts}, not {self.against}, a {self.per}"
        return f"{self.at_least} {self.counts} a {self.per}"


class Sla(FileModel):
    """All promises: of single leads, and of how many there are."""

    policies: tuple[Policy, ...] = ()
    volumes: tuple[Volume, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Sla:
        names = [*(policy.name for policy in self.policies), *(volume.name for volume in self.volumes)]
        if len(names) != len(set(names)):
            raise ValueError("two promises have the same name; clocks are named after it, so names are unique")
        if {"offer_expiry", "queue"} & set(names):
            raise ValueError("`offer_expiry` and `queue` are names of clocks of our own; choose another")
        return self
