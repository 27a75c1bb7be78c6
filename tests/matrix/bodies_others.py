"""Bodies of marketing platforms, of events in envelopes and of any other sender, and what a person would read off each."""

from tests.matrix.bodies_forms import ALL, ANSWERS, AT, EMAIL, FORM, JSON, NAMED, PHONE, PLACE, encoded

SITE = "https://www.lakrits.example/om"
FIRM = {"company": "Lakrits AB", "domain": "lakrits.example", "industry": "Food", "employees": 50}
PERSON = {"id": "p1", "first_name": "Eva", "last_name": "Lund", "email": EMAIL, "phone": PHONE, "language": "sv", "tags": ["vip"], "unsubscribed": True,
          "address": {"city": "Malmö", "postal_code": "211 20", "state": "Skåne län", "country": "Sverige"},
          "company": {"id": "co1", "name": "Lakrits AB", "website": SITE, "industry": "Food", "employees": "50-249"}}  # fmt: skip
SAID = {
    **NAMED,
    **FIRM,
    **PLACE,
    "language": "sv",
    "tags": True,
    "person's id": "p1",
    "company's id": "co1",
    "opt-out": True,
}
REP = {"id": 81, "name": "Rut Rep", "email": "rut@ours.example"}
EVENTS = [
    ("contact.created", {"contact": {**PERSON, "owner_id": 81}, "utm_source": "news", "utm_campaign": "autumn", "form_id": "demo"}, {**SAID, "utm": "news", "campaign": "autumn", "form": "demo"}),
    ("contact.created", {"contact": {"id": "p1", "name": "Eva Lund", "email": EMAIL}}, {"full name": "Eva Lund"}),
    ("deal.updated", {"deal": {"id": "d1", "stage": "Lost", "status": "lost", "amount": 1200, "currency": "SEK", "lost_reason": "Price", "owner_id": 81, "contact_id": "p1"}, "previous": {"status": "open"}},
     {"deal's id": "d1", "stage": "lost", "amount": 1200.0, "currency": "SEK", "reason": "Price", "owner": "81", "person's id": "p1"}),
    ("call.ended", {"call": {"id": "c1", "direction": "outbound", "duration": 240, "answered_at": "2026-11-20T09:30:00Z", "user": REP, "contact": {"id": "p1", "email": EMAIL}}}, {"direction": "out", "step": True, "colleague": "81"}),
    ("email.received", {"id": "e1", "from": EMAIL, "to": "sales@ours.example", "subject": "Autosvar", "text": "x"}, {"direction": "in", "automated": True, "email": EMAIL}),
    ("meeting.booked", {"id": "b1", "organizer": REP, "attendees": [{"name": "Eva Lund", "email": EMAIL}]}, {"meeting": True, "host": "81", "full name": "Eva Lund"}),
]  # fmt: skip


IDS = {
    "contact.created": "p1",
    "deal.updated": "d1",
    "call.ended": "c1",
    "email.received": "e1",
    "meeting.booked": "b1",
}


def mautic(event, row):
    return {f"mautic.{event}": [{"timestamp": "2026-11-20T09:30:00+00:00", **row}]}


def core(**fields):
    return {"fields": {"core": {name: {"value": value} for name, value in fields.items()}}}


MAUTIC_CONTACT = {"id": 7, "tags": [{"tag": "vip"}], "owner": {"id": 81, "username": "rut"}, "doNotContact": [{"channel": "email", "reason": 1}],
                  **core(firstname="Eva", lastname="Lund", email=EMAIL, phone=PHONE, company="Lakrits AB", website=SITE, country="Sweden", state="Skåne län", zipcode="211 20", city="Malmö", preferred_locale="sv")}  # fmt: skip

OTHERS = {
    "mautic": [
        (mautic("lead_post_save_new", {"contact": MAUTIC_CONTACT}), JSON, {**NAMED, "company": "Lakrits AB", "domain": "lakrits.example", **PLACE, "language": "sv", "tags": True, "person's id": "7", "owner": "81", "opt-out": True, "id": "7", "time": AT}),
        (mautic("company_post_save", {"company": {"id": 6, **core(companyname="Lakrits AB", companywebsite=SITE, companyindustry="Food", companynumber_of_employees="50-249")}}), JSON, {**FIRM, "company's id": "6"}),
        (mautic("form_on_submit", {"submission": {"id": 1, "form": {"id": 3, "alias": "demo"}, "lead": MAUTIC_CONTACT, "results": {"email": EMAIL, "utm_source": "news", "utm_campaign": "autumn"}}}), JSON, {"form": "demo", "utm": "news", "campaign": "autumn"}),
        (mautic("email_on_send", {"email": {"name": "autumn"}, "contact": MAUTIC_CONTACT}), JSON, {"direction": "out", "automated": True, "campaign": "autumn"}),
        (mautic("lead_channel_subscription_changed", {"contact": MAUTIC_CONTACT, "channel": "email", "new_status": "unsubscribed"}), JSON, {"opt-out": True}),
        (mautic("lead_post_save_new", {"contact": {"id": 9, **core(firstname="John", lastname="Doe", email="john@doe.name")}}), JSON, {"test": True}),
    ],
    "activecampaign": [
        (encoded({"type": "contact_add", "date_time": "2026-11-20T09:30:00+00:00", "initiated_by": "admin", "contact[id]": "7", "contact[email]": EMAIL, "contact[first_name]": "Eva", "contact[last_name]": "Lund", "contact[phone]": PHONE, "contact[orgname]": "Lakrits AB", "contact[tags]": "vip, x",
                  **{f"contact[fields][{name}]": value for name, value in {"website": SITE, "industry": "Food", "employees": "50-249", "country": "Sverige", "county": "Skåne län", "zip": "211 20", "city": "Malmö", "language": "sv", "utm_source": "news", "utm_campaign": "autumn"}.items()}}), FORM,
         {**ALL, "person's id": "7", "tags": True, "id": "7", "time": AT, "utm": "news", "campaign": "autumn"}),
        (encoded({"type": "deal_update", "deal[id]": "8", "deal[stageid]": "3", "deal[owner]": "81", "deal[value_raw]": "1200", "deal[currency]": "sek", "deal[orgid]": "6", "updated_fields[]": "stage"}), FORM, {"deal's id": "8", "stage": "3", "amount": 1200.0, "currency": "SEK", "owner": "81", "company's id": "6"}),
        (encoded({"type": "unsubscribe", "contact[id]": "7", "contact[email]": EMAIL}), FORM, {"opt-out": True}),
        (encoded({"type": "reply", "contact[id]": "7", "contact[email]": EMAIL, "campaign[name]": "autumn"}), FORM, {"direction": "in", "campaign": "autumn"}),
        (encoded({"type": "sent", "contact[id]": "7", "contact[email]": EMAIL}), FORM, {"direction": "out", "automated": True}),
        (encoded({"type": "contact_task_complete", "contact[id]": "7", "task[id]": "t", "task[type_title]": "Call"}), FORM, {"step": True}),
        (encoded({"type": "subscribe", "contact[id]": "7", "contact[email]": EMAIL, "form[id]": "3"}), FORM, {"form": "3"}),
    ],
    "mailchimp": [
        (encoded({"type": "subscribe", "fired_at": "2026-11-20 09:30:00", "data[id]": "m7", "data[email]": EMAIL, "data[list_id]": "l", "data[merges][EMAIL]": EMAIL, "data[merges][FNAME]": "Eva", "data[merges][LNAME]": "Lund", "data[merges][PHONE]": PHONE, "data[merges][COMPANY]": "Lakrits AB",
                  "data[merges][WEBSITE]": SITE, "data[merges][INDUSTRY]": "Food", "data[merges][EMPLOYEES]": "50-249", "data[merges][ADDRESS][city]": "Malmö", "data[merges][ADDRESS][state]": "Skåne län", "data[merges][ADDRESS][zip]": "211 20", "data[merges][ADDRESS][country]": "SE", "data[merges][LANGUAGE]": "sv"}), FORM,
         {**ALL, "person's id": "m7", "id": "m7", "time": AT}),
        (encoded({"type": "unsubscribe", "data[id]": "m7", "data[email]": EMAIL, "data[reason]": "manual", "data[campaign_id]": "autumn"}), FORM, {"opt-out": True, "reason": "manual", "campaign": "autumn"}),
    ],
    "segment": [
        ({"type": "identify", "userId": "p1", "messageId": "g1", "timestamp": "2026-11-20T09:30:00Z", "context": {"locale": "sv-SE", "campaign": {"name": "autumn", "source": "news"}},
          "traits": {"firstName": "Eva", "lastName": "Lund", "email": EMAIL, "phone": PHONE, "website": SITE, "unsubscribed": True, "address": {"city": "Malmö", "state": "Skåne län", "postalCode": "211 20", "country": "Sweden"}, "company": {"id": "co1", "name": "Lakrits AB", "industry": "Food", "employee_count": "50-249"}}}, JSON,
         {**ALL, "person's id": "p1", "company's id": "co1", "id": "p1", "time": AT, "utm": "news", "campaign": "autumn", "opt-out": True}),
        ({"type": "group", "userId": "p1", "groupId": "co1", "traits": {"name": "Lakrits AB", "website": SITE, "industry": "Food", "employees": 50}}, JSON, {**FIRM, "company's id": "co1"}),
        ({"type": "track", "event": "Call Completed", "userId": "p1", "properties": {"direction": "outbound", "duration": 240, "status": "completed", "agent_id": "81"}}, JSON, {"direction": "out", "step": True, "colleague": "81"}),
        ({"type": "track", "event": "Message Received", "userId": "p1", "properties": {"sender_type": "bot"}}, JSON, {"automated": True}),
        ({"type": "identify", "userId": "p2", "traits": {"name": "Eva Lund"}}, JSON, {"full name": "Eva Lund"}),
    ],
    "standard_webhooks": [({"type": word, "timestamp": "2026-11-20T09:30:00Z", "data": data}, JSON, {**said, "time": AT}) for word, data, said in EVENTS],
    "cloudevents": [({"specversion": "1.0", "id": "ce1", "source": "/crm", "type": word, "time": "2026-11-20T09:30:00Z", "data": data}, JSON, {**said, "id": "ce1", "time": AT}) for word, data, said in EVENTS],
    "generic": [
        *[({"event": word, "timestamp": "2026-11-20T09:30:00Z", **data}, JSON, {**said, "time": AT, "id": IDS[word]}) for word, data, said in EVENTS],
        ({"event": "ping", "id": "x"}, JSON, {"test": True}),
        (encoded({**ANSWERS, "form_id": "demo", "utm_source": "news", "utm_campaign": "autumn"}), FORM, {**ALL, "form": "demo", "utm": "news", "campaign": "autumn"}),
    ],
}  # fmt: skip
