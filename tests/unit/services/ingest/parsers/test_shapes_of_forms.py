"""The same form in every shape in which programs post it: whoever filled it in is found by both kinds that take any form."""

import json

import pytest

from tests.unit.services.ingest.parsers.test_kinds import facts, read

MAIL = "eli@ode.example"
PHONE = "+46701740605"
HER = {"email": MAIL, "full": "Eli Ode"}
BOTH = pytest.mark.parametrize("kind", ["form", "generic"])
FORM = {"email": MAIL, "name": "Eli Ode"}
TEXT = json.dumps(FORM)


def found(kind, body, content_type="application/json"):
    (signal,) = read(kind, body if isinstance(body, bytes) else json.dumps(body).encode(), content_type)
    told = facts(signal)
    told.pop("id", None)
    return told


@BOTH
@pytest.mark.parametrize(
    "body",
    [
        {"📧 E-post": MAIL, "👤 Namn": "Eli Ode"},
        {"e-mail-adresse": MAIL, "vor-und-nachname": "Eli Ode"},
        {"yourEmail": MAIL, "yourName": "Eli Ode"},
        {"data": TEXT},
        {"payload": json.dumps({"submission": TEXT})},
        TEXT,
        json.dumps(TEXT),
        [{"label": "E-post", "value": MAIL}, {"label": "Namn", "value": "Eli Ode"}],
        {"formName": "x", "fields": [{"fieldLabel": "E-post", "fieldValue": MAIL}, {"fieldLabel": "Namn", "fieldValue": "Eli Ode"}]},
        {"responses": [{"question": {"title": "Email"}, "answer": {"text": MAIL}}, {"question": {"title": "Name"}, "answer": {"text": "Eli Ode"}}]},
        {"responses": [FORM]},
        {"step1": {"name": "Eli Ode"}, "step2": {"email": MAIL}},
        {"Contact Information": {"Full Name": "Eli Ode", "Email Address": MAIL}},
        {"No Label email": MAIL, "No Label name": "Eli Ode", "form_id": "9de"},
        {"to": "rut@ours.example", "replyto": MAIL, "name": "Eli Ode", "message": "Hej"},
    ],
    ids=lambda body: json.dumps(body)[:40],
)  # fmt: skip
def test_whoever_filled_it_in_is_found_in_every_shape(kind, body):
    assert found(kind, body) == HER


@BOTH
@pytest.mark.parametrize(
    ("raw", "content_type"),
    [
        (TEXT.encode(), "application/x-www-form-urlencoded"),
        (TEXT.encode(), "text/html"),
        (TEXT.encode(), "text/plain"),
        (TEXT.encode("utf-16"), "application/json"),
        (TEXT.encode("utf-16-le"), "application/json"),
        (TEXT.encode("utf-16-be"), "application/json; charset=utf-8"),
        (b"\xef\xbb\xbf" + TEXT.encode(), ""),
    ],
)
def test_json_is_read_whatever_its_sender_calls_it_and_in_sixteen_bits(kind, raw, content_type):
    assert found(kind, raw, content_type) == HER


@BOTH
def test_a_form_whose_first_name_is_in_brackets_is_a_form(kind):
    assert (
        found(kind, b"[email]=eli%40ode.example&[name]=Eli+Ode", "application/x-www-form-urlencoded")["email"] == MAIL
    )


@BOTH
@pytest.mark.parametrize(
    "label",
    ["Mobilnr", "Rückrufnummer", "Nr telefonu", "Telefoonnr.", "WhatsApp", "WhatsApp number", "Kontaktnummer", "Telefon-Nr."],
)  # fmt: skip
def test_a_number_is_read_by_the_labels_of_each_language(kind, label):
    assert found(kind, {"email": MAIL, label: PHONE}) == {"email": MAIL, "phone": PHONE}


@BOTH
def test_a_number_in_an_object_of_its_own_is_read(kind):
    assert found(kind, {"q2_email": MAIL, "q3_phone": {"full": PHONE}}) == {"email": MAIL, "phone": PHONE}
