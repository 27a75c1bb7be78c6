"""The facts of the matrix: what each is in a signal, so that what a body says can be held against what is read."""

from schemas.signals import Kind
from services.ingest.parsers.guesses.mail import CAME_IN

OURS = (Kind.OUTREACH_LOGGED, Kind.SALES_FOLLOW_UP, Kind.EMAIL_SENT, Kind.NOTE_ADDED)
GONE = (Kind.LIST_UNSUBSCRIBED, Kind.CONSENT_WITHDRAWN)


def _direction(found):
    return "in" if found.kind in CAME_IN else "out" if found.kind in OURS else None


def _opt_out(found):
    return found.kind in GONE or any(consent.state == "withdrawn" for consent in found.consents)


def _reference(what):
    return lambda found: next((r.id for r in found.references if r.object == what), None)


GROUPS = {
    "Who": {
        "first name": lambda f: f.person.first_name,
        "last name": lambda f: f.person.last_name,
        "full name": lambda f: f.person.full_name,
        "email": lambda f: f.person.email,
        "phone": lambda f: f.person.phone,
        "language": lambda f: f.language,
        "person's id": _reference("person"),
    },
    "Of which company": {
        "company": lambda f: f.company.name,
        "domain": lambda f: f.company.domain,
        "industry": lambda f: f.company.industry,
        "employees": lambda f: f.company.employees,
        "company's id": _reference("company"),
    },
    "Where": {
        "country": lambda f: f.company.country,
        "region": lambda f: f.company.region,
        "postcode": lambda f: f.company.postcode,
        "city": lambda f: f.company.city,
    },
    "Who did it": {
        "direction": _direction,
        "automated": lambda f: f.automated,
        "colleague": lambda f: f.actor.reference,
        "owner": lambda f: f.sales.owner_id if f.sales else None,
        "host": lambda f: f.sales.owner_id if f.sales and f.kind is Kind.SALES_MEETING_BOOKED else None,
        "opt-out": _opt_out,
    },
    "Sales work": {
        "deal's id": _reference("deal"),
        "stage": lambda f: f.sales.to if f.sales else None,
        "amount": lambda f: f.amount,
        "currency": lambda f: f.currency,
        "reason": lambda f: f.reason,
        "step": lambda f: f.kind is Kind.SALES_FOLLOW_UP,
        "meeting": lambda f: f.kind is Kind.SALES_MEETING_BOOKED,
    },
    "From where": {
        "form": lambda f: f.form_id,
        "campaign": lambda f: f.campaign,
        "utm": lambda f: f.utm.get("utm_source"),
        "tags": lambda f: "vip" in f.tags,
        "id": lambda f: f.external_id,
        "time": lambda f: f.occurred_at.isoformat() if f.occurred_at else None,
        "test": lambda f: f.mode == "test",
    },
}
FACTS = {name: read for group in GROUPS.values() for name, read in group.items()}
