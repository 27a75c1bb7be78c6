"""An event's personal part, sealed with the key of its lead: `data.personal` is null then, and `data.sealed` has the box.

Who cannot open it reads the same event as somebody who may see nothing personal. Who can has the bytes of the feed again.
"""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from typing import NamedTuple

from schemas.envelope import whole
from schemas.json_values import JsonObject
from services.sealing.boxes import Box, check_value


class SealedPart(NamedTuple):
    """A line with a sealed part, taken apart: the event's `head`, its id, the name of the key, the box."""

    head: str
    event_id: str
    key: str
    box: bytes


def key_name(lead_id: str, secret: bytes) -> str:
    """What consumers ask for a key by: the lead, and which of its keys it is. A lead has another one only where the store forgot the
    first, as after a restore of an older copy."""
    return f"{lead_id}.{check_value(secret)}"


def seal_event(head: str, personal: str | None, *, event_id: str, lead_id: str, secret: bytes | None) -> str:
    """The envelope's text for a topic. `secret` is None of somebody who was erased: nothing personal goes out any more."""
    if personal is None or secret is None:
        return whole(head, None)
    box = b64encode(Box(secret).seal(personal.encode(), event_id.encode())).decode()
    return head.removesuffix('"personal":') + _rest_of(key_name(lead_id, secret), box)


def take_apart(line: str) -> SealedPart | None:
    """None where nothing in it is sealed. Raises ValueError where the line is no event."""
    event = json.loads(line)
    data = event.get("data") if isinstance(event, dict) else None
    sealed = data.get("sealed") if isinstance(data, dict) else None
    if sealed is None:
        return None
    try:
        box = b64decode(sealed["box"], validate=True)
        rest = _rest_of(str(sealed["key"]), str(sealed["box"]))
        line = line if line.endswith(rest) else _as_written(event, sealed)
        return SealedPart(line[: line.rindex(rest)] + '"personal":', str(event["id"]), str(sealed["key"]), box)
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"its sealed part is none of ours: {type(error).__name__}") from None


def _rest_of(key: str, box: str) -> str:
    """What a line that the relay wrote ends with."""
    return f'"personal":null,"sealed":{{"key":"{key}","box":"{box}"}}}}}}'


def _as_written(event: JsonObject, sealed: JsonObject) -> str:
    """The line as the relay writes it, of one that came through a program which writes JSON in its own way."""
    data = {name: value for name, value in event["data"].items() if name not in ("personal", "sealed")}
    head = {name: value for name, value in event.items() if name != "data"}
    return json.dumps(
        {**head, "data": {**data, "personal": None, "sealed": {"key": sealed["key"], "box": sealed["box"]}}},
        ensure_ascii=False,
        separators=(",", ":"),
    )


def open_event(part: SealedPart, secret: bytes) -> str:
    """The event as the feed has it. Raises Unopenable."""
    return whole(part.head, Box(secret).open(part.box, part.event_id.encode()).decode())
