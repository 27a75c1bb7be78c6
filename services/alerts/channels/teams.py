"""Microsoft Teams by a workflow: one Adaptive Card 1.4, cut by bytes. Its 202 says that the flow began, not that anybody saw the card."""

from __future__ import annotations

import json
from collections.abc import Sequence

from schemas.json_values import JsonObject
from services.alerts.channels.sender import Outcome, Post, cut, judge
from services.alerts.messages.building import Item, Message

MOST_BYTES = 18_000
"""Of the whole body: Teams refuses a card over 28 KB after the flow has wrapped it, and tells nobody."""
MOST_LINE = 500


class TeamsSender:
    """`url` is the secret."""

    def __init__(self, url: str, post: Post) -> None:
        self._url, self._post = url, post

    async def send(self, message: Message) -> Outcome:
        return judge(await self._post.raw(self._url, card_bytes(message)), message.now)


def card_bytes(message: Message) -> bytes:
    """The body; where it would be too large fewer incidents are named, and the last resort is the subject alone."""
    for count in range(len(message.items), -1, -1):
        body = json.dumps(_body(message, message.items[:count]), ensure_ascii=False).encode()
        if len(body) <= MOST_BYTES:
            return body
    return json.dumps(_body(message._replace(intro=(), subject=cut(message.subject, MOST_LINE)), ())).encode()


def _body(message: Message, items: Sequence[Item]) -> JsonObject:
    words, links = message.words, message.links
    color = {"firing": "Attention" if message.level == "breach" else "Warning", "acknowledged": "Accent"}
    elements = [_text(message.subject, size="Medium", weight="Bolder", color=color.get(message.status, "Good"))]
    elements += [_text(line) for line in message.intro]
    for item in items:
        elements.append(_text(item.headline, weight="Bolder", separator=True))
        facts = [{"title": escape(name), "value": escape(cut(value, MOST_LINE))} for name, value in item.facts]
        elements.append({"type": "FactSet", "facts": facts})
        elements += [_text(f"[{words.why}]({item.explain})", plain=False)] if item.explain else []
        elements += [_text(f"[{words.lead}]({item.lead})", plain=False)] if item.lead else []
    hidden = message.total - len(items)
    elements += [_text(words.more.format(n=hidden))] if hidden else []
    card: JsonObject = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.4",
        "body": elements,
        "msteams": {"width": "Full"},
    }
    opened = (
        (links.acknowledge if message.status == "firing" else None, words.acknowledge),
        (links.all_of_them, words.all_of_them),
    )
    if actions := [{"type": "Action.OpenUrl", "title": title, "url": url} for url, title in opened if url]:
        card["actions"] = actions
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "attachments": [attachment]}


def _text(text: str, *, plain: bool = True, **more: str | bool) -> JsonObject:
    return {"type": "TextBlock", "text": escape(cut(text, MOST_LINE)) if plain else text, "wrap": True, **more}


def escape(text: str) -> str:
    """Text blocks read Markdown: a name may neither link nor format."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]()#!>" else sign for sign in text)
