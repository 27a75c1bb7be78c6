"""How senders make sure of an address before they send: what each asks, and what it must be answered with.

Nothing of it is a fact: no signal is made of a handshake.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping, Sequence

from starlette.responses import JSONResponse, PlainTextResponse, Response

from schemas.sources import Source
from services.ingest.configured.source import Configured

MAX_CHALLENGE = 512
_CODE = re.compile(r"[A-Za-z0-9-]{1,64}")
"""LinkedIn signs deliveries with the same secret, over `hmacsha256=` and the body: what is signed here can be none."""
_SUBSCRIBING = frozenset({"cloudevents", "generic", "standard_webhooks"})
"""Kinds whose senders ask by OPTIONS for permission to send (HTTP 1.1 Web Hooks for Event Delivery)."""
_WORDED = frozenset({"generic", "meta_lead_ads"})
"""Kinds whose senders say a word of ours when they first call: Meta's, which are Lead Ads and, as `generic`, WhatsApp and Messenger."""
_NEEDS_WORD = "meta_lead_ads"


def handshake_problem(source: Source) -> str | None:
    """What is wrong with the handshake of a source; None where nothing is."""
    if source.handshake is None:
        # Without proof it is a trial by hand or behind a gateway: Meta itself is not what calls.
        needed = source.kind == _NEEDS_WORD and source.proof == "signed"
        return "Meta asks for a verify token before it sends: name its secret in `handshake`" if needed else None
    if source.kind not in _WORDED:
        return f"senders of the kind {source.kind} say no word when they first call; remove `handshake`"
    return None


def answer_probe(
    configured: Configured, method: str, query: Mapping[str, str], headers: Mapping[str, str]
) -> Response | None:
    """The answer to GET, HEAD or OPTIONS; None where the caller does not know the word it has to say. A word that stands in
    URLs is one of its own: the secrets that prove deliveries are never compared with it."""
    source = configured.source
    if method == "OPTIONS":
        return _permission_answer(source.kind, headers, source.rate)
    if "hub.challenge" in query or "hub.mode" in query or "hub.verify_token" in query:
        token = query.get("hub.verify_token", "").encode()
        is_ours = any([hmac.compare_digest(word.encode(), token) for word in configured.words])
        challenge = query.get("hub.challenge", "")
        return PlainTextResponse(challenge) if is_ours and _is_plain(challenge) else None
    code = query.get("challengeCode")
    if source.kind == "linkedin" and code is not None:
        if not configured.secrets or not _CODE.fullmatch(code):
            return None
        proof = hmac.digest(configured.secrets[0].encode(), code.encode(), "sha256").hex()
        return JSONResponse({"challengeCode": code, "challengeResponse": proof})
    # Mailchimp, Intercom and others only look whether somebody is there.
    return Response(status_code=200)


def _permission_answer(kind: str, headers: Mapping[str, str], rate: float) -> Response:
    """The origin is allowed by name and told how many requests a minute are taken."""
    origin = headers.get("webhook-request-origin", "")
    answer = {"Allow": "GET, HEAD, OPTIONS, POST"}
    if kind in _SUBSCRIBING and origin and len(origin) <= 253 and origin.isascii() and origin.isprintable():
        answer |= {"WebHook-Allowed-Origin": origin, "WebHook-Allowed-Rate": str(max(1, int(rate * 60)))}
    return Response(status_code=200, headers=answer)


def answer_challenge(kind: str, body: bytes, secrets: Sequence[str]) -> Response | None:
    """The answer to a POST that is a handshake (Slack's, Zoom's); None for a delivery. The sender is proved already."""
    if (
        kind not in _SUBSCRIBING
        or len(body) > 4096
        or (b"url_verification" not in body and b"url_validation" not in body)
    ):
        return None
    try:
        message = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict):
        return None
    challenge = message.get("challenge")
    if message.get("type") == "url_verification" and isinstance(challenge, str) and _is_plain(challenge):
        return PlainTextResponse(challenge)
    payload = message.get("payload")
    token = payload.get("plainToken") if isinstance(payload, dict) else None
    if message.get("event") == "endpoint.url_validation" and isinstance(token, str) and _is_plain(token) and secrets:
        proof = hmac.digest(secrets[0].encode(), token.encode(), "sha256").hex()
        return JSONResponse({"plainToken": token, "encryptedToken": proof})
    return None


def _is_plain(value: str) -> bool:
    """What is echoed is short and harmless as text of any kind."""
    return 0 < len(value) <= MAX_CHALLENGE and all(c.isascii() and (c.isalnum() or c in "-_.~+/=") for c in value)
