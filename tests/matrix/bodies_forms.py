"""Bodies of form builders and ad platforms, of people who do not exist, and what a person would read off each."""

import json
from urllib.parse import urlencode

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
EMAIL, PHONE = "eva.lund@lakrits.example", "+46701740605"
AT = "2026-11-20T09:30:00+00:00"
NAMED = {"first name": "Eva", "last name": "Lund", "email": EMAIL, "phone": PHONE}
FIRM = {"company": "Lakrits AB", "domain": "lakrits.example", "industry": "Food", "employees": 50}
PLACE = {"country": "SE", "region": "Skåne län", "postcode": "21120", "city": "Malmö"}
ANSWERS = {"First name": "Eva", "Last name": "Lund", "Email": EMAIL, "Phone": PHONE, "Company": "Lakrits AB", "Website": "https://www.lakrits.example/om",
           "Industry": "Food", "Number of employees": "50-249", "Country": "Sverige", "County": "Skåne län", "Postal code": "211 20", "City": "Malmö",
           "Language": "Svenska"}  # fmt: skip
ALL = {**NAMED, **FIRM, **PLACE, "language": "sv"}


def encoded(fields):
    return urlencode(fields).encode()


FORMS = {
    "form": [
        (encoded({**ANSWERS, "form_id": "demo", "utm_source": "news", "utm_campaign": "autumn", "submission_id": "s1", "submitted_at": "2026-11-20T09:30:00Z"}), FORM,
         {**ALL, "form": "demo", "utm": "news", "campaign": "autumn", "id": "s1", "time": AT}),
        (encoded({"Namn": "Eva Lund", "E-post": EMAIL}), FORM, {"full name": "Eva Lund", "email": EMAIL}),
    ],
    "gravity_forms": [
        ({"id": "31", "form_id": "2", "date_created": "2026-11-20 09:30:00", "1.3": "Eva", "1.6": "Lund", "2": EMAIL, "3": "+46 70 174 06 05"}, JSON,
         {"first name": "Eva", "last name": "Lund", "email": EMAIL, "phone": "+46 70 174 06 05", "form": "2", "id": "31", "time": AT}),
    ],
    "webflow": [
        ({"triggerType": "form_submission", "payload": {"id": "w1", "formId": "f1", "submittedAt": "2026-11-20T09:30:00Z", "name": "Demo", "data": {**ANSWERS, "utm_source": "news", "utm_campaign": "autumn"}}}, JSON,
         {**ALL, "form": "f1", "id": "w1", "time": AT, "utm": "news", "campaign": "autumn"}),
        ({"triggerType": "form_submission", "payload": {"id": "w2", "formId": "f1", "data": {"Name": "Eva Lund", "Email": EMAIL}}}, JSON, {"full name": "Eva Lund"}),
    ],
    "typeform": [
        ({"event_id": "t1", "event_type": "form_response", "form_response": {
            "form_id": "tf", "token": "tok1", "submitted_at": "2026-11-20T09:30:00Z", "hidden": {"utm_source": "news", "utm_campaign": "autumn", "lang": "sv"},
            "definition": {"fields": [{"id": str(i), "title": title} for i, title in enumerate(ANSWERS)]},
            "answers": [{"type": {"Email": "email", "Phone": "phone_number", "Website": "url", "Number of employees": "choice"}.get(title, "text"),
                         {"Email": "email", "Phone": "phone_number", "Website": "url", "Number of employees": "choice"}.get(title, "text"): {"label": value} if title == "Number of employees" else value,
                         "field": {"id": str(i), "ref": f"r{i}"}} for i, (title, value) in enumerate(ANSWERS.items())]}}, JSON,
         {**ALL, "form": "tf", "utm": "news", "campaign": "autumn", "id": "t1", "time": AT}),
        ({"event_id": "t2", "form_response": {"form_id": "tf", "token": "tok2", "definition": {"fields": [{"id": "a", "title": "Your name"}]},
                                              "answers": [{"type": "text", "text": "Eva Lund", "field": {"id": "a"}}]}}, JSON, {"full name": "Eva Lund"}),
    ],
    "tally": [
        ({"eventId": "ta1", "eventType": "FORM_RESPONSE", "createdAt": "2026-11-20T09:30:00.000Z", "data": {"responseId": "r1", "formId": "mBx", "createdAt": "2026-11-20T09:30:00.000Z", "fields": [
            {"key": f"question_{i}", "label": title, "type": {"Email": "INPUT_EMAIL", "Phone": "INPUT_PHONE_NUMBER", "Website": "INPUT_LINK"}.get(title, "INPUT_TEXT"), "value": value}
            for i, (title, value) in enumerate({**ANSWERS, "utm_source": "news", "utm_campaign": "autumn"}.items())]}}, JSON,
         {**ALL, "form": "mBx", "id": "ta1", "time": AT, "utm": "news", "campaign": "autumn"}),
        ({"eventId": "ta2", "data": {"responseId": "r2", "formId": "mBx", "fields": [{"key": "q", "label": "Name", "type": "INPUT_TEXT", "value": "Eva Lund"}]}}, JSON, {"full name": "Eva Lund"}),
    ],
    "jotform": [
        (encoded({"submissionID": "601", "formID": "2402", "rawRequest": json.dumps({"q3_name": {"first": "Eva", "last": "Lund"}, "q4_email": EMAIL, "q5_phone": {"full": PHONE}, "q6_company": "Lakrits AB", "q7_website": "https://www.lakrits.example/om",
                  "q8_industry": "Food", "q9_numberOfEmployees": "50-249", "q10_language": "Svenska", "q11_address": {"addr_line1": "Storgatan 1", "city": "Malmö", "state": "Skåne län", "postal": "211 20", "country": "Sverige"}, "q12_utm_source": "news", "q13_utm_campaign": "autumn"})}), FORM,
         {**ALL, "form": "2402", "id": "601", "utm": "news", "campaign": "autumn"}),
        (encoded({"submissionID": "602", "formID": "2402", "rawRequest": json.dumps({"q3_yourName": "Eva Lund", "q4_email": EMAIL})}), FORM, {"full name": "Eva Lund"}),
    ],
    "calendly": [
        ({"event": "invitee.created", "created_at": "2026-11-20T09:30:00.000000Z", "payload": {
            "uri": "https://api.calendly.com/scheduled_events/E/invitees/I", "email": EMAIL, "name": "Eva Lund", "first_name": "Eva", "last_name": "Lund", "text_reminder_number": PHONE, "status": "active",
            "questions_and_answers": [{"question": title, "answer": ANSWERS[title]} for title in ("Company", "Website", "Industry", "Number of employees", "Country", "County", "Postal code", "City", "Language")],
            "tracking": {"utm_source": "news", "utm_campaign": "autumn"}, "scheduled_event": {"event_type": "https://api.calendly.com/event_types/T", "event_memberships": [{"user": "https://api.calendly.com/users/A", "user_email": "rut@ours.example"}]}}}, JSON,
         {**ALL, "full name": "Eva Lund", "host": "https://api.calendly.com/users/A", "owner": "https://api.calendly.com/users/A", "meeting": True, "stage": "active", "form": "https://api.calendly.com/event_types/T",
          "utm": "news", "campaign": "autumn", "id": "https://api.calendly.com/scheduled_events/E/invitees/I", "time": AT}),
        ({"event": "invitee.canceled", "created_at": "2026-11-20T09:30:00Z", "payload": {"uri": "u", "email": EMAIL, "cancellation": {"reason": "Ill", "canceler_type": "invitee"}}}, JSON, {"reason": "Ill"}),
    ],
    "google_ads": [
        ({"lead_id": "g1", "form_id": 40000, "campaign_id": 77, "gcl_id": "c", "lead_submit_time": "2026-11-20T09:30:00Z", "user_column_data": [
            {"column_id": "FIRST_NAME", "string_value": "Eva"}, {"column_id": "LAST_NAME", "string_value": "Lund"}, {"column_id": "EMAIL", "string_value": EMAIL}, {"column_id": "PHONE_NUMBER", "string_value": PHONE},
            {"column_id": "COMPANY_NAME", "string_value": "Lakrits AB"}, {"column_id": "CITY", "string_value": "Malmö"}, {"column_id": "REGION", "string_value": "Skåne län"}, {"column_id": "COUNTRY", "string_value": "SE"},
            {"column_id": "POSTAL_CODE", "string_value": "211 20"}, {"column_id": "COMPANY_SIZE", "string_value": "50-249"}, {"column_id": "INDUSTRY", "string_value": "Food"}, {"column_id": "website", "string_value": "https://www.lakrits.example"}]}, JSON,
         {**NAMED, **FIRM, **PLACE, "form": "40000", "campaign": "77", "id": "g1", "time": AT}),
        ({"lead_id": "TeSter-123", "form_id": 1, "is_test": True, "user_column_data": [{"column_id": "FULL_NAME", "string_value": "Eva Lund"}]}, JSON, {"test": True, "full name": "Eva Lund"}),
    ],
    "meta_lead_ads": [
        ({"id": "m1", "created_time": "2026-11-20T09:30:00+0000", "form_id": "f1", "campaign_name": "autumn", "field_data": [
            {"name": name, "values": [value]} for name, value in {"first_name": "Eva", "last_name": "Lund", "email": EMAIL, "phone_number": PHONE, "company_name": "Lakrits AB", "country": "Sverige", "state": "Skåne län", "zip_code": "211 20", "city": "Malmö", "website": "https://www.lakrits.example", "industry": "Food", "company_size": "50-249", "language": "sv"}.items()]}, JSON,
         {**ALL, "form": "f1", "campaign": "autumn", "id": "m1", "time": AT}),
        ({"object": "page", "entry": [{"changes": [{"field": "leadgen", "value": {"leadgen_id": "44444444444", "form_id": "f1", "created_time": 1795166400}}]}]}, JSON, {"test": True}),
        ({"id": "m2", "field_data": [{"name": "full_name", "values": ["Eva Lund"]}]}, JSON, {"full name": "Eva Lund"}),
    ],
    "linkedin": [
        ({"id": "l1", "submittedAt": 1795167000000, "versionedLeadGenFormUrn": "urn:li:form:1", "leadMetadata": {"sponsoredLeadMetadata": {"campaign": "urn:li:sponsoredCampaign:5"}},
          "form": {"content": {"questions": [{"questionId": i, "predefinedField": name} for i, name in enumerate(("FIRST_NAME", "LAST_NAME", "EMAIL", "PHONE_NUMBER", "COMPANY_NAME", "COMPANY_SIZE", "INDUSTRY", "CITY", "STATE", "ZIP_CODE", "COUNTRY"))]}},
          "formResponse": {"answers": [{"questionId": i, "answerDetails": {"textQuestionAnswer": {"answer": value}}} for i, value in enumerate(("Eva", "Lund", EMAIL, PHONE, "Lakrits AB", "51-200", "Food", "Malmö", "Skåne län", "211 20", "Sweden"))]}}, JSON,
         {**NAMED, "company": "Lakrits AB", "industry": "Food", "employees": 51, **PLACE, "form": "urn:li:form:1", "campaign": "urn:li:sponsoredCampaign:5", "id": "l1", "time": AT}),
        ({"type": "LEAD_ACTION", "leadGenFormResponse": "urn:li:leadGenFormResponse:9", "leadAction": "CREATED", "testLead": True, "occurredAt": 1795167000000}, JSON, {"test": True, "person's id": "urn:li:leadGenFormResponse:9"}),
    ],
}  # fmt: skip
"""kind -> [(body, content type, {fact: what it says})]"""
