"""A source's own mapping: which path of a body holds which fact, and what a body means under which condition."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from schemas.signals import INTERNAL_KINDS, Kind
from schemas.yamlfile import FileModel

_INDEX = r"\['[^']+'\]|\[\d+\]|\[[\w.-]+=(?:'[^']*'|[^'\]=]+)\]"
_PATH = re.compile(rf"(?:[^.\[\]']+|{_INDEX})(?:\.[^.\[\]']+|{_INDEX})*")


def _is_path(value: str) -> str:
    if not _PATH.fullmatch(value):
        raise ValueError(
            f"`{value}` is no path; write data.contacts[0].email, ['a name.with dots'].value, or answers[field.ref=size].text"
        )
    return value


def _is_ours(value: Kind) -> Kind:
    if value in INTERNAL_KINDS:
        raise ValueError(f"`{value}` is ours alone; a sender cannot say it")
    return value


Path = Annotated[str, Field(max_length=300), AfterValidator(_is_path)]
OuterKind = Annotated[Kind, AfterValidator(_is_ours)]
Fact = Literal[
    "email",
    "first_name",
    "last_name",
    "full_name",
    "phone",
    "company",
    "domain",
    "industry",
    "country",
    "employees",
    "region",
    "city",
    "postcode",
    "language",
    "external_id",
    "source_kind",
    "occurred_at",
    "form_id",
    "campaign",
    "reason",
    "criterion",
    "amount",
    "currency",
    "handover_id",
    "offer_id",
    "from",
    "to",
    "owner_id",
    "activity_type",
    "person_id",
    "company_id",
    "deal_id",
    "activity_id",
    "delivery_id",
]


class Rule(FileModel):
    """`when` is a CEL condition over `body` (one event) and `headers` (lower case); the first rule that holds counts.

    A condition that asks for what the body does not have does not hold.
    """

    when: Annotated[str, Field(min_length=1, max_length=2000)]
    kind: OuterKind | None = None
    facts: dict[Fact, Path] = {}
    skip: bool = False
    test: bool = False

    @model_validator(mode="after")
    def _says_something(self) -> Rule:
        if self.skip and (self.kind or self.facts or self.test):
            raise ValueError("a rule that skips an event says nothing else of it")
        if not (self.skip or self.test or self.kind or self.facts):
            raise ValueError("a rule has `kind`, `facts`, `test` or `skip`")
        return self


class Mapping(FileModel):
    """`events` is the path of the list of events in a body, where it holds several. `facts` and `fields` (answers by names
    of ours) hold for every event. `guess: false` reads what is mapped and nothing else."""

    events: Path | None = None
    kind: OuterKind | None = None
    facts: dict[Fact, Path] = {}
    fields: dict[str, Path] = {}
    rules: Annotated[tuple[Rule, ...], Field(max_length=100)] = ()
    guess: bool = True
