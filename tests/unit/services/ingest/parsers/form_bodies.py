"""Bodies in the shapes that form builders and chat tools post; the people in them are invented."""

import json

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
MAIL, PHONE = "kim.lund@verkstad.example", "+46 70 174 06 05"
KIM = {"email": MAIL, "first": "Kim", "last": "Lund"}
FULL = {"email": MAIL, "full": "Kim Lund"}
OURS = {"email": "saga@nordlys.example", "name": "Saga Ros"}


def rows(**answers):
    return [{"label": name, "value": value} for name, value in answers.items()]


FORMS = [
    # WordPress
    ("elementor, advanced", FORM, {
        "form[id]": "9de22fa", "form[name]": "Kontakt", "fields[name][id]": "name", "fields[name][type]": "text", "fields[name][title]": "", "fields[name][value]": "Kim Lund",
        "fields[name][raw_value]": "Kim Lund", "fields[email][id]": "email", "fields[email][type]": "email", "fields[email][title]": "E-post", "fields[email][value]": MAIL,
        "fields[email][raw_value]": MAIL, "fields[field_9f2][id]": "field_9f2", "fields[field_9f2][type]": "tel", "fields[field_9f2][title]": "Ring mig",
        "fields[field_9f2][value]": PHONE, "meta[date][title]": "Datum", "meta[date][value]": "november 29, 2026", "meta[remote_ip][title]": "Remote IP", "meta[remote_ip][value]": "203.0.113.9",
    }, {**FULL, "phone": PHONE, "form": "9de22fa"}),
    ("elementor, advanced, types alone", FORM, {
        "form[id]": "a1", "fields[f1][id]": "f1", "fields[f1][type]": "text", "fields[f1][title]": "Namn", "fields[f1][value]": "Kim Lund",
        "fields[f2][id]": "f2", "fields[f2][type]": "email", "fields[f2][title]": "", "fields[f2][value]": MAIL, "fields[f3][id]": "f3", "fields[f3][type]": "tel", "fields[f3][value]": PHONE,
    }, {**FULL, "phone": PHONE, "form": "a1"}),
    ("elementor, plain", FORM, {"Namn": "Kim Lund", "E-post": MAIL, "Ring mig": PHONE, "form_id": "9de22fa", "form_name": "Kontakt"}, {**FULL, "form": "9de22fa"}),
    ("elementor, bracketed", FORM, {"form_fields[name]": "Kim Lund", "form_fields[email]": MAIL, "form_fields[phone]": PHONE, "form_id": "9de22fa", "post_id": "12"}, {**FULL, "phone": PHONE, "form": "9de22fa"}),
    ("elementor, advanced, JSON", JSON, {"form": {"id": "9de22fa", "name": "Kontakt"}, "fields": {"name": {"id": "name", "type": "text", "title": "Namn", "value": "Kim Lund"},
        "mejl": {"id": "mejl", "type": "email", "title": "", "value": MAIL}}, "meta": {"page_url": {"title": "Page", "value": "https://x.example"}}}, {**FULL, "form": "9de22fa"}),
    ("wpforms, raw", FORM, {"wpforms[fields][0][first]": "Kim", "wpforms[fields][0][last]": "Lund", "wpforms[fields][1]": MAIL, "wpforms[fields][2]": "Hej", "wpforms[id]": "55"}, {**KIM, "form": "55"}),
    ("wpforms, add-on", JSON, {"form_id": "55", "form_name": "Kontakt", "entry_id": "77", "fields": {
        "1": {"name": "Name", "value": "Kim Lund", "id": 1, "type": "name", "first": "Kim", "middle": "", "last": "Lund"}, "2": {"name": "E-post", "value": MAIL, "id": 2, "type": "email"},
        "3": {"name": "Ring mig", "value": PHONE, "id": 3, "type": "phone"}, "4": {"name": "Tjänster", "value": "A\nB", "id": 4, "type": "checkbox"}}}, {**KIM, "phone": PHONE, "form": "55"}),
    ("wpforms, list of fields", JSON, {"form_id": 55, "fields": [{"id": 0, "name": "Namn", "type": "name", "value": "Kim Lund", "first": "Kim", "last": "Lund"}, {"id": 1, "name": "", "type": "email", "value": MAIL}]}, {**KIM, "form": "55"}),
    ("formidable, raw", FORM, {"frm_action": "create", "form_id": "4", "form_key": "kontakt", "item_meta[0]": "", "item_meta[25]": "Kim", "item_meta[26]": "Lund", "item_meta[27]": MAIL}, {"email": MAIL, "form": "4"}),
    ("formidable, api", JSON, {"id": "91", "item_key": "ab12c", "form_id": "4", "created_at": "2026-11-20 10:00:00", "meta": {"qh4icy": "Kim", "ocfup1": "Lund", "29yf4d": MAIL}}, {"email": MAIL, "form": "4"}),
    ("contact form 7, raw", FORM, {"_wpcf7": "5", "_wpcf7_version": "6.0", "_wpcf7_locale": "sv_SE", "_wpcf7_unit_tag": "wpcf7-f5-p9-o1", "_wpcf7_container_post": "9", "your-name": "Kim Lund", "your-email": MAIL, "your-subject": "Offert", "your-message": "Hej"}, FULL),
    ("contact form 7, to webhook", JSON, {"your-name": "Kim Lund", "your-email": MAIL, "tel-513": PHONE, "menu-12": ["A", "B"]}, {**FULL, "phone": PHONE}),
    ("ninja forms", JSON, {"form_id": "3", "fields": {"1": {"id": 1, "key": "name_1", "type": "textbox", "label": "Namn", "value": "Kim Lund"}, "2": {"id": 2, "key": "x2", "type": "email", "label": "Vart svarar vi?", "value": MAIL},
        "3": {"id": 3, "key": "x3", "type": "phone", "label": "Ring", "value": PHONE}}, "settings": {"title": "Kontakt", "admin_email": "info@nordlys.example"}}, {**FULL, "phone": PHONE, "form": "3"}),
    ("ninja forms, flat", JSON, {"name_1": "Kim Lund", "email_2": MAIL, "message_3": "Hej", "form_id": "3"}, {**FULL, "form": "3"}),
    ("fluent forms", JSON, {"names": {"first_name": "Kim", "last_name": "Lund"}, "email": MAIL, "phone": PHONE, "message": "Hej", "checkbox": ["A", "B"], "__fluent_form_embded_post_id": "12", "_fluentform_3_fluentformnonce": "x",
        "__submission": {"id": 7, "form_id": "3", "serial_number": "1", "user_id": "1", "source_url": "https://x.example"}}, {**KIM, "phone": PHONE, "form": "3"}),
    ("fluent forms, raw", FORM, {"names[first_name]": "Kim", "names[last_name]": "Lund", "email": MAIL, "address_1[city]": "Malmö", "__fluent_form_embded_post_id": "12"}, KIM),
    ("gravity forms, raw", FORM, {"gform_submit": "3", "input_1.3": "Kim", "input_1.6": "Lund", "input_2": MAIL, "is_submit_3": "1"}, KIM),
    ("gravity forms, post", FORM, {"gform_submit": "3", "input_1_3": "Kim", "input_1_6": "Lund", "input_2": MAIL}, {"email": MAIL}),
    ("forminator", JSON, {"name-1": "Kim Lund", "email-1": MAIL, "phone-1": PHONE, "textarea-1": "Hej", "form_title": "Kontakt", "entry_time": "2026-11-20 10:00:00"}, {**FULL, "phone": PHONE}),
    ("forminator, names", JSON, {"name-1": {"first-name": "Kim", "last-name": "Lund"}, "email-1": MAIL, "form_title": "Kontakt"}, KIM),
    ("forminator, snake", JSON, {"name_1": "Kim Lund", "email_1": MAIL, "phone_1": PHONE}, {**FULL, "phone": PHONE}),
    ("divi", FORM, {"et_pb_contact_name_0": "Kim Lund", "et_pb_contact_email_0": MAIL, "et_pb_contact_message_0": "Hej", "et_pb_contactform_submit_0": "et_contact_proccess"}, FULL),
    ("jetpack", FORM, {"g12-name": "Kim Lund", "g12-email": MAIL, "g12-comment": "Hej", "contact-form-id": "12", "action": "grunion-contact-form"}, FULL),
    ("everest forms", FORM, {"everest_forms[form_fields][fullname]": "Kim Lund", "everest_forms[form_fields][email]": MAIL, "everest_forms[id]": "8"}, {**FULL, "form": "8"}),
    ("metform", JSON, {"form_name": "Kontakt", "entries": {"mf-listing-fname": "Kim", "mf-listing-lname": "Lund", "mf-email": MAIL, "mf-telephone": PHONE}}, {**KIM, "phone": PHONE}),
    ("happyforms", JSON, {"form_id": "9", "fields": [{"part_id": "single_line_text_1", "label": "Namn", "value": "Kim Lund"}, {"part_id": "email_2", "label": "", "value": MAIL}]}, {**FULL, "form": "9"}),
    ("breakdance", FORM, {"fields[namn]": "Kim Lund", "fields[epost]": MAIL, "formId": "120", "postId": "5"}, {**FULL, "form": "120"}),
    # hosted builders
    ("squarespace", JSON, {"Name": {"First": "Kim", "Last": "Lund"}, "Email": MAIL, "Message": "Hej", "formName": "Kontakt"}, KIM),
    ("squarespace, fields", JSON, {"formId": "f1", "submittedOn": "2026-11-20T10:00:00Z", "fields": {"Name": "Kim Lund", "Email Address": MAIL}}, {**FULL, "form": "f1"}),
    ("wix, automation", JSON, {"data": {"formName": "Kontakt", "formId": "w1", "submissionTime": "2026-11-20T10:00:00Z", "submissions": [{"label": "Förnamn", "value": "Kim"}, {"label": "E-post", "value": MAIL}],
        "field:first_name_ab1": "Kim", "field:email_cd2": MAIL, "contact": {"name": {"first": "Kim", "last": "Lund"}, "email": MAIL, "phone": PHONE, "contactId": "c-1"}, "contactId": "c-1", "submissionId": "s-1"}}, {**KIM, "phone": PHONE, "form": "w1"}),
    ("wix, data only", JSON, {"data": {"field:first_name_ab1": "Kim", "field:last_name_ab2": "Lund", "field:email_cd2": MAIL}}, KIM),
    ("framer", JSON, {"Name": "Kim Lund", "Email": MAIL, "Message": "Hej"}, FULL),
    ("typebot, results", JSON, {"resultId": "r1", "message": {"Name": "Kim Lund", "Email": MAIL}}, FULL),
    ("typebot, answers", JSON, {"typebotId": "t1", "resultId": "r1", "answers": [{"blockId": "b1", "variableId": "v1", "content": "Kim Lund"}, {"blockId": "b2", "variableId": "v2", "content": MAIL}]}, {"email": MAIL}),
    ("formspree", JSON, {"form": "xyzab", "submission": {"_date": "2026-11-20T10:00:00Z", "name": "Kim Lund", "email": MAIL, "message": "Hej", "_status": "ok"}, "keys": ["name", "email", "message"]}, {**FULL, "form": "xyzab"}),
    ("netlify", JSON, {"number": 1, "title": None, "email": MAIL, "name": "Kim Lund", "summary": "Hej", "body": "Hej", "data": {"name": "Kim Lund", "email": MAIL, "ip": "203.0.113.9"}, "human_fields": {"Name": "Kim Lund", "Email": MAIL},
        "ordered_human_fields": [{"title": "Name", "name": "name", "value": "Kim Lund"}], "id": "n1", "form_id": "nf1", "site_url": "https://x.example", "form_name": "contact"}, {**FULL, "form": "nf1"}),
    ("paperform", JSON, {"form_id": "p1", "slug": "kontakt", "submission_id": "s1", "created_at": "2026-11-20 10:00:00", "data": [{"title": "Namn", "type": "text", "key": "k1", "custom_key": None, "value": "Kim Lund"},
        {"title": "Vart svarar vi?", "type": "email", "key": "k2", "custom_key": None, "value": MAIL}]}, {**FULL, "form": "p1"}),
    ("cognito forms", JSON, {"Form": {"Id": "1", "InternalName": "Kontakt", "Name": "Kontakt"}, "Name": {"First": "Kim", "Last": "Lund", "FirstAndLast": "Kim Lund"}, "Email": MAIL, "Phone": PHONE,
        "Entry": {"Number": 3, "DateCreated": "2026-11-20T10:00:00Z", "User": {"Email": "saga@nordlys.example", "Name": "Saga Ros"}}, "Id": "1-3"}, {**KIM, "phone": PHONE}),
    ("wufoo", FORM, {"Field1": "Kim", "Field2": "Lund", "Field3": MAIL, "CreatedBy": "public", "EntryId": "4", "IP": "203.0.113.9", "HandshakeKey": "k",
        "FieldStructure": json.dumps({"Fields": [{"Title": "Name", "Type": "shortname", "ID": "Field1", "SubFields": [{"ID": "Field1", "Label": "First"}, {"ID": "Field2", "Label": "Last"}]}, {"Title": "E-post", "Type": "email", "ID": "Field3"}]})}, {"email": MAIL}),
    ("formstack", JSON, {"FormID": "77", "UniqueID": "8", "Name": {"value": {"first": "Kim", "last": "Lund"}, "field_type": "name"}, "Mejl": {"value": MAIL, "field_type": "email"}}, {**KIM}),
    ("formstack, lines", FORM, {"FormID": "77", "UniqueID": "8", "Name": "first = Kim\nlast = Lund", "Email": MAIL}, {**KIM}),
    ("google forms, script", JSON, {"namedValues": {"Tidsstämpel": ["2026-11-20 10:00:00"], "E-postadress": [MAIL], "Ditt namn": ["Kim Lund"]}, "values": ["2026-11-20 10:00:00", MAIL, "Kim Lund"]}, FULL),
    ("microsoft forms, flow", JSON, {"submitDate": "2026-11-20T10:00:00Z", "r1a2b3": "Kim Lund", "rc4d5e": MAIL, "rf6": "Hej"}, {"email": MAIL}),
    ("airtable form", JSON, {"id": "rec1", "createdTime": "2026-11-20T10:00:00Z", "fields": {"Name": "Kim Lund", "Email": MAIL}}, FULL),
    ("fillout", JSON, {"formId": "f1", "formName": "Kontakt", "submission": {"submissionId": "s1", "submissionTime": "2026-11-20T10:00:00Z", "questions": [{"id": "q1", "name": "Namn", "type": "ShortAnswer", "value": "Kim Lund"},
        {"id": "q2", "name": "Vart svarar vi?", "type": "EmailInput", "value": MAIL}, {"id": "q3", "name": "Ring", "type": "PhoneNumber", "value": PHONE}], "urlParameters": [], "calculations": []}}, {**FULL, "phone": PHONE, "form": "f1"}),
    ("heyflow", JSON, {"flowID": "h1", "id": "r1", "createdAt": "2026-11-20T10:00:00Z", "fields": [{"id": "id-1", "label": "Namn", "variable": "name", "values": [{"answer": "Kim Lund"}]}, {"id": "id-2", "label": "E-Mail", "variable": "email", "values": [{"answer": MAIL}]}]}, FULL),
    ("perspective", JSON, {"meta": {"funnelName": "Kampanj"}, "profile": {"name": {"value": "Kim Lund", "title": "Namn"}, "email": {"value": MAIL, "title": "E-Mail"}, "phone": {"value": PHONE, "title": "Telefon"}}}, {**FULL, "phone": PHONE}),
    ("unbounce", FORM, {"page_id": "u1", "page_name": "Kampanj", "variant": "a", "data.json": json.dumps({"name": ["Kim Lund"], "email": [MAIL], "phone_number": [PHONE], "ip_address": ["203.0.113.9"]})}, {**FULL, "phone": PHONE}),
    ("hubspot forms api", JSON, {"submittedAt": 1764583200000, "fields": [{"objectTypeId": "0-1", "name": "email", "value": MAIL}, {"name": "firstname", "value": "Kim"}, {"name": "lastname", "value": "Lund"}], "context": {"pageUri": "https://x.example", "pageName": "Kontakt"}}, KIM),
    ("landing page with arrays", JSON, {"email": [{"value": "gammal@verkstad.example", "primary": False}, {"value": MAIL, "primary": True}], "phone": [{"value": PHONE, "primary": True}], "name": "Kim Lund"}, {**FULL, "phone": PHONE}),
    ("email as an object", JSON, {"email": {"value": MAIL}, "name": {"first": "Kim", "last": "Lund"}, "phone": {"value": PHONE}}, {**KIM, "phone": PHONE}),
    ("name and mail inside contact", JSON, {"contact": {"name": {"firstName": "Kim", "lastName": "Lund"}, "email": MAIL}, "formId": "c1"}, {**KIM, "form": "c1"}),
    ("surveyjs", JSON, {"surveyId": "sv1", "data": {"question1": {"firstname": "Kim", "lastname": "Lund"}, "question2": MAIL}}, {"email": MAIL}),
    ("123formbuilder", JSON, {"formid": "123", "controls": [{"id": "1", "label": "Namn", "value": "Kim Lund"}, {"id": "2", "label": "Mejl", "value": MAIL}]}, FULL),
    ("form.io", JSON, {"form": "64a", "owner": "u1", "data": {"firstName": "Kim", "lastName": "Lund", "email": MAIL, "submit": True}, "metadata": {"timezone": "Europe/Stockholm"}}, {**KIM, "form": "64a"}),
    ("tripetto", JSON, {"tripettoFields": {"Namn": "Kim Lund", "E-post": MAIL}, "tripettoCreateDate": "2026-11-20T10:00:00Z"}, FULL),
    ("formbricks-like answers", JSON, {"surveyId": "s1", "response": {"data": {"q1": "Kim Lund", "q2": MAIL}, "contact": None}}, {"email": MAIL}),
    # frameworks and CMS
    ("typo3 powermail", FORM, {"tx_powermail_pi1[field][name]": "Kim Lund", "tx_powermail_pi1[field][email]": MAIL, "tx_powermail_pi1[mail][form]": "5", "tx_powermail_pi1[__referrer][@extension]": "Powermail"}, FULL),
    ("typo3 form", FORM, {"tx_form_formframework[kontakt-5][text-1]": "Kim Lund", "tx_form_formframework[kontakt-5][email-1]": MAIL, "tx_form_formframework[kontakt-5][__state]": "abc"}, {"email": MAIL}),
    ("joomla rsform", FORM, {"form[Name]": "Kim Lund", "form[Email]": MAIL, "form[formId]": "3", "form[Interest][]": "A"}, {**FULL, "form": "3"}),
    ("drupal webform", JSON, {"webform_id": "contact", "sid": "4", "uuid": "aa", "serial": "4", "remote_addr": "203.0.113.9", "data": {"name": "Kim Lund", "email": MAIL, "subject": "Offert"}}, FULL),
    ("mautic form", FORM, {"mauticform[f_name]": "Kim Lund", "mauticform[email]": MAIL, "mauticform[formId]": "1", "mauticform[return]": "", "mauticform[formName]": "kontakt"}, {**FULL, "form": "1"}),
    ("rails", FORM, {"utf8": "✓", "authenticity_token": "x", "contact[name]": "Kim Lund", "contact[email]": MAIL, "contact[phone]": PHONE, "commit": "Skicka"}, {**FULL, "phone": PHONE}),
    ("django", FORM, {"csrfmiddlewaretoken": "x", "contact-name": "Kim Lund", "contact-email": MAIL}, FULL),
    ("asp.net", FORM, {"__VIEWSTATE": "x", "ctl00$MainContent$txtName": "Kim Lund", "ctl00$MainContent$txtEmail": MAIL, "ctl00$MainContent$btnSend": "Skicka"}, {"email": MAIL}),
    ("symfony", FORM, {"contact_form[firstName]": "Kim", "contact_form[lastName]": "Lund", "contact_form[email]": MAIL, "contact_form[_token]": "x"}, KIM),
    ("mailerlite", FORM, {"fields[name]": "Kim Lund", "fields[email]": MAIL, "ml-submit": "1", "anticsrf": "true"}, FULL),
    ("convertkit", FORM, {"email_address": MAIL, "fields[first_name]": "Kim"}, {"email": MAIL, "first": "Kim"}),
    ("mailchimp embed", FORM, {"EMAIL": MAIL, "FNAME": "Kim", "LNAME": "Lund", "b_12ab_34cd": "", "subscribe": "Subscribe"}, KIM),
    ("activecampaign form", FORM, {"u": "1", "f": "1", "act": "sub", "fullname": "Kim Lund", "email": MAIL, "field[1]": "Hej"}, FULL),
    ("salesforce web-to-lead", FORM, {"oid": "00D1", "retURL": "https://x.example", "first_name": "Kim", "last_name": "Lund", "email": MAIL, "company": "Verkstad AB", "00N1": "x"}, {**KIM, "company": "Verkstad AB"}),
    ("zoho web-to-lead", FORM, {"xnQsjsdp": "x", "zc_gad": "", "actionType": "TGVhZHM=", "First Name": "Kim", "Last Name": "Lund", "Email": MAIL, "LEADCF1": "x"}, KIM),
    ("hubspot embed", FORM, {"firstname": "Kim", "lastname": "Lund", "email": MAIL, "hs_context": json.dumps({"hutk": "x", "pageUrl": "https://x.example"})}, KIM),
    ("graphql", JSON, {"operationName": "Contact", "variables": {"input": {"fullName": "Kim Lund", "emailAddress": MAIL}}, "query": "mutation Contact($input: C!) { c(input: $input) { id } }"}, FULL),
    ("serializeArray", JSON, [{"name": "namn", "value": "Kim Lund"}, {"name": "epost", "value": MAIL}, {"name": "intresse[]", "value": "A"}], FULL),
    ("a field of JSON", FORM, {"action": "submit", "form_data": json.dumps({"name": "Kim Lund", "email": MAIL})}, FULL),
    ("addressee beside the sender", FORM, {"name": "Kim Lund", "kontakt": MAIL, "recipient": "info@nordlys.example", "_to": "sales@nordlys.example", "admin_email": "admin@nordlys.example"}, {"email": MAIL}),
    ("mailto in a field without a name", FORM, {"f1": "Kim", "f2": f"mailto:{MAIL}"}, {"email": MAIL}),
    ("name and address in one field", FORM, {"f1": f"Kim Lund <{MAIL}>", "f2": "Hej"}, FULL),
]  # fmt: skip
"""(what posts so, content type, body, facts)."""

CHATS = [
    ("chatwoot, message", JSON, {"event": "message_created", "id": 1, "content": "Hej", "message_type": "incoming", "private": False, "sender": {"id": 5, "name": "Kim Lund", "email": MAIL, "type": "contact"},
        "conversation": {"id": 9, "meta": {"sender": {"id": 5, "name": "Kim Lund", "email": MAIL, "phone_number": PHONE}, "assignee": OURS}}, "account": {"id": 1, "name": "Nordlys"}}, {**FULL, "phone": PHONE}),
    ("chatwoot, conversation", JSON, {"event": "conversation_created", "id": 9, "inbox_id": 2, "meta": {"sender": {"id": 5, "name": "Kim Lund", "email": MAIL, "phone_number": PHONE, "type": "contact"}, "assignee": {**OURS, "type": "user"}}, "messages": []}, {**FULL, "phone": PHONE}),
    ("tawk.to, chat", JSON, {"event": "chat:start", "chatId": "c1", "time": "2026-11-20T10:00:00Z", "message": {"text": "Hej", "type": "msg", "sender": {"type": "visitor"}}, "visitor": {"name": "Kim Lund", "email": MAIL, "city": "malmo", "country": "SE"}, "property": {"id": "p1", "name": "Nordlys"}}, FULL),
    ("tawk.to, ticket", JSON, {"event": "ticket:create", "time": "2026-11-20T10:00:00Z", "requester": {"name": "Kim Lund", "email": MAIL}, "ticket": {"id": "t1", "subject": "Offert", "message": "Hej"}, "property": {"id": "p1", "name": "Nordlys"}}, FULL),
    ("crisp, address", JSON, {"website_id": "w1", "event": "session:set_email", "data": {"website_id": "w1", "session_id": "s1", "email": MAIL}, "timestamp": 1764583200000}, {"email": MAIL}),
    ("livechat", JSON, {"action": "incoming_chat", "webhook_id": "wh", "payload": {"chat": {"id": "PJ1", "users": [{"id": "b7", "type": "customer", "name": "Kim Lund", "email": MAIL}, {"id": "saga@nordlys.example", "type": "agent", "name": "Saga Ros", "email": "saga@nordlys.example"}]}}}, FULL),
    ("olark", FORM, {"data": json.dumps({"kind": "Conversation", "id": "o1", "visitor": {"kind": "Visitor", "id": "v1", "fullName": "Kim Lund", "emailAddress": MAIL, "phoneNumber": PHONE}, "operators": {"1": {"id": "1", "emailAddress": "saga@nordlys.example"}},
        "items": [{"kind": "MessageToOperator", "body": "Hej", "nickname": "Kim"}]})}, {**FULL, "phone": PHONE}),
    ("landbot", JSON, {"customer": {"id": 1, "name": "Kim Lund", "email": MAIL, "phone": PHONE}, "message": {"type": "text", "text": "Hej"}, "agent": {"name": "Saga Ros", "email": "saga@nordlys.example"}, "channel": {"id": 3, "name": "web"}}, {**FULL, "phone": PHONE}),
    ("manychat", JSON, {"id": "12", "key": "user:12", "first_name": "Kim", "last_name": "Lund", "name": "Kim Lund", "email": MAIL, "phone": PHONE, "custom_fields": {"budget": "100"}}, {**KIM, "phone": PHONE}),
    ("userlike", JSON, {"_event": "offline_message", "_type": "offline_message", "id": 3, "client_name": "Kim Lund", "client_email": MAIL, "message": "Hej"}, FULL),
    ("smartsupp", JSON, {"event": "conversation.opened", "data": {"conversation": {"id": "co1"}, "contact": {"id": "ct1", "name": "Kim Lund", "email": MAIL, "phone": PHONE}, "agent": {"email": "saga@nordlys.example"}}}, {**FULL, "phone": PHONE}),
    ("help scout", JSON, {"id": 7, "type": "email", "subject": "Offert", "createdBy": {"id": 2, "type": "customer", "email": MAIL}, "primaryCustomer": {"id": 2, "type": "customer", "first": "Kim", "last": "Lund", "email": MAIL}, "assignee": {"id": 1, "email": "saga@nordlys.example", "first": "Saga"}}, {"email": MAIL}),
    ("zoom registration", JSON, {"event": "webinar.registration_created", "event_ts": 1764583200000, "payload": {"account_id": "a", "object": {"id": "1", "topic": "Demo", "host_id": "h", "registrant": {"id": "r1", "first_name": "Kim", "last_name": "Lund", "email": MAIL}}}}, KIM),
    ("woocommerce", JSON, {"id": 5, "status": "processing", "billing": {"first_name": "Kim", "last_name": "Lund", "company": "Verkstad AB", "email": MAIL, "phone": PHONE}, "shipping": {"first_name": "Bo", "last_name": "Ek"}}, {**KIM, "phone": PHONE}),
    ("acuity-like booking", JSON, {"action": "appointment.scheduled", "id": 3, "firstName": "Kim", "lastName": "Lund", "email": MAIL, "phone": PHONE, "calendar": "Saga", "calendarID": 1}, {**KIM, "phone": PHONE}),
    ("simplybook-like", JSON, {"booking_id": "1", "client": {"name": "Kim Lund", "email": MAIL, "phone": PHONE}, "provider": {"name": "Saga Ros", "email": "saga@nordlys.example"}, "notification_type": "create"}, {**FULL, "phone": PHONE}),
]  # fmt: skip
"""The same of chats, calls and bookings, which the kind `form` is not for."""

SEVERAL = [
    ("two addresses and no names", FORM, {"f1": "kim@verkstad.example", "f2": "lo@byra.example", "f3": "Hej"}, ("`f1`", "`f2`")),
    ("two addresses in a builder's numbers", FORM, {"item_meta[25]": "kim@verkstad.example", "item_meta[26]": "lo@byra.example", "form_id": "4"}, ("25", "26")),
    ("two addresses in nested JSON", JSON, {"formId": "1", "answers": {"q1": {"value": "kim@verkstad.example"}, "q2": {"value": "lo@byra.example"}}}, ("q1", "q2")),
]  # fmt: skip
"""Bodies that are set aside, and the fields that the reason names."""
