"""A person's own data, for whoever answers people: all that is known of them, in one file."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Path
from fastapi.responses import StreamingResponse

from routing.model.records import Lead
from schemas.persons import (
    LONGEST_NAME,
    ConsentPage,
    ErasureRequest,
    ErasureTaken,
    ErasureView,
    ExportRequest,
    PersonExport,
)
from services.api.access import Access, Key, route
from services.api.scoped import Scoped
from services.api.views import LeadId, Limit, Number, require_lead, storable
from services.door.problems import Trouble
from services.persons.consents import statements_in
from services.persons.desk import PersonDesk
from services.persons.documents import Document, JsonDocument, TextDocument
from services.persons.finding import Found, NobodyFound

NO_STORE = {"cache-control": "no-store"}
_ASKS = {
    "description": "Which person, and in which form.",
    "content": {
        "application/json": {
            "examples": {
                "programs": {"value": {"email": "anna@example.com"}},
                "people": {"value": {"phone": "+46701234567", "format": "text", "language": "sv"}},
            }
        }
    },
}


_ASKS_ERASURE = {
    "description": "Which person, why, and whether it is only to be said what would go.",
    "content": {
        "application/json": {
            "examples": {
                "look": {"value": {"email": "anna@example.com", "reason": "asked by letter"}},
                "erase": {"value": {"email": "anna@example.com", "reason": "asked by letter", "dry_run": False}},
            }
        }
    },
}


def add_persons(router: APIRouter, access: Access, desk: PersonDesk) -> None:
    """`POST /v1/persons/export`."""

    @route(
        router,
        "/persons/export",
        "not_found",
        "ambiguous",
        scope="persons:export",
        operation="exportPerson",
        tag="persons",
        method="POST",
        summary="Give a person all that is known of them",
        asks=_ASKS,
        response_model=PersonExport,
        responses={
            200: {"content": {"text/plain": {"schema": {"type": "string"}, "example": "What Nordlys knows of you ..."}}}
        },
    )
    async def export(asked: ExportRequest, key: Key = access.needs("persons:export")) -> StreamingResponse:
        """One file, streamed: every fact with its source and proof, every signal and event, and who got it. `complete` at
        the end says that nothing is missing. The asking is noted with the key's name."""
        found = await found_by(desk, asked, key)
        document: Document = JsonDocument() if asked.format == "json" else TextDocument(asked.language)
        kind = "application/json" if asked.format == "json" else "text/plain"
        return StreamingResponse(_pieces(desk, found, document), media_type=kind, headers=NO_STORE)


def add_erasure(router: APIRouter, access: Access, desk: PersonDesk) -> None:
    """`POST /v1/persons/erase`, `GET /v1/persons/erasures/{id}`."""

    @route(
        router,
        "/persons/erase",
        "not_found",
        "ambiguous",
        scope="persons:erase",
        operation="erasePerson",
        tag="persons",
        method="POST",
        status_code=202,
        summary="Erase a person",
        asks=_ASKS_ERASURE,
    )
    async def erase(asked: ErasureRequest, key: Key = access.needs("persons:erase")) -> ErasureTaken:
        """Empties whatever names the person, for good; says what it would be unless `dry_run` is false. Somebody who is nobody's lead is
        kept as erased all the same, so that no import brings them in."""
        try:
            return await desk.erase(asked, key.name, key.brands)
        except NobodyFound as nobody:
            raise _trouble_of(nobody) from None

    @route(
        router,
        "/persons/erasures/{ident}",
        "not_found",
        scope="persons:erase",
        operation="getErasure",
        tag="persons",
        summary="Show an erasure and its receipt",
    )
    async def erasure(
        ident: Annotated[
            str,
            Path(
                description="The erasure's id.", examples=["preq_4ouhzxfrkwvfb5sbqkvyd4s6ka"], max_length=LONGEST_NAME
            ),
        ],
        key: Key = access.needs("persons:erase"),
    ) -> ErasureView:
        """Open until nothing of the person is left, then done, with the receipt. Not found until the router has read the request."""
        if not ident.isprintable() or (view := await desk.erasure(ident)) is None:
            raise Trouble("not_found", "there is no such erasure, or it was not read yet")
        return view


def add_consents(router: APIRouter, scoped: Scoped, access: Access) -> None:
    """`GET /v1/persons/{lead_id}/consents`."""

    @route(
        router,
        "/persons/{lead_id}/consents",
        "not_found",
        scope="leads:read",
        operation="listConsents",
        tag="persons",
        summary="List what was said of consents",
    )
    async def consents(
        lead_id: LeadId, key: Key = access.needs("leads:read"), after: Number = 0, limit: Limit = 200
    ) -> ConsentPage:
        """Each statement with its purpose, source, form and instant, as evidence; of one lead. A page may have no statements and yet
        a `next`: it looks through so many signals."""
        row = require_lead(await scoped.of(key).lead(storable(lead_id)))
        entries = await scoped.of(key).history(row.id, after, limit)
        statements = [statement for entry in entries for statement in statements_in(entry.row)]
        following = entries[-1].id if len(entries) == limit else None
        return ConsentPage(current=Lead.read(row.state).consents, statements=statements, next=following)


async def found_by(desk: PersonDesk, asked: ExportRequest, key: Key) -> Found:
    """Raises Trouble where nobody is found, or several."""
    try:
        return await desk.begin_export(asked, key.name, key.brands)
    except NobodyFound as nobody:
        raise _trouble_of(nobody) from None


def _trouble_of(nobody: NobodyFound) -> Trouble:
    if nobody.leads:
        return Trouble("ambiguous", f"{nobody}: {', '.join(nobody.leads)}")
    return Trouble("not_found", str(nobody))


async def _pieces(desk: PersonDesk, found: Found, document: Document) -> AsyncIterator[str]:
    async for (piece,) in desk.export(found, [document]):
        yield piece
