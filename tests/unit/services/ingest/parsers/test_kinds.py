"""Each kind reads off its own shape what a person would: bodies of our making in the shapes that the vendors send."""

import json
from urllib.parse import urlencode

import pytest

from schemas.signals import Kind, Parsed, Quarantined
from services.ingest.parsers.registry import parse

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


def read(kind, body, content_type=JSON, headers=None):
    raw = body if isinstance(body, bytes) else (urlencode(body) if content_type == FORM else json.dumps(body)).encode()
    return parse(kind, raw, content_type, headers or {})


def one(kind, body, content_type=JSON):
    (found,) = read(kind, body, content_type)
    assert isinstance(found, Parsed), found
    return found


def facts(signal):
    person = signal.person
    said = {
        "email": person.email,
        "first": person.first_name,
        "last": person.last_name,
        "full": person.full_name,
        "phone": person.phone,
        "company": signal.company.name,
        "id": signal.external_id,
    }
    return {name: value for name, value in said.items() if value is not None}


MAILCHIMP = {
    "type": "subscribe",
    "fired_at": "2026-02-03 04:05:06",
    "data[id]": "m1",
    "data[email]": "eva@firma.example",
}


@pytest.mark.parametrize(
    ("given", "kind", "expected"),
    [
        ({}, Kind.LIST_SUBSCRIBED, {"email": "eva@firma.example", "id": "m1"}),
        ({"data[merges][FNAME]": "Eva", "data[merges][LNAME]": "Berg", "data[merges][PHONE]": "08-123 45 67"},
         Kind.LIST_SUBSCRIBED, {"email": "eva@firma.example", "first": "Eva", "last": "Berg", "phone": "08-123 45 67", "id": "m1"}),
        ({"type": "unsubscribe", "data[reason]": "manual"}, Kind.LIST_UNSUBSCRIBED, {"email": "eva@firma.example", "id": "m1"}),
        ({"type": "cleaned"}, Kind.EMAIL_BOUNCED, {"email": "eva@firma.example", "id": "m1"}),
        ({"type": "upemail", "data[email]": "", "data[old_email]": "a@b.example", "data[new_email]": "new@b.example", "data[new_id]": "m2"},
         Kind.CONTACT_UPDATED, {"email": "new@b.example", "id": "m2"}),
        ({"type": "campaign", "data[email]": "", "data[id]": "c7", "data[subject]": "News"}, Kind.UNCLASSIFIED, {"id": "c7"}),
    ],
)  # fmt: skip
def test_mailchimp(given, kind, expected):
    found = one("mailchimp", {**MAILCHIMP, **given}, FORM)
    assert (found.kind, facts(found)) == (kind, expected)
    assert found.occurred_at.isoformat() == "2026-02-03T04:05:06+00:00"


def test_mailchimp_sets_an_unknown_type_aside():
    assert isinstance(read("mailchimp", {"type": "quux"}, FORM)[0], Quarantined)


CONTACT = {
    "contact[id]": "41",
    "contact[email]": "per@bygg.example",
    "contact[first_name]": "Per",
    "contact[orgname]": "Bygg AB",
}


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        ({"type": "subscribe", "date_time": "2026-01-02T03:04:05+01:00"}, Kind.LIST_SUBSCRIBED),
        ({"type": "contact_tag_added", "tag": "hot"}, Kind.TAG_ADDED),
        ({"type": "open", "campaign[name]": "June"}, Kind.EMAIL_OPENED),
        ({"seriesid": "7"}, Kind.CONTACT_UPDATED),
        ({"type": "something_new"}, Kind.UNCLASSIFIED),
    ],
)
def test_activecampaign_contacts(given, kind):
    found = one("activecampaign", {**CONTACT, **given}, FORM)
    assert found.kind is kind
    assert facts(found) == {"email": "per@bygg.example", "first": "Per", "company": "Bygg AB", "id": "41"}


@pytest.mark.parametrize(
    ("given", "kind", "to"),
    [
        ({"updated_fields[0]": "stage", "deal[stageid]": "4"}, Kind.SALES_STAGE_CHANGED, "4"),
        ({"updated_fields[0]": "status", "deal[status]": "1"}, Kind.SALES_WON, "1"),
        ({"updated_fields[0]": "status", "deal[status]": "Lost"}, Kind.SALES_LOST, "Lost"),
        ({"updated_fields[0]": "title", "deal[status]": "1"}, Kind.DEAL_UPDATED, None),
        ({"updated_fields[0]": "owner", "deal[owner]": "9"}, Kind.SALES_OWNER_CHANGED, "9"),
    ],
)
def test_activecampaign_deals(given, kind, to):
    deal = {
        "type": "deal_update",
        "deal[id]": "d1",
        "deal[contactid]": "41",
        "deal[value]": "1200.50",
        "deal[currency]": "sek",
    }
    found = one("activecampaign", {**deal, **given}, FORM)
    assert (found.kind, found.sales.to, found.amount, found.currency, found.external_id) == (
        kind,
        to,
        1200.5,
        "SEK",
        "d1",
    )
    assert {(r.object, r.id) for r in found.references} == {("person", "41"), ("deal", "d1")}


def test_an_automations_webhook_is_the_same_fact_for_the_same_contact():
    first, second = (
        one("activecampaign", {**CONTACT, "seriesid": "7", "contact[ip4]": ip}, FORM) for ip in ("1.1.1.1", "2.2.2.2")
    )
    assert first.dedupe_key == second.dedupe_key


def change(**value):
    return {
        "field": "leadgen",
        "value": {"leadgen_id": "900100200", "page_id": "5", "created_time": 1770000000, **value},
    }


def test_meta_reads_every_change_and_sets_the_broken_one_aside():
    body = {
        "object": "page",
        "entry": [
            {"id": "5", "changes": [change(form_id="f1"), {"field": "leadgen"}]},
            {"changes": [change(leadgen_id="7")]},
        ],
    }
    found = read("meta_lead_ads", body)
    assert [facts(f) if isinstance(f, Parsed) else f.where for f in found] == [
        {"id": "900100200"},
        "$.entry[0].changes[1].value",
        {"id": "7"},
    ]
    assert found[0].form_id == "f1" and found[0].dedupe_key == "leadgen:900100200"


def test_meta_reads_a_fetched_lead():
    body = {"id": "31", "created_time": "2026-03-04T05:06:07+0000", "form_id": "f2", "field_data": [
        {"name": "full_name", "values": ["Åsa Ek"]}, {"name": "email", "values": ["asa@ek.example"]},
        {"name": "phone_number", "values": ["+46701234567"]}, {"name": "company_name", "values": ["Ek AB"]}]}  # fmt: skip
    assert facts(one("meta_lead_ads", body)) == {
        "full": "Åsa Ek", "email": "asa@ek.example", "phone": "+46701234567", "company": "Ek AB", "id": "31"
    }  # fmt: skip


def test_metas_test_button_is_a_test_each_time_and_no_person():
    body = {"object": "page", "entry": [{"changes": [change(leadgen_id="444444444444")]}]}
    assert read("meta_lead_ads", body)[0].mode == "test"
    dummy = {"id": "12", "field_data": [{"name": "email", "values": ["<test lead: dummy data for email>"]}]}
    assert (one("meta_lead_ads", dummy).mode, facts(one("meta_lead_ads", dummy))) == ("test", {"id": "12"})


def google(*columns, **lead):
    rows = [{"column_id": name, "string_value": value} for name, value in columns]
    return {"lead_id": "L1", "user_column_data": rows, "google_key": "hush-hush", "form_id": 12, **lead}


def test_google_ads_columns():
    body = google(
        ("WORK_EMAIL", "w@co.example"), ("EMAIL", "p@home.example"), ("COMPANY_NAME", "Co"), ("how_many?", "3")
    )
    found = one("google_ads", body)
    assert facts(found) == {"email": "p@home.example", "company": "Co", "id": "L1"}
    assert found.fields["how_many?"] == "3" and found.fields["WORK_EMAIL"] == "w@co.example"
    assert "hush-hush" not in found.text()


def test_googles_test_lead_is_never_a_lead():
    assert one("google_ads", google(("EMAIL", "test@example.com"), is_test=True)).mode == "test"
    assert one("google_ads", google(("EMAIL", "test@example.com"), lead_id="TeSter-123-ABC")).mode == "test"


def test_linkedin_created_and_deleted():
    body = {"type": "LEAD_ACTION", "leadGenFormResponse": "urn:li:leadGenFormResponse:a-1", "leadGenForm": "urn:li:leadGenForm:9",
            "leadAction": "CREATED", "occurredAt": 1770000000000}  # fmt: skip
    created, deleted = one("linkedin", body), one("linkedin", {**body, "leadAction": "DELETED"})
    assert (created.kind, deleted.kind) == (Kind.FORM_SUBMITTED, Kind.CONTACT_DELETED)
    assert facts(created) == facts(deleted) == {"id": "urn:li:leadGenFormResponse:a-1"}
    assert created.dedupe_key != deleted.dedupe_key and created.form_id == "urn:li:leadGenForm:9"


def test_linkedin_response_as_fetched():
    answers = [{"questionId": 1, "answerDetails": {"textQuestionAnswer": {"answer": "Lo"}}},
               {"questionId": 2, "answerDetails": {"textQuestionAnswer": {"answer": "lo@co.example"}}}]  # fmt: skip
    form = {
        "content": {
            "questions": [
                {"questionId": 1, "predefinedField": "FIRST_NAME"},
                {"questionId": 2, "predefinedField": "EMAIL"},
            ]
        }
    }
    found = one(
        "linkedin", {"id": "r1", "submittedAt": 1770000000000, "formResponse": {"answers": answers}, "form": form}
    )
    assert facts(found) == {"first": "Lo", "email": "lo@co.example", "id": "r1"}


def test_jotform_reads_the_raw_request_and_keeps_no_secret():
    raw = {"slug": "submit/1", "q3_fullName": {"first": "Ida", "last": "Holm"}, "q4_email4": "ida@holm.example",
           "q5_phoneNumber": {"full": "(070) 123 45 67"}, "q6_message": "Hi: there, you", "q7_foretag": "Holm AB"}  # fmt: skip
    form = {"formID": "11", "submissionID": "22", "webhookURL": "https://x.example/?api_key=sesame", "pretty": "a:b, c:d",
            "rawRequest": json.dumps(raw)}  # fmt: skip
    found = one("jotform", form, FORM)
    assert facts(found) == {
        "first": "Ida", "last": "Holm", "email": "ida@holm.example", "phone": "(070) 123 45 67", "company": "Holm AB", "id": "22"
    }  # fmt: skip
    assert found.form_id == "11" and found.fields == {"message": "Hi: there, you"}
    assert "sesame" not in found.text()


def test_jotform_takes_the_one_address_whose_question_does_not_say_so():
    raw = {"q3_studentsName": {"first": "Bo", "last": "Alm"}, "q9_reach": "bo@alm.example"}
    assert facts(one("jotform", {"submissionID": "5", "rawRequest": json.dumps(raw)}, FORM)) == {
        "first": "Bo", "last": "Alm", "email": "bo@alm.example", "id": "5"
    }  # fmt: skip


def tally(*fields, **data):
    return {
        "eventId": "e1",
        "eventType": "FORM_RESPONSE",
        "data": {"responseId": "r1", "formId": "f1", "fields": list(fields), **data},
    }


def field(label, kind, value, **more):
    return {"key": "question_x", "label": label, "type": kind, "value": value, **more}


def test_tally_reads_labels_in_several_languages_and_choices_as_texts():
    body = tally(field("Förnamn", "INPUT_TEXT", "Kim"), field("Efternamn", "INPUT_TEXT", "Ros"), field("Vår kontakt", "INPUT_EMAIL", "k@r.example"),
                 field("Unternehmen", "INPUT_TEXT", "Ros GmbH"), field("Budget", "DROPDOWN", ["o2"], options=[{"id": "o1", "text": "small"}, {"id": "o2", "text": "big"}]),
                 field("Barnets namn", "INPUT_TEXT", "Lill"), field("utm_source", "HIDDEN_FIELDS", "ads"))  # fmt: skip
    found = one("tally", body)
    assert facts(found) == {"first": "Kim", "last": "Ros", "email": "k@r.example", "company": "Ros GmbH", "id": "e1"}
    assert found.fields == {"Budget": "big", "Barnets namn": "Lill"} and found.utm == {"utm_source": "ads"}


@pytest.mark.parametrize(
    ("data", "mode"),
    [({"formId": "abc-staging"}, "test"), ({"formName": "[TEST] x"}, "test"), ({"formName": "Testimonials"}, "live")],
)
def test_tally_knows_a_form_that_is_marked_as_a_trial(data, mode):
    assert one("tally", tally(field("Email", "INPUT_EMAIL", "a@b.example"), **data)).mode == mode


def calendly(event, **payload):
    uri = "https://api.calendly.com/scheduled_events/E/invitees/I"
    return {
        "event": event,
        "created_at": "2026-04-05T06:07:08.000000Z",
        "payload": {"uri": uri, "email": "o@n.example", "name": "Ola Nord", **payload},
    }


def test_calendly_booked_cancelled_moved():
    booked = one(
        "calendly",
        calendly(
            "invitee.created",
            questions_and_answers=[{"question": "Company", "answer": "Nord AS"}],
            tracking={"utm_campaign": "q2"},
        ),
    )
    cancelled = one("calendly", calendly("invitee.canceled", rescheduled=False, cancellation={"reason": "ill"}))
    moved = one("calendly", calendly("invitee.canceled", rescheduled=True))
    assert (booked.kind, cancelled.kind, moved.kind) == (
        Kind.SALES_MEETING_BOOKED,
        Kind.SALES_MEETING_CANCELLED,
        Kind.ACTIVITY_UPDATED,
    )
    assert booked.company.name == "Nord AS" and booked.campaign == "q2" and cancelled.reason == "ill"
    assert facts(moved) == {"email": "o@n.example", "full": "Ola Nord", "id": booked.external_id}
    assert booked.dedupe_key != cancelled.dedupe_key


def test_webflow_by_visible_names_and_by_declared_type():
    payload = {"id": "w1", "formId": "wf", "submittedAt": "2026-01-01T00:00:00Z", "data": {"Ditt namn": "Siv", "Reach me at": "siv@s.example"},
               "schema": [{"fieldName": "Reach me at", "fieldType": "Email"}]}  # fmt: skip
    found = one("webflow", {"triggerType": "form_submission", "payload": payload})
    assert (facts(found), found.form_id) == ({"full": "Siv", "email": "siv@s.example", "id": "w1"}, "wf")


def test_gravity_forms_tells_a_name_from_an_address():
    entry = {"id": "8", "form_id": "2", "status": "active", "date_created": "2026-01-02 03:04:05", "1.1": "Street 1", "1.3": "Town", "1.5": "123",
             "1.6": "Sweden", "4.3": "Nils", "4.6": "Dahl", "5": "nils@dahl.example", "7": "(555) 123-4567"}  # fmt: skip
    found = one("gravity_forms", entry)
    assert facts(found) == {
        "first": "Nils",
        "last": "Dahl",
        "email": "nils@dahl.example",
        "phone": "(555) 123-4567",
        "id": "8",
    }
    assert found.kind is Kind.FORM_SUBMITTED and found.form_id == "2"
    assert facts(one("gravity_forms", entry, FORM)) == facts(found)


def test_gravity_forms_spam_starts_nothing():
    assert one("gravity_forms", {"id": "8", "form_id": "2", "status": "spam", "1.3": "X"}).kind is Kind.UNCLASSIFIED


def test_segment_calls():
    identify = {
        "type": "identify",
        "userId": "u1",
        "messageId": "m1",
        "traits": {"email": "u@x.example", "firstName": "Ulf", "company": {"name": "X"}},
    }
    track = {
        "type": "track",
        "userId": "u1",
        "event": "Form Submitted",
        "context": {"traits": {"email": "somebody@else.example"}},
    }
    group = {"type": "group", "userId": "u1", "groupId": "g1", "traits": {"name": "Big Co"}}
    alias = {"type": "alias", "userId": "u1", "previousId": "anon-1"}
    found = read("segment", {"batch": [identify, track, group, alias, {"type": "dance"}]})
    assert facts(found[0]) == {"email": "u@x.example", "first": "Ulf", "company": "X", "id": "u1"}
    assert (found[1].kind, facts(found[1])) == (Kind.FORM_SUBMITTED, {"id": "u1"})
    assert facts(found[2]) == {"company": "Big Co", "id": "u1"}
    assert found[3].previous[0].id == "anon-1"
    assert isinstance(found[4], Quarantined) and found[4].where == "$.batch[4].type"


@pytest.mark.parametrize(
    ("kind", "body", "place"),
    [
        ("meta_lead_ads", {"object": "page", "entry": True}, "$.entry"),
        ("meta_lead_ads", {"object": "page", "entry": [{"changes": 7}]}, "$.entry[0].changes"),
        ("typeform", {"form_response": {"token": "t", "answers": 7}}, "$.form_response.answers"),
    ],
)
def test_what_should_be_a_list_and_is_none_is_set_aside_with_its_place(kind, body, place):
    (found,) = read(kind, body)
    assert isinstance(found, Quarantined) and found.where == place
