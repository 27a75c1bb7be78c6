"""PagerDuty by Events API v2: triggered, acknowledged, resolved by one `dedup_key`, so that the same thing twice is one incident there."""

from __future__ import annotations

from typing import Literal

from schemas.json_values import JsonObject
from services.alerts.channels.sender import Outcome, Post, cut, judge
from services.alerts.messages.building import Message

MOST_SUMMARY = 1024
Action = Literal["trigger", "acknowledge", "resolve"]
_ACTIONS: dict[str, Action] = {"firing": "trigger", "acknowledged": "acknowledge", "resolved": "resolve"}


class PagerDutySender:
    """`routing_key` is the secret."""

    def __init__(self, url: str, routing_key: str, post: Post) -> None:
        self._url, self._routing_key, self._post = f"{url.rstrip('/')}/v2/enqueue", routing_key, post

    async def send(self, message: Message) -> Outcome:
        """Of a thread of many: it is over there when all of them are; a part that is over changes nothing there."""
        if message.kind == "update" and message.thread_status == "firing":
            return Outcome("sent")
        return judge(await self._post.json(self._url, event_of(message, self._routing_key)), message.now)


def event_of(message: Message, routing_key: str) -> JsonObject:
    """The body of the request."""
    action = _ACTIONS[message.thread_status]
    event: JsonObject = {
        "routing_key": routing_key,
        "event_action": action,
        "dedup_key": message.notification.thread,
    }
    if action != "trigger":
        return event
    first = message.incidents[0]
    words = message.words
    links = [
        {"href": url, "text": f"{word}: {item.who}"}
        for item in message.items
        for url, word in ((item.explain, words.why), (item.lead, words.lead))
        if url
    ]
    event |= {
        "client": "Stafett",
        "links": links,
        "payload": {
            "summary": cut(message.subject, MOST_SUMMARY),
            "source": "stafett",
            "severity": "error" if message.level == "breach" else "warning",
            "timestamp": message.notification.created_at.isoformat(),
            "component": first.policy,
            "group": first.team or "",
            "class": message.level,
            "custom_details": {item.headline: dict(item.facts) for item in message.items} | _more(message),
        },
    }
    if message.links.all_of_them:
        event["client_url"] = message.links.all_of_them
    return event


def _more(message: Message) -> JsonObject:
    return {"total": message.total} if message.more else {}
