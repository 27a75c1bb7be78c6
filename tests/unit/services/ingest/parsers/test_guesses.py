"""What a person would guess of a body that nobody described: which object it is about, who in it is ours, what is an answer."""

import json
import tracemalloc

import pytest

from schemas.signals import Kind, Quarantined
from services.ingest.parsers.guesses import words
from services.ingest.parsers.reading import naming, safely
from tests.unit.services.ingest.parsers.test_kinds import FORM, facts, one, read

REP = {"id": 81, "name": "Rut Rep", "email": "rut@ours.example"}
ELI = {"name": "Eli Ode", "email": "eli@ode.example"}
HER = {"email": "eli@ode.example", "full": "Eli Ode"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"event": "task.completed", "task": {"id": 3, "title": "Ring"}, "user": REP}, {"id": "3"}),
        ({"event": "note.created", "note": {"id": "n3"}, "author": REP}, {"id": "n3"}),
        ({"event": "deal.updated", "data": {"id": 3, "title": "Boat"}, "user": REP}, {"id": "3"}),
        ({"event": "organisation.created", "organisation": {"id": 4, "name": "Ode AB"}}, {"id": "4", "company": "Ode AB"}),
        ({"type": "deal.won", "subject": {"type": "deal", "id": "d9"}, "account": {"type": "account", "id": "a1"}}, {"id": "d9"}),
        ({"event": "parcel.shipped", "parcel": {"id": 12, "customer": {"id": 7, **ELI}}}, {"id": "12", **HER}),
        ({"event": "appointment.scheduled", "appointment": {"id": 5, "customer": {"id": 7, **ELI}, "staff": REP}}, {"id": "5", **HER}),
        ({"event": "chat:start", "chatId": "c7", "visitor": ELI, "property": {"id": "p", "name": "Site"}}, {"id": "c7", **HER}),
        ({"type": "guest.registered", "data": {"id": "g1", **ELI, "event": {"id": "e1", "name": "Fair"}}}, {"id": "g1", **HER}),
        ({"envelope": {"track_record": {"kind": "open", "recipient": "eli@ode.example", "message_id": "m4"}}}, {"id": "m4", "email": "eli@ode.example"}),
        ({"event_key": "contact.add", "object_keys": [{"id": 4}]}, {"id": "4"}),
        ({"event": "contact_deleted", "id": 0, "email": "eli@ode.example"}, {"email": "eli@ode.example"}),
        ({"config": {"action": "order.placed", "webhook_id": "6"}, "api_url": "https://api.example/orders/123/"}, {"id": "123"}),
        ({"event": "deal.won", "deal": {"id": 8, "primary_contact": {"id": 2, **ELI}}}, {"id": "8", **HER}),
        ({"event": "BOX_CHANGED", "boxKey": "b1"}, {"id": "b1"}),
        ({"EventId": "e1", "Event": "contact.changed", "PrimaryKey": "211"}, {"id": "211"}),
    ],
)  # fmt: skip
def test_the_thing_is_the_one_that_the_events_word_names(body, expected):
    assert facts(one("generic", body)) == expected


@pytest.mark.parametrize(
    "body",
    [
        {"event": "meeting.booked", "meeting": {"attendees": [{**REP, "organizer": True}, ELI]}},
        {"id": "e", "attendees": [{**REP, "self": True}, ELI]},
        {"action": "chat_closed", "chat": {"users": [{**REP, "type": "agent"}, {**ELI, "type": "customer"}]}},
        {"event": "lead.created", "lead": ELI, "account_manager": REP},
        {"event": "task.done", "task": {"id": 1}, "user": REP, "contact": ELI},
        {"event": "booked", "organizer": REP, "scheduler": ELI},
        {"event": "sms.received", "contact": ELI, "sender": {**REP, "role": "admin"}},
        {"event": "lead.created", "lead": ELI, "customer": {**REP, "role": "operator"}},
    ],
)
def test_our_own_people_are_passed_over(body):
    found = facts(one("generic", body))
    assert (found["email"], found["full"]) == ("eli@ode.example", "Eli Ode")


def test_a_signed_up_user_is_a_lead_all_the_same():
    assert facts(one("generic", {"event": "user.created", "user": {"id": "u1", **ELI}})) == {"id": "u1", **HER}


@pytest.mark.parametrize(
    "addresses",
    [
        {"emails": [{"label": "Work", "value": "eli@ode.example"}], "phone_numbers": [{"label": "Desk", "value": "+46 8 555 01 01"}]},
        {"emails": [{"id": 1, "value": "eli@ode.example", "type": "home"}], "phones": [{"id": 2, "value": "+46 8 555 01 01", "type": "x"}]},
        {"email": {"address": "eli@ode.example"}, "phone": {"number": "+46 8 555 01 01"}},
        {"emails": [{"label": "Old", "value": "e@old.example"}, {"label": "Work", "value": "eli@ode.example", "primary": True}],
         "phones": ["+46 8 555 01 01"]},
    ],
)  # fmt: skip
def test_addresses_with_labels_are_no_forms_answers(addresses):
    found = facts(one("generic", {"contact": {"id": 1, "first_name": "Eli", **addresses}}))
    assert found == {"id": "1", "first": "Eli", "email": "eli@ode.example", "phone": "+46 8 555 01 01"}


@pytest.mark.parametrize(
    "answers",
    [
        {"fields": {"1": {"label": "Email", "value": "eli@ode.example"}, "2": {"label": "Full name", "value": "Eli Ode"}}},
        {"fields": {"f_1": {"id": "f_1", "title": "E-post", "value": "eli@ode.example"}, "f_2": {"id": "f_2", "title": "Namn", "value": "Eli Ode"}}},
        {"Answers": [{"Question": "Email", "Answer": "eli@ode.example"}, {"Question": "Name", "Answer": "Eli Ode"}]},
        {"CustomFields": [{"Key": "Email", "Value": "eli@ode.example"}, {"Key": "Full name", "Value": "Eli Ode"}]},
        {"form_fields": [{"type": "EMAIL", "value": "eli@ode.example"}, {"type": "FULL_NAME", "value": "Eli Ode"}]},
        {"fields": [{"label": "E-mail", "values": [{"answer": "eli@ode.example"}]}, {"label": "Your name", "values": [{"answer": "Eli Ode"}]}]},
    ],
)  # fmt: skip
def test_answers_in_the_usual_spellings(answers):
    assert facts(one("generic", {"submission_id": "s1", **answers})) == {"id": "s1", **HER}


def test_a_record_that_has_a_value_is_no_answer():
    deal = {
        "id": 99,
        "name": "Boat",
        "value": {"amount": 500, "currency": "GBP"},
        "milestone": {"id": 4},
        "party": {"id": 7},
    }
    found = one("generic", {"event": "opportunity/closed", "payload": [deal]})
    assert facts(found) == {"id": "99"}


@pytest.mark.parametrize(
    "program", [{"Client": {"Name": "Browser 9"}}, {"client-name": "Browser 9", "client-os": "OS 1"}]
)
def test_a_mail_program_is_nobodys_name(program):
    found = one("generic", {"event": "opened", "Recipient": "eli@ode.example", "id": "m1", **program})
    assert facts(found) == {"id": "m1", "email": "eli@ode.example"}


@pytest.mark.parametrize(
    "body",
    [
        {"event": "opened", "recipient": "eli@ode.example", "id": "1"},
        {"type": "email.delivered", "data": {"email_id": "1", "from": "Us <us@ours.example>", "to": ["eli@ode.example"]}},
        {"event-data": {"event": "clicked", "id": "1", "recipient": "Eli <eli@ode.example>"}, "signature": {"token": "t"}},
        {"kind": "Notification", "Message": json.dumps({"notificationType": "Bounce", "id": "1", "bounce": {
            "bouncedRecipients": [{"emailAddress": "eli@ode.example"}]}, "mail": {"source": "us@ours.example"}})},
    ],
)  # fmt: skip
def test_of_a_mailing_the_lead_is_the_recipient(body):
    found = facts(one("generic", body))
    assert (found["email"], found["id"]) == ("eli@ode.example", "1")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"to": "in@ours.example", "from": "Eli Ode <eli@ode.example>", "subject": "Hi", "text": "?"}, HER),
        ({"recipient": "in@ours.example", "from": '"Eli Ode" <eli@ode.example>', "body-plain": "?", "sender": "eli@ode.example"}, HER),
        ({"event": "message.received", "from": {"name": "Eli Ode", "address": "eli@ode.example"}, "to": "in@ours.example"}, HER),
        ({"type": "sms.received", "from": "+46 8 555 01 01", "to": "+46 8 555 09 09"}, {"phone": "+46 8 555 01 01"}),
        ({"event": "email.replied", "from_email": "eli@ode.example", "from_name": "Eli Ode", "to_email": "us@ours.example"}, HER),
        ({"event": "email.replied", "from_email": "us@ours.example", "lead_email": "eli@ode.example"}, {"email": "eli@ode.example"}),
    ],
)  # fmt: skip
def test_of_what_came_in_the_lead_is_whom_it_is_from(body, expected):
    assert facts(one("generic", body)) == expected


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("lead.accepted", Kind.SALES_ACCEPTED),
        ("lead.rejected", Kind.SALES_REJECTED),
        ("opportunity.disqualified", Kind.SALES_REJECTED),
        ("lead.qualified", Kind.SALES_STAGE_CHANGED),
    ],
)
def test_what_sales_did_with_a_lead_by_its_word(word, kind):
    found = one("generic", {"event": word, "lead": {"id": 5, "email": "eli@ode.example"}, "reason": "too small"})
    assert found.kind is kind and facts(found) == {"id": "5", "email": "eli@ode.example"}
    assert found.reason == ("too small" if kind is Kind.SALES_REJECTED else None)
    assert found.sales.to == ("qualified" if word.endswith(".qualified") else None)


def test_a_deal_is_a_deal_whatever_happened_to_it_and_says_why_it_was_lost():
    lost = one(
        "generic",
        {"event": "deal.lost", "data": {"id": 77, "value": {"amount": 9, "currency": "SEK"}, "lost_reason": "Price"}},
    )
    assert [(r.object, r.id) for r in lost.references] == [("deal", "77")]
    assert (lost.kind, lost.reason, lost.amount, lost.currency) == (Kind.SALES_LOST, "Price", 9, "SEK")
    moved = one(
        "generic", {"type": "deal", "event": "updated", "data": {"id": 9, "stage_id": 3}, "previous": {"stage_id": 2}}
    )
    assert (moved.kind, moved.references[0].object) == (Kind.SALES_STAGE_CHANGED, "deal")


@pytest.mark.parametrize(
    "change",
    [
        {"old_status": "new", "new_status": "warm"},
        {"previous_status": "new", "status": "warm"},
        {"status": {"id": "warm"}, "old_status": "new"},
        {"from_stage": "new", "to_stage": "warm"},
        {"changes": {"stage": {"from": "new", "to": "warm"}}},
        {"status": "warm", "changes": {"status": {"old": "new", "new": "warm"}}},
    ],
)
def test_values_before_that_stand_beside_the_new_ones(change):
    found = one("generic", {"event": "lead.status_changed", "data": {"id": 3, **change}})
    assert (found.kind, found.sales.from_, found.sales.to) == (Kind.SALES_STAGE_CHANGED, "new", "warm")


def test_our_account_beside_an_event_is_no_leads_company():
    ours = {"event": "contact_created", "id": 25, **ELI, "account": {"id": 3, "name": "Us"}}
    assert facts(one("generic", ours)) == {"id": "25", **HER}
    theirs = {"event": "user.created", "user": {"id": 25, **ELI}, "account": {"id": 3, "name": "Ode AB"}}
    assert facts(one("generic", theirs)) == {"id": "25", **HER, "company": "Ode AB"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"Nome": "Ada", "Cognome": "Riva", "Cellulare": "+39 333 000 0000"}, {"first": "Ada", "last": "Riva", "phone": "+39 333 000 0000"}),
        ({"Nome": "Ada", "Sobrenome": "Rio", "E-mail": "a@rio.example"}, {"first": "Ada", "last": "Rio", "email": "a@rio.example"}),
        ({"Imię i nazwisko": "Ada Wilk", "Adres e-mail": "a@w.example"}, {"full": "Ada Wilk", "email": "a@w.example"}),
        ({"Имя": "Ада", "Фамилия": "Рей", "Телефон": "+7 999 000 00 00"}, {"first": "Ада", "last": "Рей", "phone": "+7 999 000 00 00"}),
        ({"Ім'я": "Ада", "Пошта": "a@r.example"}, {"full": "Ада", "email": "a@r.example"}),
        ({"Vilken e-postadress har du?": "a@b.example", "På vilket nummer når vi dig?": "070-000 00 00", "Vilket företag representerar du?": "B AB"},
         {"email": "a@b.example", "phone": "070-000 00 00", "company": "B AB"}),
        ({"callername": "ADA R", "callernum": "+1 555 010 0000"}, {"full": "ADA R", "phone": "+1 555 010 0000"}),
        ({"name": "Website lead", "contact_name": "Ada R", "email": "a@r.example"}, {"full": "Ada R", "email": "a@r.example"}),
        ({"Where can we write to you": "a@r.example", "owner_mail": "us@ours.example"}, {"email": "a@r.example"}),
        ({"Name": {"First": "Ada", "Last": "R", "FirstAndLast": "Ada R"}, "Email": "a@r.example"}, {"first": "Ada", "last": "R", "full": "Ada R", "email": "a@r.example"}),
    ],
)  # fmt: skip
def test_names_in_more_languages(body, expected):
    assert facts(one("generic", body)) == expected


@pytest.mark.parametrize(
    "label", ["How many work at your företag?", "email_status", "Company size", "phone_type", "Pet name"]
)
def test_a_question_about_a_fact_is_not_the_fact(label):
    assert naming.meaning(label) is None


@pytest.mark.parametrize("kind", ["form", "generic", "jotform", "webflow"])
def test_secrets_are_no_answers_of_any_kind(kind):
    hidden = [
        "password",
        "Confirm password",
        "csrf_token",
        "api_key",
        "secret",
        "g-recaptcha-response",
        "_wpnonce",
        "cf-turnstile-response",
    ]
    given = {
        **dict.fromkeys(hidden, "hush"),
        "email": "a@b.example",
        "Secret Santa wishes": "socks",
        "Key account": "yes",
    }
    body = {
        "jotform": {"submissionID": "1", "rawRequest": {f"q{i}_{name}": value for i, (name, value) in enumerate(given.items())}},
        "webflow": {"triggerType": "form_submission", "payload": {"id": "1", "data": given}},
    }.get(kind, given)  # fmt: skip
    assert one(kind, body).fields == {"Secret Santa wishes": "socks", "Key account": "yes"}


WIDE = {f"your field no {i} a": "x" for i in range(3_000)}


@pytest.mark.parametrize("kind", ["form", "segment", "webflow", "standard_webhooks"])
def test_a_form_of_thousands_of_answers_is_set_aside_whole(kind):
    body = {
        "segment": {"type": "identify", "userId": "u", "traits": WIDE},
        "webflow": {"triggerType": "form_submission", "payload": {"id": "1", "data": WIDE}},
        "standard_webhooks": {"type": "x", "data": WIDE},
    }.get(kind, WIDE)
    (found,) = read(kind, body)
    assert isinstance(found, Quarantined) and found.quarantined.endswith("answers, at most 2000 are taken at once")


@pytest.mark.parametrize(
    "body",
    [
        WIDE,
        {"data": WIDE},
        {"data": [{"name": name, "value": "x"} for name in WIDE]},
        {name: {"name": "x"} for name in list(WIDE)[:5000]},
    ],
)
def test_of_a_large_body_a_bounded_number_of_names_is_looked_at(body, monkeypatch):
    looked_at = Counted(naming._GAPS)
    monkeypatch.setattr(naming, "_GAPS", looked_at)
    read("generic", body)
    assert looked_at.times < 8000


class Counted:
    """A pattern that counts how often it replaces: once for each name that is not remembered."""

    def __init__(self, pattern):
        self.pattern, self.times = pattern, 0

    def sub(self, *given):
        self.times += 1
        return self.pattern.sub(*given)


@pytest.mark.parametrize(
    "look",
    [naming.label, naming.meaning, naming.is_secret, safely.plain_name, words.kind_of],
    ids=lambda f: f.__name__,
)
def test_what_a_sender_writes_in_place_of_a_name_is_not_kept_in_memory(look):
    tracemalloc.start()
    try:
        for number in range(50):
            look(f"{number} " + "x" * 100_000)
        assert tracemalloc.get_traced_memory()[0] < 500_000, "less than six of fifty"
    finally:
        tracemalloc.stop()


def test_lone_addresses_in_a_form_of_unknown_names_are_not_taken_from_the_ends_of_a_mail():
    found = read("generic", {"reply_to": "us@ours.example", "note": "x"}, FORM)
    assert all(isinstance(item, Quarantined) for item in found)
