"""A person's own data, for whoever answers people: all that is known of them, in one file."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter
from fastapi.responses import StreamingResponse

from schemas.persons import ExportRequest, PersonExport
from services.api.access import Access, Key, route
from services.door.problems import Trouble
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


async def found_by(desk: PersonDesk, asked: ExportRequest, key: Key) -> Found:
    """Raises Trouble where nobody is found, or several."""
    try:
        return await desk.begin_export(asked, key.name, key.brands)
    except NobodyFound as nobody:
        if nobody.leads:
            raise Trouble("ambiguous", f"{nobody}: {', '.join(nobody.leads)}") from None
        raise Trouble("not_found", str(nobody)) from None


async def _pieces(desk: PersonDesk, found: Found, document: Document) -> AsyncIterator[str]:
    async for (piece,) in desk.export(found, [document]):
        yield piece
