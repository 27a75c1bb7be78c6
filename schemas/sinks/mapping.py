"""Which of our facts goes into which field of theirs: a path, and a closed set of ways to write what stands there."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from schemas.json_values import JsonValue
from schemas.words import probably
from schemas.yamlfile import BrokenAt, FileModel

FACTS = (
    "lead.id",
    "handover.id",
    "handover.pass_number",
    "offer.id",
    "offer.number",
    "offer.expires_at",
    "offer.follow_up_due_at",
    "owner.person",
    "event.time",
    "contact.email",
    "contact.first_name",
    "contact.last_name",
    "contact.full_name",
    "contact.phone",
    "company.name",
    "company.domain",
    "company.industry",
    "company.employees",
    "company.country",
    "company.region",
    "company.city",
    "company.postcode",
    "sla.due_at",
    "sla.state",
    "sla.breached_at",
    "sla.kept_at",
    "outcome.state",
    "outcome.reason",
    "outcome.at",
    "qualification.fact",
    "qualification.at",
    "qualification.fit",
    "qualification.intent",
    "qualification.score",
    "qualification.reasons",
    "links.lead",
    "links.explanation",
    "dossier.source",
    "dossier.campaign",
    "dossier.tags",
    "dossier.next_step",
    "dossier.meeting_booked_at",
    "dossier.complete",
    "dossier.missing",
)
"""What a hand-over can say, by the names that a mapping uses; `answers.NAME` beside them is an answer of a form."""
ANSWERS = "answers."
SLA = "sla."
"""Before the facts of the promise to follow up, which change after the hand-over was offered."""
OUTCOME = "outcome."
"""Before the facts of what came of an offer or of the hand-over: they stand until it is offered again."""
TheirField = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.\-]{0,199}$")]


def _is_fact(path: str) -> str:
    if path in FACTS or (path.startswith(ANSWERS) and len(path) > len(ANSWERS)):
        return path
    raise ValueError(f"`{path[:80]}` is no fact of a hand-over{probably(path, FACTS)}; docs/sinks.md lists them")


class FieldRule(FileModel):
    """One field of theirs. `of`: the fact, or several of which the first that is known counts. `join`: several in one text, with
    `between` between those that are known. `date`: an instant as the day alone (`day`) or as the vendor's own instant
    (`instant`). `truncate`: characters at most. `words`: their word for each of ours; what is not among them is left out.
    `value`: always this. A fact that is not known writes nothing.
    """

    of: tuple[str, ...] = ()
    join: tuple[str, ...] = ()
    between: Annotated[str, Field(max_length=10)] = " "
    date: Literal["day", "instant"] | None = None
    truncate: Annotated[int, Field(ge=1, le=65_536)] | None = None
    words: dict[str, str] = {}
    value: str | int | float | bool | None = None

    @field_validator("of", mode="before")
    @classmethod
    def _one_or_more(cls, value: JsonValue) -> JsonValue:
        return (value,) if isinstance(value, str) else value

    @field_validator("of", "join")
    @classmethod
    def _are_facts(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_is_fact, value))

    @model_validator(mode="after")
    def _one_origin(self) -> FieldRule:
        if sum((bool(self.of), bool(self.join), self.value is not None)) != 1:
            raise ValueError("a field has one of `of`, `join` and `value`")
        paths = (*self.of, *self.join)
        for part, what in ((SLA, "the promise"), (OUTCOME, "the outcome")):
            if 0 < sum(path.startswith(part) for path in paths) < len(paths):
                raise ValueError(
                    f"facts of {what} (`{part}`) are written when it changes, so they stand in a field by themselves"
                )
        return self

    @property
    def is_of_promise(self) -> bool:
        """Whether it tells of the promise to follow up: such a field is ours, and is written again whenever that changes."""
        return any(path.startswith(SLA) for path in (*self.of, *self.join))

    @property
    def is_of_outcome(self) -> bool:
        """Whether it tells what came of the hand-over; ours as well."""
        return any(path.startswith(OUTCOME) for path in (*self.of, *self.join))


def _short_form(rules: JsonValue) -> JsonValue:
    """`their_field: contact.phone` is `their_field: {of: contact.phone}`."""
    if not isinstance(rules, dict):
        return rules
    return {name: {"of": rule} if isinstance(rule, str | list) else rule for name, rule in rules.items()}


class FieldRules(FileModel):
    """Their fields, by the kind of record that has them."""

    contact: dict[TheirField, FieldRule] = {}
    company: dict[TheirField, FieldRule] = {}
    opportunity: dict[TheirField, FieldRule] = {}

    @field_validator("contact", "company", "opportunity", mode="before")
    @classmethod
    def _short(cls, value: JsonValue) -> JsonValue:
        return _short_form(value)

    @field_validator("contact", "company")
    @classmethod
    def _promises_are_of_hand_overs(cls, value: dict[str, FieldRule]) -> dict[str, FieldRule]:
        for name, rule in value.items():
            if rule.is_of_promise:
                raise BrokenAt("the promise to follow up is of a hand-over: write it into the opportunity", name)
            if rule.is_of_outcome:
                raise BrokenAt("the outcome is of a hand-over: write it into the opportunity", name)
        return value

    @property
    def of_promise(self) -> dict[str, FieldRule]:
        """Fields of the opportunity that tell of the promise to follow up."""
        return {name: rule for name, rule in self.opportunity.items() if rule.is_of_promise}

    @property
    def of_outcome(self) -> dict[str, FieldRule]:
        """Fields of the opportunity that tell what came of the hand-over."""
        return {name: rule for name, rule in self.opportunity.items() if rule.is_of_outcome}
