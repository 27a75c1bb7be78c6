"""Which keys seal what goes to topics."""

from __future__ import annotations

from typing import assert_never

from services.adapters.sql.person_keys import SqlPersonKeys
from services.bootstrap.parts import Parts
from services.ports.sealing import PersonKeys


def person_keys_of(parts: Parts) -> PersonKeys | None:
    """Those of persons, for their events; None where events go to no topic outside the store, or go as they are."""
    settings = parts.settings
    match settings.log.kind:
        case "embedded":
            return None
        case "kafka":
            return SqlPersonKeys(parts.store.engines) if settings.kafka.seal else None
        case _:
            assert_never(settings.log.kind)
