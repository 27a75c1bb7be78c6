"""Pipedrive: the person of an activity, a deal or a lead; a deal's or a lead's person where nobody is named."""

from __future__ import annotations

from schemas.signals import Parsed
from services.ingest.fetching.asking import Gone
from services.ingest.fetching.vendor import Ask, Vendor, fill_gaps, id_of, path_segment, read_by, record, with_reference
from services.ingest.parsers.platforms import pipedrive
from services.ingest.parsers.reading.safely import text


class Pipedrive(Vendor):
    def headers(self, token: str) -> dict[str, str]:
        """A user's own API token: those of OAuth last for an hour."""
        return {"x-api-token": token}

    def wants(self, facts: Parsed) -> bool:
        """A person's own webhook has all of them."""
        own = (facts.source_kind or "").endswith((".person", ".organization"))
        return not own and bool(id_of(facts, "person") or id_of(facts, "deal"))

    async def complete(self, facts: Parsed, ask: Ask) -> Parsed:
        if id_of(facts, "person") is None:
            deal = record((await ask(_deal(id_of(facts, "deal") or ""))).get("data"))
            if (person := text(deal.get("person_id"))) is None:
                raise Gone
            facts = with_reference(facts, "person", person)
        answer = await ask(f"/api/v2/persons/{path_segment(id_of(facts, 'person') or '')}")
        body = {"meta": {"action": "change", "entity": "person"}, "data": record(answer.get("data"))}
        found = read_by(pipedrive.parse, body)
        return fill_gaps(facts, found.but(fields={}))


def _deal(ident: str) -> str:
    """A lead of theirs is a deal to us; its id is a UUID, a deal's is a number."""
    return f"/v1/leads/{path_segment(ident)}" if "-" in ident else f"/api/v2/deals/{path_segment(ident)}"
