"""What a hand-over says, by the names that a mapping uses, and how a mapping writes it into fields of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from schemas.envelope import Envelope, instant
from schemas.events import Dossier, HandoverOffered
from schemas.json_values import JsonValue
from schemas.paths import under
from schemas.sinks import FieldRule
from schemas.sinks.mapping import ANSWERS

Facts = Mapping[str, JsonValue]
"""Values by the names of `schemas.sinks.FACTS`; what is not known is None or absent."""


def facts_of(event: Envelope, offer: HandoverOffered, public_url: str | None = None) -> Facts:
    """The facts of an offered hand-over; contact and answers are gone where they were erased. `public_url` is where our links begin."""
    dossier, personal = offer.dossier, offer.personal
    facts: dict[str, JsonValue] = {
        "lead.id": event.subject,
        "handover.id": offer.handover_id,
        "handover.pass_number": offer.pass_number,
        "offer.id": offer.offer_id,
        "offer.number": offer.offer_number,
        "offer.expires_at": offer.expires_at,
        "offer.follow_up_due_at": offer.follow_up_due_at,
        "sla.due_at": offer.follow_up_due_at,
        "sla.state": "running" if offer.follow_up_due_at is not None else None,
        "owner.person": offer.owner.person if offer.owner else None,
        "event.time": event.time,
        "company.name": dossier.company_name,
        "company.domain": dossier.company_domain,
        **_company(dossier),
        **_qualification(offer),
        **_links(offer, public_url),
        "dossier.source": dossier.source,
        "dossier.campaign": dossier.campaign,
        "dossier.tags": ", ".join(dossier.tags) or None,
        "dossier.next_step": dossier.next_step,
        "dossier.meeting_booked_at": dossier.meeting_booked_at,
        "dossier.complete": dossier.complete,
        "dossier.missing": ", ".join(dossier.missing) or None,
    }
    if personal is not None:
        person = personal.person
        facts |= {
            "contact.email": person.email,
            "contact.first_name": person.first_name,
            "contact.last_name": person.last_name,
            "contact.full_name": person.full_name
            or " ".join(filter(None, (person.first_name, person.last_name)))
            or None,
            "contact.phone": person.phone,
        }
        facts |= {ANSWERS + name: value for name, value in personal.answers.items()}
    return facts


def _company(dossier: Dossier) -> Facts:
    return {
        "company.industry": dossier.company_industry,
        "company.employees": dossier.company_employees,
        "company.country": dossier.company_country,
        "company.region": dossier.company_region,
        "company.city": dossier.company_city,
        "company.postcode": dossier.company_postcode,
    }


def _qualification(offer: HandoverOffered) -> Facts:
    why = offer.qualification
    if why is None:
        return {}
    return {
        "qualification.fact": why.fact,
        "qualification.at": why.at,
        "qualification.fit": why.fit,
        "qualification.intent": why.intent,
        "qualification.score": why.score,
        "qualification.reasons": "\n".join(why.reasons) or None,
    }


def _links(offer: HandoverOffered, public_url: str | None) -> Facts:
    """Where our API shows the lead; nothing where nobody outside could follow the link."""
    if offer.paths is None or public_url is None:
        return {}
    return {
        "links.lead": under(public_url, offer.paths.lead),
        "links.explanation": under(public_url, offer.paths.explanation),
    }


def map_facts(rules: Mapping[str, FieldRule], facts: Facts) -> dict[str, JsonValue]:
    """Their fields with what the rules write into them; a rule whose facts are not known writes nothing."""
    values = {name: _value(rule, facts) for name, rule in rules.items()}
    return {name: value for name, value in values.items() if value is not None}


def _value(rule: FieldRule, facts: Facts) -> JsonValue:
    if rule.value is not None:
        return rule.value
    if rule.join:
        parts = [_text(facts[path], rule) for path in rule.join if facts.get(path) is not None]
        value: JsonValue = rule.between.join(parts) or None
    else:
        value = next((facts[path] for path in rule.of if facts.get(path) is not None), None)
    if value is None:
        return None
    if rule.words:
        return rule.words.get(str(value))
    if rule.date is not None or not isinstance(value, str | int | float | bool):
        value = _text(value, rule)
    return value[: rule.truncate] if rule.truncate is not None and isinstance(value, str) else value


def _text(value: JsonValue, rule: FieldRule) -> str:
    if not isinstance(value, datetime):
        return str(value)
    at = instant(value)
    match rule.date:
        case "day":
            return at[:10]
        case "instant" | None:
            return at
        case unknown:
            assert_never(unknown)
