"""A name is somebody's only where the sender says whose; what a CRM's history says is read as what was done."""

import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest

from schemas.signals import Kind, Parsed
from schemas.sources import Source
from services.ingest.normalising.normalise import to_signal
from services.ingest.parsers.registry import parse


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


def test_typeform_a_reference_may_tell_the_language_that_its_title_does_not():
    answers = [{"type": "text", "text": "svenska", "field": {"id": "1", "ref": "language"}}]
    asked = [{"id": "1", "title": "Which one do you speak?", "type": "short_text"}]
    response = {"token": "t1", "definition": {"fields": asked}, "answers": answers}
    assert one("typeform", {"event_id": "e1", "form_response": response}).language == "sv"


@pytest.mark.parametrize(("ident", "title"), [({"a": 1}, None), ([1], None), (7, "First name")])
def test_typeform_an_id_of_a_question_may_be_anything(ident, title):
    answers = [{"type": "text", "text": "Eva", "field": {"id": ident, "ref": "q"}}]
    response = {"token": "t1", "definition": {"fields": [{"id": ident, "title": title}]}, "answers": answers}
    found = one("typeform", {"event_id": "e1", "form_response": response})
    assert found.person.first_name == ("Eva" if title else None)


# --- Intercom
EVA = {"type": "contact", "id": "i5", "role": "lead", "email": "eva@firma.example", "name": "Eva Berg"}


def intercom(topic, **item):
    return one(
        "intercom", {"type": "notification_event", "topic": topic, "id": "n1", "app_id": "a", "data": {"item": item}}
    )


def test_intercom_a_tag_is_about_its_contact():
    found = intercom("contact.tag.created", tag={"id": "t1", "name": "hot"}, contact=EVA)
    assert (found.kind, found.external_id, found.tags) == (Kind.TAG_ADDED, "i5", ("hot",))


def test_intercom_a_ticket_keeps_whom_it_is_with_and_is_no_leads_business():
    found = intercom("ticket.created", id="9", contacts={"contacts": [EVA]})
    assert (found.kind, found.external_id, found.person.email) == (Kind.UNCLASSIFIED, "9", "eva@firma.example")


# --- ActiveCampaign
def test_activecampaign_an_account_is_a_company_and_an_amount_is_written_for_people():
    form = "application/x-www-form-urlencoded"
    account = one("activecampaign", {"type": "account_add", "account[id]": "3", "account[name]": "Firma AB"}, form)
    assert (account.company.name, account.external_id) == ("Firma AB", "3")
    deal = one("activecampaign", {"type": "deal_update", "deal[id]": "7", "deal[value]": "45,600.50"}, form)
    assert deal.amount == 45600.5
    task = one("activecampaign", {"type": "deal_task_complete", "task[id]": "9", "deal[id]": "7"}, form)
    assert (task.kind, task.external_id) == (Kind.SALES_FOLLOW_UP, "9")


# --- enveloped events
def test_a_person_inside_the_data_is_found_with_their_id():
    contact = {"id": "u1", "email": "eva@firma.example", "name": "Eva Berg"}
    for data in ({"object": contact}, {"contact": contact}):
        found = one("standard_webhooks", {"type": "user.created", "data": data})
        assert (found.person.email, found.person.full_name, found.external_id) == (
            "eva@firma.example",
            "Eva Berg",
            "u1",
        )


CLOUD = {"specversion": "1.0", "id": "c1", "source": "/s", "type": "x.y", "data": {"email": "eva@firma.example"}}


@pytest.mark.parametrize("body", [CLOUD, [CLOUD, {**CLOUD, "id": "c2"}]])
def test_a_structured_cloudevent_is_one_whatever_json_it_is_sent_as(body):
    found = parse("cloudevents", json.dumps(body).encode(), "application/json", {})
    assert [item.external_id for item in found] == ["c1", "c2"][: len(found)]
    assert {item.person.email for item in found} == {"eva@firma.example"}


def test_a_binary_cloudevent_may_have_no_body():
    headers = {"ce-id": "c1", "ce-source": "/s", "ce-type": "x.y", "ce-specversion": "1.0"}
    (found,) = parse("cloudevents", b"", "application/json", headers)
    assert isinstance(found, Parsed) and found.external_id == "c1"


# --- Salesforce
def change(noun, **fields):
    head = {"entityName": noun, "changeType": "CREATE", "recordIds": ["a1"]}
    origin = fields.pop("origin", None)
    return one("salesforce", {"ChangeEventHeader": {**head, "changeOrigin": origin}, **fields})


def test_salesforce_what_can_be_null_is_written_as_a_union():
    found = change("Lead", Name={"FirstName": {"string": "Eva"}, "LastName": {"string": "Berg"}}, Email={"string": "eva@firma.example"},
                   NumberOfEmployees={"int": 5})  # fmt: skip
    assert (found.person.first_name, found.person.email) == ("Eva", "eva@firma.example")


def test_salesforce_a_case_says_who_wrote_and_an_object_of_ones_own_where_they_work():
    case = change("Case", SuppliedEmail="eva@firma.example", SuppliedName="Eva Berg", SuppliedCompany="Firma AB")
    assert (case.person.email, case.person.full_name, case.company.name) == (
        "eva@firma.example",
        "Eva Berg",
        "Firma AB",
    )
    own = change("Inquiry__c", Email__c="eva@firma.example", Company__c="Firma AB")
    assert (own.person.email, own.company.name) == ("eva@firma.example", "Firma AB")


def test_salesforce_the_program_that_wrote_is_named_so_that_our_own_is_known():
    found = change("Lead", Status="New", origin="com/salesforce/api/rest/62.0;client=Stafett")
    assert found.actor.reference == "Stafett"
    assert change("Lead", origin="").actor.reference is None


# --- GoHighLevel
@pytest.mark.parametrize(
    ("said", "purposes"),
    [
        ({"dnd": True}, ["all"]),
        ({"dnd": True, "dndSettings": {"SMS": {"status": "active"}, "Email": {"status": "inactive"}}}, ["sms"]),
        ({"dnd": False, "dndSettings": {"Email": {"status": "permanent"}}}, ["email"]),
        ({"dnd": False}, []),
    ],
)
def test_gohighlevel_silence_is_of_the_channels_that_it_is_said_of(said, purposes):
    found = one("gohighlevel", {"type": "ContactDndUpdate", "locationId": "l", "id": "c1", **said})
    assert [consent.purpose for consent in found.consents] == purposes
    assert (found.kind == Kind.CONSENT_WITHDRAWN) == bool(purposes)


def test_gohighlevel_the_tags_that_are_there_are_no_word_on_which_is_new():
    found = one("gohighlevel", {"type": "ContactTagUpdate", "locationId": "l", "id": "c1", "tags": ["a", "b"]})
    assert (found.kind, found.tags) == (Kind.CONTACT_UPDATED, ("a", "b"))


# --- Calendly, Jotform, Meta, Webflow
def test_calendly_who_did_not_show_up_is_known_by_the_booking_and_an_event_type_is_nobody():
    missed = one(
        "calendly",
        {"event": "invitee_no_show.created", "payload": {"uri": "no-shows/1", "invitee": "events/2/invitees/3"}},
    )
    assert [r.id for r in missed.references] == ["events/2/invitees/3"] and missed.external_id == "no-shows/1"
    assert (
        one("calendly", {"event": "event_type.created", "payload": {"uri": "e", "name": "30 min"}}).person.full_name
        is None
    )


def test_jotform_short_names_of_fields():
    raw = json.dumps({"q1_fName": "Eva", "q2_lName": "Berg"})
    found = one("jotform", {"submissionID": "1", "rawRequest": raw})
    assert (found.person.first_name, found.person.last_name) == ("Eva", "Berg")


def test_meta_a_list_of_leads_as_its_api_gives_it():
    lead = {"id": "l1", "field_data": [{"name": "email", "values": ["eva@firma.example"]}]}
    found = parse("meta_lead_ads", json.dumps({"data": [lead, {**lead, "id": "l2"}], "paging": {}}).encode(), "", {})
    assert [item.external_id for item in found] == ["l1", "l2"]


def test_webflow_who_makes_an_account_is_in_the_data_of_the_data():
    inner = {"data": {"email": "eva@firma.example", "name": "Eva Berg"}}
    found = one("webflow", {"triggerType": "user_account_added", "payload": {"id": "u1", "data": inner}})
    assert (found.person.email, found.person.full_name, found.external_id) == ("eva@firma.example", "Eva Berg", "u1")


# --- tests of the sender's
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("hubspot", [{"subscriptionType": "contact.creation", "objectId": 123, "eventId": 100, "portalId": 1}]),
        ("intercom", {"topic": "ping", "id": None, "data": {"item": {}}}),
        ("google_ads", {"lead_id": "TeSter-123-X", "is_test": True, "user_column_data": [{"column_id": "EMAIL", "string_value": "a@b.example"}]}),
    ],
)  # fmt: skip
def test_each_press_of_a_test_button_is_a_test_of_its_own(kind, body):
    source = Source(name="s", kind=kind, verify={"scheme": "none"})
    at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    first, again = (to_signal(one(kind, body), source, at + timedelta(seconds=i), b"k" * 32) for i in range(2))
    assert first.mode == "test" and first.id != again.id


def test_a_test_with_a_delivery_id_of_its_own_that_comes_twice_is_one():
    source = Source(name="s", kind="crm", verify={"scheme": "none"})
    at = datetime(2026, 11, 24, 9, tzinfo=UTC)
    fact = Parsed(kind=Kind.FORM_SUBMITTED, mode="test", dedupe_key="id:7")
    assert len({to_signal(fact, source, at + timedelta(seconds=i), b"k" * 32).id for i in range(2)}) == 1
