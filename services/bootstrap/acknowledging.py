"""Acknowledging, from the parts: over the API, by Slack's button, PagerDuty's webhook, reactions in Matrix, the page behind a link, the
command line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import httpx
from fastapi import FastAPI

from routing.incidents.changes import acknowledge
from routing.incidents.recipients import Audience
from routing.incidents.records import Incident
from routing.people.roster import Roster
from schemas.alert_channels import MatrixChannel, PagerDutyChannel, SlackChannel
from schemas.alerts import AlertsFile
from services.alerts.acknowledging import Acknowledging
from services.alerts.channels.sender import Post
from services.alerts.matrix_reactions import MatrixReactions
from services.alerts.pagerduty_webhook import PagerDutyWebhook
from services.bootstrap.alerting import alerts_of, secret_of
from services.bootstrap.parts import Parts
from services.rules.in_force import InForce

Acknowledge = Callable[[str, str], Awaitable[Sequence[Incident]]]


def acknowledging_of(parts: Parts) -> Acknowledge:
    """`acknowledge(id, by)`. Raises FileError for a file of alerts that cannot be read."""
    file, roster = alerts_of(parts.settings), roster_now(parts)

    async def at_desk(ident: str, by: str) -> Sequence[Incident]:
        audience = Audience(file, await roster(), parts.now())
        return await parts.incidents.acknowledge(ident, lambda incident: acknowledge(incident, by, audience))

    return at_desk


def roster_now(parts: Parts) -> Callable[[], Awaitable[Roster]]:
    """The roster in force, each time it is asked for."""
    in_force = InForce(parts.ruling)

    async def roster() -> Roster:
        return in_force(await parts.reading.roster_changes()).roster

    return roster


def reactions_of(parts: Parts, file: AlertsFile, client: httpx.AsyncClient) -> list[MatrixReactions]:
    """Of the rooms whose reactions count. Raises FileError, SettingsError."""
    return [
        MatrixReactions(
            channel,
            secret_of(parts.settings, channel, channel.token),
            Post(client, allow_private=channel.allow_private),
            message_of=parts.incidents.message_of,
            acknowledge=acknowledging_of(parts),
            now=parts.now,
        )
        for channel in file.channels
        if isinstance(channel, MatrixChannel) and channel.reactions
    ]


def add_acknowledging(app: FastAPI, parts: Parts, at_desk: Acknowledge) -> None:
    """Slack's interactivity at /v1/alerts/slack/{channel}, PagerDuty's webhook at /v1/alerts/pagerduty/{channel}, the pages of links at
    /alerts/{token}. Raises FileError, SettingsError."""
    settings, file = parts.settings, alerts_of(parts.settings)
    signed = [c for c in file.channels if isinstance(c, SlackChannel) and c.signing_secret is not None]
    door = Acknowledging(
        at_desk,
        roster_now(parts),
        signing_secrets={c.name: secret_of(settings, c, c.signing_secret or "") for c in signed},
        key=parts.key,
        now=parts.now,
        language=file.language,
    )
    app.add_route("/v1/alerts/slack/{channel}", door.take_button, methods=["POST"])
    proven = [c for c in file.channels if isinstance(c, PagerDutyChannel) and c.webhook_secret is not None]
    secrets = {c.name: secret_of(settings, c, c.webhook_secret or "") for c in proven}
    app.add_route("/v1/alerts/pagerduty/{channel}", PagerDutyWebhook(at_desk, secrets).take, methods=["POST"])
    app.add_route("/alerts/{token}", door.show_page, methods=["GET"])
    app.add_route("/alerts/{token}", door.take_page, methods=["POST"])
