"""Of messages, calls and mail in every kind: the lead's, a step of one of us, a note among ourselves, or a program's."""

import json

import pytest

from schemas.signals import Kind, Parsed
from services.ingest.parsers.reading.automation import Mail, headers_of, why_automated
from services.ingest.parsers.registry import parse

ELI = {"id": 7, "name": "Eli Ode", "email": "eli@ode.example", "phone": "+46701740605"}
REP = {"id": 81, "name": "Rut Rep", "email": "rut@ours.example"}
IN, OUT, STEP, NOTE, CALLED = (
    Kind.MESSAGE_RECEIVED,
    Kind.OUTREACH_LOGGED,
    Kind.SALES_FOLLOW_UP,
    Kind.NOTE_ADDED,
    Kind.CALL_RECEIVED,
)


def one(kind, body, content_type="application/json", headers=None):
    (found,) = parse(kind, body if isinstance(body, bytes) else json.dumps(body).encode(), content_type, headers or {})
    assert isinstance(found, Parsed), found
    return found


def shown(found):
    return (found.kind, found.automated)


@pytest.mark.parametrize(
    ("subject", "why"),
    [
        ("Automatic reply: Offer", "auto_reply"), ("Out of Office", "auto_reply"), ("OOO: back on Monday", "auto_reply"), ("Autoreply", "auto_reply"),
        ("Autosvar: Offert", "auto_reply"), ("Automatiskt svar: Offert", "auto_reply"), ("Frånvaromeddelande", "auto_reply"), ("Semester t.o.m. 4/8", "auto_reply"),
        ("Automatisk svar: Tilbud", "auto_reply"), ("Fraværsmelding", "auto_reply"), ("Ikke til stede", "auto_reply"),
        ("Automaattinen vastaus: Tarjous", "auto_reply"), ("Poissaoloviesti", "auto_reply"),
        ("Automatische Antwort: Angebot", "auto_reply"), ("Abwesenheitsnotiz", "auto_reply"), ("Urlaub bis 3.8.", "auto_reply"),
        ("Réponse automatique : Devis", "auto_reply"), ("Absence du bureau", "auto_reply"), ("Absence", "auto_reply"),
        ("Respuesta automática: Oferta", "auto_reply"), ("Fuera de la oficina", "auto_reply"), ("Resposta automática: Proposta", "auto_reply"),
        ("Automatisch antwoord: Offerte", "auto_reply"), ("Afwezig", "auto_reply"), ("Risposta automatica: Offerta", "auto_reply"), ("Fuori sede", "auto_reply"),
        ("Automatyczna odpowiedź: Oferta", "auto_reply"), ("Автоматический ответ: КП", "auto_reply"), ("自動応答: 見積", "auto_reply"),
        ("Undelivered Mail Returned to Sender", "bounce"), ("Undeliverable: Offer", "bounce"), ("Olevererbart: Offert", "bounce"),
        ("Unzustellbar: Angebot", "bounce"), ("Non remis : Devis", "bounce"), ("Delivery Status Notification (Failure)", "bounce"),
        ("Re: Automatic reply: Offer", None), ("Out of office furniture", None), ("Semester i Spanien", None), ("Absence management software", None),
        ("Away days", None), ("Auto response systems for sale", None), ("Offert", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_subject_says_in_many_languages_that_a_program_answered(subject, why):
    assert why_automated(Mail(subject=subject)) == why


@pytest.mark.parametrize(
    ("headers", "why"),
    [
        ({"Auto-Submitted": "auto-replied"}, "auto_reply"), ({"Auto-Submitted": "auto-generated; x"}, "auto_reply"), ({"Auto-Submitted": "no"}, None),
        ({"X-Autoreply": "yes"}, "auto_reply"), ({"X-Autorespond": "vacation"}, "auto_reply"), ({"X-Auto-Response-Suppress": "All"}, "auto_reply"),
        ({"Precedence": "bulk"}, "list"), ({"Precedence": "junk"}, "list"), ({"Precedence": "auto_reply"}, "auto_reply"), ({"Precedence": "first-class"}, None),
        ({"List-Id": "<news.acme.example>"}, "list"), ({"List-Unsubscribe": "<mailto:u@acme.example>"}, "list"), ({"Return-Path": "<>"}, "auto_reply"),
        ({"Content-Type": "multipart/report; report-type=delivery-status"}, "bounce"), ({"X-Failed-Recipients": "a@b.example"}, "bounce"),
        ({"Content-Type": "multipart/report; report-type=disposition-notification"}, "auto_reply"),
        ({"Content-Type": "multipart/alternative", "X-Mailer": "Outlook"}, None),
    ],
)  # fmt: skip
def test_headers_say_that_a_program_wrote_however_a_sender_passes_them_on(headers, why):
    given = [
        headers, [{"name": n, "value": v} for n, v in headers.items()], [{"Name": n, "Value": v} for n, v in headers.items()],
        [list(pair) for pair in headers.items()], json.dumps([list(pair) for pair in headers.items()]), {n.replace("-", "_").lower(): v for n, v in headers.items()},
        "Received: by x\r\n" + "".join(f"{n}: {v}\r\n" for n, v in headers.items()) + "\r\nAuto-Submitted: auto-replied", {n: [v] for n, v in headers.items()},
    ]  # fmt: skip
    assert {why_automated(Mail(headers_of(form))) for form in given} == {why}


@pytest.mark.parametrize(
    ("sender", "why"),
    [
        ("MAILER-DAEMON@mx.ode.example", "bounce"), ("postmaster@ode.example", "bounce"), ("bounces+12-ab=ode.example@m.example", "bounce"),
        ("no-reply@ode.example", "no_reply"), ("noreply@ode.example", "no_reply"), ("do_not_reply@ode.example", "no_reply"), ("svara-inte@ode.example", "no_reply"),
        ("ne-pas-repondre@ode.example", "no_reply"), ("nicht-antworten@ode.example", "no_reply"), ("invoice-noreply@ode.example", "no_reply"),
        ("noah.reply@ode.example", None), ("norah@ode.example", None), ("info@ode.example", None), ("", None), (None, None),
    ],
)  # fmt: skip
def test_a_senders_address_says_that_nobody_is_there(sender, why):
    assert why_automated(Mail(sender=sender)) == why


MAIL = {"event": "email.received", "id": "m1", "from": {"email": "eli@ode.example", "name": "Eli Ode"}, "to": [{"email": "sales@ours.example"}],
        "subject": "Your offer", "text": "Yes please"}  # fmt: skip


@pytest.mark.parametrize(
    "more",
    [
        {"headers": {"Auto-Submitted": "auto-replied"}},
        {"headers": [{"name": "Precedence", "value": "bulk"}]},
        {"Auto-Submitted": "auto-replied"},
        {"subject": "Autosvar: Er offert"},
        {"auto_reply": True},
        {"isAutoReply": "true"},
        {"reply_type": "Out Of Office"},
        {"envelope": {"is_autoreply": True}},
        {"from": {"email": "no-reply@ode.example"}},
    ],
)
def test_an_automatic_answer_is_automated_and_a_persons_is_not(more):
    assert shown(one("generic", MAIL)) == (Kind.MESSAGE_RECEIVED, False)
    found = one("generic", {**MAIL, **more})
    assert shown(found) == (Kind.MESSAGE_RECEIVED, True)


@pytest.mark.parametrize(
    ("more", "email"),
    [
        ({"from": "MAILER-DAEMON@mx.ode.example"}, None),
        ({"subject": "Undeliverable: Offer", "headers": {"X-Failed-Recipients": "per@ode.example"}}, "per@ode.example"),
        ({"from": "postmaster@ode.example", "text": "Reporting-MTA: dns; x\nFinal-Recipient: rfc822; per@ode.example\nAction: failed"}, "per@ode.example"),
    ],
)  # fmt: skip
def test_a_message_that_came_back_is_a_bounce_of_whom_it_was_for_and_never_the_mail_systems(more, email):
    found = one("generic", {**MAIL, **more})
    assert (found.kind, found.automated, found.person.email, found.person.full_name) == (
        Kind.EMAIL_BOUNCED,
        True,
        email,
        None,
    )


def test_a_form_that_is_sent_on_by_mail_is_of_whom_the_answer_goes_to():
    found = one(
        "generic",
        {**MAIL, "from": "wordpress-noreply@ours.example", "headers": {"Reply-To": "Eli Ode <eli@ode.example>"}},
    )
    assert (found.person.email, found.automated) == ("eli@ode.example", False)


@pytest.mark.parametrize(
    ("body", "kind", "automated"),
    [
        # chats: the lead, an agent, a bot, a private note
        ({"event": "message_created", "message_type": "incoming", "sender": {**ELI, "type": "contact"}}, IN, False),
        ({"event": "message_created", "message_type": "outgoing", "sender": {**REP, "type": "user"}, "conversation": {"contact": ELI}}, STEP, False),
        ({"event": "message_created", "message_type": "outgoing", "sender": {"id": 1, "name": "Bot", "type": "agent_bot"}, "conversation": {"contact": ELI}}, OUT, True),
        ({"event": "message_created", "message_type": "outgoing", "private": True, "sender": {**REP, "type": "user"}, "conversation": {"contact": ELI}}, NOTE, False),
        ({"event": "message.created", "author": {**REP, "role": "agent"}, "contact": ELI, "text": "Hi"}, STEP, False),
        ({"event": "message.created", "author": {"type": "bot", "id": 3}, "contact": ELI, "text": "Hi"}, OUT, True),
        ({"event": "message.created", "author": {"role": "admin", "id": 3, "is_bot": True}, "contact": ELI}, OUT, True),
        ({"event": "message.created", "author": {**ELI, "type": "customer"}, "text": "Hi"}, IN, False),
        ({"event": "message.received", "sender_type": "agent", "agent_id": 81, "contact": ELI}, STEP, False),
        ({"event": "message.received", "sender_type": "visitor", "contact": ELI}, IN, False),
        ({"event": "message.received", "from_me": True, "user": REP, "contact": ELI}, STEP, False),
        ({"event": "message.received", "fromMe": False, "contact": ELI}, IN, False),
        ({"event": "message.received", "direction": "outbound", "campaign_id": 9, "user_id": 81, "contact": ELI}, OUT, True),
        ({"event": "message.received", "direction": "outbound", "contact": ELI}, OUT, False),
        ({"event": "message.received", "visibility": "internal", "user": REP, "contact": ELI}, NOTE, False),
        ({"event": "conversation.message", "type": "message received", "public": False, "author": REP, "contact": ELI}, NOTE, False),
        # chats that name whom the conversation is with beside who wrote
        ({"event": "message_created", "content": "Hi", "meta": {"sender": ELI}, "sender": {**REP, "type": "user"}}, STEP, False),
        ({"event": "message_created", "content": "Hi", "message_type": "incoming", "meta": {"sender": ELI}, "sender": ELI}, IN, False),
        ({"event": "message_created", "private": True, "content": "Hi", "conversation": {"meta": {"sender": ELI}}}, NOTE, False),
        # a word that says nothing of whose it is, beside which way it went
        ({"type": "message", "direction": "out", "from": {**REP}, "to": "eli@ode.example", "text": "Hi"}, STEP, False),
        ({"type": "message", "direction": "out", "from": "noreply@ours.example", "to": "eli@ode.example", "text": "Hi"}, OUT, True),
        ({"type": "message", "direction": "in", "from": "eli@ode.example", "to": "rut@ours.example", "text": "Hi"}, IN, False),
        ({"type": "call", "direction": "inbound", "from": "+46701740605", "to": "+46855501", "duration": 30}, CALLED, False),
        # text messages
        ({"event": "sms.received", "direction": "inbound", "from": "+46701740605", "to": "+46855501"}, IN, False),
        ({"event": "sms.sent", "direction": "outgoing", "from": "+46855501", "to": "+46701740605", "user": REP}, STEP, False),
        # calls
        ({"event": "call.ended", "call": {"id": 1, "direction": "outbound", "answered_at": "2026-11-20T10:00:00Z", "duration": 245, "user": REP, "contact": ELI}}, STEP, False),
        ({"event": "call.ended", "call": {"id": 1, "direction": "outbound", "answered_at": None, "duration": 28, "user": REP, "contact": ELI}}, OUT, False),
        ({"event": "call.completed", "call": {"id": 1, "direction": "outbound", "status": "no-answer", "duration": 31, "contact": ELI}}, OUT, False),
        ({"event": "call.completed", "call": {"id": 1, "direction": "outbound", "status": "busy", "contact": ELI}}, OUT, False),
        ({"event": "call.completed", "call": {"id": 1, "direction": "outbound", "status": "completed", "duration": 90, "voicemail": {"url": "https://v.example/1"}, "contact": ELI}}, OUT, False),
        ({"event": "call.completed", "call": {"id": 1, "direction": "outbound", "outcome": "Left voicemail", "duration": 90, "contact": ELI}}, OUT, False),
        ({"event": "call.completed", "call": {"id": 1, "direction": "outbound", "outcome": "Connected", "contact": ELI}}, STEP, False),
        ({"event": "call.completed", "call": {"id": 1, "direction": "outbound", "status": "completed", "duration": 6, "contact": ELI}}, OUT, False),
        ({"event": "call.completed", "call": {"id": 1, "direction": "outbound", "status": "completed", "duration": "00:04:10", "contact": ELI}}, STEP, False),
        ({"event": "call.completed", "call": {"id": 1, "direction": "outgoing", "duration": 312, "contact": ELI}}, STEP, False),
        ({"event": "call.completed", "call": {"id": 1, "direction": "outgoing", "answeredBy": "machine_start", "duration": 312, "contact": ELI}}, OUT, False),
        ({"event": "call.completed", "call": {"id": 1, "direction": "inbound", "status": "completed", "duration": 312, "contact": ELI}}, CALLED, False),
        ({"event": "call.completed", "call": {"id": 1, "direction": "outbound", "duration": 312, "assistant": {"id": "a"}, "contact": ELI}}, OUT, True),
    ],
)  # fmt: skip
def test_who_wrote_a_message_and_how_a_call_went_in_any_senders_words(body, kind, automated):
    found = one("generic", body)
    assert shown(found) == (kind, automated)
    assert {found.person.email, found.person.phone} & {"eli@ode.example", "+46701740605"}, "the lead is the other end"
    assert found.person.email != "rut@ours.example"
    if found.actor.kind == "person":
        assert found.actor.reference == "81"


@pytest.mark.parametrize("more", [{"sg_machine_open": True}, {"client-info": {"bot": "apple"}}, {"is_bot": "true"}, {"user_agent_parsed": {"is_prefetched": True}}])  # fmt: skip
def test_an_open_that_a_mail_program_made_is_automated(more):
    opened = {"event": "open", "email": "eli@ode.example", "id": "o1"}
    assert shown(one("generic", opened)) == (Kind.EMAIL_OPENED, False)
    assert shown(one("generic", {**opened, **more})) == (Kind.EMAIL_OPENED, True)


def intercom(topic, part=None, **item):
    contact = {"type": "contact", "id": "i1"}
    parts = {"conversation_parts": {"conversation_parts": [part]}} if part else {}
    body = {"id": "conv", "contacts": {"contacts": [contact]}, **parts, **item}
    return {"topic": topic, "id": "n1", "app_id": "app", "data": {"item": body}}


def close(noun, action="completed", **data):
    return {"event": {"id": "e1", "object_type": noun, "action": action, "user_id": "u1", "data": {"id": "a1", **data}}}


def high(kind, **more):
    return {"type": kind, "locationId": "loc", "contactId": "c1", "messageId": "m1", **more}


def task(**fields):
    event = {"ChangeEventHeader": {"entityName": "Task", "changeType": "CREATE", "recordIds": ["00T1"], "transactionKey": "t", "sequenceNumber": 1}, "Status": "Completed", "WhoId": "0031", "OwnerId": "0051"}  # fmt: skip
    return {**event, **fields}


def mail_message(**fields):
    header = {
        "entityName": "EmailMessage",
        "changeType": "CREATE",
        "recordIds": ["02s1"],
        "transactionKey": "t",
        "sequenceNumber": 1,
    }
    return {
        "ChangeEventHeader": header,
        "FromAddress": "eli@ode.example",
        "FromName": "Eli Ode",
        "ToAddress": "rut@ours.example",
        **fields,
    }


def record(type_id, **properties):
    return {"objectId": 5, "objectTypeId": type_id, "portalId": 9, "properties": properties}


def thin(name, value):
    return [
        {
            "subscriptionType": "object.propertyChange",
            "objectTypeId": "0-48",
            "objectId": 5,
            "portalId": 1,
            "eventId": 9,
            "propertyName": name,
            "propertyValue": value,
        }
    ]


def twilio(**fields):
    return "&".join(
        f"{name}={value}" for name, value in {"From": "%2B46855501", "To": "%2B46701740605", **fields}.items()
    ).encode()


FORM = "application/x-www-form-urlencoded"
ADMIN, BOT = {"type": "admin", "id": "81", "email": "rut@ours.example"}, {"type": "bot", "id": "9"}
LEAD = {"type": "lead", "id": "i1", "email": "eli@ode.example"}
REPLIED, SENT = Kind.EMAIL_REPLIED, Kind.EMAIL_SENT


@pytest.mark.parametrize(
    ("kind", "body", "expected", "automated"),
    [
        ("intercom", intercom("conversation.user.replied", {"part_type": "comment", "author": LEAD}), IN, False),
        ("intercom", intercom("conversation.admin.replied", {"part_type": "comment", "author": ADMIN}), STEP, False),
        ("intercom", intercom("conversation.admin.replied", {"part_type": "comment", "author": BOT}), OUT, True),
        ("intercom", intercom("conversation.admin.replied", {"part_type": "note", "author": ADMIN}), NOTE, False),
        ("intercom", intercom("conversation.admin.noted", {"part_type": "note", "author": ADMIN}), NOTE, False),
        ("intercom", intercom("conversation.operator.replied", {"part_type": "comment", "author": BOT}), OUT, True),
        ("intercom", intercom("conversation.user.created", source={"id": "1", "author": LEAD, "subject": "Autosvar: Er offert"}), IN, True),
        ("intercom", intercom("conversation.user.created", source={"id": "1", "author": LEAD, "subject": "Offert"}), IN, False),
        ("intercom", intercom("conversation.admin.single.created", source={"id": "1", "author": ADMIN, "delivered_as": "admin_initiated"}), STEP, False),
        ("intercom", intercom("conversation.admin.single.created", source={"id": "1", "author": ADMIN, "delivered_as": "automated"}), OUT, True),
        ("close", close("activity.email", "created", direction="incoming", status="inbox", sender="Eli <eli@ode.example>", subject="Re: Offer"), REPLIED, False),
        ("close", close("activity.email", "created", direction="incoming", status="inbox", sender="Eli <eli@ode.example>", subject="Automatic reply: Offer"), REPLIED, True),
        ("close", close("activity.email", "created", direction="incoming", status="inbox", sender="eli@ode.example", envelope={"is_autoreply": True}), REPLIED, True),
        ("close", close("activity.call", direction="outbound", status="completed", duration=240, disposition="answered"), STEP, False),
        ("close", close("activity.call", direction="outbound", status="completed", duration=40, disposition="vm-left"), OUT, False),
        ("close", close("activity.call", direction="outbound", status="no-answer", duration=0, disposition="no-answer"), OUT, False),
        ("close", close("activity.call", direction="inbound", status="completed", duration=240), CALLED, False),
        ("gohighlevel", high("InboundMessage", direction="inbound", messageType="Email", **{"from": "eli@ode.example"}, subject="Abwesenheitsnotiz"), REPLIED, True),
        ("gohighlevel", high("InboundMessage", direction="inbound", messageType="SMS", body="Hi"), IN, False),
        ("gohighlevel", high("OutboundMessage", direction="outbound", messageType="SMS", userId="81"), STEP, False),
        ("gohighlevel", high("OutboundMessage", direction="outbound", messageType="SMS"), OUT, True),
        ("gohighlevel", high("OutboundMessage", direction="outbound", messageType="CALL", userId="81", callStatus="completed", callDuration=125), STEP, False),
        ("gohighlevel", high("OutboundMessage", direction="outbound", messageType="CALL", userId="81", callStatus="completed", callDuration=4), OUT, False),
        ("gohighlevel", high("OutboundMessage", direction="outbound", messageType="CALL", userId="81", callStatus="voicemail"), OUT, False),
        ("hubspot", record("0-48", hs_call_direction="OUTBOUND", hs_call_status="COMPLETED", hs_call_duration="240000"), STEP, False),
        ("hubspot", record("0-48", hs_call_direction="OUTBOUND", hs_call_disposition="f240bbac-87c9-4f6e-bf70-924b57d47db7"), STEP, False),
        ("hubspot", record("0-48", hs_call_direction="OUTBOUND", hs_call_disposition="b2cf5968-551e-4856-9783-52b3da59a7d0", hs_call_status="COMPLETED"), OUT, False),
        ("hubspot", record("0-48", hs_call_direction="OUTBOUND", hs_call_status="NO_ANSWER"), OUT, False),
        ("hubspot", record("0-48", hs_call_direction="INBOUND", hs_call_status="COMPLETED"), CALLED, False),
        ("hubspot", record("0-49", hs_email_direction="INCOMING_EMAIL", hs_email_subject="Offer", hs_email_from_email="eli@ode.example"), REPLIED, False),
        ("hubspot", record("0-49", hs_email_direction="INCOMING_EMAIL", hs_email_subject="Autosvar", hs_email_from_email="eli@ode.example"), REPLIED, True),
        ("hubspot", record("0-49", hs_email_direction="EMAIL", hs_email_status="SENT", hs_email_to_email="eli@ode.example"), STEP, False),
        ("hubspot", record("0-49", hs_email_direction="EMAIL", hs_email_status="SENT", hs_sequence_id="4"), SENT, True),
        ("hubspot", record("0-49", hs_email_direction="EMAIL", hs_email_status="BOUNCED"), Kind.EMAIL_BOUNCED, True),
        ("hubspot", thin("hs_call_disposition", "f240bbac-87c9-4f6e-bf70-924b57d47db7"), STEP, False),
        ("hubspot", thin("hs_call_disposition", "73a0d17f-1163-4015-bdd5-ec830791da20"), Kind.ACTIVITY_UPDATED, False),
        ("salesforce", task(TaskSubtype="Call", CallType="Outbound", CallDurationInSeconds=180), STEP, False),
        ("salesforce", task(TaskSubtype="Call", CallDisposition="No Answer"), OUT, False),
        ("salesforce", task(TaskSubtype="Call", CallDisposition="Left Voicemail", CallDurationInSeconds=35), OUT, False),
        ("salesforce", task(TaskSubtype="Call", CallType="Inbound"), CALLED, False),
        ("salesforce", task(TaskSubtype="Call"), STEP, False),
        ("salesforce", task(TaskSubtype="ListEmail"), STEP, True),
        ("salesforce", task(TaskSubtype="Email", Subject="[Outreach] [Email] [In] Re: Offer"), REPLIED, False),
        ("salesforce", mail_message(Incoming=True, Subject="Re: Offer"), REPLIED, False),
        ("salesforce", mail_message(Incoming=True, Subject="Re: Offer", Headers="Auto-Submitted: auto-replied\nX: y"), REPLIED, True),
        ("salesforce", mail_message(Incoming=True, FromAddress="postmaster@ode.example", Subject="Undeliverable: Offer"), Kind.EMAIL_BOUNCED, True),
        ("salesforce", mail_message(Incoming=False, Status="3", FromAddress="rut@ours.example", ToAddress="eli@ode.example"), STEP, False),
        ("generic", twilio(CallSid="CA1", Direction="outbound-dial", CallStatus="completed", CallDuration="125"), STEP, False),
        ("generic", twilio(CallSid="CA1", Direction="outbound-dial", CallStatus="no-answer", CallDuration="0"), OUT, True),
        ("generic", twilio(CallSid="CA1", Direction="outbound-api", CallStatus="completed", CallDuration="125"), OUT, True),
        ("generic", twilio(CallSid="CA1", Direction="outbound-dial", CallStatus="completed", CallDuration="40", AnsweredBy="machine_start"), OUT, True),
        ("generic", {"object": "page", "entry": [{"messaging": [{"sender": {"id": "p1"}, "recipient": {"id": "u1"}, "message": {"mid": "m", "is_echo": True, "app_id": 123, "text": "x"}}]}]}, OUT, True),
        ("generic", {"object": "page", "entry": [{"messaging": [{"sender": {"id": "u1"}, "recipient": {"id": "p1"}, "message": {"mid": "m", "text": "x"}}]}]}, IN, False),
        ("generic", {"account": {"subdomain": "x"}, "message": {"add": [{"id": "m1", "type": "outgoing", "author": {"id": "81", "type": "internal"}, "text": "Hi"}]}}, STEP, False),
        ("generic", {"account": {"subdomain": "x"}, "message": {"add": [{"id": "m1", "type": "incoming", "author": {"id": "7", "type": "external", "name": "Eli"}, "text": "Hi"}]}}, IN, False),
        ("segment", {"type": "track", "event": "Call Completed", "userId": "7", "properties": {"direction": "outbound", "duration": 200, "status": "completed"}}, STEP, False),
        ("segment", {"type": "track", "event": "Message Received", "userId": "7", "properties": {"sender_type": "bot"}}, OUT, True),
        ("standard_webhooks", {"type": "message.received", "data": {"sender_type": "agent", "agent_id": 81, "contact": ELI}}, STEP, False),
        ("standard_webhooks", {"type": "email.received", "data": {"from": "eli@ode.example", "to": "s@ours.example", "subject": "Autosvar", "text": "x"}}, IN, True),
        ("cloudevents", {"specversion": "1.0", "id": "1", "source": "/x", "type": "x.call.completed", "data": {"direction": "outbound", "outcome": "busy", "contact": ELI}}, OUT, False),
        ("crm", {"fact": "email.replied", "email": "eli@ode.example", "fields": {"subject": "Automatic reply: Offer"}}, REPLIED, True),
        ("crm", {"fact": "email.replied", "email": "eli@ode.example", "fields": {"subject": "Re: Offer"}}, REPLIED, False),
        ("crm", {"fact": "message.received", "email": "mailer-daemon@ode.example"}, Kind.EMAIL_BOUNCED, True),
        ("activecampaign", b"type=reply&contact[id]=1&contact[email]=no-reply@ode.example", REPLIED, True),
    ],
)  # fmt: skip
def test_who_did_it_in_each_kind(kind, body, expected, automated):
    found = one(kind, body, FORM if isinstance(body, bytes) else "application/json")
    assert shown(found) == (expected, automated)
    assert found.person.email not in ("rut@ours.example", "mailer-daemon@ode.example", "postmaster@ode.example")
    if expected in (IN, REPLIED, CALLED):
        assert found.actor.kind is None or (found.actor.kind == "person" and kind != "generic")


def test_what_came_in_names_no_colleague_as_its_doer():
    found = one("gohighlevel", high("InboundMessage", direction="inbound", messageType="SMS", userId="81"))
    assert found.actor.reference is None


@pytest.mark.parametrize(
    ("kind", "body", "owner", "address"),
    [
        ("calendly", {"event": "invitee.created", "payload": {"uri": "u", "email": "eli@ode.example", "scheduled_event": {"event_memberships": [{"user": "https://api.calendly.com/users/A", "user_email": "rut@ours.example"}]}}}, "https://api.calendly.com/users/A", "rut@ours.example"),
        ("generic", {"triggerEvent": "BOOKING_CREATED", "payload": {"uid": "u", "organizer": {"id": 81, "email": "rut@ours.example"}, "attendees": [{"email": "eli@ode.example", "name": "Eli"}]}}, "81", "rut@ours.example"),
        ("generic", {"event": "meeting.booked", "id": "b1", "organizer": REP, "attendees": [ELI]}, "81", "rut@ours.example"),
        ("generic", {"event": "booking.created", "id": "b1", "host_email": "rut@ours.example", "customer": ELI}, "rut@ours.example", "rut@ours.example"),
        ("generic", {"event": "meeting.scheduled", "id": "b1", "attendees": [{**REP, "organizer": True}, ELI]}, "81", "rut@ours.example"),
        ("generic", {"event": "appointment.booked", "appointment": {"id": 5, "staff": REP, "customer": ELI}}, "81", "rut@ours.example"),
        ("hubspot", record("0-47", hs_meeting_title="Demo", hubspot_owner_id="81"), "81", None),
        ("crm", {"fact": "meeting_booked", "email": "eli@ode.example", "owner_id": "81"}, "81", None),
        ("gohighlevel", {"type": "AppointmentCreate", "locationId": "loc", "appointment": {"id": "a1", "contactId": "c1", "assignedUserId": "81"}}, "81", None),
        ("salesforce", {"ChangeEventHeader": {"entityName": "Event", "changeType": "CREATE", "recordIds": ["00U1"]}, "OwnerId": "81", "WhoId": "0031"}, "81", None),
    ],
)  # fmt: skip
def test_of_a_meeting_the_owner_is_who_invites(kind, body, owner, address):
    found = one(kind, body)
    assert (found.kind, found.sales.owner_id, found.sales.owner_email) == (Kind.SALES_MEETING_BOOKED, owner, address)
    assert found.person.email in (None, "eli@ode.example")
