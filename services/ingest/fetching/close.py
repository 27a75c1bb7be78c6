"""Close: the contact of an activity or an opportunity; the one contact of its lead (a company) where none is named."""

from __future__ import annotations

import base64

from schemas.signals import Kind, Parsed
from services.ingest.fetching.asking import Gone
from services.ingest.fetching.vendor import Ask, Vendor, fill_gaps, id_of, path_segment, read_by, record, with_reference
from services.ingest.parsers.platforms import close
from services.ingest.parsers.reading.safely import mapping, text


class Close(Vendor):
    def headers(self, token: str) -> dict[str, str]:
        """An API key is the user of HTTP Basic, without a password."""
        return {"authorization": "Basic " + base64.b64encode(f"{token}:".encode()).decode()}

    def wants(self, facts: Parsed) -> bool:
        """A contact's own webhook has all of it, and what a company is called, or merged with, is nobody's step."""
        if (facts.source_kind or "").startswith("contact.") or facts.kind is Kind.SALES_MERGED:
            return False
        return not facts.kind.startswith("company.") and bool(id_of(facts, "person") or id_of(facts, "company"))

    async def complete(self, facts: Parsed, ask: Ask) -> Parsed:
        if (person := id_of(facts, "person")) is not None:
            row = await ask(f"/api/v1/contact/{path_segment(person)}/")
        else:
            lead = await ask(f"/api/v1/lead/{path_segment(id_of(facts, 'company') or '')}/?_fields=id,name,contacts")
            rows = lead.get("contacts")
            row = mapping(rows[0]) if isinstance(rows, list) and len(rows) == 1 else {}
            # Of several nobody says which of them it was with.
            if (person := text(row.get("id"))) is None:
                raise Gone
            facts = with_reference(facts, "person", person)
        event = {"object_type": "contact", "action": "updated", "object_id": person, "data": record(dict(row))}
        return fill_gaps(facts, read_by(close.parse, {"event": event}))
