"""What may be asked for about a person, whoever asks: on the command line or over HTTP. Each asking is noted before it is answered."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

from routing.model.ids import derive
from routing.model.records import Lead
from schemas.persons import ErasedRecord, ErasureRequest, ErasureTaken, ErasureView, PersonNamed, TopicKey
from schemas.signals import Commanded, IdentityKey, Kind, Person, Signal
from services.persons.documents import Document, Heading, pieces_of
from services.persons.exporting import entries_of
from services.persons.finding import Digests, Found, NobodyFound, find_person, keys_of_asked
from services.persons.matching import NAMING
from services.persons.topic_keys import find_keys
from services.ports.persons import PersonReading, PersonRegister
from services.ports.rows import PersonRequest
from services.ports.sealing import PersonKeys

_NAMING = ("contact", "opportunity", "note", "task")
"""Kinds of records that may name the person; a company is nobody's, and a membership has no name in it."""


class PersonDesk(NamedTuple):
    """`organisation` is who runs this installation; `accept` brings signals to the log, durable when it returns."""

    reading: PersonReading
    register: PersonRegister
    digests: Digests
    now: Callable[[], datetime]
    organisation: Callable[[], Awaitable[str]]
    accept: Callable[[Sequence[Signal]], Awaitable[None]]
    keys: PersonKeys

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

    async def erase(self, asked: ErasureRequest, principal: str, brands: Collection[str] | None = None) -> ErasureTaken:
        """What would be erased, or, unless it is a dry run, is on the log by now, for the router. Raises NobodyFound, StoreUnavailable, and
        NowhereToPut where neither log nor spool can take it."""
        signals = await self.signals_to_erase(asked, principal, asked.reason, brands)
        leads = [signal.lead_id for signal in signals if signal.lead_id is not None]
        holds: dict[str, int] = {}
        for lead in leads:
            for table, count in (await self.reading.holdings(lead)).items():
                holds[table] = holds.get(table, 0) + count
        if not asked.dry_run:
            await self.accept(signals)
        erasures = [] if asked.dry_run else [derive("preq", one.id, one.lead_id or "") for one in signals]
        return ErasureTaken(dry_run=asked.dry_run, leads=leads, erasures=erasures, holds=holds)

    async def erasure(self, ident: str) -> ErasureView | None:
        """What came of it; None where there is none of this id, or the router has not read it yet. Raises StoreUnavailable."""
        request = await self.register.request(ident)
        if request is None or request.kind != "erasure":
            return None
        return ErasureView(
            id=request.id,
            state="done" if request.state == "done" else "open",
            lead=request.lead_id,
            asked_by=request.principal,
            asked_at=request.asked_at,
            finished_at=request.finished_at,
            receipt=json.loads(request.body) if request.state == "done" else None,
            sinks=await self._records_of(request.lead_id),
        )

    async def topic_keys(self, names: Sequence[str], brands: Collection[str] | None = None) -> list[TopicKey]:
        """Keys of sealed events, by their names. Raises StoreUnavailable."""
        return await find_keys(self.keys, names, brands)

    async def _records_of(self, lead_id: str | None) -> list[ErasedRecord]:
        records = await self.reading.records_of(lead_id) if lead_id is not None else []
        return [
            ErasedRecord(sink=one.target.removeprefix("sink/"), kind=one.kind, key=one.key, state=one.state, at=one.at)
            for one in records
            if one.kind in _NAMING
        ]

    async def signals_to_erase(
        self, asked: PersonNamed, principal: str, reason: str, brands: Collection[str] | None = None
    ) -> Sequence[Signal]:
        """The signals by which the router erases the person: one for each of their leads, or, of somebody who is no lead, one for each
        brand, so that nothing brings them in later. Nothing is done yet. Raises NobodyFound where several may be meant, or it is no
        address, number or lead; StoreUnavailable."""
        try:
            found = await find_person(self.reading, self.digests, asked, brands)
        except NobodyFound as nobody:
            if nobody.leads or asked.lead is not None:
                raise
            return await self._of_nobody(asked, principal, reason, brands)
        return [
            self._request(
                lead.id, lead.brand, partition_key=lead.partition_key, principal=principal, reason=reason
            ).but(lead_id=lead.id)
            for lead in (Lead.read(row.state) for row in found.leads)
            if lead.disposition != "erased"
        ]

    async def _of_nobody(
        self, asked: PersonNamed, principal: str, reason: str, brands: Collection[str] | None
    ) -> Sequence[Signal]:
        """By the identities that the address or the number has in each brand. Raises NobodyFound."""
        signals: list[Signal] = []
        for brand in await self.reading.brands():
            keys = keys_of_asked(self.digests, asked, brand)
            if (brands is not None and brand not in brands) or not keys:
                continue
            identities = tuple(IdentityKey(kind=kind, digest=digest) for _, kind, digest in keys if kind in NAMING)
            signal = self._request(keys[0][2], brand, partition_key=keys[0][2], principal=principal, reason=reason)
            signals.append(signal.but(identities=identities, person=Person(email=asked.email, phone=asked.phone)))
        if not signals:
            raise NobodyFound("nobody is known by that")
        return signals

    def _request(self, about: str, brand: str, *, partition_key: str, principal: str, reason: str) -> Signal:
        at = self.now()
        ident = derive("sig", "erase", about, at.isoformat())
        return Signal(
            kind=Kind.PERSON_ERASURE_REQUESTED,
            id=ident,
            dedupe_key=ident,
            source="command",
            brand=brand,
            occurred_at=at,
            received_at=at,
            partition_key=partition_key,
            reason=reason,
            command=Commanded(name="erase", principal=principal),
        )

    async def export(self, found: Found, documents: Iterable[Document]) -> AsyncIterator[list[str]]:
        """The pieces of each document, side by side. Raises StoreUnavailable, half-way too."""
        heading = Heading(self.now(), await self.organisation())
        async for pieces in pieces_of(entries_of(self.reading, found), documents, heading):
            yield pieces
