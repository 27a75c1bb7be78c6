"""GoHighLevel: the contact of a task, a message, an appointment or an opportunity."""

from __future__ import annotations

from schemas.signals import Parsed
from services.ingest.fetching.asking import Gone
from services.ingest.fetching.vendor import Ask, Vendor, fill_gaps, id_of, path_segment, read_by, record, with_reference
from services.ingest.parsers.platforms import gohighlevel
from services.ingest.parsers.reading.safely import text

_VERSION = "2021-07-28"


class GoHighLevel(Vendor):
    def headers(self, token: str) -> dict[str, str]:
        return {**super().headers(token), "version": _VERSION}

    def wants(self, facts: Parsed) -> bool:
        """A contact's own webhook has all of it."""
        own = (facts.source_kind or "").startswith("Contact")
        return not own and bool(id_of(facts, "person") or id_of(facts, "deal"))

    async def complete(self, facts: Parsed, ask: Ask) -> Parsed:
        if id_of(facts, "person") is None:
            answer = await ask(f"/opportunities/{path_segment(id_of(facts, 'deal') or '')}")
            if (person := text(record(answer.get("opportunity")).get("contactId"))) is None:
                raise Gone
            facts = with_reference(facts, "person", person)
        answer = await ask(f"/contacts/{path_segment(id_of(facts, 'person') or '')}")
        return fill_gaps(facts, read_by(gohighlevel.parse, {**record(answer.get("contact")), "type": "ContactUpdate"}))
