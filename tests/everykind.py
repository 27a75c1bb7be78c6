"""One record of a person as each kind of source sends it, so that a rule for all kinds is tested on all of them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

from schemas.signals import Parsed
from services.ingest.parsers.registry import PARSERS, parse

FORM, JSON = "application/x-www-form-urlencoded", "application/json"


class Sent(NamedTuple):
    """A delivery: body, content type, headers."""

    body: bytes
    content_type: str = JSON
    headers: Mapping[str, str] = {}


class Who(NamedTuple):
    """`ident`: the sender's id of the person; `delivery`: its id of the event; `record`: further fields of the person's record."""

    email: str = "eva@firma.example"
    ident: Any = "p-77"
    delivery: Any = "ev-9001"
    record: Mapping[str, Any] = {}


EVA = Who()


def _json(value: Any, **headers: str) -> Sent:
    return Sent(json.dumps(value).encode(), JSON, {name.replace("_", "-"): said for name, said in headers.items()})


def _form(value: Mapping[str, Any]) -> Sent:
    return Sent(urlencode(value, doseq=True).encode(), FORM)


def _typeform(w: Who) -> Sent:
    fields: list[tuple[str, str, Any]] = [("email", "Email", w.email)]
    fields += [("boolean" if isinstance(v, bool) else "text", n, v) for n, v in w.record.items()]
    answers = [{"type": t, t: v, "field": {"id": f"f{i}", "ref": n}} for i, (t, n, v) in enumerate(fields)]
    asked = [{"id": f"f{i}", "title": n, "type": t} for i, (t, n, _) in enumerate(fields)]
    response = {"form_id": "F", "token": w.delivery, "answers": answers, "definition": {"fields": asked}}
    return _json({"event_id": w.delivery, "event_type": "form_response", "form_response": response})


def _tally(w: Who) -> Sent:
    rows = [{"key": "q1", "label": "Email", "type": "INPUT_EMAIL", "value": w.email}]
    rows += [{"key": f"k{n}", "label": n, "type": "INPUT_TEXT", "value": v} for n, v in w.record.items()]
    return _json({"eventId": w.delivery, "eventType": "FORM_RESPONSE", "data": {"formId": "F", "fields": rows}})


def _calendly(w: Who) -> Sent:
    asked = [{"question": n, "answer": str(v)} for n, v in w.record.items()]
    payload = {"email": w.email, "uri": w.delivery, "questions_and_answers": asked}
    return _json({"event": "invitee.created", "created_at": "2026-11-20T10:00:00Z", "payload": payload})


def _jotform(w: Who) -> Sent:
    raw = {"q3_email": w.email, **{f"q{i + 4}_{n}": v for i, (n, v) in enumerate(w.record.items())}}
    return _form({"submissionID": w.delivery, "formID": "F", "rawRequest": json.dumps(raw)})


def _google(w: Who) -> Sent:
    rows = [{"column_id": "EMAIL", "string_value": w.email}]
    rows += [{"column_id": n, "string_value": str(v)} for n, v in w.record.items()]
    return _json({"lead_id": w.delivery, "form_id": 1, "user_column_data": rows})


def _meta(w: Who) -> Sent:
    rows = [{"name": "email", "values": [w.email]}, *({"name": n, "values": [v]} for n, v in w.record.items())]
    return _json({"id": w.delivery, "created_time": "2026-11-20T04:00:00+0000", "form_id": "F", "field_data": rows})


def _linkedin(w: Who) -> Sent:
    answers = [{"questionId": i, "answerDetails": {"textQuestionAnswer": {"answer": v}}}
               for i, v in enumerate([w.email, *map(str, w.record.values())])]  # fmt: skip
    asked = [{"questionId": i, "name": n, "question": n} for i, n in enumerate(["email", *w.record])]
    form = {"content": {"questions": asked}, "id": 1}
    return _json({"id": w.delivery, "submittedAt": 1795838400000, "formResponse": {"answers": answers}, "form": form})


def _salesforce(w: Who) -> Sent:
    head = {"entityName": "Lead", "recordIds": [w.ident], "changeType": "CREATE", "transactionKey": w.delivery,
            "sequenceNumber": 1, "commitTimestamp": 1795838400000}  # fmt: skip
    return _json({"payload": {"ChangeEventHeader": head, "Email": w.email, "LastName": "Ek", **w.record}})


def _pipedrive(w: Who) -> Sent:
    data = {"id": w.ident, "emails": [{"value": w.email, "primary": True}], **w.record}
    meta = {
        "action": "create",
        "entity": "person",
        "id": w.delivery,
        "version": "2.0",
        "timestamp": "2026-11-20T04:00:00Z",
    }
    return _json({"data": data, "meta": meta, "previous": None})


def _intercom(w: Who) -> Sent:
    item = {"type": "contact", "id": w.ident, "role": "user", "email": w.email, **w.record}
    topic = "contact.user.created"
    return _json({"topic": topic, "id": w.delivery, "created_at": 1795900000, "data": {"item": item}})


def _close(w: Who) -> Sent:
    data = {"id": w.ident, "emails": [{"email": w.email}], **w.record}
    event = {"object_type": "contact", "action": "created", "id": w.delivery, "object_id": w.ident, "data": data}
    return _json({"event": event})


def _mautic(w: Who) -> Sent:
    core = {"email": {"value": w.email}, **{n: {"value": v} for n, v in w.record.items()}}
    contact = {"id": w.ident, "fields": {"core": core}, **w.record}
    return _json({"mautic.lead_post_save_update": [{"contact": contact, "timestamp": "2026-11-20T04:00:00+00:00"}]})


def _hubspot(w: Who) -> Sent:
    record = {n: {"value": v} for n, v in {"email": w.email, **w.record}.items()}
    return _json({"vid": w.ident, "portal-id": 62515, "properties": record})


def _crm(w: Who) -> Sent:
    reference = {"system": "own", "object": "person", "id": str(w.ident)}
    fact = {"fact": "contact.updated", "id": str(w.delivery), "email": w.email, "references": [reference]}
    return _json({**fact, "fields": dict(w.record)})


def _data(w: Who) -> dict[str, Any]:
    return {"id": w.ident, "email": w.email, **w.record}


def _cloudevent(w: Who) -> Sent:
    event = {"specversion": "1.0", "id": w.delivery, "source": "/x", "type": "contact.updated", "data": _data(w)}
    return _json(event)


_SENT: dict[str, Callable[[Who], Sent]] = {
    "form": lambda w: _form({"email": w.email, **w.record}),
    "standard_webhooks": lambda w: _json({"type": "contact.updated", "data": _data(w)}, webhook_id=str(w.delivery)),
    "cloudevents": _cloudevent,
    "hubspot": _hubspot,
    "mautic": _mautic,
    "typeform": _typeform,
    "pipedrive": _pipedrive,
    "crm": _crm,
    "activecampaign": lambda w: _form(
        {"type": "contact_update", "contact[id]": w.ident, "contact[email]": w.email,
         **{f"contact[{n}]": v for n, v in w.record.items()}}
    ),
    "mailchimp": lambda w: _form(
        {"type": "profile", "fired_at": "2026-02-03 04:05:06", "data[id]": w.ident, "data[email]": w.email,
         **{f"data[merges][{n}]": v for n, v in w.record.items()}}
    ),
    "meta_lead_ads": _meta,
    "google_ads": _google,
    "linkedin": _linkedin,
    "jotform": _jotform,
    "tally": _tally,
    "calendly": _calendly,
    "webflow": lambda w: _json({"triggerType": "form_submission",
                                "payload": {"id": w.delivery, "formId": "F", "data": {"Email": w.email, **w.record}}}),
    "gravity_forms": lambda w: _json({"id": w.delivery, "form_id": "F", "email": w.email, **w.record}),
    "salesforce": _salesforce,
    "segment": lambda w: _json({"type": "identify", "messageId": w.delivery, "userId": w.ident,
                                "traits": {"email": w.email, **w.record}, "timestamp": "2026-11-20T04:00:00Z"}),
    "intercom": _intercom,
    "close": _close,
    "gohighlevel": lambda w: _json({"type": "ContactCreate", "locationId": "L1", "id": w.ident, "email": w.email,
                                    "webhookId": w.delivery, **w.record}),
    "generic": lambda w: _json({"event": "contact.updated", "eventId": w.delivery,
                                "contact": {"id": w.ident, "email": w.email, **w.record}}),
}  # fmt: skip
KINDS = tuple(sorted(_SENT))
assert tuple(sorted(PARSERS)) == KINDS, "a new kind needs a line here"


def sent(kind: str, who: Who = EVA) -> Sent:
    """A delivery of this kind about this person."""
    return _SENT[kind](who)


def read(kind: str, who: Who = EVA) -> Parsed:
    """The one signal of it."""
    delivery = sent(kind, who)
    (found,) = parse(kind, delivery.body, delivery.content_type, dict(delivery.headers))
    assert isinstance(found, Parsed), (kind, found)
    return found
