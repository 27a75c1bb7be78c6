"""One request to a hook as the server gave it: its headers read once, and nothing of the framework's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope

from schemas.may import May
from schemas.signals import Echo
from services.door.problems import Trouble

Outcome = Literal["accepted", "spooled", "quarantined", "stopped"]


class Call:
    """`headers` by lower-case name; of those that come twice the last. What came of it is for the metrics: `outcome`, where the
    status of the answer does not say it all, and how many signals lack which class of facts, or tell of our own writes."""

    __slots__ = ("echoes", "headers", "may_not", "method", "outcome", "receive", "scope", "source")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self.scope, self.receive = scope, receive
        self.method: str = scope["method"]
        self.source: str = scope["path_params"]["source"]
        self.headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        self.outcome: Outcome | None = None
        self.may_not: Mapping[May, int] = {}
        self.echoes: Mapping[Echo, int] = {}

    def origin(self, otherwise: str = "") -> str:
        """The page from which a browser says that it sends; the first, where it says so twice."""
        found = (value for name, value in self.scope["headers"] if name == b"origin")
        return next((value.decode("latin-1") for value in found), otherwise)

    def peer(self) -> str:
        """The address of the connection's other end."""
        client = self.scope.get("client")
        return client[0] if client else ""

    def declared_length(self) -> int:
        """Bytes that the body is said to have; 0 where nothing is said. What it had is counted in the end."""
        said = self.headers.get("content-length", "0")
        return int(said) if said.isdecimal() and len(said) < 12 else 0

    async def body(self, limit: int) -> bytes:
        """Bounded in size, whatever the length header says; in time, and in sum with all others, it is at the door. Raises
        Trouble, BodyRefused, ClientDisconnect."""
        size, parts = 0, []
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                raise ClientDisconnect
            part = message.get("body", b"")
            size += len(part)
            if size > limit:
                raise Trouble("too_large", f"a body of this source has at most {limit} bytes")
            parts.append(part)
            if not message.get("more_body", False):
                return b"".join(parts)
