"""An event's personal part, sealed with the key of its lead: `data.personal` is null then, and `data.sealed` has the box.

Who cannot open it reads the same event as somebody who may see nothing personal. Who can has the bytes of the feed again.
"""

from __future__ import annotations

import binascii
import json
from base64 import b64decode, b64encode
from typing import NamedTuple

from schemas.envelope import whole
from services.sealing.boxes import Box, check_value

_MARK = '"personal":null,"sealed":{"key":"'


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
    return f'{head}null,"sealed":{{"key":"{key_name(lead_id, secret)}","box":"{box}"}}}}}}'


def take_apart(line: str) -> SealedPart | None:
    """None where nothing in it is sealed. Raises ValueError where the line is no event."""
    at = line.rfind(_MARK)
    event = json.loads(line)
    if at < 0:
        return None
    sealed = event["data"]["sealed"] if isinstance(event, dict) and isinstance(event.get("data"), dict) else None
    try:
        if sealed is None:
            return None
        box = b64decode(sealed["box"], validate=True)
        return SealedPart(line[: at + len('"personal":')], str(event["id"]), str(sealed["key"]), box)
    except (KeyError, TypeError, binascii.Error) as error:
        raise ValueError(f"its sealed part is none of ours: {type(error).__name__}") from None


def open_event(part: SealedPart, secret: bytes) -> str:
    """The event as the feed has it. Raises Unopenable."""
    return whole(part.head, Box(secret).open(part.box, part.event_id.encode()).decode())
