"""Who filled in a form is found in whatever shape its builder posts it, by the kinds `form` and `generic` alike."""

import json
from urllib.parse import urlencode

import pytest

from schemas.mapping import Mapping
from schemas.signals import Kind, Parsed, Quarantined, is_request
from services.ingest.configured.mapped import read
from services.ingest.parsers.registry import parse
from tests.unit.services.ingest.parsers.form_bodies import CHATS, FORM, FORMS, JSON, MAIL, PHONE, SEVERAL

ids = [name for name, *_ in FORMS]
chat_ids = [name for name, *_ in CHATS]


def raw(body, content_type):
    return (urlencode(body, doseq=True) if content_type == FORM else json.dumps(body)).encode()


def one(kind, content_type, body):
    found = parse(kind, raw(body, content_type), content_type, {})
    assert len(found) == 1 and isinstance(found[0], Parsed), found
    return found[0]


def facts(signal):
    person = signal.person
    said = {"email": person.email, "first": person.first_name, "last": person.last_name, "full": person.full_name,
            "phone": person.phone, "company": signal.company.name, "form": signal.form_id}  # fmt: skip
    return {name: value for name, value in said.items() if value is not None}


def assert_read(found, expected):
    """The expected facts, and no other address or number."""
    said = facts(found)
    assert {name: said.get(name) for name in expected} == expected
    assert said.keys() & {"email", "phone"} <= expected.keys()


@pytest.mark.parametrize("kind", ["form", "generic"])
@pytest.mark.parametrize(("name", "content_type", "body", "expected"), FORMS, ids=ids)
def test_a_builders_form_tells_who_filled_it_in(kind, name, content_type, body, expected):
    assert_read(one(kind, content_type, body), expected)


@pytest.mark.parametrize(("name", "content_type", "body", "expected"), FORMS, ids=ids)
def test_as_kind_form_it_is_a_request_with_all_its_answers(name, content_type, body, expected):
    found = one("form", content_type, body)
    assert found.kind is Kind.FORM_SUBMITTED and is_request(found)
    assert "Hej" not in str(body) or "Hej" in str(found.fields)


@pytest.mark.parametrize(("name", "content_type", "body", "expected"), CHATS, ids=chat_ids)
def test_a_chat_or_a_booking_tells_who_it_is_with(name, content_type, body, expected):
    assert_read(one("generic", content_type, body), expected)


@pytest.mark.parametrize("kind", ["form", "generic"])
@pytest.mark.parametrize(("name", "content_type", "body", "named"), SEVERAL, ids=[name for name, *_ in SEVERAL])
def test_several_addresses_that_no_name_tells_apart_are_set_aside_with_their_fields(
    kind, name, content_type, body, named
):
    (found,) = parse(kind, raw(body, content_type), content_type, {})
    assert isinstance(found, Quarantined) and all(field in found.quarantined for field in named)
    assert "@" not in found.quarantined


def test_a_mapping_says_whose_of_several_it_is():
    mapping = Mapping.model_validate({"facts": {"email": "f2"}})
    (found,) = read("form", raw({"f1": "kim@verkstad.example", "f2": "lo@byra.example"}, FORM), FORM, {}, mapping)
    assert isinstance(found, Parsed) and found.person.email == "lo@byra.example"


@pytest.mark.parametrize("kind", ["form", "generic"])
@pytest.mark.parametrize(
    "name", ["recipient", "_to", "admin_email", "notify", "cc", "owner_email", "agent", "assignee_email", "host_email"]
)
def test_addresses_of_our_own_people_and_of_recipients_are_nobodys(kind, name):
    found = parse(
        kind, raw({"namn": "Kim Lund", "Hur når vi dig?": MAIL, name: "saga@nordlys.example"}, FORM), FORM, {}
    )
    assert [item.person.email for item in found] == [MAIL]
    alone = parse(kind, raw({"namn": "Kim Lund", name: "saga@nordlys.example"}, FORM), FORM, {})
    assert all(isinstance(item, Quarantined) or item.person.email is None for item in alone)


def test_an_address_in_a_text_is_not_taken():
    (found,) = parse(
        "form",
        raw({"namn": "Kim", "meddelande": f"Er kollega saga@nordlys.example svarar inte. {'x' * 50}"}, FORM),
        FORM,
        {},
    )
    assert found.person.email is None


@pytest.mark.parametrize("kind", ["form", "generic"])
@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        (FORM, {"email": MAIL, "interest[]": ["a", "b", "c"]}), (FORM, {"email": MAIL, "interest": ["a", "b", "c"]}), (JSON, {"email": MAIL, "interest": ["a", "b", "c"]}),
        (JSON, {"email": MAIL, "fields": [{"label": "interest", "value": ["a", "b", "c"]}]}), (FORM, {"f[email]": MAIL, "f[interest][]": ["a", "b", "c"]}),
        (JSON, [{"name": "email", "value": MAIL}, {"name": "interest", "value": "a"}, {"name": "interest", "value": "b"}, {"name": "interest", "value": "c"}]),
        (FORM, {"email": MAIL, "interest[0]": "a", "interest[1]": "b", "interest[2]": "c"}),
    ],
)  # fmt: skip
def test_a_list_keeps_all_its_values(kind, content_type, body):
    found = one(kind, content_type, body)
    held = next(value for name, value in found.fields.items() if "interest" in name)
    assert held == ["a", "b", "c"] and found.person.email == MAIL


@pytest.mark.parametrize(
    "kind",
    ["typeform", "tally", "webflow", "meta_lead_ads", "linkedin", "jotform", "gravity_forms", "google_ads", "calendly"],
)
def test_a_list_keeps_all_its_values_in_the_kinds_of_builders(kind):
    several = ["a", "b", "c"]
    bodies = {
        "typeform": {"form_response": {"token": "t", "definition": {"fields": [{"id": "1", "title": "interest"}]}, "answers": [{"type": "choices", "choices": {"labels": several}, "field": {"id": "1"}}]}},
        "tally": {"eventId": "e", "data": {"fields": [{"label": "interest", "type": "CHECKBOXES", "value": ["1", "2", "3"], "options": [{"id": "1", "text": "a"}, {"id": "2", "text": "b"}, {"id": "3", "text": "c"}]}]}},
        "webflow": {"payload": {"id": "7", "data": {"interest": several}}},
        "meta_lead_ads": {"id": "9887766", "field_data": [{"name": "interest", "values": several}]},
"linkedin": {"id": "r", "formResponse": {"answers": [{"questionId": 1, "name": "interest", "answerDetails": {"multipleChoiceAnswer": {"options": several}}}]}},
        "jotform": {"submissionID": "7", "rawRequest": json.dumps({"q3_interest": several})},
        "gravity_forms": {"id": "7", "form_id": "3", "interest": several},
        "google_ads": {"lead_id": "l", "user_column_data": [{"column_id": "interest", "string_value": "a, b, c"}]},
        "calendly": {"event": "invitee.created", "payload": {"uri": "u", "questions_and_answers": [{"question": "interest", "answer": "a\nb\nc"}]}},
    }  # fmt: skip
    found = parse(kind, json.dumps(bodies[kind]).encode(), JSON, {})
    held = str(found[0].fields if isinstance(found[0], Parsed) else found)
    assert all(f"{one}" in held.partition("interest")[2] for one in several), held


def test_the_number_of_an_unnamed_field_is_told_by_its_type():
    found = one("form", JSON, {"fields": {"x1": {"type": "tel", "title": "Ring mig", "value": PHONE}}})
    assert found.person.phone == PHONE
