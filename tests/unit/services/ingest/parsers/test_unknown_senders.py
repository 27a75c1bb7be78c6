"""Bodies of senders that nobody described, in the shapes that the field has: what is nobody's name, number, company or id is not read
as one, and what happened is dated and told apart."""

import json
from datetime import UTC, datetime

import pytest

from schemas.signals import Kind, Quarantined
from tests.unit.services.ingest.parsers.test_guesses import ELI, HER, REP
from tests.unit.services.ingest.parsers.test_kinds import FORM, facts, one, read

MAIL = "eli@ode.example"
PHONE = "+46 8 555 01 01"


@pytest.mark.parametrize(
    "nothing", ["N/A", "null", "undefined", "-", "{{contact.first_name}}", "*|FNAME|*", "<string>", "%FIRSTNAME%"]
)
def test_what_programs_write_where_nothing_is_known_is_no_fact(nothing):
    lead = {"id": 1, "email": MAIL, "first_name": nothing, "last_name": nothing, "company": nothing, "phone": nothing}
    assert facts(one("generic", {"event": "contact.created", "contact": lead})) == {"id": "1", "email": MAIL}


def test_people_who_are_called_null_and_na_keep_their_names():
    found = facts(one("form", {"first_name": "Na", "last_name": "Null", "email": MAIL}))
    assert (found["first"], found["last"]) == ("Na", "Null")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("phone_number_id", "106540352242922"),
        ("mobile_app_id", "9876543210"),
        ("phone", "pn_5b3d8a92-1c4e-4a7f-9d6b"),
        ("phone", "2026-02-03T04:05:06Z"),
        ("name", "2026-02-03"),
        ("name", "https://ode.example/eli"),
    ],
)
def test_ids_times_and_links_are_no_numbers_and_no_names(field, value):
    assert facts(one("generic", {"event": "contact.updated", "contact": {"id": 1, "email": MAIL, field: value}})) == {
        "id": "1",
        "email": MAIL,
    }


@pytest.mark.parametrize("field", ["name", "user_name", "username", "login"])
def test_an_address_in_the_place_of_a_name_is_the_address(field):
    assert facts(one("generic", {"event": "login", "log_id": "9", "data": {field: MAIL}})) == {"id": "9", "email": MAIL}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"requester_name": "Eli Ode", "requester_email": MAIL, "organization": "Ode AB"}, {**HER, "company": "Ode AB"}),
        ({"contact": {"name": "Eli", "email": MAIL, "fields": [{"key": "last_name", "value": "Ode"}]}}, {"first": "Eli", "last": "Ode", "email": MAIL}),
        ({"name": "Eli", "last_name": "Ode", "email": MAIL}, {"first": "Eli", "last": "Ode", "email": MAIL}),
        ({"Name": "first = Eli\n\nlast = Ode", "Email": MAIL}, {"first": "Eli", "last": "Ode", "email": MAIL}),
        ({"contact": {"realName": "Eli Ode", "nickName": "Boss", "email": MAIL}}, HER),
        ({"event": "joined", "participant": {"user_name": "Eli Ode", "email": MAIL}}, HER),
        ({"contact": {"email": MAIL, "phone_number": {"c": "46", "n": "85550101"}}}, {"email": MAIL, "phone": "+4685550101"}),
        ({"contact": {"emails": [{"type": "WORK", "mail": MAIL}], "workPhones": [PHONE]}}, {"email": MAIL, "phone": PHONE}),
        ({"call": {"customer": {"number": "+4685550101"}}}, {"phone": "+4685550101"}),
        ({"data": {"user_name": "Eli Ode", "user_email": MAIL}}, HER),
        ({"primaryCustomer": {"first": "Eli", "last": "Ode", "email": MAIL}}, {"first": "Eli", "last": "Ode", "email": MAIL}),
        ({"properties": {"Name": {"type": "title", "title": [{"plain_text": "Eli Ode"}]}, "Email": {"type": "email", "email": MAIL}}}, HER),
        ({"event": "order.created", "order": {"email": MAIL, "name": "Eli Ode"}}, HER),
        ({"user": {"nickname": "Eli Ode"}, "event": "message:send", "email": MAIL}, HER),
    ],
)  # fmt: skip
def test_names_and_numbers_as_senders_write_them(body, expected):
    found = facts(one("generic", body))
    found.pop("id", None)
    assert found == expected


def test_whom_a_parcel_goes_to_is_not_who_ordered_it():
    buyer = {"email": MAIL, "first_name": "Eli", "last_name": "Ode"}
    address = {"name": "Rut Rep", "first_name": "Rut", "last_name": "Rep", "phone": PHONE, "company": "Else AB"}
    assert facts(one("generic", {"id": 1, "customer": buyer, "shipping_address": address})) == {
        "id": "1",
        "email": MAIL,
        "first": "Eli",
        "last": "Ode",
    }
    own = {"first_name": "Eli", "phone": PHONE, "company": "Ode AB"}
    found = facts(one("generic", {"id": 1, "customer": buyer, "shipping_address": own}))
    assert (found["phone"], found["company"]) == (PHONE, "Ode AB")


def test_a_field_that_holds_its_own_name_says_nothing():
    assert facts(
        one("generic", {"alert_name": "paid", "order_id": 4, "customer_name": "customer_name", "email": MAIL})
    ) == {"id": "4", "email": MAIL}


def test_a_company_beside_its_address_is_no_persons_name_and_a_forms_maker_no_lead():
    found = facts(
        one("generic", {"event": "x", "id": 1, "company_email": "info@ode.example", "company_name": "Ode Boats AB"})
    )
    assert found == {"id": "1", "email": "info@ode.example", "company": "Ode Boats AB"}
    form = {"id": "f", "title": "Contact", "email": "rut@ours.example"}
    assert facts(one("generic", {"event": "form.viewed", "id": 1, "form": form})) == {"id": "1"}
    assert facts(one("generic", {"widget": {"id": 4}, "form": {"email": MAIL}}))["email"] == MAIL


def test_a_page_with_an_address_is_nobody_and_a_deal_with_a_contact_is_no_answer():
    assert facts(one("generic", {"event": "x", "id": 1, "page": {"email": "info@ours.example"}})) == {"id": "1"}
    deal = {"id": 44, "title": "Boat", "value": 900, "owner": REP, "contact": ELI}
    assert facts(one("generic", {"event": "deal.updated", "data": {"deal": deal}})) == {"id": "44", **HER}


def test_the_party_of_a_call_who_is_not_internal_and_the_number_that_rang():
    parties = [{**REP, "affiliation": "Internal"}, {**ELI, "affiliation": "External"}]
    assert facts(one("generic", {"call": {"id": "g1", "parties": parties}})) == {"id": "g1", **HER}
    ring = {
        "direction": "Inbound",
        "from": {"phoneNumber": PHONE, "name": "Eli Ode"},
        "to": {"phoneNumber": "+46 8 555 09 09"},
    }
    assert facts(one("generic", {"body": {"sessionId": "s", "parties": [ring]}})) == {
        "id": "s",
        "phone": PHONE,
        "full": "Eli Ode",
    }


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("lead.status.changed.to.won", Kind.SALES_WON),
        ("deal_stage_changed_to_lost", Kind.SALES_LOST),
        ("store/customer/created", Kind.CONTACT_CREATED),
    ],
)
def test_what_happened_at_the_end_of_a_longer_word(word, kind):
    body = {"scope" if "/" in word else "event": word, "data": {"type": "customer", "id": 1, "user": REP}}
    found = one("generic", body)
    assert (found.kind, found.person.email) == (
        kind,
        None if kind in (Kind.SALES_WON, Kind.SALES_LOST) else REP["email"],
    )


def test_a_colleague_who_says_to_be_an_admin_is_passed_over():
    body = {"type": "post.created", "object": {"id": "p1", "author": {**REP, "isAdmin": True}}}
    assert facts(one("generic", body)) == {"id": "p1"}


@pytest.mark.parametrize(
    "beside",
    [
        {"Client": {"Name": "Browser 9", "Company": "Maker", "Family": "Browser"}},
        {"OS": {"Name": "System 4", "Company": "Maker"}},
        {"product": {"name": "Phone", "company": "Maker"}},
        {"form_structure": {"Name": "Contact", "Email": "rut@ours.example"}},
        {"company_email": "info@ode.example", "company_size": "5"},
    ],
)
def test_makers_and_forms_are_no_leads_company(beside):
    assert facts(one("generic", {"event": "open", "id": "1", "email": MAIL, **beside})) == {"id": "1", "email": MAIL}


@pytest.mark.parametrize(
    "body",
    [
        {"lead": {"id": "1", "name": "Ode AB", "industry": "Boats", "employee_count": 4}},
        {"event": "client.updated", "customer": {"id": "1", "name": "Ode AB", "industry": "Boats"}},
    ],
)
def test_a_lead_with_an_industry_and_no_address_is_a_company(body):
    assert facts(one("generic", body)) == {"id": "1", "company": "Ode AB"}


def test_the_client_inside_somebodys_own_object_is_whom_they_work_for():
    body = {"event": "contact_add", "contact": {"id": 1, **ELI, "client": {"id": 9, "name": "Ode AB"}}}
    assert facts(one("generic", body)) == {"id": "1", **HER, "company": "Ode AB"}


def test_the_company_of_an_advertised_number_is_ours():
    body = {"callernum": PHONE, "callername": "Eli Ode", "trackingnum": "+46 8 1", "company_name": "Ours"}
    assert facts(one("generic", body)) == {"phone": PHONE, "full": "Eli Ode"}


@pytest.mark.parametrize("ends", [("from", "to"), ("from_number", "to_number")])
@pytest.mark.parametrize(
    ("word", "way", "kind"),
    [
        ("call.completed", "incoming", Kind.CALL_RECEIVED),
        ("call.completed", "outgoing", Kind.OUTREACH_LOGGED),
        ("message.received", "outbound", Kind.OUTREACH_LOGGED),
        ("call_started", "inbound", Kind.UNCLASSIFIED),
    ],
)
def test_who_is_called_and_who_calls_is_told_by_the_direction(word, way, kind, ends):
    theirs, ours = ends if way.startswith("in") else ends[::-1]
    call = {"id": "c1", "object": "call", "direction": way, theirs: PHONE, ours: "+46 8 555 09 09"}
    found = one("generic", {"type": word, "data": {"object": call}})
    assert (found.kind, facts(found)) == (kind, {"id": "c1", "phone": PHONE})


def test_a_reply_that_is_told_beside_the_mail_that_it_answers_is_from_whom_that_went_to():
    body = {
        "event": "email_reply",
        "from_email": "us@ours.example",
        "to_email": MAIL,
        "to_name": "Eli Ode",
        "reply_message": {"text": "Yes"},
    }
    assert facts(one("generic", body)) == HER


def test_a_messages_party_is_told_by_the_role():
    row = {
        "recipients": [{"handle": "us@ours.example", "role": "to"}, {"handle": MAIL, "name": "Eli Ode", "role": "from"}]
    }
    assert facts(one("generic", {"type": "inbound", "id": "e1", "target": {"data": {"id": "m1", **row}}})) == {
        "id": "m1",
        **HER,
    }


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"eventName": "emailUnSubscribe", "email": MAIL}, Kind.LIST_UNSUBSCRIBED),
        ({"eventName": "emailComplaint", "email": MAIL}, Kind.LIST_UNSUBSCRIBED),
        ({"type": "email.complained", "data": {"from": "us@ours.example", "to": [MAIL], "subject": "News"}}, Kind.LIST_UNSUBSCRIBED),
        ({"type": "email.delayed", "data": {"from": "us@ours.example", "to": [MAIL], "subject": "News"}}, Kind.UNCLASSIFIED),
        ({"object_type": "push", "metric": "sent", "data": {"email": MAIL}}, Kind.UNCLASSIFIED),
        ({"object_type": "webhook", "metric": "clicked", "data": {"email": MAIL}}, Kind.UNCLASSIFIED),
        ({"object_type": "email", "metric": "clicked", "data": {"email": MAIL}}, Kind.EMAIL_CLICKED),
    ],
)  # fmt: skip
def test_what_became_of_a_mailing(body, kind):
    found = one("generic", body)
    assert (found.kind, found.person.email) == (kind, MAIL)


@pytest.mark.parametrize(
    "bounce",
    [
        {"RecordType": "Bounce", "Type": "HardBounce", "Name": "Hard bounce"},
        {"event": "bounce", "name": "Delayed", "description": "Later"},
    ],
)
def test_the_name_of_a_bounce_is_nobodys(bounce):
    assert facts(one("generic", {**bounce, "Email": MAIL, "ID": 7})) == {"id": "7", "email": MAIL}


@pytest.mark.parametrize(
    ("body", "ident"),
    [
        ({"event": "item_deleted", "itemId": 31, "userId": 5}, "31"),
        ({"event": "envelope-sent", "data": {"accountId": "a", "envelopeId": "e7", "userId": "u"}}, "e7"),
        ({"answers": {"your_email": MAIL}, "responder_uuid": "r1"}, "r1"),
        ({"type": "email.opened", "data": {"email_id": "e1", "message_id": f"<1.{MAIL}>", "to": [MAIL]}}, "e1"),
        ({"event": "emailSend", "email": MAIL, "dataFields": {"emailId": f"c1:{MAIL}", "messageId": "m1"}}, "m1"),
        (
            {
                "call_id": 51,
                "state": "hangup",
                "contact": {"id": "c1", "phone": PHONE},
                "target": {"id": "t1", "type": "user"},
            },
            "51",
        ),
        ({"data": {"id": "p1", "attributes": {"email": MAIL, "detail": {"event_id": "ev", "session_id": "s"}}}}, "p1"),
        ({"data": {"attributes": {"profile": {"data": {"id": "p2", "attributes": {"email": MAIL}}}}}}, "p2"),
        (
            {
                "type": "page.created",
                "id": "ev",
                "entity": {"id": "e9", "type": "page"},
                "data": {"parent": {"id": "p"}},
            },
            "e9",
        ),
        ({"update_id": 7, "callback_query": {"id": "q1", "from": {"first_name": "Eli"}}}, "q1"),
        (
            {
                "event": "appointment.created",
                "data": {"key": "a1", "staff_key": "s", "customer": {"key": "c", "email_id": MAIL}, "at": 1},
            },
            "a1",
        ),
        ({"event_type": "cohort", "user_id": "u9", "user_properties": {"email": MAIL}}, "u9"),
        ({"$distinct_id": "d9", "$properties": {"$email": MAIL}}, "d9"),
        ({"eventId": "e", "event": "peopleCreated", "resourceIds": [12]}, "12"),
        ({"event": {"type": "team_join", "user": {"id": "u1", "real_name": "Eli Ode"}}, "team_id": "t"}, "u1"),
    ],
)
def test_the_id_is_of_what_the_event_is_about(body, ident):
    assert one("generic", body).external_id == ident


def test_an_owner_before_that_stands_beside_the_new_one():
    body = {
        "type": "lead.owner.changed",
        "data": {"id": "l1", **ELI, "owner": {"id": "u3"}, "previous_owner": {**REP, "id": "u2"}},
    }
    found = one("generic", body)
    assert (found.kind, found.sales.from_, found.sales.to, found.person.email) == (
        Kind.SALES_OWNER_CHANGED,
        "u2",
        "u3",
        MAIL,
    )


def test_a_mail_that_was_clicked_is_told_of_its_recipient_in_a_form_too():
    (found,) = read(
        "generic",
        {"to": MAIL, "from": "us@ours.example", "account": "us@ours.example", "subject": "News", "status": "Clicked"},
        FORM,
    )
    assert found.person.email == MAIL


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"お名前（必須）": "山田 太郎", "メールアドレス": MAIL, "電話番号": "03-5550-0101", "会社名": "山田"}, ("山田 太郎", None, None, "03-5550-0101", "山田")),
        ({"姓名": "王伟", "邮箱": MAIL, "手机号": "13800138000", "公司": "王公司"}, ("王伟", None, None, "13800138000", "王公司")),
        ({"이름": "김철수", "이메일": MAIL, "전화번호": "010-5550-0101", "회사명": "철수"}, ("김철수", None, None, "010-5550-0101", "철수")),
        ({"الاسم": "أحمد", "البريد الإلكتروني": MAIL, "رقم الهاتف": "+96890000000", "الشركة": "شركة"}, ("أحمد", None, None, "+96890000000", "شركة")),
        ({"Ad Soyad": "Ali Veli", "E-posta": MAIL, "Telefon": PHONE, "Şirket": "Veli"}, ("Ali Veli", None, None, PHONE, "Veli")),
        ({"Họ và tên": "An", "Email": MAIL, "Số điện thoại": "0905550101", "Công ty": "An Co"}, ("An", None, None, "0905550101", "An Co")),
        ({"Jméno": "Jan", "Příjmení": "Novák", "E-mail": MAIL, "Firma": "Novák"}, (None, "Jan", "Novák", None, "Novák")),
        ({"Prenume": "Ion", "Nume": "Pop", "Email": MAIL, "Companie": "Pop"}, (None, "Ion", "Pop", None, "Pop")),
        ({"Név": "Nagy Pál", "Email": MAIL, "Telefonszám": PHONE, "Cégnév": "Nagy"}, ("Nagy Pál", None, None, PHONE, "Nagy")),
        ({"Nama Lengkap": "Budi", "Email": MAIL, "Perusahaan": "Budi"}, ("Budi", None, None, None, "Budi")),
        ({"Ονοματεπώνυμο": "Νίκος Α", "Email": MAIL, "Τηλέφωνο": PHONE, "Εταιρεία": "Α"}, ("Νίκος Α", None, None, PHONE, "Α")),
    ],
)  # fmt: skip
def test_forms_in_more_languages_and_scripts(body, expected):
    (found,) = read("form", body, FORM)
    person = found.person
    assert (person.full_name, person.first_name, person.last_name, person.phone, found.company.name) == expected
    assert person.email == MAIL


def test_the_secret_beside_a_challenge_is_no_id():
    found = one("generic", {"token": "s3cret", "challenge": "c", "type": "url_verification"})
    assert (found.mode, found.external_id) == ("test", None)
    assert "s3cret" not in found.text()


def test_the_account_of_an_envelope_is_ours_and_no_leads_company():
    found = one(
        "generic",
        {"event": "form_submitted", "account_id": "us", "data": {"id": "1", "email": MAIL, "organization_id": "us"}},
    )
    assert found.references == ()
    deal = one("generic", {"event": "deal.created", "account_id": "us", "data": {"id": "1", "company_id": "c9"}})
    assert [(r.object, r.id) for r in deal.references] == [("deal", "1"), ("company", "c9")]


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({"event": "deal.won", "created_at": "2026-02-03T00:00:00Z", "data": {"id": 1, "created_at": "2025-01-01T00:00:00Z"}}, 2),
        ({"event": "deal.won", "data": {"id": 1, "created_at": "2025-01-01T00:00:00Z", "updated_at": "2026-02-03T00:00:00Z"}}, 2),
        ({"event": "deal.won", "data": {"id": 1, "created_at": "2025-01-01T00:00:00Z"}}, None),
        ({"event": "task.completed", "task": {"id": 1, "created_at": "2025-01-01T00:00:00Z", "completed_at": "2026-02-03T00:00:00Z"}}, 2),
        ({"event": "contact.created", "data": {"id": 1, "created_at": "2026-02-03T00:00:00Z"}}, 2),
        ({"event": "call.ended", "event_ts": 1770076800000, "data": {"id": 1, "created_at": "2025-01-01T00:00:00Z"}}, 2),
    ],
)  # fmt: skip
def test_a_change_happened_when_it_happened_not_when_the_record_was_made(body, at):
    assert one("generic", body).occurred_at == (None if at is None else datetime(2026, at, 3, tzinfo=UTC))


def test_registrations_for_one_event_are_not_each_others_repetition():
    people = [
        {"event": "registered", "event_id": ident, "customer": {"email": email}}
        for ident in (44, "8c2f7d1e-77aa-4b1c-9a51")
        for email in (MAIL, "b@ode.example")
    ]
    assert len({one("generic", body).dedupe_key for body in people}) == 4


def test_a_mailings_events_share_a_message_and_are_not_each_others_repetition():
    events = [
        {"type": word, "messageId": "8c2f7d1e-77aa-4b1c-9a51", "leadEmail": MAIL}
        for word in ("emailsOpened", "emailsClicked")
    ]
    assert len({one("generic", body).dedupe_key for body in events}) == 2


def test_a_delivery_sent_again_with_another_count_of_attempts_is_the_same():
    first, again = (
        {"event_id": "evt_9f8e7d6c5b4a39", "type": "contact.created", "attempt": n, "contact": {"id": 1, **ELI}}
        for n in (1, 2)
    )
    assert one("generic", first).dedupe_key == one("generic", again).dedupe_key


def test_an_envelope_in_a_list_is_gone_into_and_an_order_with_items_is_not():
    inner = [{"event_type": "message.clicked", "user": {"user_id": f"u{n}"}} for n in (1, 2)]
    assert [item.external_id for item in read("generic", [{"events": inner}])] == ["u1", "u2"]
    own = {"objectName": "contact", "groupName": "Ours", "result": [{"fields": {"id": n, **ELI}} for n in (1, 2)]}
    assert [facts(item) for item in read("generic", own)] == [{"id": "1", **HER}, {"id": "2", **HER}]
    order = {"id": 7, "email": MAIL, "items": [{"id": 1, "name": "Boat"}, {"id": 2, "name": "Oar"}]}
    assert [facts(item) for item in read("generic", order)] == [{"id": "7", "email": MAIL}]


def test_answers_that_are_told_as_changes_and_answers_whose_titles_stand_in_a_schema():
    entry = {
        "lead_id": "l1",
        "changes": [{"field": "email", "value": MAIL}, {"field": "full_name", "value": "Eli Ode"}],
    }
    assert facts(one("generic", {"object": "LEAD", "entry": [entry]})) == {"id": "l1", **HER}
    fields = [
        {
            "ID": "Field1",
            "Title": "Name",
            "SubFields": [{"ID": "Field1", "Label": "First"}, {"ID": "Field2", "Label": "Last"}],
        },
        {"ID": "Field4", "Title": "Company"},
    ]
    form = {
        "Field1": "Eli",
        "Field2": "Ode",
        "Field4": "Ode AB",
        "Field5": MAIL,
        "EntryId": "4",
        "FieldStructure": json.dumps({"Fields": fields}),
    }
    (found,) = read("generic", form, FORM)
    assert facts(found) == {"first": "Eli", "last": "Ode", "company": "Ode AB", "email": MAIL, "id": "4"}


def test_facts_under_an_event_that_is_an_envelope():
    attributes = {
        "$email": {"value": MAIL, "updated_at_ms": 1},
        "$displayName": {"value": "Eli Ode", "updated_at_ms": 1},
    }
    assert facts(one("generic", {"event": {"id": "e1", "type": "RENEWAL", "subscriber_attributes": attributes}})) == {
        "id": "e1",
        **HER,
    }


def whatsapp(**value):
    return {
        "object": "whatsapp_business_account",
        "entry": [{"id": "1", "changes": [{"field": "messages", "value": value}]}],
    }


def test_whatsapp_messages_are_from_their_number_and_statuses_are_of_ours():
    contacts = [{"profile": {"name": "Eli Ode"}, "wa_id": "4685550101"}]
    messages = [
        {"from": "4685550101", "id": "wamid.1", "timestamp": "1770076800", "type": "text", "text": {"body": "Hi"}}
    ]
    (found,) = read(
        "generic", whatsapp(metadata={"display_phone_number": "4680000000"}, contacts=contacts, messages=messages)
    )
    assert (found.kind, facts(found)) == (
        Kind.MESSAGE_RECEIVED,
        {"full": "Eli Ode", "phone": "4685550101", "id": "wamid.1"},
    )
    statuses = [
        {"id": "wamid.2", "status": status, "recipient_id": "4685550101", "timestamp": "1770076800"}
        for status in ("sent", "read")
    ]
    both = read("generic", whatsapp(statuses=statuses))
    assert [(item.kind, item.person.phone) for item in both] == [
        (Kind.OUTREACH_LOGGED, "4685550101"),
        (Kind.UNCLASSIFIED, "4685550101"),
    ]
    assert both[0].dedupe_key != both[1].dedupe_key


def test_messenger_names_the_other_end_by_an_id_and_an_echo_is_ours():
    rows = [{"sender": {"id": "7"}, "recipient": {"id": "page"}, "timestamp": 1770076800000, "message": {"mid": "m1", "text": "Hi"}},
            {"sender": {"id": "page"}, "recipient": {"id": "7"}, "timestamp": 1770076800001, "message": {"mid": "m2", "is_echo": True}}]  # fmt: skip
    found = read("generic", {"object": "page", "entry": [{"id": "page", "messaging": rows}]})
    assert [(item.kind, item.references[0].id) for item in found] == [
        (Kind.MESSAGE_RECEIVED, "7"),
        (Kind.OUTREACH_LOGGED, "7"),
    ]


def test_odoo_writes_a_leads_company_as_its_partner_and_nothing_as_false():
    lead = {"_model": "crm.lead", "_id": 12, "id": 12, "name": "A boat", "contact_name": "Eli Ode", "email_from": MAIL, "phone": False, "partner_name": "Ode AB",
            "stage_id": [3, "Won"], "user_id": [2, "Rut Rep"], "partner_id": [9, "Ode AB"], "expected_revenue": 400.0}  # fmt: skip
    found = one("generic", lead)
    assert (found.kind, facts(found)) == (Kind.DEAL_UPDATED, {"id": "12", **HER, "company": "Ode AB"})
    assert (found.sales.to, found.sales.owner_id, found.amount) == ("3", "2", 400.0)
    firm = one(
        "generic",
        {"_model": "res.partner", "_id": 9, "name": "Ode AB", "is_company": True, "email": "info@ode.example"},
    )
    assert (firm.kind, firm.company.name, firm.person.full_name) == (Kind.COMPANY_UPDATED, "Ode AB", None)


def test_close_tells_a_won_deal_by_a_status_that_is_an_object():
    data = {
        "id": "acti_1",
        "opportunity_id": "oppo_1",
        "old_status": {"label": "Active", "type": "active"},
        "new_status": {"label": "Won", "type": "won"},
    }
    event = {
        "id": "ev_1",
        "object_type": "activity.opportunity_status_change",
        "object_id": "acti_1",
        "action": "created",
        "data": data,
    }
    found = one("close", {"event": event})
    assert (found.kind, found.sales.from_, found.sales.to) == (Kind.SALES_WON, "Active", "Won")


@pytest.mark.parametrize(
    ("body", "kind", "expected"),
    [
        ({"_id": "i1", "altId": "l", "altType": "location", "contactDetails": {"id": "c1", "name": "Eli Ode", "email": MAIL}}, Kind.UNCLASSIFIED, {"id": "i1", **HER}),
        ({"type": "LCEmailStats", "locationId": "l", "webhookPayload": {"event": "opened", "id": "w1", "recipient": MAIL}}, Kind.EMAIL_OPENED, {"id": "w1", "email": MAIL}),
        ({"type": "SMS", "locationId": "l", "contactId": "c1", "messageId": "m1", "phone": PHONE}, Kind.UNCLASSIFIED, {"id": "m1", "phone": PHONE}),
    ],
)  # fmt: skip
def test_gohighlevel_keeps_the_contact_of_whatever_else_it_tells(body, kind, expected):
    found = one("gohighlevel", body)
    assert (found.kind, facts(found)) == (kind, expected)


def test_gohighlevel_a_change_is_not_dated_to_the_making_of_what_changed():
    change = {
        "type": "OpportunityStageUpdate",
        "locationId": "l",
        "id": "o1",
        "pipelineStageId": "s2",
        "dateAdded": "2025-01-01T00:00:00Z",
    }
    assert one("gohighlevel", change).occurred_at is None
    assert one("gohighlevel", {**change, "dateUpdated": "2026-02-03T00:00:00Z"}).occurred_at == datetime(
        2026, 2, 3, tzinfo=UTC
    )


def test_what_names_neither_a_person_nor_a_record_is_set_aside_whatever_ids_it_has():
    assert isinstance(
        read("generic", {"team_id": "t", "channel_id": "c", "command": "/weather", "text": "94070"}, FORM)[0],
        Quarantined,
    )
