"""The subscriptions that were made over the API, with their secrets in hand."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from schemas.subscriptions import SubscriptionTerms
from services.delivery.role import Subscriber
from services.delivery.sealing import KeptSecret, Seal, Unsealable, valid_secrets
from services.ports.subscriptions import SubscriptionRow, SubscriptionStore

log = logging.getLogger("stafett.delivery")


class StoredSubscribers:
    """Rows are read as they are now, and taken apart where they changed. One that cannot be read, for it was sealed with
    another deployment key or made by a later version, is left out and told of once; the others go on."""

    def __init__(self, store: SubscriptionStore, seal: Seal, now: Callable[[], datetime]) -> None:
        self._store, self._seal, self._now = store, seal, now
        self._read: dict[tuple[str, int], tuple[SubscriptionTerms, tuple[KeptSecret, ...]] | None] = {}

    async def __call__(self) -> list[Subscriber]:
        """Raises StoreUnavailable."""
        rows = {(row.name, row.revision): row for row in await self._store.all()}
        self._read = {key: self._read[key] if key in self._read else self._take_apart(rows[key]) for key in rows}
        now = self._now()
        return [
            Subscriber(terms, valid_secrets(kept, now), is_stored=True)
            for terms, kept in (read for read in self._read.values() if read is not None)
        ]

    def _take_apart(self, row: SubscriptionRow) -> tuple[SubscriptionTerms, tuple[KeptSecret, ...]] | None:
        try:
            return SubscriptionTerms.model_validate_json(row.body), self._seal.open(row.name, row.secrets)
        except (ValidationError, Unsealable) as error:
            told = {"subscription": row.name, "error": type(error).__name__}
            log.error("a subscription cannot be read, so it is sent nothing", extra=told)
            return None
