"""The `sla` part of the agreement: promises of both sides, what starts, pauses and keeps them, and what a breach leads to."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from schemas.duration import Target, TargetValue, parse_target
from schemas.json_values import JsonObject
from schemas.signals import INTERNAL_KINDS, Kind
from schemas.words import Action, Expression, Name, Names, Side, Telling
from schemas.yamlfile import FileModel

Metric = Literal["follow_up", "acceptance", "qualification", "dossier", "custom"]
Start = Literal["contact", "qualification", "hand_over", "offer", "acceptance", "deal", "nurturing", "signal"]
PERSONAL: tuple[Start, ...] = ("offer", "acceptance", "deal")
"""Starts whose clock measures a person: the one who was offered the lead, or who owns the deal."""
OWNER = "owner"
"""As `calendar` of a policy: the working hours of the person that the clock measures."""
_SALES: tuple[Metric, ...] = ("follow_up", "acceptance")
_STARTS: dict[Metric, tuple[Start, ...]] = {
    "acceptance": ("offer", "hand_over"),
    "qualification": ("qualification",),
    "dossier": ("hand_over",),
    "follow_up": get_args(Start),
    "custom": get_args(Start),
}
"""What a promise of each metric may start with."""
AT_ONCE = parse_target("0s elapsed")


class Match(FileModel):
    """An agreed signal: its kind and, where that is not enough, a condition over lead and signal."""

    kind: Kind
    when: Expression = "true"

    @field_validator("kind")
    @classmethod
    def _comes_from_outside(cls, value: Kind) -> Kind:
        if value in INTERNAL_KINDS:
            raise ValueError(f"`{value}` is our own; a promise is measured by what happens outside")
        return value


def _short(value: object) -> object:
    return {"kind": value} if isinstance(value, str) else value


Matches = tuple[Annotated[Match, BeforeValidator(_short)], ...]
"""Each is a kind (`sales.task_open`) or `{kind: ..., when: ...}`."""


TELLS: tuple[Telling, ...] = get_args(Telling)


class Step(FileModel):
    """What steps of all ladders say: when, who is told, and over which of the agreement's `channels`.

    `to` names people of the roster, or says `team_manager`. `{escalate: team_manager}` is short for `{do: escalate, to:
    [team_manager]}`, and `{notify: {channel: sales}}` for `{do: notify, channel: sales}`.
    """

    after: Target = AT_ONCE
    to: Names = ()
    channel: Name | None = None

    @model_validator(mode="before")
    @classmethod
    def _in_full(cls, value: Any) -> Any:
        """The short form written out."""
        short = [action for action in TELLS if isinstance(value, dict) and action in value]
        if not short:
            return value
        if len(short) > 1 or "do" in value:
            raise ValueError(
                "say one thing that is done, such as `escalate: team_manager`, and add a step for each other"
            )
        short_value = value[short[0]]
        more = short_value if isinstance(short_value, dict) else {"to": short_value} if short_value is not None else {}
        if twice := sorted(more.keys() & value.keys()):
            raise ValueError(f"`{twice[0]}` is said twice")
        return {key: part for key, part in value.items() if key != short[0]} | {"do": short[0], **more}

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Either form, for editors."""
        made = handler.resolve_ref_schema(handler(core))
        parts = made["properties"]
        named = {"to": parts["to"], "channel": parts["channel"]}
        receivers = {"anyOf": [parts["to"], {"type": "object", "properties": named, "additionalProperties": False}]}
        whole = {
            key: made.pop(key) for key in ("type", "properties", "required", "additionalProperties") if key in made
        }
        return made | {"anyOf": [whole, *(_short_schema(action, receivers, parts["after"]) for action in TELLS)]}


def _short_schema(action: Telling, receivers: JsonObject, after: JsonObject) -> JsonObject:
    parts = {action: receivers, "after": after}
    return {"type": "object", "properties": parts, "required": [action], "additionalProperties": False}


class Rung(Step):
    """What a breach leads to, `after` so long from the due instant, while the promise is still not kept.

    `notify` tells the owner, `escalate` the managers; `to` names others instead, `channel` says where. `reassign` offers the
    lead to the next of the route, `take_back` gives it back to marketing.
    """

    do: Action

    @model_validator(mode="after")
    def _only_telling_has_receivers(self) -> Rung:
        if self.do not in TELLS and (self.to or self.channel is not None):
            what = "`to` names who is told" if self.to else "`channel` is where people are told"
            raise ValueError(f"{what}; `{self.do}` goes by the routing rules")
        return self


class Policy(FileModel):
    """One promise. Its clock starts with `starts`, for leads of which `when` holds then; the metric says what keeps it.

    `follow_up` a genuine step by a person (call, meeting, personal message, next step logged); `acceptance` the offer is
    accepted or rejected; `qualification` the lead leaves qualification; `dossier` the dossier is complete; `custom` the
    signals of `fulfil_on`, which may be given beside any other metric too. `starts: signal` starts with `start_on`;
    another such signal while the promise runs starts none, or with `restarts` ends it and starts it anew. `calendar: owner`
    counts the hours that the roster has for the person whom the clock measures; for who has none the calendar `otherwise`,
    which may be left out where the agreement has one calendar only.
    """

    name: Name
    metric: Metric
    side: Side | None = None
    when: Expression = "true"
    starts: Start = "hand_over"
    start_on: Matches = ()
    pause_on: Matches = ()
    resume_on: Matches = ()
    fulfil_on: Matches = ()
    target: Target
    calendar: Name | None = None
    otherwise: Name | None = None
    recurs: bool = False
    restarts: bool = False
    absences: bool = False
    warnings: Annotated[tuple[Target, ...], Field(max_length=10)] = ()
    ladder: Annotated[tuple[Rung, ...], Field(max_length=10)] = ()

    @property
    def promised_by(self) -> Side:
        """Whose promise it is: sales follows up and answers offers; the rest is marketing's unless `side` says other."""
        return self.side or ("sales" if self.metric in _SALES else "marketing")

    def is_in_own_hours(self, calendars: Collection[str]) -> bool:
        """Whether its time is that of a person; a calendar of the agreement that is called `owner` comes first."""
        return self.calendar == OWNER and OWNER not in calendars

    def organisation_calendar(self, calendars: Collection[str]) -> str | None:
        """Of a promise in somebody's own hours: what counts for who has none. None for every other promise, and where
        nothing says which of the `calendars` it is."""
        if not self.is_in_own_hours(calendars):
            return None
        return self.otherwise or (next(iter(calendars)) if len(calendars) == 1 else None)

    @model_validator(mode="after")
    def _calendar_where_needed(self) -> Policy:
        others = (*self.warnings, *(rung.after for rung in self.ladder))
        if self.calendar is None and any(t.kind != "elapsed" for t in (self.target, *others)):
            raise ValueError("a target in business time needs a `calendar`")
        if self.calendar is not None and all(t.kind == "elapsed" for t in (self.target, *others)):
            raise ValueError("a target in elapsed time takes no `calendar`; say `business` if open time is meant")
        return self

    @model_validator(mode="after")
    def _start_fits(self) -> Policy:
        allowed = _STARTS[self.metric]
        if self.starts not in allowed:
            raise ValueError(f"`metric: {self.metric}` starts with {' or '.join(allowed)}, not with {self.starts}")
        if (self.starts == "signal") != bool(self.start_on):
            raise ValueError("`starts: signal` and `start_on` go together: name the signals that start it")
        if self.metric == "custom" and not self.fulfil_on:
            raise ValueError("`metric: custom` needs `fulfil_on`: nothing else would ever keep this promise")
        if bool(self.pause_on) != bool(self.resume_on):
            raise ValueError("`pause_on` and `resume_on` go together: a clock that is paused has to go on some time")
        return self

    @model_validator(mode="after")
    def _person_where_needed(self) -> Policy:
        if self.recurs and (self.starts != "deal" or self.metric != "follow_up"):
            raise ValueError("`recurs` is for steps in a deal: `metric: follow_up` and `starts: deal`")
        if self.restarts and self.starts != "signal":
            raise ValueError(
                "`restarts` is for `starts: signal`: nothing else starts a second time while a promise runs"
            )
        if self.absences and self.starts not in PERSONAL:
            raise ValueError(f"`absences` is for a clock on a person, which starts with {', '.join(PERSONAL)}")
        return self

    @model_validator(mode="after")
    def _warnings_are_before_due(self) -> Policy:
        for warning in self.warnings:
            if warning.kind == "business_days":
                raise ValueError(f"`{warning}`: say a warning's distance from the due instant in hours or minutes")
            if self.target.kind == warning.kind and not _positive(warning) < self.target.amount:
                raise ValueError(f"`{warning}` before due is not within the target `{self.target}`")
        return self


def _positive(target: TargetValue) -> Any:
    if not target.amount:
        raise ValueError("a warning of no time before due is the breach itself")
    return target.amount
