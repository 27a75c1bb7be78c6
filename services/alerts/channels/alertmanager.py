"""Prometheus's Alertmanager, API v2, and what takes its format: one alert for each incident, which it groups and routes itself.

`startsAt` is when a breach was noticed, not when it was due: an alert older than `group_wait` is sent at once, and a storm would
be many messages. It forgets alerts when it starts again, so what is open is told again every few minutes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

from routing.incidents.records import Incident, Level
from schemas.json_values import JsonObject
from services.alerts.channels.sender import Outcome, Post, judge
from services.alerts.messages.building import Item, Links, Message, link_of

AHEAD = timedelta(days=1)
"""How far ahead `endsAt` is of what is open: without one it would be over after five minutes."""
AT_ONCE = 1000
"""Alerts in one request."""
TARGET = "StafettReceiverStopped"
_NAMES: dict[Level, str] = {"warning": "StafettPromiseDueSoon", "breach": "StafettPromiseBroken"}


class AlertmanagerSender:
    """`url` is Alertmanager's own, without the path of its API."""

    def __init__(self, url: str, token: str | None, post: Post) -> None:
        self._url, self._post = f"{url.rstrip('/')}/api/v2/alerts", post
        self._headers = {"authorization": f"Bearer {token}"} if token is not None else {}

    async def send(self, message: Message) -> Outcome:
        named = {item.incident.id: item for item in message.items}
        return await self.tell(message.incidents, message.links, message.now, named)

    async def tell(
        self, incidents: Iterable[Incident], links: Links, now: datetime, named: Mapping[str, Item] | None = None
    ) -> Outcome:
        """All of them as they are; the same twice is the same."""
        alerts = [a for i in incidents for a in alerts_of(i, links, now, (named or {}).get(i.id))]
        for begin in range(0, len(alerts), AT_ONCE):
            answer = await self._post.json(self._url, alerts[begin : begin + AT_ONCE], self._headers)
            if (outcome := judge(answer, now)).state != "sent":
                return outcome
        return Outcome("sent")


def alerts_of(incident: Incident, links: Links, now: datetime, item: Item | None = None) -> Iterator[JsonObject]:
    """Of a breach that was warned of before, also the end of that warning."""
    yield _alert(incident, incident.level, now if not incident.is_open else None, links=links, now=now, item=item)
    if incident.level == "breach" and incident.was_warned:
        yield _alert(incident, "warning", now, links=links, now=now, item=item)


def _alert(
    incident: Incident, level: Level, ended: datetime | None, *, links: Links, now: datetime, item: Item | None
) -> JsonObject:
    began = incident.noticed_at if level == "breach" and incident.noticed_at is not None else incident.opened_at
    labels = {
        "alertname": TARGET if incident.is_of_target else _NAMES[level],
        "kind": level,
        "severity": "critical" if level == "breach" else "warning",
        "policy": incident.policy,
        "team": incident.team,
        "owner": incident.owner,
        **(
            {"target": incident.subject_id}
            if incident.is_of_target
            else {"clock_id": incident.about, "lead": incident.subject}
        ),
    }
    explain = link_of(links.explain, incident)
    annotations = {
        "summary": item.headline if item is not None else f"{incident.policy}: {incident.subject}",
        "description": "\n".join(f"{name}: {value}" for name, value in item.facts) if item is not None else None,
        "lead_url": item.lead if item is not None else None,
        "due_at": incident.due_at.isoformat(),
        "explain_url": explain,
        "detail": incident.detail,
        "acknowledged_by": incident.acknowledged_by,
    }
    alert: JsonObject = {
        "labels": {name: value for name, value in labels.items() if value},
        "annotations": {name: value for name, value in annotations.items() if value},
        "startsAt": min(began, ended or began).isoformat(),
        "endsAt": (ended or now + AHEAD).isoformat(),
    }
    return alert | ({"generatorURL": explain} if explain else {})
