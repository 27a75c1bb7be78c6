"""Who gets webhooks, with their secrets in hand: those of the file, and those that were made over the API, as they are now."""

from __future__ import annotations

import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

from schemas.subscriptions import Subscription, SubscriptionsFile
from schemas.yamlfile import FileError, load, problems_of
from services.bootstrap.fresh_secrets import FreshSecrets
from services.bootstrap.parts import Parts, read_file, secrets_of
from services.delivery.role import Subscriber
from services.delivery.sealing import Seal
from services.delivery.stored import StoredSubscribers
from services.ingest.proof.secret_rules import SHORTEST
from services.outbound.signing import key_of
from services.ports.errors import StoreUnavailable
from services.settings import Settings, SettingsError

log = logging.getLogger("stafett.delivery")
LOOK = 1.0
"""Seconds between two looks at file and store."""
Stored = Callable[[], Awaitable[Sequence[Subscriber]]]
"""Those that were made over the API. Raises StoreUnavailable."""


def terms_of(settings: Settings) -> tuple[Subscription, ...]:
    """The subscriptions of the file, without a look at their secrets; none where there is no file. Raises FileError."""
    path = settings.path(settings.files.subscriptions)
    if not path.exists():
        return ()
    return load(read_file(settings, "subscriptions"), SubscriptionsFile, str(path)).subscriptions


def subscribers_of(settings: Settings) -> list[Subscriber]:
    """The subscriptions of the file; none where there is no file. Raises FileError, SettingsError."""
    entries = terms_of(settings)
    found = [Subscriber(e, secrets_of(settings, e.secrets, f"subscription {e.name}")) for e in entries]
    broken = [
        (("subscriptions", number, "secrets", place), f"{entry.secrets[place]} {rule}")
        for number, (entry, subscriber) in enumerate(zip(entries, found, strict=True))
        for place, secret in enumerate(subscriber.secrets)
        if (rule := secret_rule(secret)) is not None
    ]
    if broken:
        path = str(settings.path(settings.files.subscriptions))
        raise FileError(problems_of(path, read_file(settings, "subscriptions"), broken))
    return found


def secret_rule(secret: str) -> str | None:
    """What is wrong with a secret, without a part of it."""
    try:
        key = key_of(secret)
    except ValueError:
        return (
            "is no base64 after whsec_, so nothing can be signed; openssl rand -base64 32 makes what has to stand there"
        )
    if len(key) < SHORTEST:
        return f"has {len(key)} bytes, and at least {SHORTEST} are needed; openssl rand -base64 32 makes a good one"
    return None


def ring_of(parts: Parts) -> SubscriberRing:
    """Raises FileError, SettingsError."""
    return SubscriberRing(parts.settings, StoredSubscribers(parts.subscriptions, Seal(parts.key), parts.now))


class SubscriberRing:
    """File, secrets and store are looked at again when somebody asks, once a second at most. While one of them cannot be read
    who was there before goes on, the log says so and `state` too. `ticks` are seconds of a monotonic clock.

    Raises FileError, SettingsError when it is made: a start says what is wrong.
    """

    def __init__(self, settings: Settings, stored: Stored, ticks: Callable[[], float] = time.monotonic) -> None:
        self._stored, self._ticks = stored, ticks
        self._files = FreshSecrets(settings, settings.path(settings.files.subscriptions))
        self._of_file = self._read()
        self._of_store: dict[str, Subscriber] = {}
        self._look_at = ticks()
        self._fault, self._names_twice = "ok", frozenset[str]()

    async def __call__(self) -> Mapping[str, Subscriber]:
        if self._ticks() >= self._look_at:
            self._look_at = self._ticks() + LOOK
            self._look()
            await self._ask()
        return {**self._of_store, **self._of_file}

    def state(self) -> str:
        """`ok`, or what is wrong with the file or a secret."""
        return self._fault

    def _look(self) -> None:
        if not self._files.has_changed():
            return
        try:
            self._of_file, self._fault = self._read(), "ok"
        except (FileError, SettingsError, OSError, UnicodeDecodeError) as error:
            self._fault = type(error).__name__
            said = str(error) if isinstance(error, FileError | SettingsError) else type(error).__name__
            log.error("subscriptions or a secret cannot be read, so those of before go on", extra={"problems": said})
        else:
            log.info("subscriptions and secrets read again", extra={"count": len(self._of_file)})

    def _read(self) -> dict[str, Subscriber]:
        found = subscribers_of(self._files.read())
        return {subscriber.subscription.name: subscriber for subscriber in found}

    async def _ask(self) -> None:
        try:
            found = await self._stored()
        except StoreUnavailable as error:
            log.debug("subscriptions of the store are not known now", extra={"error": type(error).__name__})
            return
        self._of_store = {subscriber.subscription.name: subscriber for subscriber in found}
        names_twice = frozenset(self._of_store.keys() & self._of_file.keys())
        if names_twice - self._names_twice:
            told = ", ".join(sorted(names_twice))
            log.error(
                "a subscription of the API has the name of one of the file, which goes", extra={"subscription": told}
            )
        self._names_twice = names_twice
