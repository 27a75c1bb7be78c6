"""An anonymous poster who knows an address, with every body and every field that the parser of any kind reads: nothing that somebody
proven said changes, no consent is given, no clock starts in the past, and nobody's promise is spoiled."""

import json
from copy import copy
from datetime import timedelta

import pytest

from routing.lead.absorb import NAMES
from schemas.signals import Company, Consent, Reference
from schemas.sources import Scheme, Source
from services.ingest.app import signals_of
from services.ingest.configured.mapped import read
from tests.everykind import KINDS, Who, sent
from tests.matrix.page import BODIES
from tests.people import KEY, People, said
from tests.setups import START

VERA = "eva.lund@lakrits.example"
"""The address that the bodies of the matrix are about."""
BO = "bo@firma.example"
CRM = Source(
    name="crm", kind="generic", verify=Scheme(scheme="token", header="x", secrets=("STAFETT_SECRET_X",)), region="SE"
)
HOUR = timedelta(hours=1)
PROVEN = {
    "email": VERA, "first_name": "Vera", "last_name": "Danielsson", "full_name": "Vera Danielsson", "phone": "+46701234567",
    "company": Company(name="Target AB", domain="target.example", industry="software", country="FI", employees=120,
                       region="uusimaa", city="Helsinki", postcode="00100"),
    "language": "fi", "campaign": "fair", "tags": ("ours",), "fields": {"partner": "no", "message": "ours"},
    "consents": (Consent(purpose="marketing", state="withdrawn"), Consent(purpose="email", state="given")),
    "references": (Reference(system="crm", object="person", id="1"),),
}  # fmt: skip
FACTS = ("company_name", "company_domain", "company_industry", "company_country", "company_employees", "company_region",
         "company_city", "company_postcode", "language", "campaign", "attributes", "references", "names", "owner", "hunter",
         "owner_pool", "owner_route", "stage", "track", "pass_number", "disposition", "account_id", "merged", "merged_into",
         "created_at", "sales_ready", "exempt_lists", "parked", "held", "proof")  # fmt: skip
SAID = ("references", "merged_into", "disposition", "hunter", "sales_ready", "proof")
"""Of a lead of whom somebody proven told little: gaps may be filled."""
FIELDS = {
    **dict.fromkeys(["company", "Company", "company_name", "organisation", "företag", "org_name"], "Evil Ltd"),
    **dict.fromkeys(["website", "domain", "url"], "https://www.evil.example/"),
    **dict.fromkeys(["country", "land", "Country", "countryCode"], "NO"),
    **dict.fromkeys(["employees", "numberOfEmployees", "num_employees", "company_size"], 9),
    **dict.fromkeys(["industry", "bransch"], "arms"), **dict.fromkeys(["city", "ort", "town"], "Oslo"),
    **dict.fromkeys(["region", "state", "county", "län"], "oslo"), **dict.fromkeys(["zip", "postcode", "postal_code"], "0150"),
    **dict.fromkeys(["language", "lang", "locale"], "no"), "partner": "yes", "message": "theirs",
    **dict.fromkeys(["name", "full_name", "Namn"], "Mallory Evil"), **dict.fromkeys(["first_name", "firstname"], "Mallory"),
    **dict.fromkeys(["last_name", "lastname"], "Evil"), **dict.fromkeys(["phone", "mobile", "telefon"], "+46709999999"),
    **dict.fromkeys(["newsletter", "nyhetsbrev", "marketing_consent", "accepts_marketing", "sms_opt_in", "consent", "gdpr"], "on"),
    "email_marketing_consent": {"state": "subscribed", "consent_updated_at": "2026-11-25T10:00:00Z"},
    **dict.fromkeys(["submitted_at", "occurred_at", "timestamp", "created_at", "date"], "2026-01-05T09:00:00Z"),
    **dict.fromkeys(["owner", "owner_id", "hubspot_owner_id", "assigned_to", "assignee"], "karin"),
    **dict.fromkeys(["stage", "status", "lifecyclestage", "dealstage", "pipeline"], "lost"),
    **dict.fromkeys(["disposition", "lead_status"], "spam"), **dict.fromkeys(["mode", "proof"], "import"),
    **{name: {"stage": "nurturing"} for name in ("asserted", "sales", "handover_id", "offer_id", "lead_id", "merged_into")},
    **dict.fromkeys(["id", "external_id", "contact_id", "person_id", "hubspot_id", "userId"], "666"),
    **dict.fromkeys(["old_email", "former_email", "previous_email"], BO), "new_email": "m@evil.example",
    "tags": ["sales-ready", "not-now"], "tag": "sales-ready", **dict.fromkeys(["form_id", "formId"], "not-now"),
    **dict.fromkeys(["utm_campaign", "campaign"], "evil"), "reason": "not_qualified", "amount": 0, "automated": False,
    "phone_verified": True, "unsubscribed": False, "email_opt_out": False,
}  # fmt: skip
"""Names that some parser reads, in several languages, with what a stranger would like to say."""


def people_proven():
    """Vera, told of by the CRM and handed over; Bo beside her."""
    people = People()
    vera = {name: value for name, value in PROVEN.items() if name != "references"}
    people.batches(
        said("contact.created", source=CRM, **PROVEN),
        said("form.submitted", source=CRM, form_id="demo", after=timedelta(minutes=1), **vera),
        said(
            "contact.created",
            source=CRM,
            email=BO,
            full_name="Bo Berg",
            references=(Reference(system="crm", object="person", id="2"),),
        ),
    )
    assert people.leads[0].stage == "hand_over" and [c for c in people.leads[0].clocks.values() if c.open]
    return people


def stranger(kind, body, content_type, headers):
    source = Source(name="anybody", kind=kind, region="SE", verify=Scheme(scheme="none"), may=("form", "engagement"))
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return signals_of(source, read(kind, raw, content_type, dict(headers), None), START + HOUR, KEY).signals


def postings(kind):
    """(what it is, the signals that the intake would keep) for each body of the matrix, each field alone, and all of them."""
    for number, (body, content_type, *rest) in enumerate(BODIES[kind]):
        headers = next((more for more in rest[1:] if isinstance(more, dict)), {})
        yield f"body {number}", stranger(kind, body, content_type, headers)
    for name, record in {**{name: {name: value} for name, value in FIELDS.items()}, "all fields": FIELDS}.items():
        delivery = sent(kind, Who(email=VERA, ident="666", record=record))
        yield name, stranger(kind, delivery.body, delivery.content_type, delivery.headers)


@pytest.mark.parametrize("kind", KINDS)
def test_h2_h3_nothing_proven_changes_by_what_anybody_may_post(kind):
    first, wrong, reached = people_proven(), {}, 0
    lead = first.leads[0].id
    for what, signals in postings(kind):
        people = copy_of(first)
        people.tell(*signals)
        reached += sum(people.of(signal) == lead for signal in signals)
        if found := changes(first.memory, people.memory, lead):
            wrong[what] = found
    assert wrong == {}
    assert reached > len(FIELDS) * 9 // 10, "the stranger's words come to the lead"


def changes(memory, later, ident):
    """What changed of what somebody proven had told, or may not be."""
    before, after = memory.lead(ident), later.lead(ident)
    found = facts_changed(before, after, FACTS)
    found += [name for name, value in before.personal.answers.items() if after.personal.answers.get(name) != value]
    found += ["tags"] * (not set(before.tags) <= set(after.tags)) + ["handover"] * (after.handover != before.handover)
    found += [f"consent {purpose}" for purpose in after.consents if not may_become(before, after, purpose)]
    found += ["mail released"] * (after.suppressed is None)
    found += [f"clock {clock.policy}" for clock in after.clocks.values() if not is_unspoiled(before, clock)]
    for other in memory.leads.keys() - {ident}:
        # A stranger who says an address of Bo's is heard as Bo: then he comes on as by any form.
        found += facts_changed(memory.lead(other), later.lead(other), SAID)
    found += [f"link {key}" for key, who in memory.links.items() if later.links[key] != who]
    found += [f"new link {key}" for key, who in later.links.items() if key not in memory.links and who == ident]
    return found


def facts_changed(before, after, names):
    found = [f"{name} of {before.id}" for name in names if getattr(after, name) != getattr(before, name)]
    known, now = before.personal.person.known_fields(), after.personal.person.known_fields()
    return (
        found
        + [f"{name} of {before.id}" for name, value in known.items() if now[name] != value]
        + [f"new {name} of {before.id}" for name in NAMES if name in now and name not in known]
    )


def may_become(before, after, purpose):
    """Anybody may withdraw; a yes that was not there is only asked for."""
    allowed = {"withdrawn": {"withdrawn"}, "given": {"given", "withdrawn"}, None: {"asked_for", "withdrawn"}}
    return after.consents[purpose] in allowed[before.consents.get(purpose)]


def is_unspoiled(before, clock):
    """As it was; a new one begins when the stranger came, or later."""
    known = before.clocks.get(clock.id)
    return clock == known if known is not None else clock.started_at >= START + HOUR


def copy_of(people):
    """The same rows for another try."""
    made = People()
    for name, value in vars(people.memory).items():
        setattr(made.memory, name, copy(value))
    return made
