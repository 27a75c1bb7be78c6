"""Slack by an incoming webhook: posted, and never changed."""

from __future__ import annotations

from services.alerts.channels.sender import Outcome, Post, judge
from services.alerts.channels.slack_blocks import blocks, fallback
from services.alerts.messages.building import Message


class SlackHookSender:
    """`url` is the secret."""

    def __init__(self, url: str, post: Post) -> None:
        self._url, self._post = url, post

    async def send(self, message: Message) -> Outcome:
        body = {"text": fallback(message), "blocks": blocks(message, has_button=False)}
        return judge(await self._post.json(self._url, body), message.now)
