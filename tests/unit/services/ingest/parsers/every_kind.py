"""One request, or one contact, in the shape of each kind, with facts of the test's choice."""

import json
from urllib.parse import urlencode

JSON, FORM, XML = "application/json", "application/x-www-form-urlencoded", "text/xml"
CLOUD = "application/cloudevents+json"


def _salesforce(name, email, phone, company):
    said = {"Email": email, "Name": name, "Phone": phone, "Company": company, "Id": "00Q000000000001AAA"}
    escaped = {
        key: str(value).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;") for key, value in said.items()
    }
    rows = "".join(f"<sf:{key}>{value}</sf:{key}>" for key, value in escaped.items())
    return (
        '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        '<soapenv:Body><notifications xmlns="http://soap.sforce.com/2005/09/outbound"><Notification><Id>04l1</Id>'
        f'<sObject xsi:type="sf:Lead" xmlns:sf="urn:sobject.enterprise.soap.sforce.com">{rows}</sObject></Notification></notifications>'
        "</soapenv:Body></soapenv:Envelope>"
    )  # fmt: skip


def _rows(title, value, name, email, phone, company):
    said = (("Full name", name), ("Email", email), ("Phone", phone), ("Company", company))
    return [{title: key, value: held} for key, held in said]


def _typeform(name, email, phone, company):
    said = (("f1", "text", "text", "Full name", name), ("f2", "email", "email", "Email", email), ("f3", "phone_number", "phone_number", "Phone", phone),
            ("f4", "text", "text", "Company", company))  # fmt: skip
    fields = [{"id": ident, "title": title} for ident, _, _, title, _ in said]
    answers = [{"type": kind, key: held, "field": {"id": ident}} for ident, kind, key, _, held in said]
    return {
        "event_id": "e1",
        "event_type": "form_response",
        "form_response": {"token": "t1", "form_id": "F", "definition": {"fields": fields}, "answers": answers},
    }


def _tally(name, email, phone, company):
    fields = [
        {"key": row["label"], **row, "type": "INPUT_TEXT"}
        for row in _rows("label", "value", name, email, phone, company)
    ]
    fields[1]["type"], fields[2]["type"] = "INPUT_EMAIL", "INPUT_PHONE_NUMBER"
    return {
        "eventId": "e1",
        "eventType": "FORM_RESPONSE",
        "data": {"responseId": "r1", "formId": "F", "fields": fields},
    }


SHAPES = {
    "form": (FORM, lambda n, e, p, c: {"full_name": n, "email": e, "phone": p, "company": c}),
    "generic": (JSON, lambda n, e, p, c: {"event": "form.submitted", "data": {"form_id": "F", "contact": {"full_name": n, "email": e, "phone": p, "company": c}}}),
    "standard_webhooks": (JSON, lambda n, e, p, c: {"type": "form.submitted", "data": {"full_name": n, "email": e, "phone": p, "company": c}}),
    "cloudevents": (CLOUD, lambda n, e, p, c: {"specversion": "1.0", "id": "1", "source": "/s", "type": "form.submitted", "data": {"full_name": n, "email": e, "phone": p, "company": c}}),
    "hubspot": (JSON, lambda n, e, p, c: {"vid": 7, "properties": {"firstname": {"value": n}, "email": {"value": e}, "phone": {"value": p}, "company": {"value": c}}}),
    "mautic": (JSON, lambda n, e, p, c: {"mautic.lead_post_save_new": [{"contact": {"id": 7, "fields": {"core": {
        "firstname": {"value": n}, "email": {"value": e}, "phone": {"value": p}, "company": {"value": c}}}}}]}),
    "typeform": (JSON, _typeform),
    "pipedrive": (JSON, lambda n, e, p, c: {"meta": {"action": "create", "entity": "person", "id": "m1"}, "data": {
        "id": 7, "name": n, "emails": [{"value": e, "primary": True}], "phones": [{"value": p, "primary": True}], "org_name": c}}),
    "crm": (JSON, lambda n, e, p, c: {"fact": "form.submitted", "person": {"full_name": n, "email": e, "phone": p}, "company": {"name": c}}),
    "activecampaign": (FORM, lambda n, e, p, c: {"type": "subscribe", "contact[id]": "7", "contact[email]": e, "contact[first_name]": n, "contact[phone]": p, "contact[orgname]": c}),
    "calendly": (JSON, lambda n, e, p, c: {"event": "invitee.created", "created_at": "2026-11-20T10:00:00Z", "payload": {
        "uri": "https://api.calendly.com/x/i1", "name": n, "email": e, "text_reminder_number": p, "questions_and_answers": [{"question": "Company", "answer": c}]}}),
    "google_ads": (JSON, lambda n, e, p, c: {"lead_id": "l1", "user_column_data": [{"column_id": "FULL_NAME", "string_value": n}, {"column_id": "EMAIL", "string_value": e},
        {"column_id": "PHONE_NUMBER", "string_value": p}, {"column_id": "COMPANY_NAME", "string_value": c}]}),
    "gravity_forms": (JSON, lambda n, e, p, c: {"id": "7", "form_id": "3", "Full name": n, "Email": e, "Phone": p, "Company": c}),
    "jotform": (FORM, lambda n, e, p, c: {"formID": "1", "submissionID": "7", "rawRequest": json.dumps({"q1_fullName": n, "q2_email": e, "q3_phone": p, "q4_company": c})}),
    "linkedin": (JSON, lambda n, e, p, c: {"id": "r1", "formResponse": {"answers": [
        {"questionId": i, "name": name, "answerDetails": {"textQuestionAnswer": {"answer": held}}}
        for i, (name, held) in enumerate((("fullName", n), ("email", e), ("phone", p), ("company", c)))]}}),
    "mailchimp": (FORM, lambda n, e, p, c: {"type": "subscribe", "fired_at": "2026-11-20 10:00:00", "data[id]": "7", "data[email]": e, "data[merges][FNAME]": n, "data[merges][PHONE]": p, "data[merges][COMPANY]": c}),
    "meta_lead_ads": (JSON, lambda n, e, p, c: {"id": "988776655443322", "form_id": "F", "field_data": [{"name": "full_name", "values": [n]}, {"name": "email", "values": [e]},
        {"name": "phone_number", "values": [p]}, {"name": "company_name", "values": [c]}]}),
    "segment": (JSON, lambda n, e, p, c: {"type": "identify", "messageId": "m1", "userId": "u-4711", "traits": {"name": n, "email": e, "phone": p, "company": {"name": c}}}),
    "tally": (JSON, _tally),
    "webflow": (JSON, lambda n, e, p, c: {"triggerType": "form_submission", "payload": {"id": "7", "formId": "F", "data": {"Full name": n, "Email": e, "Phone": p, "Company": c}}}),
    "close": (JSON, lambda n, e, p, c: {"event": {"id": "e1", "object_type": "contact", "action": "created", "object_id": "cont_1", "data": {
        "id": "cont_1", "name": n, "emails": [{"email": e}], "phones": [{"phone": p}]}}}),
    "gohighlevel": (JSON, lambda n, e, p, c: {"type": "ContactCreate", "id": "7", "locationId": "L", "firstName": n, "email": e, "phone": p, "companyName": c}),
    "intercom": (JSON, lambda n, e, p, c: {"topic": "contact.lead.created", "id": "n1", "data": {"item": {
        "id": "7", "role": "lead", "name": n, "email": e, "phone": p, "companies": {"data": [{"name": c}]}}}}),
    "salesforce": (XML, _salesforce),
}  # fmt: skip
"""(content type, the body of these facts: name, address, number, company) for each kind."""
NO_COMPANY = frozenset(["close"])
"""Kinds whose contact has no company of its own."""


def body_of(kind, name="Kim Lund", email="kim.lund@verkstad.example", phone="+46 70 174 06 05", company="Verkstad AB"):
    """(body, content type)."""
    content_type, shape = SHAPES[kind]
    said = shape(name, email, phone, company)
    if isinstance(said, str):
        return said.encode(), content_type
    return (urlencode(said) if content_type == FORM else json.dumps(said)).encode(), content_type
