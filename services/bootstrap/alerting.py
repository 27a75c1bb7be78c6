"""The alerts' file with its secrets in hand, and what the role takes from the other parts."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import assert_never
from urllib.parse import quote

import httpx

from routing.incidents.targets import TargetTrouble
from routing.model.records import Lead
from routing.people.roster import Roster
from schemas.alert_channels import (
    AlertmanagerChannel,
    AppriseChannel,
    Channel,
    EmailChannel,
    MatrixChannel,
    PagerDutyChannel,
    SlackChannel,
    SlackHookChannel,
    TeamsChannel,
    WebhookChannel,
)
from schemas.alerts import PLACES, AlertsFile
from schemas.http import LeadPersonal
from schemas.sinks import SinksFile
from schemas.words import probably
from schemas.yamlfile import FileError, load, problems_of
from services.alerts.channels.alertmanager import AlertmanagerSender
from services.alerts.channels.apprise import AppriseSender, is_installed
from services.alerts.channels.email import EmailSender
from services.alerts.channels.matrix import MatrixSender
from services.alerts.channels.pagerduty import PagerDutySender
from services.alerts.channels.sender import Post, Sender
from services.alerts.channels.slack import SlackSender
from services.alerts.channels.slack_webhook import SlackHookSender
from services.alerts.channels.teams import TeamsSender
from services.alerts.channels.webhook import WebhookSender
from services.alerts.messages.building import About, Links
from services.alerts.tokens import token_of
from services.bootstrap.parts import Parts, read_file, secrets_of
from services.bootstrap.source_watch import SourceWatch
from services.bootstrap.subscribers import terms_of
from services.outbound.signing import key_of
from services.settings import Settings


def alerts_of(settings: Settings) -> AlertsFile:
    """The file; one without channels where there is none. Raises FileError."""
    path = settings.path(settings.files.alerts)
    if not path.exists():
        return AlertsFile(version=1)
    return load(read_file(settings, "alerts"), AlertsFile, str(path))


def check_people(settings: Settings, file: AlertsFile, roster: Roster) -> None:
    """Raises FileError for routes that name somebody who is not in the roster: nobody would be told."""
    known = {*PLACES, *roster.people}
    broken: list[tuple[tuple[str | int, ...], str]] = [
        (
            ("routes", i, "to", j),
            f"`{name}` is nobody of the roster, and none of {', '.join(PLACES)}{probably(name, known)}",
        )
        for i, route in enumerate(file.routes)
        for j, name in enumerate(route.to)
        if name not in known
    ]
    if broken:
        raise FileError(problems_of(str(settings.path(settings.files.alerts)), read_file(settings, "alerts"), broken))


def senders_of(settings: Settings, file: AlertsFile, client: httpx.AsyncClient) -> dict[str, Sender]:
    """By the channel's name. Raises SettingsError for a secret that is not set, FileError for one that cannot be used."""
    return {channel.name: _sender(settings, channel, client) for channel in file.channels}


def secret_of(settings: Settings, channel: Channel, name: str) -> str:
    """Raises SettingsError where it is not set."""
    return secrets_of(settings, (name,), f"channel {channel.name}")[0].strip()


def _sender(settings: Settings, channel: Channel, client: httpx.AsyncClient) -> Sender:
    post = Post(client, allow_private=channel.allow_private)
    match channel:
        case EmailChannel():
            named = channel.password
            return EmailSender(channel, secret_of(settings, channel, named) if named is not None else None)
        case SlackChannel():
            return SlackSender(channel, secret_of(settings, channel, channel.token), post)
        case SlackHookChannel():
            return SlackHookSender(_secret_url(settings, channel, channel.url), post)
        case TeamsChannel():
            return TeamsSender(_secret_url(settings, channel, channel.url), post)
        case PagerDutyChannel():
            return PagerDutySender(channel.url, secret_of(settings, channel, channel.routing_key), post)
        case AlertmanagerChannel():
            token = secret_of(settings, channel, channel.token) if channel.token is not None else None
            return AlertmanagerSender(channel.url, token, post)
        case WebhookChannel():
            return WebhookSender(channel.url, _signing_secrets(settings, channel), post)
        case MatrixChannel():
            return MatrixSender(channel, secret_of(settings, channel, channel.token), post)
        case AppriseChannel():
            return AppriseSender(channel, _apprise_url(settings, channel))
        case _:
            assert_never(channel)


def _apprise_url(settings: Settings, channel: AppriseChannel) -> str:
    url, about = secret_of(settings, channel, channel.url), f"{_path(settings)}:1: channel {channel.name}"
    if not is_installed():
        raise FileError([f"{about}: it needs Apprise, which is not installed: pip install 'stafett[apprise]'"])
    if not url.startswith(f"{channel.service}://"):
        raise FileError([f"{about}: {channel.url} does not begin with `{channel.service}://`, as `service` says"])
    return url


def _secret_url(settings: Settings, channel: Channel, name: str) -> str:
    url = secret_of(settings, channel, name)
    if not url.startswith("https://") and not (channel.allow_private and url.startswith("http://")):
        raise FileError([f"{_path(settings)}:1: channel {channel.name}: {name} is no https:// URL"])
    return url


def _signing_secrets(settings: Settings, channel: WebhookChannel) -> tuple[str, ...]:
    secrets = secrets_of(settings, channel.secrets, f"channel {channel.name}")
    for name, secret in zip(channel.secrets, secrets, strict=True):
        try:
            key_of(secret)
        except ValueError:
            raise FileError(
                [f"{_path(settings)}:1: channel {channel.name}: {name} is no base64 after whsec_"]
            ) from None
    return secrets


def _path(settings: Settings) -> str:
    return str(settings.path(settings.files.alerts))


def links_of(settings: Settings, key: bytes, file: AlertsFile, ident: str, person: str) -> Links:
    """Where a message leads: to what the file says, else to the page of this installation, where somebody said how it is reached."""
    base = (settings.http.public_url or "").rstrip("/")
    if not base:
        return Links(lead=file.links.lead, explain=file.links.explain)
    return Links(
        lead=file.links.lead,
        explain=file.links.explain or f"{base}/leads/{{lead}}",
        acknowledge=f"{base}/alerts/{quote(token_of(key, ident, person))}" if ident else None,
        all_of_them=f"{base}/",
    )


FAILING = timedelta(hours=1)
"""A receiver that takes nothing for so long is told of before it is disabled."""
_DELIBERATE = "by an operator"
"""Whoever stops a receiver by hand knows of it."""


async def target_troubles(parts: Parts, names: Collection[str]) -> list[TargetTrouble]:
    """Of these subscriptions and sinks, and of the subscriptions that were made over the API, those that are sent nothing though
    nobody asked for that."""
    now, found = parts.now(), list[TargetTrouble]()
    known = {*names, *(row.name for row in await parts.subscriptions.all())}
    for state in await parts.deliveries.states():
        if state.subscription not in known or state.disabled == _DELIBERATE:
            continue
        if state.disabled is not None:
            found.append(TargetTrouble(state.subscription, state.disabled, state.failing_since))
        elif state.failing_since is not None and now - state.failing_since >= FAILING:
            found.append(
                TargetTrouble(state.subscription, "it takes nothing, and is tried now and then", state.failing_since)
            )
    return found


async def house_troubles(parts: Parts, names: Collection[str], sources: SourceWatch) -> list[TargetTrouble]:
    """What those who look after the installation are told of: receivers that are sent nothing, and sources that send nothing
    or less than they should."""
    return [*await target_troubles(parts, names), *await sources.troubles()]


def target_names(settings: Settings) -> frozenset[str]:
    """The subscriptions and sinks of the files. Raises FileError."""
    names = {subscription.name for subscription in terms_of(settings)}
    path = settings.path(settings.files.sinks)
    if path.exists():
        names |= {sink.target for sink in load(read_file(settings, "sinks"), SinksFile, str(path)).sinks}
    return frozenset(names)


async def about_leads(parts: Parts, leads: Sequence[str]) -> Mapping[str, About]:
    """Names and companies as they are known now: after an erasure nothing is."""
    found = {}
    for ident in leads:
        if (row := await parts.reading.lead(ident)) is not None:
            known = LeadPersonal.model_validate_json(row.personal) if row.personal else LeadPersonal()
            person = known.person
            name = person.full_name or " ".join(filter(None, [person.first_name, person.last_name])) or person.email
            found[ident] = About(name or None, Lead.read(row.state).company_name)
    return found
