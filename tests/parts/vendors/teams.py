"""A workflow of Microsoft Teams': it answers 202 to almost everything, and posts only what is a card that Teams can show.

Read in learn.microsoft.com (webhooks, cards) and in what users report: 28 KB with the flow's own wrapping, Adaptive Card 1.4.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from tests.parts.vendors.faults import Answer, Json
from tests.parts.vendors.server import Request, Route, VendorApi

PATH = "/workflows/abc/triggers/manual/paths/invoke"
MOST_BYTES, WRAPPING = 28_672, 4_300
_TEXT = {
    "type": "object",
    "required": ["type", "text"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "TextBlock"},
        "text": {"type": "string"},
        "wrap": {"type": "boolean"},
        "separator": {"type": "boolean"},
        "size": {"enum": ["Small", "Default", "Medium", "Large", "ExtraLarge"]},
        "weight": {"enum": ["Lighter", "Default", "Bolder"]},
        "color": {"enum": ["Default", "Dark", "Light", "Accent", "Good", "Warning", "Attention"]},
    },
}
_FACTS = {
    "type": "object",
    "required": ["type", "facts"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "FactSet"},
        "facts": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["title", "value"],
                "additionalProperties": False,
                "properties": {"title": {"type": "string"}, "value": {"type": "string"}},
            },
        },
    },
}
_OPEN = {
    "type": "object",
    "required": ["type", "title", "url"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "Action.OpenUrl"},
        "title": {"type": "string"},
        "url": {"type": "string", "pattern": "^https?://"},
    },
}
_CARD = {
    "type": "object",
    "required": ["type", "version", "body"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "AdaptiveCard"},
        "$schema": {"type": "string"},
        "version": {"enum": ["1.0", "1.1", "1.2", "1.3", "1.4"]},
        "body": {"type": "array", "items": {"oneOf": [_TEXT, _FACTS]}},
        "actions": {"type": "array", "maxItems": 6, "items": _OPEN},
        "msteams": {"type": "object"},
    },
}
_BODY = {
    "type": "object",
    "required": ["type", "attachments"],
    "additionalProperties": False,
    "properties": {
        "type": {"const": "message"},
        "attachments": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["contentType", "content"],
                "additionalProperties": False,
                "properties": {
                    "contentType": {"const": "application/vnd.microsoft.card.adaptive"},
                    "contentUrl": {"type": "null"},
                    "content": _CARD,
                },
            },
        },
    },
}


@dataclass
class Teams(VendorApi):
    """`cards` are those that people see."""

    cards: list[Json] = field(default_factory=list)

    def refuse(self, request: Request, route: Route) -> Answer | None:
        if request.query.get("sig") != ["s3cret"]:
            return Answer(401, {"error": {"code": "DirectApiAuthorizationRequired"}})
        return None

    def no_such_path(self, request: Request) -> Answer:
        return Answer(404, {"error": {"code": "WorkflowNotFound"}})

    def no_such_request(self, problems: list[str]) -> Answer:
        return Answer(202)

    def post(self, request: Request) -> Answer:
        if len(request.body) + WRAPPING > MOST_BYTES:
            self.violations.append(f"{len(request.body)} bytes are too many; nobody sees the card")
            return Answer(202)
        self.cards.append(request.json()["attachments"][0]["content"])
        return Answer(202)

    routes: ClassVar[tuple[Route, ...]] = (
        Route("post", "POST", PATH, post, _BODY, frozenset({"api-version", "sp", "sv", "sig"})),
    )
