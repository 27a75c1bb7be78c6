"""The subscriptions file: who gets which events as signed webhooks."""

from __future__ import annotations

import re
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import Annotated, Literal, NamedTuple
from urllib.parse import urlsplit

from pydantic import (
    AwareDatetime,
    Field,
    PlainSerializer,
    PlainValidator,
    SecretStr,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from schemas.duration import Window
from schemas.events import EVENT_TYPES, TOPICS
from schemas.signals import Mode
from schemas.sources import SecretName
from schemas.words import Name, probably
from schemas.yamlfile import FileModel

Payload = Literal["cloudevents", "flat"]
MOST = 1000
"""Events a second, and at once, that a rate may say."""
_RATE = re.compile(r"(\d{1,6})/(s|m|h)")
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class RateValue(NamedTuple):
    """So many events in a second, a minute or an hour."""

    events: int
    unit: str

    @property
    def interval(self) -> timedelta:
        """From one event to the next."""
        return timedelta(seconds=_SECONDS[self.unit]) / self.events

    @property
    def a_second(self) -> int:
        """Events a second, rounded up."""
        return -(-self.events // _SECONDS[self.unit])

    def __str__(self) -> str:
        return f"{self.events}/{self.unit}"


def _read_rate(value: object) -> RateValue:
    if isinstance(value, RateValue):
        return value
    match = _RATE.fullmatch(value) if isinstance(value, str) else None
    rate = RateValue(int(match[1]), match[2]) if match and int(match[1]) else None
    if rate is None or rate.a_second > MOST:
        raise ValueError(f"write how many events a second, a minute or an hour, {MOST}/s at most: 10/s, 600/m, 1000/h")
    return rate


Rate = Annotated[
    RateValue,
    PlainValidator(_read_rate),
    PlainSerializer(str, return_type=str),
    WithJsonSchema({"type": "string", "pattern": _RATE.pattern, "examples": ["10/s", "600/m"]}),
]
"""A field that is written as text and read as `RateValue`."""


class Breaker(FileModel):
    """What spares a receiver that takes nothing. After `failures` tries that failed one after the other nothing is sent for
    `pause`, then one event; where that fails, the next pause is twice as long, up to `longest`. Once anything is taken all
    goes on. Who took nothing for `disable_after` is sent nothing more until somebody enables it; its place is kept."""

    failures: Annotated[int, Field(ge=1, le=MOST)] = 10
    pause: Window = timedelta(seconds=10)
    longest: Window = timedelta(minutes=15)
    disable_after: Window = timedelta(days=5)

    @model_validator(mode="after")
    def _grows(self) -> Breaker:
        if self.longest < self.pause:
            raise ValueError("`longest` is shorter than `pause`, the first of the pauses; make it at least as long")
        return self


class SubscriptionTerms(FileModel):
    """Who gets which events, and how. `events` are topics (`sla`), types, or patterns (`stafett.handover.*`). `modes`: trials
    and tests are delivered only where asked for. `payload`: the envelope, or one flat object for tools that read no
    envelopes. `rate` and `burst`: how much it is sent, and how much at once after a rest (a second's worth where it is left
    out). `schedule`: the pauses after a try that failed; an event is given up after as many tries and one (nine pauses, about
    three days, where it is left out)."""

    name: Name
    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+.*$", max_length=2000)]
    events: Annotated[tuple[str, ...], Field(min_length=1, max_length=100)]
    allow_private: bool = False
    modes: tuple[Mode, ...] = ("live",)
    payload: Payload = "cloudevents"
    rate: Rate | None = None
    burst: Annotated[int, Field(ge=1, le=MOST)] | None = None
    schedule: Annotated[tuple[Window, ...], Field(min_length=1, max_length=30)] | None = None
    breaker: Breaker = Breaker()

    @field_validator("events")
    @classmethod
    def _exist(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        """One that fits nothing would wait for ever."""
        for pattern in value:
            if pattern not in TOPICS and not any(fnmatchcase(name, pattern) for name in EVENT_TYPES):
                near = probably(pattern, (*TOPICS, *EVENT_TYPES))
                raise ValueError(f"`{pattern}` fits no topic ({', '.join(TOPICS)}) and no type of event{near}")
        return value

    @field_validator("url")
    @classmethod
    def _usable(cls, value: str) -> str:
        try:
            parts = urlsplit(value)
            if not parts.hostname or parts.port == 0:
                raise ValueError("a URL has a host, and a port from 1 to 65535")
            parts.hostname.encode("idna")
        except UnicodeError:
            raise ValueError("no name server knows such a host") from None
        return value

    @model_validator(mode="after")
    def _private_only_where_said(self) -> SubscriptionTerms:
        if self.url.startswith("http://") and not self.allow_private:
            raise ValueError("use https; plain http is for private addresses only, with `allow_private: true`")
        return self

    @model_validator(mode="after")
    def _burst_has_a_rate(self) -> SubscriptionTerms:
        if self.burst is not None and self.rate is None:
            raise ValueError(
                "`burst` says how much may go at once beside a `rate`; say the rate, or leave out the burst"
            )
        return self

    def wants(self, topic: str, event_type: str) -> bool:
        """Whether an event of this topic and type is subscribed to."""
        return any(pattern == topic or fnmatchcase(event_type, pattern) for pattern in self.events)


class Subscription(SubscriptionTerms):
    """One of the file. `secrets` are names of Standard Webhooks' secrets (whsec_...): the first signs, all are sent along for
    rotation."""

    secrets: Annotated[tuple[SecretName, ...], Field(min_length=1, max_length=10)]


class SubscriptionsFile(FileModel):
    """The whole file. `version` is the version of its format."""

    version: Literal[1, "1"]
    subscriptions: tuple[Subscription, ...] = ()

    @model_validator(mode="after")
    def _names_are_unique(self) -> SubscriptionsFile:
        names = [subscription.name for subscription in self.subscriptions]
        if len(names) != len(set(names)):
            raise ValueError("two subscriptions have the same name")
        return self


class SubscriptionOrder(SubscriptionTerms):
    """A subscription to be made over the API. `secret` is yours, else one is made."""

    secret: SecretStr | None = None


class SubscriptionChange(FileModel):
    """What changes of a subscription that was made over the API; what is left out stays. `rate`, `burst` and `schedule` are
    taken back with null."""

    url: str | None = None
    events: tuple[str, ...] | None = None
    allow_private: bool | None = None
    modes: tuple[Mode, ...] | None = None
    payload: Payload | None = None
    rate: Rate | None = None
    burst: int | None = None
    schedule: tuple[Window, ...] | None = None
    breaker: Breaker | None = None

    def apply(self, terms: SubscriptionTerms) -> SubscriptionTerms:
        """The subscription as it is then. Raises pydantic.ValidationError."""
        changes = self.model_dump(mode="json", exclude_unset=True)
        return SubscriptionTerms.model_validate(terms.model_dump(mode="json") | changes)


class SecretChange(FileModel):
    """`secret` is yours, else one is made. The secrets of before go on signing for `keep_old`."""

    secret: SecretStr | None = None
    keep_old: Window = timedelta(days=1)


class ReplayOrder(FileModel):
    """Either one event, or the window from `from` up to `to` (now, where it is left out)."""

    event: Annotated[str, Field(max_length=320)] | None = None
    since: Annotated[AwareDatetime | None, Field(alias="from")] = None
    until: Annotated[AwareDatetime | None, Field(alias="to")] = None

    @model_validator(mode="after")
    def _one_of_two(self) -> ReplayOrder:
        if (self.event is None) == (self.since is None) or (self.event is not None and self.until is not None):
            raise ValueError("say either `event`, or `from` and `to`")
        return self
