"""Who both sides want and what they aim at: segments, scoring and goals of the agreement."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, PlainValidator, WithJsonSchema, model_validator

from schemas.domains import host_of
from schemas.duration import parse_duration
from schemas.signals import INTERNAL_KINDS, Kind
from schemas.words import Expression, Name, one_or_more
from schemas.yamlfile import FileModel


def _duration(value: object) -> timedelta:
    span = value if isinstance(value, timedelta) else parse_duration(str(value))
    if span <= timedelta(0):
        raise ValueError("a half-life is longer than nothing, for example 14d")
    return span


def _plain(value: timedelta) -> str:
    return f"{int(value.total_seconds())}s"


HalfLife = Annotated[
    timedelta,
    PlainValidator(_duration),
    PlainSerializer(_plain, return_type=str),
    WithJsonSchema({"type": "string", "examples": ["14d", "36h"]}),
]
"""After this long half of the points are left, after twice as long a quarter."""


def _fold_case(value: object) -> object:
    return value.strip().casefold() if isinstance(value, str) else value


def _domain(value: object) -> object:
    return (host_of(value) or _fold_case(value)) if isinstance(value, str) else value


Country = Annotated[
    str, BeforeValidator(lambda v: v.upper() if isinstance(v, str) else v), Field(pattern=r"^[A-Z]{2}$")
]
Industry = Annotated[str, BeforeValidator(_fold_case), Field(min_length=1, max_length=100)]
Domain = Annotated[
    str, BeforeValidator(_domain), Field(pattern=r"^[^\s@/:]+\.[^\s@/:.]+$", description="a domain: acme.example")
]
Points = Annotated[int, Field(ge=-1000, le=1000)]


class Employees(FileModel):
    """Both ends belong to it; one left out is open."""

    least: Annotated[Annotated[int, Field(ge=0)] | None, Field(alias="from")] = None
    most: Annotated[Annotated[int, Field(ge=0)] | None, Field(alias="to")] = None

    @model_validator(mode="after")
    def _holds_something(self) -> Employees:
        if self.least is None and self.most is None:
            raise ValueError("say `from`, `to` or both")
        if self.least is not None and self.most is not None and self.most < self.least:
            raise ValueError(f"`to: {self.most}` is below `from: {self.least}`, so no company is of that size")
        return self


class Segment(FileModel):
    """A shared target list. All that is said must hold; a company named in `accounts` belongs whatever else is said.

    What is not known of a company is not held to fit. Industries and domains are compared without regard to case and accents.
    """

    purpose: Annotated[str | None, Field(max_length=500)] = None
    industries: tuple[Industry, ...] = ()
    countries: tuple[Country, ...] = ()
    employees: Employees | None = None
    accounts: tuple[Domain, ...] = ()
    when: Expression = "true"

    @model_validator(mode="after")
    def _says_something(self) -> Segment:
        if not (self.industries or self.countries or self.employees or self.accounts or self.when != "true"):
            raise ValueError("the segment says nothing, so everybody would be in it; name industries, countries, ...")
        return self

    @property
    def only_accounts(self) -> bool:
        """Whether it is a list of named accounts and nothing else."""
        return not (self.industries or self.countries or self.employees or self.when != "true")


Place = Annotated[str, BeforeValidator(_fold_case), Field(min_length=1, max_length=100)]


def _prefix(value: object) -> object:
    return value.upper().replace(" ", "") if isinstance(value, str) else value


Prefix = Annotated[str, BeforeValidator(_prefix), Field(pattern=r"^[A-Z0-9]{1,7}$", description="how postcodes begin")]


class Territory(FileModel):
    """A part of the world: in one of `countries`, where they are said, and in one of `regions`, `cities` or `postcodes` (by
    how they begin), where any of those are. Compared without regard to case, accents, gaps and words such as `län` or `county`."""

    countries: tuple[Country, ...] = ()
    regions: tuple[Place, ...] = ()
    cities: tuple[Place, ...] = ()
    postcodes: tuple[Prefix, ...] = ()

    @model_validator(mode="after")
    def _is_somewhere(self) -> Territory:
        if not (self.countries or self.regions or self.cities or self.postcodes):
            raise ValueError("the territory says nothing, so everybody would be in it; name countries, regions, ...")
        if self.postcodes and not self.countries:
            raise ValueError("`postcodes` need `countries`: other countries have postcodes that begin so too")
        return self


FieldName = Annotated[str, Field(min_length=1, max_length=200)]
AttributeType = Literal["text", "number", "yes_no"]


class Attribute(FileModel):
    """A fact of your own: of which type, and under which names (without regard to case) it stands in signals' fields.

    It is decided on, so it is kept beside the other facts when a person is erased: declare nothing that names somebody.
    """

    type: AttributeType
    fields: Annotated[
        tuple[FieldName, ...],
        BeforeValidator(one_or_more, json_schema_input_type=FieldName | tuple[FieldName, ...]),
        Field(alias="from", min_length=1),
    ]


class FitRule(FileModel):
    """Points for who they are, as long as `when` holds."""

    name: Name
    when: Expression
    points: Points


def _outside(value: object) -> object:
    if isinstance(value, str) and value in set(INTERNAL_KINDS):
        raise ValueError(f"`{value}` is our own; points are for what happens outside")
    return value


class IntentRule(FileModel):
    """Points for each signal of kind `on` of which `when` held when it came, halved every `half_life`.

    `most` bounds what the rule gives in all, so that forty page views are no hand raised.
    """

    name: Name
    on: Annotated[Kind, BeforeValidator(_outside)]
    when: Expression = "true"
    points: Points
    half_life: HalfLife | None = None
    most: Annotated[int | None, Field(ge=1, le=10_000)] = None


class Scoring(FileModel):
    """Fit and intent points. Reckoned when an expression asks for them, at the instant it asks about."""

    half_life: HalfLife = timedelta(days=14)
    fit: tuple[FitRule, ...] = ()
    intent: tuple[IntentRule, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> Scoring:
        names = [*(rule.name for rule in self.fit), *(rule.name for rule in self.intent)]
        if len(names) != len(set(names)):
            raise ValueError("two scoring rules have the same name; explanations name the rule, so names are unique")
        return self


class Goal(FileModel):
    """One SMART goal: so many of `metric` by the end of the day `by`, counted from `since`."""

    name: Name
    metric: Literal["customers", "revenue", "opportunities", "hand_overs", "qualified_leads", "meetings"]
    target: Annotated[float, Field(gt=0)]
    since: Annotated[date | None, Field(alias="from")] = None
    by: date
    side: Literal["marketing", "sales", "both"] = "both"
    statement: Annotated[str | None, Field(max_length=500)] = None

    @model_validator(mode="after")
    def _takes_time(self) -> Goal:
        if self.since is not None and self.since > self.by:
            raise ValueError(f"`by: {self.by}` is before `from: {self.since}`")
        return self


class Budget(FileModel):
    """What sales is to bring in, from the first day to the last, both counted."""

    amount: Annotated[float, Field(gt=0)]
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$", description="ISO 4217, for example SEK")]
    since: Annotated[date, Field(alias="from")]
    by: Annotated[date, Field(alias="to")]
    customers: Annotated[int | None, Field(ge=1, description="new customers wanted in that time")] = None

    @model_validator(mode="after")
    def _takes_time(self) -> Budget:
        if self.since > self.by:
            raise ValueError(f"`to: {self.by}` is before `from: {self.since}`")
        return self


class CustomerValue(FileModel):
    """What a customer is worth: the mean amount of a deal won (a year's revenue), times `years` that a customer stays, times the
    `margin`, from 0 to 1, that is left of revenue."""

    years: Annotated[float, Field(gt=0, le=100)]
    margin: Annotated[float, Field(gt=0, le=1)]


class Goals(FileModel):
    """What both sides aim at. The weekly forum's report is held against it; no decision on a lead depends on it."""

    smart: tuple[Goal, ...] = ()
    sales_budget: Budget | None = None
    pipeline_factor: Annotated[
        float | None, Field(ge=1, le=100, description="open pipeline wanted, in budgets: 3 is 3x")
    ] = None
    ltv_to_cac: Annotated[
        float | None, Field(gt=0, le=1000, description="lifetime value of a customer over the cost of winning one")
    ] = None
    customer_value: CustomerValue | None = None

    @model_validator(mode="after")
    def _names_are_unique(self) -> Goals:
        names = [goal.name for goal in self.smart]
        if len(names) != len(set(names)):
            raise ValueError("two goals have the same name; the report names the goal, so names are unique")
        return self
