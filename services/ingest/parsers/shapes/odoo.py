"""Odoo's own webhooks: one record with its model; of a lead `partner_name` is the company and `name` the deal's title."""

from __future__ import annotations

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Company, Kind, Object, Parsed, Person, Reference, Sales
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import Result, body_key, number, only_known, text, when

_MODELS: dict[str, tuple[Object, Kind]] = {
    "crm.lead": ("deal", Kind.DEAL_UPDATED),
    "res.partner": ("person", Kind.CONTACT_UPDATED),
    "mail.activity": ("activity", Kind.ACTIVITY_UPDATED),
}


def fits(whole: JsonObject) -> bool:
    """Whether a body has this shape."""
    return isinstance(whole.get("_model"), str) and "_id" in whole


def parse(whole: JsonObject, body: bytes) -> Result:
    """The signal of one record, as it is now: what changed is not said."""
    model, ident = text(whole["_model"]) or "", identifier(whole.get("id")) or identifier(whole.get("_id"))
    what, kind = _MODELS.get(model, (None, Kind.UNCLASSIFIED))
    firm = what == "person" and whole.get("is_company") is True
    if firm:
        what, kind = "company", Kind.COMPANY_UPDATED
    named = text(whole.get("name")) if what in ("person", "company") else None
    references = [(what, ident), *(((("person", _id(whole.get("partner_id")))),) if what == "deal" else ())]
    parsed = Parsed(
        kind=kind,
        source_kind=model,
        occurred_at=when(whole.get("write_date")),
        person=Person(
            email=_first_text(whole, "email_from", "email"),
            full_name=_first_text(whole, "contact_name") or (None if firm else named),
            phone=_first_text(whole, "phone", "mobile"),
        ),
        company=Company(
            name=_first_text(whole, "partner_name", "commercial_company_name") or (named if firm else None)
        ),
        external_id=ident,
        references=tuple(Reference(system="odoo", object=o, id=i) for o, i in references if o and i),
        sales=Sales(to=_id(whole.get("stage_id")), owner_id=_id(whole.get("user_id"))) if what == "deal" else None,
        amount=number(whole.get("expected_revenue")) if what == "deal" else None,
        fields=only_known((name, text(whole.get(name))) for name in ("name", "description", "type", "summary")),
        dedupe_key=body_key(body),
    )
    return [of_record(parsed, whole)]


def _first_text(whole: JsonObject, *names: str) -> str | None:
    """Odoo writes `false` where there is nothing."""
    return next((value for name in names if (value := text(whole.get(name)))), None)


def _id(value: JsonValue) -> str | None:
    """A record that another one points to: its id, or the id with its name."""
    return text(value[0]) if isinstance(value, list) and value else text(value)
