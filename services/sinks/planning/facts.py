"""What a hand-over says, by the names that a mapping uses, and how a mapping writes it into fields of theirs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import assert_never

from schemas.envelope import Envelope, instant
from schemas.events import HandoverOffered
from schemas.json_values import JsonValue
from schemas.sinks import FieldRule
from schemas.sinks.mapping import ANSWERS

Facts = Mapping[str, JsonValue]
"""Values by the names of `schemas.sinks.FACTS`; what is not known is None or absent."""


def facts_of(event: Envelope, offer: HandoverOffered) -> Facts:
    """The facts of an offered hand-over; contact and answers are gone where they were erased."""
    dossier, personal = offer.dossier, offer.personal
    facts: dict[str, JsonValue] = {
        "lead.id": event.subject,
        "handover.id": offer.handover_id,
        "handover.pass_number": offer.pass_number,
        "offer.id": offer.offer_id,
        "offer.number": offer.offer_number,
        "offer.expires_at": offer.expires_at,
        "owner.person": offer.owner.person if offer.owner else None,
        "event.time": event.time,
        "company.name": dossier.company_name,
        "company.domain": dossier.company_domain,
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
