"""Where people acknowledge without a key of the API: Slack's button, and the page behind a message's link.

A link only shows the page: programs that look at mail open every link. The page posts; what it proves itself by is in its address.
"""

from __future__ import annotations

import hashlib
import hmac
import html
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import parse_qs

from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from routing.incidents.records import Incident
from routing.people.roster import Roster
from schemas.notify import Language
from services.alerts.channels.slack_blocks import ACTION
from services.alerts.messages.words import WORDS
from services.alerts.tokens import read_token

Acknowledge = Callable[[str, str], Awaitable[Sequence[Incident]]]
WINDOW = timedelta(minutes=5)
"""How old a request of Slack's may be."""
LINK = "a link"
"""Who acknowledged by a link that many can see."""
_PAGE_POLICY = "default-src 'none'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"


class Acknowledging:
    """`signing_secrets` are those of Slack channels, by name; `key` is the deployment's."""

    def __init__(
        self,
        acknowledge: Acknowledge,
        roster: Callable[[], Awaitable[Roster]],
        *,
        signing_secrets: Mapping[str, str],
        key: bytes,
        now: Callable[[], datetime],
        language: Language,
    ) -> None:
        self._acknowledge, self._roster, self._signing_secrets = acknowledge, roster, signing_secrets
        self._key, self._now, self._language = key, now, language

    async def take_button(self, request: Request) -> Response:
        """Slack's interactivity. 404 for a channel that has no such secret, 401 for what Slack did not sign; else 200 within Slack's
        three seconds, also for buttons that are not ours."""
        secret = self._signing_secrets.get(request.path_params["channel"])
        if secret is None:
            return PlainTextResponse("there is no such channel", 404)
        body = await request.body()
        if not is_signed(secret, request.headers, body, self._now()):
            return PlainTextResponse("not signed by Slack", 401)
        member, idents = read_press(body)
        by = await self._person(member)
        for ident in idents:
            await self._acknowledge(ident, by)
        return Response(status_code=200)

    async def _person(self, member: str) -> str:
        """Whose member id that is; the id itself for somebody who is not in the roster."""
        people = (await self._roster()).people.values()
        return next((p.id for p in people if p.notify is not None and p.notify.slack == member), f"slack {member}")

    async def show_page(self, request: Request) -> Response:
        """The page with its one button. 404 for an address that we did not make."""
        if await self._read(request) is None:
            return self._page("<p>404</p>", status=404)
        words = WORDS[self._language]
        form = f'<form method="post"><button>{html.escape(words.acknowledge)}</button></form>'
        return self._page(f"{form}<p>{html.escape(words.acknowledge_about)}</p>")

    async def take_page(self, request: Request) -> Response:
        """The button was pressed."""
        found = await self._read(request)
        if found is None:
            return self._page("<p>404</p>", status=404)
        ident, person = found
        done = await self._acknowledge(ident, person or LINK)
        words = WORDS[self._language]
        policies = ", ".join(dict.fromkeys(incident.policy for incident in done))
        text = words.seen_many.format(by=person or LINK, n=len(done), policy=policies)
        return self._page(f"<p>{html.escape(text)}</p>")

    async def _read(self, request: Request) -> tuple[str, str] | None:
        return read_token(self._key, request.path_params["token"], (await self._roster()).people)

    def _page(self, body: str, status: int = 200) -> Response:
        text = (
            f'<!doctype html><html lang="{self._language}"><head><meta charset="utf-8"><meta name="robots" content="noindex">'
            f'<meta name="viewport" content="width=device-width"><title>Stafett</title></head><body>{body}</body></html>'
        )
        return HTMLResponse(text, status, headers={"content-security-policy": _PAGE_POLICY})


def is_signed(secret: str, headers: Mapping[str, str], body: bytes, now: datetime) -> bool:
    """Slack's `v0`: HMAC-SHA256 over `v0:TIMESTAMP:BODY`, not older than five minutes."""
    stamp, proof = headers.get("x-slack-request-timestamp", ""), headers.get("x-slack-signature", "")
    if not stamp.isascii() or not stamp.isdigit() or abs(now.timestamp() - int(stamp[:12])) > WINDOW.total_seconds():
        return False
    expected = hmac.new(secret.encode(), b"v0:" + stamp.encode() + b":" + body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"v0={expected}".encode(), proof.encode())


def read_press(body: bytes) -> tuple[str, list[str]]:
    """(the member's id, what they acknowledged) of an interaction; nothing of one that is no press of our button."""
    try:
        payload = json.loads(parse_qs(body.decode()).get("payload", ["{}"])[0])
        member = str(payload["user"]["id"])[:64]
        pressed = [str(a["value"])[:320] for a in payload["actions"] if a.get("action_id") == ACTION and a.get("value")]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return "", []
    return member, pressed if payload.get("type") == "block_actions" else []
