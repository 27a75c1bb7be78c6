"""Sessions: a secret in a cookie, of which the store has a digest. Each sign-in begins a new one, so that nobody can be made
to use one that somebody else chose."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from schemas.roster import Role
from services.ports.sessions import OneTimeLink, Session, SessionStore

PROLONG_AFTER = timedelta(minutes=1)
"""Uses within it are not written down: a page that looks every second writes once a minute."""
MOST_LINKS = 20
"""One-time links that wait."""


class Terms(NamedTuple):
    """How long a session lasts without use, and in all; how many a person has; how long a link waits."""

    idle: timedelta
    lifetime: timedelta
    per_person: int
    link: timedelta = timedelta(minutes=15)


class Sessions:
    """Begins, finds and ends them."""

    def __init__(self, store: SessionStore, terms: Terms, now: Callable[[], datetime]) -> None:
        self._store, self._terms, self._now = store, terms, now

    async def begin(self, person: str, roles: tuple[Role, ...] | None = None, name: str | None = None) -> str:
        """The secret of a new session, for the browser alone. Raises StoreUnavailable."""
        secret, now = secrets.token_urlsafe(32), self._now()
        ends_at = now + self._terms.lifetime
        expires_at = min(now + self._terms.idle, ends_at)
        session = Session(
            digest=digest_of(secret),
            person=person,
            created_at=now,
            expires_at=expires_at,
            ends_at=ends_at,
            roles=roles,
            name=name,
        )
        await self._store.open(session, self._terms.per_person)
        return secret

    async def find(self, secret: str) -> Session | None:
        """The session of a cookie, used from now on; None for one that is over or unknown. Raises StoreUnavailable."""
        session = await self._store.session(digest_of(secret))
        now = self._now()
        if session is None or now >= session.expires_at:
            return None
        expires_at = min(now + self._terms.idle, session.ends_at)
        if expires_at - session.expires_at >= PROLONG_AFTER:
            await self._store.prolong(session.digest, expires_at)
            return session._replace(expires_at=expires_at)
        return session

    async def end(self, secret: str) -> None:
        """That of this cookie. Raises StoreUnavailable."""
        await self._store.close(digest_of(secret))

    async def end_all(self, person: str) -> None:
        """All of the person's, in every browser. Raises StoreUnavailable."""
        await self._store.close_all(person)

    async def make_link(self, person: str) -> str:
        """The secret of a new link that signs this person in, once. Raises StoreUnavailable."""
        secret = secrets.token_urlsafe(32)
        await self._store.make_link(OneTimeLink(digest_of(secret), person, self._now() + self._terms.link), MOST_LINKS)
        return secret

    async def use_link(self, secret: str) -> str | None:
        """Who is signed in by it; None where it is used, over or unknown. Raises StoreUnavailable."""
        return await self._store.use_link(digest_of(secret), self._now())


def digest_of(secret: str) -> str:
    """SHA-256, hex: what is looked for. Secrets have 256 random bits, so that time tells nothing of them: a digest that is nearly
    right is of a secret that is nowhere near."""
    return hashlib.sha256(secret.encode()).hexdigest()


def csrf_token(secret: str) -> str:
    """What proves that a request was made by a page of this session: HMAC of a label under the cookie's secret, which no other
    site knows and no page of ours shows."""
    return urlsafe_b64encode(hmac.digest(secret.encode(), b"csrf", "sha256")).decode().rstrip("=")
