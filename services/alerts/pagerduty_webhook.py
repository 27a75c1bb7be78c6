"""PagerDuty's webhook, version 3: what somebody acknowledges there is acknowledged here. It stops no clock, and nothing else is taken.

Our own acknowledgement comes back as well: it finds an incident that is acknowledged already, and changes nothing.

Source: PagerDuty's pages on webhook subscriptions and on verifying their signatures.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from routing.incidents.records import Incident

Acknowledge = Callable[[str, str], Awaitable[Sequence[Incident]]]
ACKNOWLEDGED = "incident.acknowledged"
MOST_ID = 255
"""Characters of a `dedup_key`."""
MOST_PROOFS = 10


class PagerDutyWebhook:
    """`secrets` are those of the subscriptions there, by the channel's name."""

    def __init__(self, acknowledge: Acknowledge, secrets: Mapping[str, str]) -> None:
        self._acknowledge, self._secrets = acknowledge, secrets

    async def take(self, request: Request) -> Response:
        """404 for a channel that has no such secret, 401 for what PagerDuty did not sign; else 200, also for events that are nothing to us,
        since another answer makes PagerDuty send it again."""
        secret = self._secrets.get(request.path_params["channel"])
        if secret is None:
            return PlainTextResponse("there is no such channel", 404)
        body = await request.body()
        if not is_signed(secret, request.headers.get("x-pagerduty-signature", ""), body):
            return PlainTextResponse("not signed by PagerDuty", 401)
        if (read := read_acknowledgement(body)) is not None:
            ident, user = read
            await self._acknowledge(ident, f"pagerduty {user}")
        return Response(status_code=200)


def is_signed(secret: str, header: str, body: bytes) -> bool:
    """`v1=` and HMAC-SHA256 of the body in hex; several with commas between while a secret is changed. There is no time in it: what is
    sent again by somebody else acknowledges again, which is nothing."""
    expected = f"v1={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}".encode()
    proofs = [proof.strip().encode() for proof in header.split(",")[:MOST_PROOFS]]
    return any([hmac.compare_digest(expected, proof) for proof in proofs])


def read_acknowledgement(body: bytes) -> tuple[str, str] | None:
    """(our id, PagerDuty's id of the user); None for all other events, and for what is none."""
    try:
        event = json.loads(body)["event"]
        if event["event_type"] != ACKNOWLEDGED or not event["data"]["incident_key"]:
            return None
        return str(event["data"]["incident_key"])[:MOST_ID], str((event.get("agent") or {}).get("id"))[:64]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
