"""What a platform's file has to give: contacts found, looked at, put into audiences and taken out. It keeps no state but a session."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from services.sinks.audiences import Audience, Presence, Who


class Platform(Protocol):
    """One customer's account at a marketing platform, over a `Caller` that its constructor is given. Every method raises Trouble;
    `gone` where the contact is no longer there.

    `settle` is how long after a change of ours `presence` may still tell what was before it.
    """

    settle: timedelta

    async def read(self, contact: str) -> str | None:
        """The contact's id as it is now, since a merge is followed. None where it is gone."""

    async def find(self, email: str) -> str | None:
        """The id of the contact with this address."""

    async def create(self, who: Who) -> str | None:
        """A contact with this address: a new one, or the one that is there. Sent again, it makes no second one. None where the
        platform takes nobody with this address, as one that asked to be forgotten."""

    async def delete(self, contact: str) -> None:
        """Takes the contact away for good, where the platform can; nothing where it is gone already."""

    async def presence(self, contact: str, audience: Audience) -> Presence:
        """How the contact is in the audience now, as far as it has settled."""

    async def enter(self, contact: str, audience: Audience) -> None:
        """Puts it in; nothing where it is in already."""

    async def restore(self, contact: str, audience: Audience, word: str) -> None:
        """Makes it what it was, by the word of `presence`."""

    async def check(self, audiences: Sequence[Audience]) -> list[str]:
        """Everything that is wrong with the set-up there, one line each with the likely fix: key, rights, audiences."""

    async def whoami(self) -> str:
        """The name of the account or user that we write as."""
