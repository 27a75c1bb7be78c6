"""Acknowledging, from the parts: over the API, by Slack's button, by the page behind a link, by the command line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from fastapi import FastAPI

from routing.incidents.changes import acknowledge
from routing.incidents.recipients import Audience
from routing.incidents.records import Incident
from routing.people.roster import Roster
from schemas.alert_channels import SlackChannel
from services.alerts.acknowledging import Acknowledging
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


def add_acknowledging(app: FastAPI, parts: Parts, at_desk: Acknowledge) -> None:
    """Slack's interactivity at /v1/alerts/slack/{channel}, the pages of links at /alerts/{token}. Raises FileError, SettingsError."""
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
    app.add_route("/alerts/{token}", door.show_page, methods=["GET"])
    app.add_route("/alerts/{token}", door.take_page, methods=["POST"])
