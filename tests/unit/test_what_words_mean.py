"""A name is somebody's only where the sender says whose; what a CRM's history says is read as what was done."""

import json
from urllib.parse import urlencode

import pytest

from schemas.signals import Kind, Parsed
from services.ingest.parsers import parse


def one(kind, body, content_type="application/json"):
    raw = urlencode(body).encode() if content_type.endswith("urlencoded") else json.dumps(body).encode()
    (found,) = parse(kind, raw, content_type, {})
    assert isinstance(found, Parsed), found
    return found


# --- Segment
@pytest.mark.parametrize(
    "call", [{"type": "page", "name": "Home"}, {"type": "screen"}, {"type": "track", "event": "Viewed"}]
)
def test_what_a_page_or_a_product_is_called_is_nobodys_name(call):
    found = one("segment", {**call, "userId": "u1", "properties": {"name": "Price list", "company": "Maker"}})
    assert found.person.full_name is None and found.company.name is None
    assert (found.fields["name"], found.fields["company"]) == ("Price list", "Maker")


def test_a_track_that_has_an_address_names_the_person_beside_it():
    said = {"name": "Eva Berg", "company": "Firma AB", "email": "eva@firma.example"}
    found = one("segment", {"type": "track", "event": "Form Submitted", "userId": "u1", "properties": said})
    assert (found.person.full_name, found.company.name) == ("Eva Berg", "Firma AB")


# --- Close
def close(noun, action, data, previous=None, **more):
    event = {
        "id": "e1",
        "object_type": noun,
        "object_id": "o1",
        "action": action,
        "data": data,
        "previous_data": previous or {},
    }
    return one("close", {"event": {**event, **more}})


def test_close_two_leads_that_become_one_are_a_merge():
    found = close("lead", "merged", {"id": "lead_1"}, meta={"merge_source_lead_id": "lead_2"})
    assert (found.kind, [r.id for r in found.previous]) == (Kind.SALES_MERGED, ["lead_2"])


@pytest.mark.parametrize(
    ("noun", "data", "kind"),
    [
        ("lead", {}, Kind.SALES_STAGE_CHANGED),
        ("opportunity", {"new_status_type": "active"}, Kind.SALES_STAGE_CHANGED),
        ("opportunity", {"new_status_type": "won"}, Kind.SALES_WON),
        ("opportunity", {"new_status_type": "lost"}, Kind.SALES_LOST),
    ],
)
def test_close_writes_each_change_of_a_status_into_its_history(noun, data, kind):
    labels = {"old_status_label": "New", "new_status_label": "Next", "user_id": "u1", **data}
    found = close(f"activity.{noun}_status_change", "created", labels)
    assert (found.kind, found.sales.from_, found.sales.to) == (kind, "New", "Next")


def test_close_a_status_without_a_label_is_its_id():
    found = close("lead", "updated", {"status_id": "s2"}, {"status_id": "s1"})
    assert (found.sales.from_, found.sales.to) == ("s1", "s2")


# --- Pipedrive
@pytest.mark.parametrize("entity", ["person", "organization", "lead", "deal"])
def test_pipedrive_whatever_changes_hands_tells_who_has_it_now(entity):
    found = one("pipedrive", {"meta": {"action": "change", "entity": entity, "id": "d1"}, "data": {"id": 1, "owner_id": 8},
                              "previous": {"owner_id": 7}})  # fmt: skip
    assert (found.kind, found.sales.from_, found.sales.owner_id) == (Kind.SALES_OWNER_CHANGED, "7", "8")


# --- Mautic
@pytest.mark.parametrize(
    ("channel", "status", "kind", "consent"),
    [
        ("email", "unsubscribed", Kind.LIST_UNSUBSCRIBED, ("email", "withdrawn")),
        ("sms", "manual", Kind.LIST_UNSUBSCRIBED, ("sms", "withdrawn")),
        ("email", "contactable", Kind.CONSENT_GIVEN, ("email", "given")),
        ("email", "bounced", Kind.EMAIL_BOUNCED, None),
        ("email", None, Kind.CONTACT_UPDATED, None),
    ],
)
def test_mautic_a_channel_is_judged_by_its_new_status(channel, status, kind, consent):
    row = {"contact": {"id": 3}, "channel": channel, "old_status": "manual", "new_status": status}
    found = one("mautic", {"mautic.lead_channel_subscription_changed": [row]})
    assert found.kind == kind
    assert [(c.purpose, c.state) for c in found.consents] == ([consent] if consent else [])


def test_mautic_a_company_is_a_company():
    fields = {"core": {"companyname": {"value": "Firma AB"}, "companycity": {"value": "Lund"}}}
    found = one("mautic", {"mautic.company_post_save": [{"company": {"id": 9, "fields": fields}}]})
    assert (found.kind, found.company.name, found.external_id) == (Kind.COMPANY_UPDATED, "Firma AB", "9")
    assert found.fields == {"city": "Lund"}


@pytest.mark.parametrize("content_type", ["application/json", "application/x-www-form-urlencoded"])
def test_mautic_a_campaigns_own_webhook_is_its_contact(content_type):
    found = one("mautic", {"contact_id": "5", "firstname": "Eva", "email": "eva@firma.example"}, content_type)
    assert (found.external_id, found.person.first_name, found.person.email) == ("5", "Eva", "eva@firma.example")
    assert found.actor.kind == "automation"


# --- Typeform
def typeform(questions, hidden=None):
    asked = [{"id": str(i), "title": title, "type": "short_text"} for i, (title, _) in enumerate(questions)]
    given = [{"type": "text", "text": said, "field": {"id": str(i)}} for i, (_, said) in enumerate(questions)]
    half = len(asked) // 2
    fields = [*asked[:half], {"id": "block", "type": "contact_info", "properties": {"fields": asked[half:]}}]
    response = {"token": "t1", "hidden": hidden or {}, "definition": {"fields": fields}, "answers": given}
    return one("typeform", {"event_id": "e1", "event_type": "form_response", "form_response": response})


@pytest.mark.parametrize("title", ["Team name", "What is your dog's name?", "Name of your manager", "Brand name"])
def test_typeform_anothers_name_is_not_the_persons(title):
    found = typeform([(title, "Rex"), ("What's your name?", "Eva Berg")])
    assert found.person.full_name == "Eva Berg" and found.fields[title] == "Rex"


def test_typeform_a_business_is_a_company_and_a_block_of_questions_is_looked_into():
    found = typeform([("Business name", "Firma AB"), ("First name", "Eva"), ("Last name", "Berg")])
    assert (found.company.name, found.person.first_name, found.person.last_name) == ("Firma AB", "Eva", "Berg")


def test_typeform_whom_a_link_was_sent_to_counts_where_the_answers_do_not_say():
    sent = {"email": "eva@firma.example", "name": "Eva Berg", "plan": "gold"}
    found = typeform([("Anything else?", "no")], sent)
    assert (found.person.email, found.person.full_name) == ("eva@firma.example", "Eva Berg")
    assert found.fields["plan"] == "gold" and "email" not in found.fields
    assert typeform([("First name", "Bo")], sent).person.full_name is None
