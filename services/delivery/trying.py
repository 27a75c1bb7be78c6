"""A test event: one try at a subscription's receiver, now. It is no event of the feed, and is not noted among the attempts."""

from __future__ import annotations

import asyncio
import json
import time
from datetime import datetime, timedelta
from secrets import token_hex

from schemas.envelope import instant
from services.delivery.role import Subscriber
from services.delivery.sending import Outlet
from services.outbound.posting import Poster
from services.ports.deliveries import Attempt

TYPE = "stafett.delivery.tested.v1"
"""On no topic and in no feed: only receivers that somebody tests get it."""


def envelope_of_test(name: str, ident: str, now: datetime) -> str:
    """The envelope's JSON; `ident` is its id."""
    return json.dumps(
        {
            "specversion": "1.0",
            "id": ident,
            "source": "/stafett/delivery",
            "type": TYPE,
            "subject": name,
            "time": instant(now),
            "datacontenttype": "application/json",
            "dataschema": f"urn:stafett:schema:{TYPE}",
            "partitionkey": name,
            "sequence": "0" * 20,
            "correlationid": ident,
            "causationid": ident,
            "recordedtime": instant(now),
            "agreementversion": "none",
            "mode": "test",
            "data": {"mode": "test", "subscription": name, "text": "A test of this subscription.", "personal": None},
        }
    )


async def send_test(
    poster: Poster, subscriber: Subscriber, now: datetime, *, timeout: timedelta
) -> tuple[str, Attempt]:
    """(the id of the event, what the try gave), signed and shaped as any event of the subscription."""
    ident, begun, terms = f"evt_test_{token_hex(13)}", time.monotonic(), subscriber.subscription
    status, error = None, None
    try:
        async with asyncio.timeout(timeout.total_seconds()):
            outlet = Outlet(terms, subscriber.secrets)
            answer = await outlet.send(poster, ident, envelope_of_test(terms.name, ident, now), now)
        status = answer.status
    except Exception as raised:  # noqa: BLE001 - whatever it was, it is what the test found
        error = type(raised).__name__
    return ident, Attempt(now, status, error, int((time.monotonic() - begun) * 1000))
