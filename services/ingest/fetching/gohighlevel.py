"""GoHighLevel: the contact of a task, a message, an appointment or an opportunity."""

from __future__ import annotations

from schemas.signals import Parsed
from services.ingest.fetching.asking import Gone
from services.ingest.fetching.vendor import Ask, Vendor, filled, linked, named, read_by, record, shown
from services.ingest.parsers.platforms import gohighlevel
from services.ingest.parsers.reading.safely import text

_VERSION = "2021-07-28"


class GoHighLevel(Vendor):
    def headers(self, token: str) -> dict[str, str]:
        return {**super().headers(token), "version": _VERSION}

    def wants(self, facts: Parsed) -> bool:
        """A contact's own webhook has all of it."""
        own = (facts.source_kind or "").startswith("Contact")
        return not own and bool(named(facts, "person") or named(facts, "deal"))

    async def complete(self, facts: Parsed, ask: Ask) -> Parsed:
        if named(facts, "person") is None:
            answer = await ask(f"/opportunities/{shown(named(facts, 'deal') or '')}")
            if (person := text(record(answer.get("opportunity")).get("contactId"))) is None:
                raise Gone
            facts = linked(facts, "person", person)
        answer = await ask(f"/contacts/{shown(named(facts, 'person') or '')}")
        return filled(facts, read_by(gohighlevel.parse, {**record(answer.get("contact")), "type": "ContactUpdate"}))
