"""Slack's Web API and incoming webhooks: what alerts need of them, with the bounds that its reference has (November 2026).

Read in docs.slack.dev (chat.postMessage, chat.update, Block Kit); no workspace was compared with it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from tests.parts.vendors.faults import Answer, Fault, Json, commit_then_silence
from tests.parts.vendors.server import Request, Route, VendorApi

TOKEN = "xoxb-1234-5678-abcdef"
HOOK = "/services/T000/B000/secretword"
TOO_MANY = Fault("429", "instead", Answer(429, {"ok": False, "error": "ratelimited"}, {"retry-after": "30"}))
BROKEN = Fault("500", "instead", Answer(500, "upstream", {"content-type": "text/plain"}))
SILENT = commit_then_silence(1.5)


def _text(kinds: list[str], most: int) -> dict[str, Json]:
    return {
        "type": "object",
        "required": ["type", "text"],
        "additionalProperties": False,
        "properties": {"type": {"enum": kinds}, "text": {"type": "string", "minLength": 1, "maxLength": most}},
    }


def _block(name: str, **properties: Json) -> dict[str, Json]:
    return {
        "type": "object",
        "required": ["type", *properties],
        "additionalProperties": False,
        "properties": {"type": {"const": name}, "block_id": {"type": "string", "maxLength": 255}, **properties},
    }


_BUTTON = {
    "type": "object",
    "required": ["type", "text", "action_id"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "button"},
        "text": _text(["plain_text"], 75),
        "action_id": {"type": "string", "minLength": 1, "maxLength": 255},
        "value": {"type": "string", "maxLength": 2000},
        "style": {"enum": ["primary", "danger"]},
    },
}
_BLOCKS = {
    "type": "array",
    "maxItems": 50,
    "items": {
        "oneOf": [
            _block("section", text=_text(["mrkdwn", "plain_text"], 3000)),
            _block(
                "context", elements={"type": "array", "minItems": 1, "maxItems": 10, "items": _text(["mrkdwn"], 3000)}
            ),
            _block("actions", elements={"type": "array", "minItems": 1, "maxItems": 25, "items": _BUTTON}),
        ]
    },
}
_COMMON = {"text": {"type": "string", "minLength": 1, "maxLength": 40000}, "blocks": _BLOCKS}
_TS = {"type": "string", "pattern": r"^\d{10}\.\d{6}$"}
_POST = {
    "type": "object",
    "required": ["channel", "text", "blocks"],
    "additionalProperties": False,
    "properties": {
        **_COMMON,
        "channel": {"type": "string", "pattern": "^[CGDU][A-Z0-9]{2,}$"},
        "thread_ts": _TS,
        "reply_broadcast": {"type": "boolean"},
        "unfurl_links": {"type": "boolean"},
    },
}
_UPDATE = {
    "type": "object",
    "required": ["channel", "ts", "text", "blocks"],
    "additionalProperties": False,
    "properties": {**_COMMON, "channel": {"type": "string", "pattern": "^[CGD]"}, "ts": _TS, "unfurl_links": {}},
}
_HOOK = {"type": "object", "required": ["text"], "additionalProperties": False, "properties": _COMMON}


@dataclass
class Slack(VendorApi):
    """`messages`: {(channel, ts): body as it is now}; `posts` in their order. A member's id is a channel of their own."""

    messages: dict[tuple[str, str], Json] = field(default_factory=dict)
    posts: list[dict[str, Json]] = field(default_factory=list)
    hooked: list[Json] = field(default_factory=list)
    closed: str | None = None
    """The error that every call is answered with."""

    def refuse(self, request: Request, route: Route) -> Answer | None:
        if route.name != "hook" and request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(200, {"ok": False, "error": "invalid_auth"})
        return Answer(200, {"ok": False, "error": self.closed}) if self.closed else None

    def no_such_path(self, request: Request) -> Answer:
        return Answer(404, "no_service", {"content-type": "text/plain"})

    def no_such_request(self, problems: list[str]) -> Answer:
        return Answer(200, {"ok": False, "error": "invalid_blocks"})

    def post(self, request: Request) -> Answer:
        body = request.json()
        channel = body["channel"] if body["channel"][0] != "U" else f"D{body['channel'][1:]}"
        if "thread_ts" in body and (channel, body["thread_ts"]) not in self.messages:
            return Answer(200, {"ok": False, "error": "thread_not_found"})
        ts = f"1764{len(self.posts):06d}.000100"
        self.messages[channel, ts] = body
        self.posts.append({**body, "channel": channel, "ts": ts})
        return Answer(200, {"ok": True, "channel": channel, "ts": ts, "message": {}})

    def update(self, request: Request) -> Answer:
        body = request.json()
        if (body["channel"], body["ts"]) not in self.messages:
            return Answer(200, {"ok": False, "error": "message_not_found"})
        self.messages[body["channel"], body["ts"]] = body
        return Answer(200, {"ok": True, "channel": body["channel"], "ts": body["ts"]})

    def hook(self, request: Request) -> Answer:
        self.hooked.append(request.json())
        return Answer(200, "ok", {"content-type": "text/html"})

    routes: ClassVar[tuple[Route, ...]] = (
        Route("post", "POST", "/api/chat.postMessage", post, _POST),
        Route("update", "POST", "/api/chat.update", update, _UPDATE),
        Route("hook", "POST", HOOK, hook, _HOOK),
    )
