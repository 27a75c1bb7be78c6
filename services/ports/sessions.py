"""Who is signed in to the page, and links that sign somebody in once. Of both only digests are kept: who reads the store
can become nobody.

Every method raises StoreUnavailable.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple, Protocol

from schemas.roster import Role


class Session(NamedTuple):
    """`digest` is of the secret in the browser's cookie. `expires_at` moves with use, up to `ends_at`, which never does. `roles`:
    only these of the roster's, as the sign-in provider tells; None where it tells nothing of roles. `name` is personal."""

    digest: str
    person: str
    created_at: datetime
    expires_at: datetime
    ends_at: datetime
    roles: tuple[Role, ...] | None = None
    name: str | None = None


class OneTimeLink(NamedTuple):
    """`digest` is of the secret in the link."""

    digest: str
    person: str
    expires_at: datetime


class SessionStore(Protocol):
    """For the page, and for commands that make links."""

    async def open(self, session: Session, most: int) -> None:
        """Durable when it returns. The person has at most `most` sessions then: those that expire first end."""

    async def session(self, digest: str) -> Session | None:
        """Also one that is over."""

    async def prolong(self, digest: str, expires_at: datetime) -> None:
        """It is being used. One that was closed meanwhile stays closed."""

    async def close(self, digest: str) -> None:
        """Whether it was there or not."""

    async def close_all(self, person: str) -> int:
        """Everywhere; returns how many."""

    async def make_link(self, link: OneTimeLink, most: int) -> None:
        """Durable when it returns. At most `most` links wait then: those that expire first are of no use any more."""

    async def use_link(self, digest: str, now: datetime) -> str | None:
        """The person, once; None for a link that was used, that expired, or that nobody made."""
