"""The channels of the alerts' file, by kind: where a message goes, and the names of the secrets that open it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from schemas.calendar import zone_name
from schemas.notify import Language, QuietHours, Wait
from schemas.sources import SecretName
from schemas.words import Name
from schemas.yamlfile import FileModel

Address = Literal["email", "slack", "teams", "phone"]
"""Where a person of the roster can be told, as their `notify` names it."""
Url = Annotated[str, Field(pattern=r"^https?://[^\s/]+.*$", max_length=2000)]


class _Channel(FileModel):
    """What all kinds have. `language` and `zone` are those of a room; a person's own come from the roster. `quiet_hours` are those
    of a room. `allow_private`: it may lead to an address inside, and by plain http."""

    address: ClassVar[Address | None] = None
    """Of which address of a person it makes use; None for a kind that has a place of its own."""
    keeps_state: ClassVar[bool] = False
    """Whether what was told is changed there when it is acknowledged or over."""
    has_threads: ClassVar[bool] = False
    """Whether each message there is kept by itself, so that what follows goes to the very one it is about."""

    name: Name
    language: Language | None = None
    zone: Annotated[str, AfterValidator(zone_name)] | None = None
    quiet_hours: QuietHours | None = None
    allow_private: bool = False

    @property
    def is_shared(self) -> bool:
        """Whether it is one place for all, so that people are not told one by one."""
        return self.address is None

    @model_validator(mode="after")
    def _is_not_read_on_the_way(self) -> Self:
        if str(getattr(self, "url", "")).startswith("http://") and not self.allow_private:
            raise ValueError("use https; plain http is for private addresses only, with `allow_private: true`")
        return self


class EmailChannel(_Channel):
    """SMTP. `to` is a mailbox for all; without it each person is told at their own address."""

    address = "email"
    kind: Literal["email"]
    host: Annotated[str, Field(min_length=1, max_length=253)]
    port: Annotated[int, Field(ge=1, le=65535)] = 587
    tls: Literal["starttls", "tls", "none"] = "starttls"
    username: Annotated[str, Field(max_length=320)] | None = None
    password: SecretName | None = None
    sender: Annotated[str, Field(alias="from", pattern=r"^[^@\s<>]+@[^@\s<>]+$", max_length=320)]
    to: Annotated[tuple[Annotated[str, Field(pattern=r"^[^@\s<>]+@[^@\s<>]+$")], ...], Field(max_length=50)] = ()

    @property
    def is_shared(self) -> bool:
        return bool(self.to)

    @model_validator(mode="after")
    def _login_is_whole(self) -> EmailChannel:
        if (self.username is None) != (self.password is None):
            raise ValueError("a login is `username` and `password`; give both, or neither")
        if self.tls == "none" and not self.allow_private:
            raise ValueError(
                "mail would travel in clear; use starttls or tls, or `allow_private: true` for a relay inside"
            )
        return self


class SlackChannel(_Channel):
    """A bot of Slack's. `room` is the id of a channel (C...); without it each person is told directly, by `notify.slack`.
    `signing_secret` proves what its buttons send to /v1/alerts/slack/NAME. `url` is another for GovSlack."""

    address = "slack"
    keeps_state = True
    has_threads = True
    kind: Literal["slack"]
    token: SecretName
    room: Annotated[str, Field(pattern=r"^[CGD][A-Z0-9]{2,30}$")] | None = None
    signing_secret: SecretName | None = None
    url: Url = "https://slack.com/api"

    @property
    def is_shared(self) -> bool:
        return self.room is not None


class SlackHookChannel(_Channel):
    """An incoming webhook of Slack's, whose URL is the secret: simple, and what it wrote cannot be changed later."""

    kind: Literal["slack_webhook"]
    url: SecretName


class TeamsChannel(_Channel):
    """A workflow of Microsoft Teams' that posts cards ("when a Teams webhook request is received"), whose URL is the secret."""

    kind: Literal["teams"]
    url: SecretName


class PagerDutyChannel(_Channel):
    """A service's integration by Events API v2. `url` is another in the EU. `webhook_secret` proves what a webhook subscription there
    sends to /v1/alerts/pagerduty/NAME, so that acknowledgements come back."""

    keeps_state = True
    has_threads = True
    kind: Literal["pagerduty"]
    routing_key: SecretName
    webhook_secret: SecretName | None = None
    url: Url = "https://events.pagerduty.com"


class AlertmanagerChannel(_Channel):
    """Prometheus's Alertmanager, and what takes its format. It groups and repeats by rules of its own. What is open is told again
    every `repeat`, for it forgets it when it starts again."""

    keeps_state = True
    kind: Literal["alertmanager"]
    url: Url
    token: SecretName | None = None
    repeat: Wait = timedelta(minutes=5)


class WebhookChannel(_Channel):
    """JSON to a URL of yours, signed as Standard Webhooks has it; the first secret signs, all are sent along for rotation."""

    keeps_state = True
    kind: Literal["webhook"]
    url: Url
    secrets: Annotated[tuple[SecretName, ...], Field(min_length=1)]


class MatrixChannel(_Channel):
    """A room on a Matrix server. `room` is its id (!...), `token` that of the user who writes, who has to be in it. `reactions`: whoever
    reacts to a message acknowledges what it tells of."""

    keeps_state = True
    has_threads = True
    kind: Literal["matrix"]
    url: Url
    token: SecretName
    room: Annotated[str, Field(pattern=r"^![^\s/]{1,250}$")]
    reactions: bool = False


class AppriseChannel(_Channel):
    """A service that Apprise knows (`pip install 'stafett[apprise]'`): its URL, as Apprise writes it, is the secret `url`, and begins with
    `service://`. `hosts` are all that may be reached for it, by name or address."""

    kind: Literal["apprise"]
    url: SecretName
    service: Annotated[str, Field(pattern=r"^[a-z][a-z0-9]{0,30}$")]
    hosts: Annotated[
        tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9.:_-]{1,253}$")], ...], Field(min_length=1, max_length=20)
    ]


Channel = Annotated[
    EmailChannel
    | SlackChannel
    | SlackHookChannel
    | TeamsChannel
    | PagerDutyChannel
    | AlertmanagerChannel
    | WebhookChannel
    | MatrixChannel
    | AppriseChannel,
    Field(discriminator="kind"),
]
