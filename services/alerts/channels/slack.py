"""Slack by a bot: a message is posted once and changed when it is acknowledged or over; what follows of it is a reply to it.

Slack takes the same post twice and shows it twice: one that was taken and not answered is seen again after a crash or a time-out.
"""

from __future__ import annotations

import json
from datetime import timedelta

from schemas.alert_channels import SlackChannel
from schemas.json_values import JsonObject
from services.alerts.channels.sender import Answer, Outcome, Post, judge
from services.alerts.channels.slack_blocks import blocks, fallback
from services.alerts.messages.building import Message

PASSING = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout", "team_added_to_org"}
)  # fmt: skip
"""Errors of Slack's that pass by themselves."""
MENDED = frozenset(
    {"invalid_auth", "not_authed", "token_expired", "token_revoked", "account_inactive", "missing_scope"}
)
"""Errors that hold until somebody mends the set-up; messages wait for that."""
SET_UP_PAUSE = timedelta(minutes=5)


class SlackSender:
    """`chat.postMessage` and `chat.update`."""

    def __init__(self, channel: SlackChannel, token: str, post: Post) -> None:
        self._channel, self._token, self._post = channel, token, post

    async def send(self, message: Message) -> Outcome:
        before = _receipt(message.receipt)
        body: JsonObject = {
            "text": fallback(message),
            "blocks": blocks(message, has_button=self._channel.signing_secret is not None),
            "unfurl_links": False,
        }
        if before is None:
            return await self._call(message, "chat.postMessage", body | {"channel": self._place(message)})
        if message.kind == "update":
            return await self._call(message, "chat.update", body | before)
        reply = {"channel": before["channel"], "thread_ts": before["ts"], "reply_broadcast": True}
        return await self._call(message, "chat.postMessage", body | reply)

    def _place(self, message: Message) -> str:
        """A room; or the member, and the bot writes to them directly."""
        return message.reader.address or self._channel.room or ""

    async def _call(self, message: Message, method: str, body: JsonObject) -> Outcome:
        headers = {"authorization": f"Bearer {self._token}"}
        answer = await self._post.json(f"{self._channel.url.rstrip('/')}/{method}", body, headers)
        outcome = _meaning(answer, message)
        if outcome.state == "sent" and message.receipt is not None:
            return outcome._replace(receipt=None)
        return outcome


def _receipt(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    said = json.loads(text)
    return {"channel": str(said["channel"]), "ts": str(said["ts"])}


def _meaning(answer: Answer, message: Message) -> Outcome:
    """Slack answers 200 to almost everything; whether it was done is in the body."""
    outcome = judge(answer, message.now)
    if outcome.state != "sent":
        return outcome
    try:
        said = json.loads(answer.body)
    except ValueError:
        return Outcome("later", "no JSON")
    if said.get("ok") is True:
        receipt = {"channel": said.get("channel"), "ts": said.get("ts")}
        return Outcome("sent", receipt=json.dumps(receipt) if all(receipt.values()) else None)
    error = str(said.get("error", "no reason"))[:100]
    if error in MENDED:
        return Outcome("later", error, SET_UP_PAUSE)
    return Outcome("later" if error in PASSING else "refused", error)
