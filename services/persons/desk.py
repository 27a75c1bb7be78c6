"""What may be asked for about a person, whoever asks: on the command line or over HTTP. Each asking is noted before it is answered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable
from datetime import datetime
from typing import NamedTuple

from routing.model.ids import derive
from schemas.persons import PersonNamed
from services.persons.documents import Document, Heading, pieces_of
from services.persons.exporting import entries_of
from services.persons.finding import Digests, Found, find_person
from services.ports.persons import PersonReading, PersonRegister, PersonRequest


class PersonDesk(NamedTuple):
    """`organisation` is who runs this installation."""

    reading: PersonReading
    register: PersonRegister
    digests: Digests
    now: Callable[[], datetime]
    organisation: Callable[[], Awaitable[str]]

    async def begin_export(self, asked: PersonNamed, principal: str, brands: Collection[str] | None = None) -> Found:
        """Finds the person, in these brands only where they are given, and notes who asks. Raises NobodyFound, StoreUnavailable."""
        found = await find_person(self.reading, self.digests, asked, brands)
        at = self.now()
        noted = PersonRequest(
            id=derive("preq", principal, at.isoformat(), *found.ids),
            kind="export",
            state="done",
            principal=principal,
            lead_id=found.ids[0],
            asked_at=at,
            finished_at=at,
            body=json.dumps({"leads": found.ids}),
        )
        await self.register.note_request(noted)
        return found

    async def export(self, found: Found, documents: Iterable[Document]) -> AsyncIterator[list[str]]:
        """The pieces of each document, side by side. Raises StoreUnavailable, half-way too."""
        heading = Heading(self.now(), await self.organisation())
        async for pieces in pieces_of(entries_of(self.reading, found), documents, heading):
            yield pieces
