"""AsyncAPI 3.0 of the topics: who sends what where, with the schema of each message."""

from __future__ import annotations

from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import JsonSchemaMode

from schemas.envelope import Envelope
from schemas.events import EVENT_TYPES, TOPICS
from schemas.json_values import JsonObject
from schemas.signals import Signal

_ABOUT = {
    "leads": "What became of each lead: stages, owners, touches, dispositions.",
    "handovers": "Offers and what sales did with them.",
    "sla": "Promises started, kept, broken, corrected.",
    "marketing": "Whom to stop mailing, whom to nurture and on which track.",
}
_READ: JsonSchemaMode = "validation"
_ORDER = (
    "Records are keyed by a keyed digest of the lead's strongest identity. `sequence` has no gap per lead over all topics:"
    " a consumer drops what it has seen, for a record may come twice. Unless STAFETT_KAFKA_SEAL is false, `data.personal` is null"
    " and `data.sealed` beside it has what is personal: `key`, the name of a key of GET /v1/persons/keys, and `box`, base64 of"
    " nonce (12 bytes), text and tag by AES-256-GCM, the event's id being authenticated."
)


def document(prefix: str = "stafett") -> JsonObject:
    """The document for topics named `PREFIX.leads.v1` and so on."""
    models: dict[str, type[Any]] = {"envelope": Envelope, "signal": Signal, **EVENT_TYPES}
    adapters = [(name, _READ, TypeAdapter(model)) for name, model in models.items()]
    refs, made = TypeAdapter.json_schemas(adapters, ref_template="#/components/schemas/{model}")
    data = {name: refs[name, _READ] for name in EVENT_TYPES}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stafett's topics",
            "version": "1.0.0",
            "description": f"CloudEvents 1.0 in structured JSON. {_ORDER}",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            **{topic: _channel(f"{prefix}.{topic}.v1", _ABOUT[topic], _types(topic)) for topic in TOPICS},
            "signals": _channel(
                f"{prefix}.signals.v1", "Facts that came in; ours alone to write and, sealed, to read.", ["signal"]
            ),
        },
        "operations": {
            f"send_{topic}": {"action": "send", "channel": {"$ref": f"#/channels/{topic}"}} for topic in TOPICS
        },
        "components": {
            "messages": {**{name: _message(name, ref) for name, ref in data.items()}, "signal": _signal()},
            "schemas": made["$defs"],
        },
    }


def _types(topic: str) -> list[str]:
    return [name for name, event in EVENT_TYPES.items() if event.topic == topic]


def _channel(address: str, about: str, messages: list[str]) -> JsonObject:
    return {
        "address": address,
        "description": about,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in messages},
    }


def _message(name: str, data: JsonObject) -> JsonObject:
    typed = {"type": "object", "properties": {"type": {"const": name}, "data": data}}
    return {
        "name": name,
        "title": name.removeprefix("stafett.").removesuffix(".v1").replace(".", " ").replace("_", " "),
        "summary": _first_line(name),
        "contentType": "application/cloudevents+json",
        "payload": {"allOf": [{"$ref": "#/components/schemas/Envelope"}, typed]},
    }


def _first_line(name: str) -> str:
    about = vars(EVENT_TYPES[name]).get("__doc__") or f"Data of {name}."
    return str(about).strip().partition("\n")[0]


def _signal() -> JsonObject:
    return {
        "name": "signal",
        "title": "signal",
        "summary": "One fact that came in.",
        "contentType": "application/json",
        "payload": {"$ref": "#/components/schemas/Signal"},
    }
