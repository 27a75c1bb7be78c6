"""Reactions to our messages in a Matrix room: whichever somebody gives, they have seen it. Read now and then, newest first; the place is not
kept, since the same reaction once more acknowledges what is acknowledged.

Reactions of a room that is encrypted cannot be read, nor can those to replies in a thread, which are messages of their own.

Source: the client-server API of Matrix, version 1.11: `/messages`, and annotations.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import httpx

from routing.incidents.records import Incident
from schemas.alert_channels import MatrixChannel
from services.alerts.channels.sender import Post
from services.outbound.client import AddressRefused

log = logging.getLogger("stafett.alerts")
Acknowledge = Callable[[str, str], Awaitable[Sequence[Incident]]]
MessageOf = Callable[[str, str], Awaitable[str | None]]
EVERY = timedelta(seconds=5)
AFTER_TROUBLE = timedelta(minutes=1)
PAGE = 50
"""Reactions of one look. More in five seconds, or while nobody looked, are not seen."""
MOST_PERSON = 255
_FILTER = json.dumps({"types": ["m.reaction"]}, separators=(",", ":"))


class MatrixReactions:
    """Of one room. `message_of(channel, receipt)` is the id of the message that the server gave this receipt for."""

    def __init__(
        self,
        channel: MatrixChannel,
        token: str,
        post: Post,
        *,
        message_of: MessageOf,
        acknowledge: Acknowledge,
        now: Callable[[], datetime],
    ) -> None:
        query = urlencode({"dir": "b", "limit": PAGE, "filter": _FILTER})
        room = quote(channel.room, safe="")
        self._url = f"{channel.url.rstrip('/')}/_matrix/client/v3/rooms/{room}/messages?{query}"
        self._channel, self._headers, self._post = channel, {"authorization": f"Bearer {token}"}, post
        self._message_of, self._acknowledge, self._now = message_of, acknowledge, now
        self._look_at = now()
        self._seen: frozenset[str] = frozenset()

    async def read(self) -> int:
        """One look, where it is time for one; returns how many reactions were new. Raises StoreUnavailable."""
        now = self._now()
        if now < self._look_at:
            return 0
        self._look_at = now + EVERY
        try:
            answer = await self._post.get(self._url, self._headers)
            found = list(_reactions(json.loads(answer.body))) if answer.status == httpx.codes.OK else None
        except (AddressRefused, OSError, httpx.HTTPError, httpx.InvalidURL, ValueError, RecursionError) as error:
            self._note_trouble(now, type(error).__name__)
            return 0
        if found is None:
            self._note_trouble(now, f"HTTP {answer.status}")
            return 0
        new = [one for one in found if one[0] not in self._seen]
        for _, receipt, sender in reversed(new):
            if (ident := await self._message_of(self._channel.name, receipt)) is not None:
                await self._acknowledge(ident, f"matrix {sender}"[:MOST_PERSON])
        self._seen = frozenset(event for event, _, _ in found)
        return len(new)

    def _note_trouble(self, now: datetime, error: str) -> None:
        self._look_at = now + AFTER_TROUBLE
        log.warning("reactions could not be read", extra={"channel": self._channel.name, "error": error})


def _reactions(page: object) -> Iterator[tuple[str, str, str]]:
    """(id, what it is to, who) of each, newest first; what is no reaction is passed over."""
    chunk = page.get("chunk") if isinstance(page, dict) else None
    for event in chunk if isinstance(chunk, list) else ():
        try:
            relation = event["content"]["m.relates_to"]
            if relation["rel_type"] == "m.annotation":
                yield str(event["event_id"]), str(relation["event_id"]), str(event["sender"])
        except (KeyError, TypeError):
            continue
