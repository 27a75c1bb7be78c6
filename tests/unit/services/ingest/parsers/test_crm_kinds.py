"""What is read off the bodies of CRMs: bodies of our own making in the shapes that they send."""

import json

import pytest

from schemas.signals import Kind, Parsed, Quarantined
from schemas.sources import SalesMeaning
from services.ingest.configured.sales import with_sales_words
from services.ingest.parsers.registry import parse


def read(kind, body, content_type="application/json"):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse(kind, raw, content_type, {})


def one(kind, body):
    (found,) = read(kind, body)
    assert isinstance(found, Parsed), found
    return found


def references(found):
    return {(r.object, r.id) for r in found.references}


# --- Close
def close(noun, action, data, previous=None, **more):
    event = {
        "id": "ev_1", "object_type": noun, "object_id": "o_1", "lead_id": "lead_9", "action": action, "data": data,
        "previous_data": previous or {}, "organization_id": "orga_1", "user_id": "user_1", "api_key_id": None,
        "date_created": "2026-05-04T08:00:00.000000", **more,
    }  # fmt: skip
    return one("close", {"subscription_id": "whsub_1", "event": event})


def test_close_tells_a_stage_change_a_win_in_cents_and_who_owns_it_now():
    moved = close("opportunity", "updated", {"id": "oppo_1", "status_id": "s2", "status_label": "Demo", "user_id": "u2"},
                  {"status_id": "s1", "status_label": "New"})  # fmt: skip
    assert (moved.kind, moved.sales.from_, moved.sales.to, moved.external_id) == (
        Kind.SALES_STAGE_CHANGED, "New", "Demo", "oppo_1",
    )  # fmt: skip
    won = close("opportunity", "updated", {"id": "oppo_1", "status_type": "won", "status_label": "Won", "value": 125050,
                "value_currency": "SEK"}, {"status_type": "active", "status_label": "Demo"})  # fmt: skip
    assert (won.kind, won.amount, won.currency) == (Kind.SALES_WON, 1250.5, "SEK")
    owner = close("opportunity", "updated", {"id": "oppo_1", "user_id": "u3"}, {"user_id": "u2"})
    assert (owner.kind, owner.sales.from_, owner.sales.to) == (Kind.SALES_OWNER_CHANGED, "u2", "u3")
    assert ("company", "lead_9") in references(won)


@pytest.mark.parametrize(
    ("noun", "action", "data", "kind"),
    [
        ("activity.call", "completed", {"direction": "outbound", "status": "completed"}, Kind.SALES_FOLLOW_UP),
        ("activity.call", "completed", {"direction": "inbound", "status": "completed"}, Kind.CALL_RECEIVED),
        ("activity.call", "created", {"direction": "outbound", "status": "in-progress"}, Kind.ACTIVITY_CREATED),
        ("activity.email", "sent", {"direction": "outgoing", "status": "sent"}, Kind.SALES_FOLLOW_UP),
        ("activity.email", "created", {"direction": "incoming", "status": "inbox"}, Kind.EMAIL_REPLIED),
        ("activity.meeting", "created", {"status": "upcoming"}, Kind.SALES_MEETING_BOOKED),
        ("activity.meeting", "completed", {"status": "completed"}, Kind.SALES_MEETING_HELD),
        ("activity.meeting", "canceled", {"status": "canceled"}, Kind.SALES_MEETING_CANCELLED),
        ("activity.note", "created", {"note": "nice people"}, Kind.NOTE_ADDED),
        ("task.lead", "created", {"is_complete": False}, Kind.SALES_TASK_OPEN),
        ("contact", "created", {"name": "Anna Ek"}, Kind.CONTACT_CREATED),
        ("lead", "deleted", {}, Kind.COMPANY_DELETED),
    ],
)
def test_close_activities_and_records(noun, action, data, kind):
    assert close(noun, action, data).kind == kind


def test_close_a_completed_task_is_a_step_and_a_sequences_mail_is_nobodys():
    done = close("task.lead", "updated", {"is_complete": True, "assigned_to": "u1"}, {"is_complete": False})
    assert (done.kind, done.sales.done, done.sales.owner_id) == (Kind.SALES_FOLLOW_UP, True, "u1")
    mail = close("activity.email", "sent", {"direction": "outgoing", "status": "sent", "sequence_id": "seq_1"})
    assert mail.automated
    assert close("contact", "updated", {}, api_key_id="api_1").actor.kind == "automation"


# --- GoHighLevel
def high(kind, **more):
    return one("gohighlevel", {"type": kind, "locationId": "loc", "id": "x1", **more})


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ({"type": "OpportunityStageUpdate", "pipelineStageId": "st2"}, Kind.SALES_STAGE_CHANGED),
        ({"type": "OpportunityStatusUpdate", "status": "won"}, Kind.SALES_WON),
        ({"type": "OpportunityStatusUpdate", "status": "abandoned"}, Kind.SALES_LOST),
        ({"type": "OpportunityStatusUpdate", "status": "open"}, Kind.DEAL_UPDATED),
        ({"type": "OpportunityUpdate", "status": "won"}, Kind.DEAL_UPDATED),
        ({"type": "OpportunityAssignedToUpdate", "assignedTo": "u1"}, Kind.SALES_OWNER_CHANGED),
        ({"type": "TaskComplete", "assignedTo": "u1"}, Kind.SALES_FOLLOW_UP),
        ({"type": "ContactDndUpdate", "dnd": True}, Kind.CONSENT_WITHDRAWN),
        ({"type": "AppointmentUpdate", "appointment": {"id": "a1", "appointmentStatus": "showed"}}, Kind.SALES_MEETING_HELD),
        ({"type": "InboundMessage", "direction": "inbound", "messageType": "SMS"}, Kind.MESSAGE_RECEIVED),
        ({"type": "OutboundMessage", "direction": "inbound", "messageType": "CALL"}, Kind.CALL_RECEIVED),
        (
            {"type": "OutboundMessage", "direction": "outbound", "messageType": "CALL", "userId": "u1",
             "callStatus": "completed"},
            Kind.SALES_FOLLOW_UP,
        ),
        (
            {"type": "OutboundMessage", "direction": "outbound", "messageType": "CALL", "userId": "u1",
             "callStatus": "no-answer"},
            Kind.OUTREACH_LOGGED,
        ),
    ],
)  # fmt: skip
def test_gohighlevel_kinds(body, kind):
    assert one("gohighlevel", {"locationId": "loc", "contactId": "c1", **body}).kind == kind


def test_gohighlevel_a_workflows_message_is_automated_and_a_completed_task_has_no_time_of_its_own():
    assert high("OutboundMessage", direction="outbound", messageType="SMS").automated
    assert high("TaskComplete", dateAdded="2026-01-01T00:00:00.000Z").occurred_at is None


def test_gohighlevel_a_workflows_own_webhook_is_the_contact():
    found = one("gohighlevel", {"contact_id": "c9", "first_name": "Anna", "email": "a@example.com", "workflow": {"id": "w"},
                                "location": {"id": "loc"}, "tags": "hot, demo"})  # fmt: skip
    assert (found.person.email, found.external_id, found.tags) == ("a@example.com", "c9", ("hot", "demo"))
    assert found.actor.kind == "automation"


# --- Intercom
def test_intercom_contacts_conversations_and_the_ping():
    item = {"type": "contact", "id": "i1", "email": "a@example.com", "name": "Anna Ek"}
    made = one("intercom", {"topic": "contact.created", "id": "n1", "app_id": "app", "data": {"item": item}})
    assert (made.kind, made.person.full_name, made.dedupe_key) == (Kind.CONTACT_CREATED, "Anna Ek", "n1")
    author = {"type": "lead", "id": "i1", "name": "Anna Ek", "email": "a@example.com"}
    talk = {"id": "conv", "source": {"id": "m1", "body": "<p>Hello</p>", "author": author}}
    said = one("intercom", {"topic": "conversation.user.created", "id": "n2", "app_id": "app", "data": {"item": talk}})
    assert (said.kind, said.person.email) == (Kind.MESSAGE_RECEIVED, "a@example.com")
    assert references(said) == {("activity", "conv"), ("person", "i1")}
    assert one("intercom", {"topic": "ping", "id": None, "data": {"item": {"type": "ping"}}}).mode == "test"
    gone = one("intercom", {"topic": "contact.unsubscribed", "id": "n3", "data": {"item": item}})
    assert (gone.kind, gone.consents[0].state) == (Kind.CONSENT_WITHDRAWN, "withdrawn")


# --- Salesforce
def soap(*records):
    rows = "".join(f"<Notification><Id>n{i}</Id>{record}</Notification>" for i, record in enumerate(records))
    return (
        '<?xml version="1.0"?><e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>'
        '<notifications xmlns="http://soap.sforce.com/2005/09/outbound" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">'
        f"<OrganizationId>00Dorg</OrganizationId><SessionId>secret-session</SessionId>{rows}</notifications></e:Body></e:Envelope>"
    ).encode()


def record(noun, **fields):
    return (
        f'<sObject xsi:type="sf:{noun}">' + "".join(f"<sf:{n}>{v}</sf:{n}>" for n, v in fields.items()) + "</sObject>"
    )


def test_salesforce_outbound_messages_are_judged_one_by_one_and_the_session_is_never_read():
    body = soap(
        record("Lead", Id="00Q1", Email="a@example.com", FirstName="Anna", LastName="Ek", Company="Acme"),
        "<broken/>",
        record("Opportunity", Id="0061", StageName="Closed Won", IsWon="true", IsClosed="true", Amount="10.5"),
        record("Task", Id="00T1", Status="Completed", TaskSubtype="Call", WhoId="0031", WhatId="0061"),
    )
    lead, broken, deal, task = read("salesforce", body, "text/xml")
    assert (lead.person.email, lead.company.name, lead.dedupe_key) == ("a@example.com", "Acme", "n0")
    assert isinstance(broken, Quarantined)
    assert (deal.kind, deal.amount, deal.sales.to) == (Kind.SALES_WON, 10.5, "Closed Won")
    assert (task.kind, task.sales.activity_type) == (Kind.SALES_FOLLOW_UP, "Call")
    assert references(task) == {("activity", "00T1"), ("person", "0031"), ("deal", "0061")}
    assert "secret-session" not in "".join(map(str, (lead, broken, deal, task)))


@pytest.mark.parametrize(
    "start", [b'<!DOCTYPE x [<!ENTITY a "b">]>', b"<!DOCTYPE x SYSTEM 'http://127.0.0.1/'>", '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x []>'.encode("utf-16")]
)  # fmt: skip
def test_salesforce_xml_with_a_document_type_is_refused(start):
    (found,) = read("salesforce", start + b"<x/>", "text/xml")
    assert isinstance(found, Quarantined)


def test_salesforce_xml_nested_deep_is_set_aside():
    (found,) = read("salesforce", b"<a>" * 5000 + b"</a>" * 5000, "text/xml")
    assert "too deep" in found.quarantined


def change(noun, kind, **fields):
    head = {"entityName": noun, "changeType": kind, "recordIds": ["r1"], "transactionKey": "t", "sequenceNumber": 1,
            "commitTimestamp": 1780000000000, "commitUser": "005u"}  # fmt: skip
    return read("salesforce", {"data": {"payload": {"ChangeEventHeader": head, **fields}}})


@pytest.mark.parametrize(
    ("noun", "kind", "fields", "expected"),
    [
        ("Opportunity", "UPDATE", {"StageName": "Demo"}, Kind.SALES_STAGE_CHANGED),
        ("Opportunity", "UPDATE", {"StageName": "Closed Lost", "IsClosed": True, "IsWon": False}, Kind.SALES_LOST),
        ("Opportunity", "UPDATE", {"OwnerId": "005x"}, Kind.SALES_OWNER_CHANGED),
        ("Opportunity", "UPDATE", {"StageName": None, "Amount": 5}, Kind.DEAL_UPDATED),
        ("Lead", "UPDATE", {"IsConverted": True, "Status": "Qualified"}, Kind.SALES_CONVERTED),
        ("Lead", "CREATE", {"Status": "Open", "OwnerId": "005x"}, Kind.CONTACT_CREATED),
        ("Task", "CREATE", {"Status": "Open"}, Kind.SALES_TASK_OPEN),
        ("Task", "UPDATE", {"Status": "Completed"}, Kind.SALES_FOLLOW_UP),
        ("Event", "CREATE", {"Subject": "Demo"}, Kind.SALES_MEETING_BOOKED),
        ("Contact", "GAP_UPDATE", {}, Kind.UNCLASSIFIED),
        ("Contact", "DELETE", {}, Kind.CONTACT_DELETED),
    ],
)
def test_salesforce_change_events(noun, kind, fields, expected):
    (found,) = change(noun, kind, **fields)
    assert (found.kind, found.external_id, found.dedupe_key) == (expected, "r1", "t:1:r1")


# --- HubSpot activities
@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"subscriptionType": "object.creation", "objectTypeId": "0-48"}, Kind.SALES_FOLLOW_UP),
        ({"subscriptionType": "object.creation", "objectTypeId": "0-47"}, Kind.SALES_MEETING_BOOKED),
        ({"subscriptionType": "object.creation", "objectTypeId": "0-27"}, Kind.SALES_TASK_OPEN),
        (
            {"subscriptionType": "object.propertyChange", "objectTypeId": "0-27", "propertyName": "hs_task_status",
             "propertyValue": "COMPLETED"},
            Kind.SALES_FOLLOW_UP,
        ),
        (
            {"subscriptionType": "object.propertyChange", "objectTypeId": "0-47", "propertyName": "hs_meeting_outcome",
             "propertyValue": "CANCELED"},
            Kind.SALES_MEETING_CANCELLED,
        ),
    ],
)  # fmt: skip
def test_hubspot_activities(event, kind):
    assert one("hubspot", [{"objectId": 5, "portalId": 1, "eventId": 9, **event}]).kind == kind


def test_hubspot_a_merge_names_who_is_left_and_who_is_gone():
    event = {"subscriptionType": "contact.merge", "objectId": 7, "newObjectId": 9, "primaryObjectId": 7,
             "mergedObjectIds": [7, 8], "portalId": 1, "eventId": 3}  # fmt: skip
    found = one("hubspot", [event])
    assert found.references[0].id == "9"
    assert {reference.id for reference in found.previous} == {"7", "8"}


# --- what it means at this customer
MEANING = SalesMeaning(
    accepted=("Working",),
    rejected=("Unqualified",),
    follow_up_types=("call",),
    not_qualified=("no budget",),
    our_users=("u9",),
)


def test_a_stage_means_what_the_source_says():
    taken = close("opportunity", "updated", {"status_id": "s", "status_label": "working"}, {"status_id": "r"})
    assert with_sales_words(taken, MEANING).kind == Kind.SALES_ACCEPTED
    refused = close("opportunity", "updated", {"status_id": "s", "status_label": "Unqualified"}, {"status_id": "r"})
    assert (with_sales_words(refused, MEANING).kind, with_sales_words(refused, MEANING).reason) == (
        Kind.SALES_REJECTED,
        "Unqualified",
    )
    other = close("opportunity", "updated", {"status_id": "s", "status_label": "Later"}, {"status_id": "r"})
    assert with_sales_words(other, MEANING) == other


def test_only_agreed_activities_are_steps_and_our_own_writes_are_nobodys():
    call = high("OutboundMessage", direction="outbound", messageType="CALL", userId="u1", callStatus="completed")
    mail = high("OutboundMessage", direction="outbound", messageType="Email", userId="u1")
    assert (with_sales_words(call, MEANING).kind, with_sales_words(mail, MEANING).kind) == (
        Kind.SALES_FOLLOW_UP,
        Kind.ACTIVITY_UPDATED,
    )
    ours = high("OutboundMessage", direction="outbound", messageType="CALL", userId="u9", callStatus="completed")
    assert (with_sales_words(ours, MEANING).automated, with_sales_words(ours, MEANING).actor.kind) == (True, "system")


def test_a_reason_that_means_not_qualified_names_the_criterion():
    lost = close(
        "opportunity", "updated", {"status_type": "lost", "lost_reason": "No budget"}, {"status_type": "active"}
    )
    assert (with_sales_words(lost, MEANING).reason, with_sales_words(lost, MEANING).criterion) == (
        "not_qualified",
        "No budget",
    )


def test_a_stage_cannot_mean_two_things():
    with pytest.raises(ValueError, match="means both"):
        SalesMeaning(accepted=("a",), lost=("A",))


# --- HubSpot: what the rest of its events say
def thin(**event):
    return one("hubspot", [{"objectId": 5, "portalId": 1, "eventId": 9, "changeSource": "CRM_UI", **event}])


def test_hubspot_the_stages_that_every_account_has_are_a_win_and_a_loss():
    moved = {"subscriptionType": "deal.propertyChange", "propertyName": "dealstage"}
    assert thin(**moved, propertyValue="closedwon").kind == Kind.SALES_WON
    assert thin(**moved, propertyValue="closedlost").kind == Kind.SALES_LOST
    assert thin(**moved, propertyValue="1234567").kind == Kind.SALES_STAGE_CHANGED


def test_hubspot_an_association_links_the_two_and_its_end_links_nothing():
    said = {"subscriptionType": "deal.associationChange", "associationType": "DEAL_TO_CONTACT", "fromObjectId": 5,
            "toObjectId": 6, "objectId": None}  # fmt: skip
    assert references(thin(**said, associationRemoved=False)) == {("deal", "5"), ("person", "6")}
    assert references(thin(**said, associationRemoved=True)) == {("deal", "5")}
    typed = {"subscriptionType": "object.associationChange", "fromObjectTypeId": "0-48", "toObjectTypeId": "0-3",
             "fromObjectId": 7, "toObjectId": 5, "objectId": None, "associationRemoved": False}  # fmt: skip
    assert references(thin(**typed)) == {("activity", "7"), ("deal", "5")}


def test_hubspot_an_integration_is_named_so_that_our_own_can_be_recognised():
    event = thin(subscriptionType="deal.creation", changeSource="INTEGRATION", sourceId="4711")
    ours = with_sales_words(event, SalesMeaning(our_users=("4711",)))
    assert (event.automated, ours.actor.kind, ours.automated) == (True, "system", True)


def test_hubspot_tickets_are_known_but_no_leads_business():
    assert (thin(subscriptionType="ticket.creation").kind, references(thin(subscriptionType="ticket.creation"))) == (
        Kind.UNCLASSIFIED, set(),
    )  # fmt: skip


# --- what is known but no lead's business is kept, and never points at anybody
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("gohighlevel", {"type": "InvoiceCreate", "locationId": "loc", "_id": "x1", "email": "colleague@example.com"}),
        ("intercom", {"topic": "ticket.created", "id": "n", "data": {"item": {"id": "x1"}}}),
        (
            "close",
            {"event": {"id": "e", "object_type": "export.lead", "action": "created", "object_id": "x1", "data": {}}},
        ),
        ("hubspot", {"subscriptionType": "object.creation", "objectTypeId": "2-3456", "objectId": "x1", "eventId": 1}),
    ],
)
def test_other_business_is_kept_and_names_nobody(kind, body):
    found = one(kind, body)
    assert (found.kind, found.external_id, found.references, found.person.email) == (Kind.UNCLASSIFIED, "x1", (), None)


def test_salesforce_an_overflow_and_a_wildcard_name_no_record():
    for ident in ("000000000000000AAA", "003*"):
        head = {"entityName": "Contact", "changeType": "GAP_OVERFLOW", "recordIds": [ident], "transactionKey": "t"}
        assert one("salesforce", {"ChangeEventHeader": head}).references == ()


def test_salesforce_the_stages_that_every_organisation_begins_with_are_a_win_and_a_loss():
    assert change("Opportunity", "UPDATE", StageName="Closed Won")[0].kind == Kind.SALES_WON
    assert change("Opportunity", "UPDATE", StageName="Closed Lost")[0].kind == Kind.SALES_LOST
    assert change("Opportunity", "UPDATE", StageName="Closed Won", IsWon=False)[0].kind == Kind.SALES_STAGE_CHANGED


def test_close_a_mail_a_call_and_a_meeting_name_whom_they_are_with():
    mail = close("activity.email", "sent", {"direction": "outgoing", "status": "sent", "to": ["Anna <a@example.com>"]})
    answer = close(
        "activity.email", "created", {"direction": "incoming", "sender": "a@example.com", "to": ["us@x.example"]}
    )
    call = close("activity.call", "completed", {"status": "completed", "remote_phone": "+46701234567"})
    assert (mail.person.email, answer.person.email, call.person.phone) == (
        "a@example.com", "a@example.com", "+46701234567",
    )  # fmt: skip
    people = [{"email": "us@x.example", "user_id": "u"}, {"email": "a@example.com", "contact_id": "c1", "name": "Anna"}]
    meeting = close("activity.meeting", "created", {"status": "upcoming", "attendees": people})
    assert meeting.person.email == "a@example.com" and ("person", "c1") in references(meeting)


def test_hubspot_a_workflows_contact_works_for_its_associated_company():
    found = one("hubspot", {"vid": 5, "portal-id": 1, "properties": {"email": {"value": "a@example.com"}},
                            "associated-company": {"properties": {"name": {"value": "Acme"}}}})  # fmt: skip
    assert found.company.name == "Acme"
