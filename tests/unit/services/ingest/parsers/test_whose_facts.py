"""Whose name, number, address and company it is, in bodies of senders that nobody described: the shapes in which the facts of the
lead stand beside those of others, of things and of ours."""

import pytest

from schemas.signals import Kind
from tests.unit.services.ingest.parsers.test_guesses import ELI, HER, REP
from tests.unit.services.ingest.parsers.test_kinds import facts, one

MAIL = "eli@ode.example"
PHONE = "+46701740605"
OURS = "rut@ours.example"


def read(body):
    found = facts(one("generic", body))
    found.pop("id", None)
    return found


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"conversation": {"id": "c1", "from_contact": {"name": "Eli Ode", "type": "email", "value": MAIL}}}, HER),
        ({"event": "tagged", "conversation": {"id": "c1", "recipient": {"name": "Eli Ode", "handle": MAIL, "role": "to"}}}, HER),
        ({"contactID": "7", "firstName": "Eli", "identifiers": [{"type": "email", "id": MAIL}, {"type": "phone", "id": PHONE}]}, {"first": "Eli", "email": MAIL, "phone": PHONE}),
        ({"id": 1, "lead": {"name": "Eli Ode", "contact_methods": [{"kind": "SMS", "value": PHONE}]}}, {"full": "Eli Ode", "phone": PHONE}),
        ({"event": "call.recording.completed", "data": {"id": "A1", "direction": "incoming", "participants": [PHONE]}}, {"phone": PHONE}),
        ({"firstName": "Eli", "lastName": "Ode", "email": MAIL, "number": PHONE}, {"first": "Eli", "last": "Ode", "email": MAIL, "phone": PHONE}),
    ],
)  # fmt: skip
def test_an_address_or_a_number_that_stands_beside_its_sort_is_read(body, expected):
    assert read(body) == expected


def test_an_address_under_the_name_of_whoever_it_is_and_in_a_whole_record_that_changed_is_read():
    assert read({"id": "e1", "type": "pdf", "user": OURS, "signer": MAIL, "sender": OURS}) == {"email": MAIL}
    session = {"id": "s", "username": "Eli Ode", "email": MAIL}
    sent = {
        "id": "x",
        "type": "email.sent",
        "changes": {"message": {"id": "m", "type": "AGENT", "session_data": session}},
        "data": {"id": "d"},
    }
    assert read(sent)["email"] == MAIL
    assert read({"id": "1", "event": "x", "changes": {"email": {"old": MAIL, "new": None}}}) == {}


@pytest.mark.parametrize(
    ("chat", "expected"),
    [
        ("46701740605@s.whatsapp.net", {"phone": PHONE}),
        ("46701740605:12@s.whatsapp.net", {"phone": PHONE}),
        ("46701740605@c.us", {"phone": PHONE}),
        ("120363041234567890@g.us", {}),
        ("120363041234567890@newsletter", {}),
        ("43001330020491@lid", {}),
    ],
)
def test_the_id_of_a_chat_is_no_address_and_only_that_of_one_person_has_a_number(chat, expected):
    body = {"event": "message.received", "data": {"id": "3EB0A1", "from": chat, "body": "Hej"}}
    assert read(body) == expected
    assert "email" not in read({"message_id": "3EB0A1", "group_id": chat, "from_name": "Eli Ode"})


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"id": 4, "name": "Our new boat", "body": "x", "user_name": "Eli Ode", "user_email": MAIL}, HER),
        ({"id": 4, "first_name": "Rut", "last_name": "Rep", "customer_name": "Eli Ode", "customer_email": MAIL}, HER),
        ({"reporter": {"name": "elio", "displayName": "Eli Ode", "emailAddress": MAIL}}, HER),
        ({"id": 4, "first_name": "Eli", "name": "Ode", "email": MAIL}, {"first": "Eli", "last": "Ode", "email": MAIL}),
        ({"nickname": "Eli", "email": MAIL, "message": "Hej"}, {"full": "Eli", "email": MAIL}),
        ({"session_data": {"username": "Eli Ode", "email": MAIL}}, HER),
        ({"username": "eli_ode88", "email": MAIL}, {"email": MAIL}),
    ],
)  # fmt: skip
def test_of_several_names_the_one_that_goes_with_the_address_is_the_leads(body, expected):
    assert read(body) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"action": "review_requested", "number": 3, "repository": {"id": 5, "full_name": "ode/boats"}},
        {"id": "15n8kon", "name": "t3_15n8kon", "title": "A boat"},
        {"id": "t1", "name": "Mend the boat", "assignees": [REP]},
        {"id": "s1", "uid_owner": OURS, "storage_id": f"home::{OURS}", "item_type": "file"},
        {"id": "m1", "name": "Monitor", "notifications": {"onError": [{"email": OURS}]}},
        {"type": "Issue.Delete", "trigger": {"user": REP}, "data": {"issue": {"id": 5, "createBy": REP, "updateBy": REP}}},
        {"id": 9, "event": "mail.clicked", "client_info_client_name": "Chrome"},
    ],
)  # fmt: skip
def test_things_programs_and_our_own_people_are_nobody(body):
    assert read(body) == {}


def test_who_is_responsible_for_a_chat_is_one_of_ours():
    chat = {"id": 5, "name": "Eli Ode", "phone": PHONE, "responsible_name": "Rut Rep", "responsible_email": OURS}
    ours = {"phone": "+4685550909", "account_name": "Ours AB", "owner_email": OURS}
    assert read({"event_type": "chat:new", "chat": chat, "whatsapp_account": ours}) == {
        "full": "Eli Ode",
        "phone": PHONE,
    }


def test_the_number_that_was_written_to_is_ours():
    ours = {"phoneNumberId": "647015955153740", "displayPhoneNumber": "+46 8 555 09 09"}
    assert read({"id": "wamid.A", "status": "read", "recipientId": "46701740605", **ours}) == {"phone": "46701740605"}
    found = one("generic", {"id": "wamid.B", "type": "text", "from": "46701740605", "text": {"body": "Hej"}, **ours})
    assert (found.kind, found.person.phone) == (Kind.MESSAGE_RECEIVED, "46701740605")


def test_who_ordered_is_nearer_than_where_the_parcel_goes():
    place = {"first_name": "Rut", "last_name": "Rep", "email": OURS, "phone": "+4685550909"}
    buyer = {"id": "1", "full_name": "Eli Ode"}
    order = {"id": "o1", "name": "#1001", "email": MAIL, "phone": PHONE, "customer": buyer, "billing_address": place}
    assert read({"node": order}) == {**HER, "phone": PHONE}
    customer = {"id": 1, "email": MAIL, "first_name": "Eli", "last_name": "Ode", "default_address": place}
    assert read(customer) == {"email": MAIL, "first": "Eli", "last": "Ode"}


def test_the_shop_is_ours():
    body = {"order": {"id": 1}, "customer": {"phone": PHONE, "full_name": "Eli Ode"}, "shop": {"id": 2, "email": OURS}}
    assert read(body) == {"full": "Eli Ode", "phone": PHONE}


def test_a_customers_request_has_its_customer_and_a_browsers_has_nobody():
    assert read({"id": "f", "event_name": "field_approved", "request": {"id": "r", "client": ELI}}) == HER
    assert read({"id": "f", "event_name": "field_approved", "request": {"method": "GET", "client": ELI}}) == {}


def test_what_was_before_is_read_where_nothing_is_now():
    member = {"id": "64be7c", "name": "Eli Ode", "email": MAIL}
    assert read({"member": {"current": {}, "previous": member}}) == HER
    assert read({"event": "x", "id": 1, "member": {"current": {"id": "64be7c"}, "previous": member}}) == {}


def test_an_answers_number_does_not_beat_the_persons_own():
    body = {
        "id": 57,
        "name": "Eli Ode",
        "email": MAIL,
        "phone": PHONE,
        "answers": {"Phone of your bank": "+4685550909"},
    }
    assert read(body) == {**HER, "phone": PHONE}


def test_a_systems_key_is_no_companys_name():
    for key in ("31ef9f6c-00f0-481f-b309-95694ed324bb", "1MWYTEQf6jioThhHhH4~KmVI", "65cc96cfcf7028f638e20b0c"):
        assert "company" not in read({"id": 1, "email": MAIL, "organization": key})
    assert read({"id": 1, "email": MAIL, "organization": "Ode Boats 1984 AB"})["company"] == "Ode Boats 1984 AB"


def test_the_persons_own_company_counts_before_another_that_stands_elsewhere():
    person = {"email": MAIL, "company_name": "Ode AB"}
    assert read({"contact": person, "next_action": {"company": {"name": "Else AB"}}})["company"] == "Ode AB"


@pytest.mark.parametrize(
    "mail",
    [
        {"subject": "Hej", "from_field": {"name": "Eli Ode", "address": MAIL}, "to_fields": [{"address": OURS}], "preview": "x"},
        {"subject": "Hej", "from": {"emailAddress": {"name": "Eli Ode", "address": MAIL}}, "toRecipients": [{"emailAddress": {"address": OURS}}], "bodyPreview": "x"},
        {"subject": "Hej", "from": {"value": [{"address": MAIL, "name": "Eli Ode"}]}, "to": {"value": [{"address": OURS}]}, "text": "x", "messageId": "<a@b.example>"},
    ],
)  # fmt: skip
@pytest.mark.parametrize("wrapped", ["email", "latest_message", None])
def test_a_mail_without_a_word_is_a_message_of_its_sender(mail, wrapped):
    found = one("generic", {wrapped: mail, "rule": {"id": "r"}} if wrapped else mail)
    assert (found.kind, found.person.email, found.person.full_name) == (Kind.MESSAGE_RECEIVED, MAIL, "Eli Ode")


def test_a_mail_of_which_only_the_sender_is_known_names_them():
    mail = {"subject": "Hej", "sender": MAIL, "fromAddress": MAIL, "toAddress": "", "summary": "x", "messageId": "17"}
    found = one("generic", mail)
    assert (found.kind, found.person.email) == (Kind.MESSAGE_RECEIVED, MAIL)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"id": 1, "customer_phone": PHONE, "direction": "inbound", "transcript": [], "duration": 30}, Kind.CALL_RECEIVED),
        ({"id": 1, "customer_phone": PHONE, "direction": "outbound", "recording": {"id": 4}, "duration": 5}, Kind.OUTREACH_LOGGED),
        ({"event_type": "MEETING_BOOKED_VIA_SCHEDULER_CANCELED", "uuid": "u", "invitee": ELI}, Kind.SALES_MEETING_CANCELLED),
        ({"event_type": "MEETING_BOOKED_VIA_SCHEDULER", "uuid": "u", "invitee": ELI}, Kind.SALES_MEETING_BOOKED),
        ({"event": "email.thread.reply", "from": MAIL, "to": OURS, "subject": "Re: Boat"}, Kind.EMAIL_REPLIED),
        ({"type": "contact.opened", "contact": ELI}, Kind.EMAIL_OPENED),
        ({"triggerName": "SMSRecipientOptOut", "recipient": {"id": "1", "phone": PHONE}}, Kind.LIST_UNSUBSCRIBED),
        ({"type": "resubscribed", "user": ELI}, Kind.LIST_SUBSCRIBED),
        ({"event": "captured_form.created", "data": {"id": "f", "field_values": ELI}}, Kind.FORM_SUBMITTED),
        ({"event": "messages.upsert", "data": {"key": {"id": "A"}, "from": "46701740605@s.whatsapp.net"}}, Kind.MESSAGE_RECEIVED),
    ],
)  # fmt: skip
def test_what_happened_by_the_senders_word_or_by_the_fields_that_only_it_has(body, kind):
    assert one("generic", body).kind is kind


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ({"remoteJid": "46701740605@s.whatsapp.net", "fromMe": False, "id": "A"}, {"phone": PHONE}),
        ({"remoteJid": "46701740605@s.whatsapp.net", "fromMe": True, "id": "A"}, {"phone": PHONE}),
        ({"remoteJid": "13718@lid", "remoteJidAlt": "46701740605@s.whatsapp.net", "id": "A"}, {"phone": PHONE}),
        ({"remoteJid": "13718@lid", "senderPn": "46701740605@s.whatsapp.net", "id": "A"}, {"phone": PHONE}),
        ({"remoteJid": "1203@g.us", "participant": "46701740605@s.whatsapp.net", "id": "A"}, {"phone": PHONE}),
        ({"remoteJid": "13718@lid", "id": "A"}, {}),
    ],
)
def test_whom_a_chat_is_with_is_the_lead_and_never_the_telephone_that_received_it(key, expected):
    message = {"key": key, "message": {"conversation": "Hej"}}
    body = {"event": "messages.upsert", "data": message, "sender": "4685550909@s.whatsapp.net"}
    assert read(body) == expected


def test_our_own_instance_is_nobodys_id():
    body = {"event": "messages.upsert", "data": {"pushName": "Eli Ode", "instanceId": "bae4", "text": "Hej"}}
    assert one("generic", body).external_id is None


def test_a_tracked_event_has_its_person_in_the_traits():
    traits = {"email": MAIL, "name": "Eli Ode", "company": {"id": "abc123"}}
    body = {
        "event": "Order Completed",
        "context": {"library": {"name": "js"}, "traits": traits},
        "properties": {"order_id": "o1"},
    }
    assert read(body) == HER


def test_events_beside_what_is_said_of_the_delivery_are_read_one_by_one():
    calls = [{"Action": "call.received", "CallerNumber": PHONE, "OrganizationId": 4062}]
    assert read({"Id": "d1", "Properties": {"Organization": "4062"}, "Notifications": calls}) == {"phone": PHONE}


@pytest.mark.parametrize(
    ("body", "company"),
    [
        ({"id": "a1", "_objectType": "Account", "Name": "Ode AB", "PersonAccount": [{"Person": {**ELI, "_objectType": "Person"}}]}, "Ode AB"),
        ({"id": "i1", "invoice": {"total": 4}, "client": {"id": "c", "name": "Ode AB", "contact": {**ELI, "id": 2}}}, "Ode AB"),
        ({"id": "r", "conversation": {"id": "c", "organization": {"id": "o", "name": "Ours AB"}}, "contact": ELI}, None),
        ({"id": "r", "email": MAIL, "account": {"uuid": "u", "display_name": "Ode AB"}}, "Ode AB"),
    ],
)  # fmt: skip
def test_a_company_stands_above_its_people_and_that_of_a_conversation_is_ours(body, company):
    assert read(body).get("company") == company


def test_a_bare_name_among_the_answers_of_somebody_who_has_none_is_theirs():
    assert read({"id": "7", "email": MAIL, "fields": {"name": "Eli", "city": "Lund"}}) == {"email": MAIL, "full": "Eli"}
    assert read({"id": "7", "email": MAIL, "rsvp_form_data": {"name": "Eli Ode"}}) == HER


def test_beside_what_happened_and_when_the_id_is_of_whom_it_is_about():
    event = {
        "id": "e1",
        "type": "contact.opened",
        "occurred_at": "2026-02-03T04:05:06Z",
        "contact_id": "c7",
        "contact_email_address": MAIL,
    }
    assert one("generic", event).external_id == "c7"
