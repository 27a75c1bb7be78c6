"""The desk of subscriptions, with its parts in hand."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from schemas.subscriptions import Subscription
from schemas.yamlfile import FileError
from services.bootstrap.parts import Parts, secrets_of
from services.bootstrap.subscribers import secret_rule, terms_of
from services.delivery.desk import Desk, FileTerms, Rules
from services.delivery.role import Subscriber
from services.delivery.sealing import Seal
from services.settings import Mark, Settings, SettingsError, mark_of, with_fresh_secrets

log = logging.getLogger("stafett.http")


def desk_of(parts: Parts) -> Desk:
    """Raises nothing: a process with the API starts whatever is wrong with the file, which the role `delivery` says."""
    settings = parts.settings
    file = _File(settings)
    rules = Rules(
        trial=settings.mode == "observe",
        timeout=settings.delivery.timeout,
        private_by_api=settings.delivery.private_by_api,
        secret_rule=secret_rule,
    )
    return Desk(
        parts.subscriptions,
        parts.deliveries,
        Seal(parts.key),
        parts.now,
        rules=rules,
        of_file=file.terms,
        subscriber_of_file=file.subscriber,
    )


class _File:
    """Read again when it changed; while it cannot be read those of before are shown."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._path = settings.path(settings.files.subscriptions)
        self._seen: Mark | str = "not looked at"
        self._entries: tuple[Subscription, ...] = ()

    def terms(self) -> Sequence[FileTerms]:
        if (mark := mark_of(self._path)) != self._seen:
            self._seen = mark
            try:
                self._entries = terms_of(self._settings)
            except FileError as error:
                log.error("subscriptions cannot be read, so those of before are shown", extra={"problems": str(error)})
        return [FileTerms(entry, len(entry.secrets)) for entry in self._entries]

    def subscriber(self, name: str) -> Subscriber | None:
        """None where this process has not got its secrets."""
        entry = next((one for one in self._entries if one.name == name), None)
        if entry is None:
            return None
        try:
            settings = with_fresh_secrets(self._settings).settings
            return Subscriber(entry, secrets_of(settings, entry.secrets, f"subscription {name}"))
        except (SettingsError, OSError, UnicodeDecodeError):
            return None
