"""The subscriptions file: who gets which events as signed webhooks."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator, model_validator

from schemas.events import EVENT_TYPES, TOPICS
from schemas.signals import Mode
from schemas.sources import SecretName
from schemas.words import Name, probably
from schemas.yamlfile import FileModel


class Subscription(FileModel):
    """`events` are topics (`sla`), types, or patterns (`stafett.handover.*`). `secrets` are Standard Webhooks' (whsec_...),
    the first signs, all are sent along for rotation. `modes`: trials and tests are delivered only where asked for."""

    name: Name
    url: Annotated[str, Field(pattern=r"^https?://[^\s/]+.*$", max_length=2000)]
    events: Annotated[tuple[str, ...], Field(min_length=1)]
    secrets: Annotated[tuple[SecretName, ...], Field(min_length=1)]
    allow_private: bool = False
    modes: tuple[Mode, ...] = ("live",)

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
    def _private_only_where_said(self) -> Subscription:
        if self.url.startswith("http://") and not self.allow_private:
            raise ValueError("use https; plain http is for private addresses only, with `allow_private: true`")
        return self

    def wants(self, topic: str, event_type: str) -> bool:
        """Whether an event of this topic and type is subscribed to."""
        return any(pattern == topic or fnmatchcase(event_type, pattern) for pattern in self.events)


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
