"""Matrix: a message is sent once by its id, edited when it is acknowledged or over; what follows of it is in its thread.

The server knows a message by the id that it was sent with, so the same one twice is one.
"""

from __future__ import annotations

import html
import json
from urllib.parse import quote

from schemas.alert_channels import MatrixChannel
from schemas.json_values import JsonObject
from services.alerts.channels.email import html_item
from services.alerts.channels.sender import Outcome, Post, cut, judge
from services.alerts.messages.building import Message, text_lines

MOST_TEXT = 12_000
"""Characters of either form: an event has 65,536 bytes at most, and an edit has both twice."""


class MatrixSender:
    """`token` is that of the user who writes; they have to be in the room."""

    def __init__(self, channel: MatrixChannel, token: str, post: Post) -> None:
        room = quote(channel.room, safe="")
        self._url = f"{channel.url.rstrip('/')}/_matrix/client/v3/rooms/{room}/send/m.room.message/"
        self._headers, self._post = {"authorization": f"Bearer {token}"}, post

    async def send(self, message: Message) -> Outcome:
        body = json.dumps(event_of(message), ensure_ascii=False).encode()
        answer = await self._post.raw(f"{self._url}{message.notification.id}", body, self._headers, method="PUT")
        outcome = judge(answer, message.now)
        if outcome.state != "sent" or message.receipt is not None:
            return outcome
        try:
            return Outcome("sent", receipt=str(json.loads(answer.body)["event_id"]))
        except (ValueError, KeyError, TypeError):
            return Outcome("later", "no event_id")


def event_of(message: Message) -> JsonObject:
    """What is put into the room: the message, an edit of what was said, or a reply in its thread."""
    content = content_of(message)
    if message.receipt is None:
        return content
    if message.kind == "update":
        edit = {"rel_type": "m.replace", "event_id": message.receipt}
        return {**content, "body": f"* {content['body']}", "m.new_content": content, "m.relates_to": edit}
    thread = {"rel_type": "m.thread", "event_id": message.receipt}
    return {**content, "m.relates_to": thread}


def content_of(message: Message) -> JsonObject:
    """Text, and HTML of the few elements that clients show."""
    lines = [message.subject, *text_lines(message)]
    parts = [f"<strong>{html.escape(message.subject)}</strong>", *(html.escape(line) for line in message.intro)]
    parts += [html_item(message, item) for item in message.items]
    parts += [html.escape(message.more)] if message.more else []
    page = "<br>".join(parts)
    content: JsonObject = {"msgtype": "m.text", "body": cut("\n".join(lines), MOST_TEXT)}
    if len(page) <= MOST_TEXT:
        content |= {"format": "org.matrix.custom.html", "formatted_body": page}
    return content
