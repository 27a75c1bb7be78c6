"""Bodies of CRMs, of people who do not exist, and what a person would read off each."""

from tests.matrix.bodies_forms import AT, EMAIL, JSON, NAMED, PHONE, PLACE

MS = 1795167000000
FIRM = {"company": "Lakrits AB", "domain": "lakrits.example", "industry": "Food", "employees": 50}
SITE = "https://www.lakrits.example/om"


def thin(**more):
    return [
        {
            "subscriptionId": 1,
            "portalId": 9,
            "objectId": 5,
            "eventId": 3,
            "occurredAt": MS,
            "changeSource": "CRM_UI",
            "sourceId": "userId:81",
            **more,
        }
    ]


def record(type_id, **properties):
    return {
        "objectId": 5,
        "objectTypeId": type_id,
        "portalId": 9,
        "updatedAt": "2026-11-20T09:30:00Z",
        "properties": properties,
    }


def dated(noun, ident, **fields):
    header = {
        "entityName": noun,
        "changeType": "CREATE",
        "recordIds": [ident],
        "transactionKey": "t",
        "sequenceNumber": 1,
        "commitTimestamp": MS,
        "commitUser": "0051",
    }
    return {"ChangeEventHeader": header, **fields}


def pipedrive(entity, action, data, previous=None, **meta):
    return {"meta": {"action": action, "entity": entity, "id": "d1", "entity_id": data.get("id"), "company_id": "77", "user_id": "81", "timestamp": "2026-11-20T09:30:00Z", "change_source": "app", **meta},
            "data": data, "previous": previous}  # fmt: skip


def close(noun, action, data, previous=None, **more):
    return {
        "event": {
            "id": "ev1",
            "object_type": noun,
            "action": action,
            "object_id": data.get("id"),
            "lead_id": "lead_1",
            "organization_id": "orga",
            "user_id": "user_81",
            "date_created": "2026-11-20T09:30:00+00:00",
            "data": data,
            "previous_data": previous or {},
            **more,
        }
    }


def high(kind, **more):
    return {"type": kind, "locationId": "loc", "timestamp": "2026-11-20T09:30:00Z", **more}


def chat(topic, part=None, **item):
    parts = {"conversation_parts": {"conversation_parts": [part]}} if part else {}
    return {
        "topic": topic,
        "id": "n1",
        "app_id": "app",
        "created_at": MS // 1000,
        "data": {"item": {"id": "conv", "contacts": {"contacts": [{"id": "i1"}]}, **parts, **item}},
    }


CRMS = {
    "hubspot": [
        (record("0-1", firstname="Eva", lastname="Lund", email=EMAIL, phone=PHONE, company="Lakrits AB", website=SITE, industry="Food", numemployees="50-249", country="Sweden", state="Skåne län", zip="211 20", city="Malmö", hs_language="sv",
                hubspot_owner_id="81", hs_lead_status="OPEN", hs_email_optout="true", utm_source="news", utm_campaign="autumn"), JSON,
         {**NAMED, **FIRM, **PLACE, "language": "sv", "person's id": "5", "owner": "81", "stage": "OPEN", "opt-out": True, "utm": "news", "campaign": "autumn", "id": "5", "time": AT}),
        (record("0-2", name="Lakrits AB", domain="lakrits.example"), JSON, {"company": "Lakrits AB", "domain": "lakrits.example", "company's id": "5"}),
        (record("0-3", dealname="Boat", dealstage="94511", amount="1200", deal_currency_code="SEK", closed_lost_reason="Price", hubspot_owner_id="81"), JSON,
         {"deal's id": "5", "stage": "94511", "amount": 1200.0, "currency": "SEK", "reason": "Price", "owner": "81"}),
        (record("0-48", hs_call_direction="OUTBOUND", hs_call_status="COMPLETED", hs_call_duration="240000", hubspot_owner_id="81"), JSON, {"direction": "out", "step": True, "owner": "81"}),
        (record("0-49", hs_email_direction="INCOMING_EMAIL", hs_email_subject="Autosvar", hs_email_from_email=EMAIL), JSON, {"direction": "in", "automated": True, "email": EMAIL}),
        (record("0-47", hs_meeting_title="Demo", hubspot_owner_id="81"), JSON, {"meeting": True, "host": "81"}),
        (thin(subscriptionType="deal.propertyChange", propertyName="dealstage", propertyValue="closedlost"), JSON, {"colleague": "81", "stage": "closedlost"}),
        (thin(subscriptionType="contact.propertyChange", propertyName="email", propertyValue="sample-value", eventId=100, objectId=123), JSON, {"test": True}),
    ],
    "pipedrive": [
        (pipedrive("person", "create", {"id": 5, "first_name": "Eva", "last_name": "Lund", "name": "Eva Lund", "emails": [{"value": EMAIL, "primary": True}], "phones": [{"value": PHONE, "primary": True}], "org_id": 6, "owner_id": 81, "marketing_status": "unsubscribed",
                                         "postal_address": {"value": "Storgatan 1, 211 20 Malmö, Sweden", "country": "Sweden", "admin_area_level_1": "Skåne län", "locality": "Malmö", "postal_code": "211 20"}}), JSON,
         {**NAMED, "person's id": "5", "company's id": "6", "owner": "81", "colleague": "81", "id": "5", "time": AT, **PLACE, "opt-out": True}),
        (pipedrive("organization", "create", {"id": 6, "name": "Lakrits AB", "website": SITE, "industry": "Food", "employee_count": 50, "owner_id": 81,
                                               "address": {"value": "Storgatan 1, 211 20 Malmö", "country": "Sweden", "admin_area_level_1": "Skåne län", "locality": "Malmö", "postal_code": "211 20"}}), JSON,
         {"company": "Lakrits AB", "domain": "lakrits.example", "industry": "Food", "employees": 50, "company's id": "6", **PLACE}),
        (pipedrive("deal", "change", {"id": 8, "title": "Boat", "stage_id": 3, "status": "open", "value": 1200, "currency": "SEK", "person_id": 5, "owner_id": 81}, {"stage_id": 2}), JSON,
         {"deal's id": "8", "stage": "3", "amount": 1200.0, "currency": "SEK", "owner": "81", "person's id": "5"}),
        (pipedrive("deal", "change", {"id": 8, "status": "lost", "lost_reason": "Price"}, {"status": "open"}), JSON, {"reason": "Price", "stage": "lost"}),
        (pipedrive("activity", "change", {"id": 9, "type": "call", "done": True, "person_id": 5, "owner_id": 81}, {"done": False}), JSON, {"step": True, "owner": "81"}),
        (pipedrive("activity", "create", {"id": 9, "type": "meeting", "done": False, "person_id": 5, "owner_id": 81}), JSON, {"meeting": True, "host": "81"}),
        (pipedrive("person", "change", {"id": 5, "name": "Eva Lund"}, {}, change_source="automation"), JSON, {"full name": "Eva Lund", "automated": True}),
    ],
    "salesforce": [
        (dated("Lead", "00Q1", FirstName="Eva", LastName="Lund", Email=EMAIL, Phone=PHONE, Company="Lakrits AB", Website=SITE, Industry="Food", NumberOfEmployees=50, Country="Sweden", State="Skåne län", PostalCode="211 20", City="Malmö",
               OwnerId="0051", Status="Open", HasOptedOutOfEmail=True, CampaignId="7011", utm_source__c="news", Language__c="Svenska"), JSON,
         {**NAMED, **FIRM, **PLACE, "language": "sv", "person's id": "00Q1", "owner": "0051", "stage": "Open", "opt-out": True, "campaign": "7011", "colleague": "0051", "id": "00Q1", "time": AT, "utm": "news"}),
        (dated("Account", "0011", Name="Lakrits AB", Website=SITE, BillingCity="Malmö", BillingCountry="Sweden", BillingState="Skåne län", BillingPostalCode="211 20"), JSON, {"company": "Lakrits AB", "domain": "lakrits.example", "company's id": "0011", **PLACE}),
        (dated("Opportunity", "0061", StageName="Closed Lost", Amount=1200, CurrencyIsoCode="SEK", Loss_Reason__c="Price", OwnerId="0051"), JSON, {"deal's id": "0061", "stage": "Closed Lost", "amount": 1200.0, "currency": "SEK", "reason": "Price", "owner": "0051"}),
        (dated("Task", "00T1", TaskSubtype="Call", Status="Completed", CallDurationInSeconds=180, OwnerId="0051", WhoId="00Q1"), JSON, {"direction": "out", "step": True, "owner": "0051"}),
        (dated("Event", "00U1", OwnerId="0051", WhoId="00Q1"), JSON, {"meeting": True, "host": "0051"}),
        (dated("EmailMessage", "02s1", Incoming=True, FromAddress=EMAIL, FromName="Eva Lund", Subject="Automatic reply: Offer"), JSON, {"direction": "in", "automated": True, "email": EMAIL, "full name": "Eva Lund"}),
    ],
    "close": [
        (close("contact", "created", {"id": "cont_1", "name": "Eva Lund", "emails": [{"email": EMAIL}], "phones": [{"phone": PHONE}], "lead_id": "lead_1", "urls": [{"url": SITE}]}), JSON,
         {"full name": "Eva Lund", "email": EMAIL, "phone": PHONE, "person's id": "cont_1", "company's id": "lead_1", "colleague": "user_81", "id": "cont_1", "time": AT, "domain": "lakrits.example"}),
        (close("lead", "created", {"id": "lead_1", "name": "Lakrits AB", "url": SITE, "addresses": [{"city": "Malmö", "state": "Skåne län", "zipcode": "211 20", "country": "SE"}], "custom": {"Industry": "Food", "Employees": "50-249"}}), JSON, {**FIRM, **PLACE, "company's id": "lead_1"}),
        (close("opportunity", "updated", {"id": "oppo_1", "status_label": "Lost", "status_type": "lost", "value": 120000, "value_currency": "SEK", "lost_reason": "Price", "user_id": "user_81", "contact_id": "cont_1"}, {"status_type": "active"}), JSON,
         {"deal's id": "oppo_1", "stage": "Lost", "amount": 1200.0, "currency": "SEK", "reason": "Price", "owner": "user_81"}),
        (close("activity.call", "completed", {"id": "acti_1", "direction": "outbound", "status": "completed", "duration": 240, "remote_phone": PHONE, "user_id": "user_81"}), JSON, {"direction": "out", "step": True, "owner": "user_81", "phone": PHONE}),
        (close("activity.email", "created", {"id": "acti_2", "direction": "incoming", "status": "inbox", "sender": EMAIL, "envelope": {"is_autoreply": True}}), JSON, {"direction": "in", "automated": True, "email": EMAIL}),
        (close("activity.meeting", "scheduled", {"id": "acti_3", "status": "upcoming", "user_id": "user_81", "attendees": [{"email": EMAIL, "contact_id": "cont_1"}]}), JSON, {"meeting": True, "host": "user_81"}),
        (close("unsubscribed_email", "created", {"id": "un_1", "email": EMAIL}), JSON, {"opt-out": True}),
    ],
    "gohighlevel": [
        (high("ContactCreate", id="c1", firstName="Eva", lastName="Lund", email=EMAIL, phone=PHONE, companyName="Lakrits AB", website=SITE, address1="Storgatan 1", city="Malmö", state="Skåne län", postalCode="211 20", country="SE", tags=["vip"], assignedTo="81", source="autumn",
              attributionSource={"utmSource": "news", "campaign": "autumn"}, customFields=[{"id": "x", "key": "industry", "value": "Food"}, {"id": "y", "key": "employees", "value": "50-249"}, {"id": "z", "key": "language", "value": "sv"}]), JSON,
         {**NAMED, **FIRM, **PLACE, "language": "sv", "person's id": "c1", "tags": True, "owner": "81", "id": "c1", "time": AT, "campaign": "autumn", "utm": "news"}),
        (high("OpportunityStatusUpdate", id="o1", contactId="c1", status="lost", monetaryValue=1200, currency="SEK", lostReason="Price", assignedTo="81"), JSON, {"deal's id": "o1", "stage": "lost", "amount": 1200.0, "currency": "SEK", "reason": "Price", "owner": "81", "person's id": "c1"}),
        (high("OutboundMessage", messageId="m1", contactId="c1", direction="outbound", messageType="CALL", userId="81", callStatus="completed", callDuration=125), JSON, {"direction": "out", "step": True, "colleague": "81"}),
        (high("InboundMessage", messageId="m2", contactId="c1", direction="inbound", messageType="Email", subject="Autosvar", **{"from": EMAIL}), JSON, {"direction": "in", "automated": True, "email": EMAIL}),
        (high("AppointmentCreate", appointment={"id": "a1", "contactId": "c1", "assignedUserId": "81"}), JSON, {"meeting": True, "host": "81"}),
        (high("ContactDndUpdate", id="c1", dnd=True), JSON, {"opt-out": True}),
        ({"contact_id": "c1", "full_name": "Eva Lund", "email": EMAIL, "location": {"id": "loc"}}, JSON, {"full name": "Eva Lund"}),
    ],
    "intercom": [
        ({"topic": "contact.user.created", "id": "n1", "app_id": "app", "created_at": MS // 1000, "data": {"item": {"type": "contact", "id": "i1", "email": EMAIL, "phone": PHONE, "name": "Eva Lund", "owner_id": 81, "unsubscribed_from_emails": True, "language_override": "sv",
            "location": {"country": "Sweden", "region": "Skåne län", "city": "Malmö"}, "utm_source": "news", "utm_campaign": "autumn", "tags": {"data": [{"name": "vip"}]},
            "companies": {"data": [{"id": "co1", "name": "Lakrits AB", "website": SITE, "industry": "Food", "size": 50}]}, "custom_attributes": {"postcode": "211 20"}}}}, JSON,
         {"full name": "Eva Lund", "email": EMAIL, "phone": PHONE, **FIRM, "company's id": "co1", **PLACE, "language": "sv", "person's id": "i1", "owner": "81", "opt-out": True, "utm": "news", "campaign": "autumn", "tags": True, "id": "i1", "time": AT}),
        (chat("conversation.admin.replied", {"part_type": "comment", "author": {"type": "admin", "id": "81"}}), JSON, {"direction": "out", "step": True, "colleague": "81"}),
        (chat("conversation.user.created", source={"id": "1", "author": {"type": "lead", "id": "i1", "email": EMAIL}, "subject": "Autosvar"}), JSON, {"direction": "in", "automated": True}),
        ({"topic": "ping", "id": None, "data": {"item": {"type": "ping"}}}, JSON, {"test": True}),
    ],
    "crm": [
        ({"fact": "contact.updated", "id": "f1", "occurred_at": "2026-11-20T09:30:00Z", "email": EMAIL, "person": {"first_name": "Eva", "last_name": "Lund", "full_name": "Eva Lund", "phone": PHONE},
          "company": {"name": "Lakrits AB", "domain": SITE, "industry": "Food", "employees": "50-249", "country": "Sverige", "region": "Skåne län", "city": "211 20 Malmö"}, "language": "Svenska",
          "references": [{"system": "x", "object": what, "id": what} for what in ("person", "company", "deal")], "actor": {"kind": "person", "reference": "81"}, "owner_id": "81", "to": "open", "reason": "r", "amount": 1200, "currency": "SEK",
          "consents": [{"purpose": "email", "state": "withdrawn"}], "form_id": "demo", "campaign": "autumn", "tags": ["vip"]}, JSON,
         {**NAMED, "full name": "Eva Lund", **FIRM, **PLACE, "language": "sv", "person's id": "person", "company's id": "company", "deal's id": "deal", "colleague": "81", "owner": "81", "stage": "open", "reason": "r", "amount": 1200.0, "currency": "SEK",
          "opt-out": True, "form": "demo", "campaign": "autumn", "tags": True, "time": AT}),
        ({"fact": "follow_up", "email": EMAIL, "actor": {"kind": "person"}}, JSON, {"direction": "out", "step": True}),
        ({"fact": "email.replied", "email": EMAIL, "automated": True}, JSON, {"direction": "in", "automated": True}),
        ({"fact": "meeting_booked", "email": EMAIL, "owner_id": "81"}, JSON, {"meeting": True, "host": "81"}),
        ({"fact": "form.submitted", "email": EMAIL, "mode": "test"}, JSON, {"test": True}),
    ],
}  # fmt: skip
