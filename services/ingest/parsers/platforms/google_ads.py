"""Google Ads lead forms: columns by id. The key that proves the sender is in the body: it ends here."""

from __future__ import annotations

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Parsed
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.reading.answers import filled_in
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.naming import meaning
from services.ingest.parsers.reading.safely import Result, as_object, body_key, mapping, read_json, text, when

_COLUMNS = {
    "FULL_NAME": "full_name",
    "FIRST_NAME": "first_name",
    "LAST_NAME": "last_name",
    "EMAIL": "email",
    "WORK_EMAIL": "email",
    "PHONE_NUMBER": "phone",
    "WORK_PHONE": "phone",
    "COMPANY_NAME": "company",
}
_TEST = "TeSter-"


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One lead. Raises Unreadable."""
    lead = as_object(read_json(body))
    ident = text(lead.get("lead_id"))
    columns = lead.get("user_column_data")
    if ident is None or not isinstance(columns, list):
        raise Unreadable("a lead has a lead_id and user_column_data")
    facts, answers = _columns(columns)
    test = lead.get("is_test") in (True, "true", 1) or ident.startswith(_TEST)
    key = f"lead:{ident}" if identifier(ident) else body_key(body)
    return [_signal(lead, ident, facts=facts, answers=answers, test=test).but(dedupe_key=key)]


def _signal(lead: JsonObject, ident: str, facts: dict[str, str], answers: JsonObject, test: bool) -> Parsed:
    extra = {n: text(lead.get(n)) for n in ("gcl_id", "adgroup_id", "creative_id", "asset_group_id", "lead_source")}
    return filled_in(
        {**answers, **extra},
        facts,
        source_kind="lead",
        occurred_at=when(lead.get("lead_submit_time")),
        mode="test" if test else "live",
        external_id=ident,
        form_id=text(lead.get("form_id")),
        campaign=text(lead.get("campaign_id")),
        dedupe_key="",
    )


def _columns(columns: list[JsonValue]) -> tuple[dict[str, str], JsonObject]:
    """(facts of the standard columns, custom questions by their ids). The private one of two e-mails or numbers wins."""
    facts: dict[str, str] = {}
    answers: JsonObject = {}
    for row in map(mapping, columns):
        ident, value = text(row.get("column_id")) or text(row.get("column_name")), text(row.get("string_value"))
        if ident is None or value is None:
            continue
        fact = _COLUMNS.get(ident.upper()) or (None if "column_id" in row else (meaning(ident) or (None, 0))[0])
        if fact is not None and (fact not in facts or not ident.upper().startswith("WORK_")):
            answers |= {f"WORK_{fact}".upper(): facts[fact]} if fact in facts else {}
            facts[fact] = value
        else:
            answers[ident] = value
    return facts, answers
