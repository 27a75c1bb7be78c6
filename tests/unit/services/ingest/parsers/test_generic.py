"""The generic kind reads senders that nobody described to it, as a person would; and leaves out what it cannot tell."""

import json

import pytest

from schemas.signals import Kind, Parsed, Quarantined
from services.ingest.parsers.registry import parse as read_body
from tests.unit.services.ingest.parsers.test_kinds import FORM, facts, one, read


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"Förnamn": "Åsa", "Efternamn": "Ek", "E-post": "asa@ek.example", "Mobilnummer": "070-123 45 67", "Företag": "Ek AB"},
         {"first": "Åsa", "last": "Ek", "email": "asa@ek.example", "phone": "070-123 45 67", "company": "Ek AB"}),
        ({"Vorname": "Uwe", "Nachname": "Bär", "E-Mail-Adresse": "u@b.example", "Firma": "B GmbH", "Telefonnummer": "030 12345"},
         {"first": "Uwe", "last": "Bär", "email": "u@b.example", "company": "B GmbH", "phone": "030 12345"}),
        ({"Prénom": "Léa", "Nom": "Roy", "Courriel": "l@r.example", "Entreprise": "Roy SA", "Téléphone": "01 23 45 67 89"},
         {"first": "Léa", "last": "Roy", "email": "l@r.example", "company": "Roy SA", "phone": "01 23 45 67 89"}),
        ({"Nombre": "Ana", "Apellidos": "Gil", "Correo electrónico": "a@g.example", "Empresa": "Gil SL", "Teléfono": "+34 600 000 000"},
         {"first": "Ana", "last": "Gil", "email": "a@g.example", "company": "Gil SL", "phone": "+34 600 000 000"}),
        ({"Fornavn": "Kari", "Etternavn": "Lie", "E-post": "k@l.example", "Bedrift": "Lie AS", "Tlf": "99887766"},
         {"first": "Kari", "last": "Lie", "email": "k@l.example", "company": "Lie AS", "phone": "99887766"}),
        ({"Fornavn": "Bo", "Efternavn": "Ry", "Mailadresse": "b@r.example", "Virksomhed": "Ry ApS"},
         {"first": "Bo", "last": "Ry", "email": "b@r.example", "company": "Ry ApS"}),
        ({"Etunimi": "Aino", "Sukunimi": "Salo", "Sähköposti": "a@s.example", "Yritys": "Salo Oy", "Puhelinnumero": "040 1234567"},
         {"first": "Aino", "last": "Salo", "email": "a@s.example", "company": "Salo Oy", "phone": "040 1234567"}),
        ({"Voornaam": "Jan", "Achternaam": "Vos", "E-mailadres": "j@v.example", "Bedrijfsnaam": "Vos BV", "Telefoonnummer": "0612345678"},
         {"first": "Jan", "last": "Vos", "email": "j@v.example", "company": "Vos BV", "phone": "0612345678"}),
        ({"Nom": "Jean Roy", "email": "j@r.example"}, {"full": "Jean Roy", "email": "j@r.example"}),
        ({"Field1": "x", "Field2": "who@where.example"}, {"email": "who@where.example"}),
    ],
)  # fmt: skip
def test_forms_in_nine_languages(body, expected):
    found = one("generic", body, FORM)
    assert (facts(found), found.kind) == (expected, Kind.FORM_SUBMITTED)


ROWS = [
    {"label": "E-post", "value": "e@l.example"},
    {"label": "Ditt namn", "value": "El Lo"},
    {"label": "Budget", "value": "big"},
]


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ({"event": "contact.created", "data": {"id": 7, "email": "a@b.example", "name": "A B"}, "created_by": {"email": "us@ours.example"}},
         Kind.CONTACT_CREATED, {"id": "7", "email": "a@b.example", "full": "A B"}),
        ({"id": "evt_1", "type": "customer.updated", "data": {"object": {"id": "cus_1", "email": "a@b.example"}}},
         Kind.CONTACT_UPDATED, {"id": "cus_1", "email": "a@b.example"}),
        ({"form_id": "f1", "submission_id": "s1", "answers": ROWS}, Kind.FORM_SUBMITTED, {"id": "s1", "email": "e@l.example", "full": "El Lo"}),
        (ROWS, Kind.FORM_SUBMITTED, {"email": "e@l.example", "full": "El Lo"}),
        ({"event_type": "Prospect Replied", "owner": {"email": "me@ours.example", "name": "Me"}, "prospect": {"id": "p1", "email": "p@x.example"}},
         Kind.EMAIL_REPLIED, {"id": "p1", "email": "p@x.example"}),
        ({"contact": {"name": {"first": "W", "last": "Ix"}, "emails": [{"value": "old@x.example"}, {"value": "w@ix.example", "primary": True}]}, "event": "lead.created"},
         Kind.CONTACT_CREATED, {"first": "W", "last": "Ix", "email": "w@ix.example"}),
        ({"type": "lead", "event": "deleted", "id": 5}, Kind.CONTACT_DELETED, {"id": "5"}),
        ({"event": "quux.happened", "id": "q1", "campaign": {"name": "June"}}, Kind.UNCLASSIFIED, {"id": "q1"}),
        ({"event": "company.created", "data": {"id": "c1", "name": "Big Co"}}, Kind.COMPANY_CREATED, {"id": "c1", "company": "Big Co"}),
        ({"event": "response.finished", "data": {"contact": None, "id": "r1", "survey": {"title": "How are we?", "name": "NPS"}}},
         Kind.FORM_SUBMITTED, {"id": "r1"}),
    ],
)  # fmt: skip
def test_nested_json(body, kind, expected):
    found = one("generic", body)
    assert (found.kind, facts(found)) == (kind, expected)


def test_our_own_people_are_never_the_lead():
    body = {"event": "call.ended", "data": {"id": 3, "user": {"email": "rep@ours.example", "name": "Rep"},
            "contact": {"first_name": "Lea", "phone_numbers": [{"value": "+4670000000"}]}}}  # fmt: skip
    assert facts(one("generic", body)) == {"id": "3", "first": "Lea", "phone": "+4670000000"}


def test_a_deals_update_says_what_the_previous_values_show():
    meta = {"event_type": "updated", "type": "deal"}
    moved = one(
        "generic",
        {
            "data": {"id": 1, "stage_id": 3, "owner_id": 9, "contact_id": 77, "value": 10, "currency": "EUR"},
            "meta": meta,
            "previous": {"stage_id": 2},
        },
    )
    assert (moved.kind, moved.sales.from_, moved.sales.to, moved.sales.owner_id) == (
        Kind.SALES_STAGE_CHANGED,
        "2",
        "3",
        "9",
    )
    assert ("person", "77") in {(r.object, r.id) for r in moved.references} and (moved.amount, moved.currency) == (
        10,
        "EUR",
    )
    won = one("generic", {"data": {"id": 1, "status": "won"}, "meta": meta, "previous": {"status": "open"}})
    assert won.kind is Kind.SALES_WON


def test_batches_and_envelopes_are_many_events_each_judged_alone():
    rows = [
        {"event": "open", "email": "a@b.example", "sg_event_id": "1"},
        {"event": "weather"},
        {"event": "bounce", "email": "c@d.example"},
    ]
    for body in (rows, {"events": rows, "sent_at": "2026-01-01T00:00:00Z"}):
        found = read("generic", body)
        assert [f.kind if isinstance(f, Parsed) else "aside" for f in found] == [
            Kind.EMAIL_OPENED,
            "aside",
            Kind.EMAIL_BOUNCED,
        ]


def test_json_in_a_forms_field():
    unbounce = one(
        "generic",
        {"page_id": "p1", "variant": "a", "data.json": json.dumps({"first_name": ["Bo"], "email": ["bo@x.example"]})},
        FORM,
    )
    assert facts(unbounce) == {"first": "Bo", "email": "bo@x.example"}
    chat = {
        "id": "EV1",
        "kind": "Conversation",
        "visitor": {"fullName": "Vi Si", "emailAddress": "v@s.example"},
        "operators": {"1": {"emailAddress": "op@ours.example"}},
    }
    assert facts(one("generic", {"data": json.dumps(chat)}, FORM)) == {
        "id": "EV1",
        "full": "Vi Si",
        "email": "v@s.example",
    }
    mails = [{"event": "click", "_id": "m1", "msg": {"email": "to@x.example", "_id": "m1"}},
             {"event": "inbound", "msg": {"email": "us@ours.example", "from_email": "she@x.example", "from_name": "She"}}]  # fmt: skip
    clicked, replied = read("generic", {"mandrill_events": json.dumps(mails)}, FORM)
    assert (clicked.kind, facts(clicked)) == (Kind.EMAIL_CLICKED, {"id": "m1", "email": "to@x.example"})
    assert (replied.kind, facts(replied)) == (Kind.EMAIL_REPLIED, {"email": "she@x.example", "full": "She"})


@pytest.mark.parametrize(
    "body",
    [
        {"a": 1},
        {"event": "charge.success", "amount": 5},
        [],
        {},
        [1],
        "x",
        {"user_name": "roadrunner", "command": "/x"},
    ],
)
def test_what_names_nobody_and_nothing_is_set_aside(body):
    assert all(isinstance(found, Quarantined) for found in read("generic", body))


def test_a_ping_is_a_test():
    assert one("generic", {"event": "ping"}).mode == "test"
    assert one("generic", {"is_test": True, "email": "a@b.example"}).mode == "test"


def test_secrets_in_a_body_are_left_out():
    found = one(
        "generic",
        {"email": "a@b.example", "token": "t0p", "HandshakeKey": "s3same", "api_key": "k3y", "msg": "hi"},
        FORM,
    )
    assert not {"t0p", "s3same", "k3y"} & set(map(str, found.fields.values()))


def booking(trigger, **payload):
    payload = {"uid": "b-1", "bookingId": 4, "organizer": {"id": 9, "email": "host@ours.example", "name": "Host"},
               "attendees": [{"email": "gu@est.example", "name": "Gu Est"}, {"email": "other@est.example"}], **payload}  # fmt: skip
    return one("generic", {"triggerEvent": trigger, "createdAt": "2026-01-01T00:00:00Z", "payload": payload})


def test_calcom_bookings():
    booked, moved = (
        booking("BOOKING_CREATED"),
        booking("BOOKING_REASSIGNED", addedHostUserIds=[2], removedHostUserIds=[9]),
    )
    refused = booking("BOOKING_REJECTED", rejectionReason="away", status="REJECTED")
    assert facts(booked) == facts(moved) == facts(refused) == {"id": "b-1", "email": "gu@est.example", "full": "Gu Est"}
    assert (booked.kind, refused.kind, refused.reason) == (
        Kind.SALES_MEETING_BOOKED,
        Kind.SALES_MEETING_CANCELLED,
        "away",
    )
    assert (moved.kind, moved.sales.from_, moved.sales.to) == (Kind.SALES_OWNER_CHANGED, "9", "2")
    assert booking("PING", type="Test").mode == "test"


@pytest.mark.parametrize(
    ("status", "kind"), [("142", Kind.SALES_WON), ("143", Kind.SALES_LOST), ("77", Kind.SALES_STAGE_CHANGED)]
)
def test_amocrm_stages(status, kind):
    lead = {"id": "10", "status_id": status, "old_status_id": "5", "responsible_user_id": "3", "price": "900"}
    found = one(
        "generic", {**{f"leads[status][0][{k}]": v for k, v in lead.items()}, "account[subdomain]": "ours"}, FORM
    )
    assert (found.kind, found.sales.from_, found.sales.to, found.sales.owner_id, found.amount) == (
        kind,
        "5",
        status,
        "3",
        900,
    )
    assert (found.references[0].object, found.references[0].id) == ("deal", "10")


def test_bitrix24_names_the_record_and_its_token_ends_here():
    found = one(
        "generic",
        {"event": "ONCRMDEALUPDATE", "data[FIELDS][ID]": "8", "ts": "1770000000", "auth[application_token]": "hush"},
        FORM,
    )
    assert (found.kind, found.external_id, found.references[0].object) == (Kind.DEAL_UPDATED, "8", "deal")
    assert "hush" not in found.text()


def test_attio_tells_a_person_from_a_machine():
    def event(actor):
        return {
            "event_type": "record.updated",
            "id": {"workspace_id": "w", "object_id": "o", "record_id": "r1"},
            "actor": {"type": actor, "id": "m"},
        }

    person, machine = read("generic", {"webhook_id": "h", "events": [event("workspace-member"), event("api-token")]})
    assert (person.external_id, person.automated, machine.automated) == ("r1", False, True)


def test_copper_says_what_changed_for_each_id():
    body = {
        "ids": [1, 2],
        "type": "opportunity",
        "event": "update",
        "updated_attributes": {"pipeline_stage_id": [5, 6]},
        "secret": "hush",
    }
    found = read("generic", body)
    assert [(f.external_id, f.kind, f.sales.from_, f.sales.to) for f in found] == [
        ("1", Kind.SALES_STAGE_CHANGED, "5", "6"), ("2", Kind.SALES_STAGE_CHANGED, "5", "6")
    ]  # fmt: skip


def test_a_messages_sender_is_the_lead_only_where_nobody_else_is_called_so():
    ours = {"event_type": "EMAIL_REPLY", "from_email": "us@ours.example", "sl_lead_email": "l@x.example"}
    assert facts(one("generic", ours)) == {"email": "l@x.example"}
    chat = {
        "event": "conversation_created",
        "id": 3,
        "meta": {"sender": {"name": "Vis It", "email": "v@i.example", "type": "contact"}},
    }
    assert facts(one("generic", chat)) == {"id": "3", "email": "v@i.example", "full": "Vis It"}


def test_a_text_message_is_from_its_number():
    found = one("generic", {"MessageSid": "SM1", "From": "+14155551212", "To": "+14155550000", "Body": "hi"}, FORM)
    assert (found.kind, facts(found)) == (Kind.MESSAGE_RECEIVED, {"id": "SM1", "phone": "+14155551212"})


def test_ids_of_a_module_are_events_of_their_own():
    found = read("generic", {"module": "Leads", "operation": "insert", "ids": ["1", "2"], "token": "hush"})
    assert [(f.kind, f.external_id) for f in found] == [(Kind.CONTACT_CREATED, "1"), (Kind.CONTACT_CREATED, "2")]


def test_a_key_that_is_there_twice_in_one_object_is_set_aside_for_readers_differ_in_which_they_take():
    body = b'{"email": "a@example.com", "data": {"email": "b@example.com", "email": "c@example.com"}}'
    (found,) = read_body("generic", body, "application/json", {})
    assert found.quarantined == "a key is there twice in one object"
