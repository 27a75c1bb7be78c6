"""What asking for a person's data needs, from the parts."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta

from routing.model.identity import SHARED
from routing.upkeep.expiry import ExpiryClass
from schemas.signals import Signal
from schemas.sources import SourcesFile
from schemas.yamlfile import load
from services.adapters.sql.erasing import SqlErasing
from services.adapters.sql.person_keys import SqlPersonKeys
from services.adapters.sql.persons import SqlPersons
from services.bootstrap.commands import commanding_of, versions_of
from services.bootstrap.parts import Parts, read_file
from services.bootstrap.sealing import topics_after_of
from services.ingest.normalising.names import digest
from services.ingest.parsers.reading.addresses import normal_address
from services.ingest.parsers.reading.numbers import normal_numbers
from services.persons.desk import PersonDesk
from services.persons.erasing import LEASE, Eraser
from services.persons.expiring import Expirer
from services.persons.finding import Digests


def person_desk_of(parts: Parts, accept: Callable[[Sequence[Signal]], Awaitable[None]]) -> PersonDesk:
    """Raises FileError for a file of sources that cannot be read."""
    persons = SqlPersons(parts.store.engines)

    async def organisation() -> str:
        return (await versions_of(parts).ruling()).organisation

    return PersonDesk(
        reading=persons,
        register=persons,
        digests=digests_of(parts),
        now=parts.now,
        organisation=organisation,
        accept=accept,
        keys=SqlPersonKeys(parts.store.engines),
    )


def eraser_of(parts: Parts) -> Eraser:
    """The work that is left of erasures, for the process that tidies up."""
    holder = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"

    async def lease() -> bool:
        return await parts.store.acquire_lease(LEASE, holder, 30.0) is not None

    return Eraser(
        SqlErasing(parts.store.engines),
        partition_key=lambda brand, text: digest(parts.key, "partition", brand, text),
        lease=lease,
        seal=lambda text: digest(parts.key, "receipt", "", text),
        now=parts.now,
        topics=topics_after_of(parts),
    )


def expirer_of(parts: Parts) -> Expirer:
    """Idle leads that expire as the settings say, for the process that tidies up."""
    retention = parts.settings.retention
    agreed: Mapping[ExpiryClass, timedelta | None] = {
        "unqualified": retention.leads_unqualified,
        "unsubscribed": retention.leads_unsubscribed,
        "lost": retention.leads_lost,
    }
    holder = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"

    async def lease() -> bool:
        return await parts.store.acquire_lease("expiry", holder, 600.0) is not None

    return Expirer(
        SqlPersons(parts.store.engines),
        {name: age for name, age in agreed.items() if age is not None},
        accept=commanding_of(parts).accept,
        lease=lease,
        now=parts.now,
    )


def digests_of(parts: Parts) -> Digests:
    """Addresses and numbers as ingest keeps them. A number without a country code is looked for in the countries of all sources.
    Raises FileError."""
    path = str(parts.settings.path(parts.settings.files.sources))
    file = load(read_file(parts.settings, "sources"), SourcesFile, path)
    regions = sorted({region for source in file.sources if (region := file.with_file_defaults(source).number_region)})

    def email(text: str, brand: str) -> str | None:
        address = normal_address(text)
        return None if address is None else digest(parts.key, "email", brand, address)

    def phone(text: str, brand: str) -> Sequence[tuple[str, str]]:
        numbers = {number for region in (None, *regions) for number in normal_numbers(text, region)}
        proven = [("phone", digest(parts.key, "phone", brand, number)) for number in sorted(numbers)]
        likely = [digest(parts.key, "like_phone", brand, number) for number in sorted(numbers)]
        return [*proven, *(("like_phone", one) for one in likely), *((SHARED, one) for one in likely)]

    return Digests(email, phone)
