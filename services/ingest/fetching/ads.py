"""Ad platforms: a notification names a lead, whose answers are asked for."""

from __future__ import annotations

from urllib.parse import urlencode

from schemas.signals import Kind, Parsed
from services.ingest.fetching.asking import Gone
from services.ingest.fetching.vendor import Ask, Vendor, fill_gaps, path_segment, read_by
from services.ingest.parsers.platforms import linkedin, meta_lead_ads


class Meta(Vendor):
    def wants(self, facts: Parsed) -> bool:
        return _lead(facts) is not None

    async def complete(self, facts: Parsed, ask: Ask) -> Parsed:
        asked = {"fields": "id,created_time,ad_id,form_id,campaign_id,campaign_name,platform,field_data"}
        path = f"/{self.fetch.version or 'v23.0'}/{_lead_segment(facts)}?{urlencode(asked)}"
        return fill_gaps(facts, read_by(meta_lead_ads.parse, await ask(path)))


class LinkedIn(Vendor):
    def headers(self, token: str) -> dict[str, str]:
        version = {"linkedin-version": self.fetch.version or "202509", "x-restli-protocol-version": "2.0.0"}
        return {**super().headers(token), **version}

    def wants(self, facts: Parsed) -> bool:
        return _lead(facts) is not None

    async def complete(self, facts: Parsed, ask: Ask) -> Parsed:
        return fill_gaps(facts, read_by(linkedin.parse, await ask(f"/rest/leadFormResponses/{_lead_segment(facts)}")))


def _lead(facts: Parsed) -> str | None:
    return facts.external_id if facts.kind is Kind.FORM_SUBMITTED else None


def _lead_segment(facts: Parsed) -> str:
    if (ident := _lead(facts)) is None:
        raise Gone
    return path_segment(ident)
