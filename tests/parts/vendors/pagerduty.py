"""PagerDuty's Events API v2: incidents by `dedup_key`, with the bounds of its reference (developer.pagerduty.com, November 2026)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from tests.parts.vendors.faults import Answer, Json
from tests.parts.vendors.server import Request, Route, VendorApi

KEY = "0123456789abcdef0123456789abcdef"
MOST_BYTES = 512 * 1024
_URL = {"type": "string", "pattern": "^https?://"}
_EVENT = {
    "type": "object",
    "required": ["routing_key", "event_action"],
    "additionalProperties": False,
    "properties": {
        "routing_key": {"type": "string", "minLength": 32, "maxLength": 32},
        "event_action": {"enum": ["trigger", "acknowledge", "resolve"]},
        "dedup_key": {"type": "string", "minLength": 1, "maxLength": 255},
        "client": {"type": "string"},
        "client_url": _URL,
        "links": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["href"],
                "additionalProperties": False,
                "properties": {"href": _URL, "text": {"type": "string"}},
            },
        },
        "payload": {
            "type": "object",
            "required": ["summary", "source", "severity"],
            "additionalProperties": False,
            "properties": {
                "summary": {"type": "string", "minLength": 1, "maxLength": 1024},
                "source": {"type": "string", "minLength": 1},
                "severity": {"enum": ["critical", "error", "warning", "info"]},
                "timestamp": {"type": "string", "pattern": r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d"},
                "component": {"type": "string"},
                "group": {"type": "string"},
                "class": {"type": "string"},
                "custom_details": {"type": "object"},
            },
        },
    },
    "allOf": [
        {"if": {"properties": {"event_action": {"const": "trigger"}}}, "then": {"required": ["payload"]}},
        {
            "if": {"properties": {"event_action": {"enum": ["acknowledge", "resolve"]}}},
            "then": {"required": ["dedup_key"]},
        },
    ],
}


@dataclass
class PagerDuty(VendorApi):
    """`incidents`: {dedup_key: triggered, acknowledged, resolved}; `summaries` as they were triggered. `opened` counts those that were made."""

    incidents: dict[str, str] = field(default_factory=dict)
    summaries: list[str] = field(default_factory=list)
    opened: int = 0

    def refuse(self, request: Request, route: Route) -> Answer | None:
        return None

    def no_such_path(self, request: Request) -> Answer:
        return Answer(404)

    def no_such_request(self, problems: list[str]) -> Answer:
        return Answer(400, {"status": "invalid event", "message": "Event object is invalid", "errors": problems})

    def enqueue(self, request: Request) -> Answer:
        body: Json = request.json()
        if body["routing_key"] != KEY:
            return Answer(400, {"status": "invalid event", "errors": ["'routing_key' is unknown"]})
        if len(request.body) > MOST_BYTES:
            return Answer(413)
        key = body.get("dedup_key") or f"made-{self.opened}"
        if body["event_action"] == "trigger":
            self.opened += self.incidents.get(key) in (None, "resolved")
            self.incidents[key] = "triggered"
            self.summaries.append(body["payload"]["summary"])
        elif key in self.incidents:
            self.incidents[key] = {"acknowledge": "acknowledged", "resolve": "resolved"}[body["event_action"]]
        return Answer(202, {"status": "success", "message": "Event processed", "dedup_key": key})

    routes: ClassVar[tuple[Route, ...]] = (Route("enqueue", "POST", "/v2/enqueue", enqueue, _EVENT),)
