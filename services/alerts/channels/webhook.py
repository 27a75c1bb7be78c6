"""A webhook of your own: JSON, signed as Standard Webhooks has it. `webhook-id` is the notification's, the same at each try."""

from __future__ import annotations

import json
from collections.abc import Sequence

from schemas.json_values import JsonObject
from services.alerts.channels.sender import Outcome, Post, judge
from services.alerts.messages.building import Item, Message
from services.outbound.signing import key_of, signed_headers

MOST_INCIDENTS = 1000
"""Of one message; `total` says how many there are."""


class WebhookSender:
    """`secrets` are Standard Webhooks'."""

    def __init__(self, url: str, secrets: Sequence[str], post: Post) -> None:
        self._url, self._secrets, self._post = url, secrets, post

    async def send(self, message: Message) -> Outcome:
        body = json.dumps(body_of(message), ensure_ascii=False).encode()
        headers = signed_headers(
            [key_of(secret) for secret in self._secrets], message.notification.id, message.now, body
        )
        return judge(await self._post.raw(self._url, body, headers), message.now)


def _words_of(item: Item | None) -> JsonObject:
    """What is said of an incident that the message names; of those beyond the first few nothing is."""
    if item is None:
        return {"who": None}
    facts = [{"name": name, "value": value} for name, value in item.facts]
    return {"who": item.who, "headline": item.headline, "facts": facts, "explain": item.explain, "lead_url": item.lead}


def body_of(message: Message) -> JsonObject:
    """What there is to say, in data and in words; `who`, `headline` and `subject` are personal."""
    named = {item.incident.id: item for item in message.items}
    shown = message.incidents[:MOST_INCIDENTS]
    return {
        "id": message.notification.id,
        "thread": message.notification.thread,
        "kind": message.kind,
        "status": message.status,
        "level": message.level,
        "subject": message.subject,
        "language": message.reader.language,
        "total": message.total,
        "incidents": [
            {
                "id": i.id,
                "about": i.about,
                "lead": i.lead,
                "policy": i.policy,
                "metric": i.metric,
                "level": i.level,
                "state": i.state,
                "owner": i.owner,
                "team": i.team,
                "due_at": i.due_at.isoformat(),
                "noticed_at": i.noticed_at.isoformat() if i.noticed_at is not None else None,
                "rungs": i.rungs,
                "resolution": i.resolution,
                "detail": i.detail,
                **_words_of(named.get(i.id)),
            }
            for i in shown
        ],
        "links": {"acknowledge": message.links.acknowledge, "all": message.links.all_of_them},
    }
