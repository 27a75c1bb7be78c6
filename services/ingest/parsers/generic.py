"""Any JSON or form body, read by guesses that a person would make; what cannot be told is left out, never invented.

The sender's word for the event, the object it is about and the person in it are looked for; `shapes` knows a few
platforms whose sales facts are plain. A body that names neither a person nor a record is set aside.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from schemas.signals import Kind, Parsed, Quarantined
from services.ingest.parsers import shapes
from services.ingest.parsers.answers import rows
from services.ingest.parsers.bodies import embedded, is_json, whole_of
from services.ingest.parsers.naming import label
from services.ingest.parsers.reading import (
    Result,
    Unreadable,
    as_object,
    body_key,
    bounded,
    by_shape,
    company_of,
    each,
    mapping,
    only_known,
    person_facts,
    person_of,
    plain_name,
    text,
    utm_of,
    when,
)
from services.ingest.parsers.records import Chain, amount_of, first, id_of, references_of, sales_of
from services.ingest.parsers.tree import WRAPPERS, Node, company_in, nodes, person_in
from services.ingest.parsers.words import kind_of

_LISTS = ("events", "mandrill_events", "records", "notifications", "batch", "entries", "messages", "data", "payload", "leads", "contacts",
          "items", "results", "rows", "submissions", "responses", "people", "subscribers", "value")  # fmt: skip
_WORDS = ("triggerEvent", "trigger_event", "event_type", "eventType", "event_name", "eventName", "event", "topic", "webhook_event",
          "triggerType", "trigger_type", "trigger", "notification_type", "action", "activity", "metric", "type", "hook", "object_kind", "kind", "ev")  # fmt: skip
_NOUNS = (
    "type",
    "object",
    "entity",
    "entity_type",
    "object_type",
    "objectType",
    "resource",
    "resource_type",
    "model",
    "module",
    "table",
)
_TIMES = ("occurred_at", "occurredAt", "submitted_at", "submittedAt", "event_time", "eventTime", "timestamp", "created_at", "createdAt",
          "created", "time", "ts", "date", "date_created", "dateCreated", "received_at", "triggered_at", "sent_at", "fired_at", "created_time",
          "creationDate", "updated_at", "updatedAt", "date_time", "datetime", "date_submitted")  # fmt: skip
_FORM_IDS = (
    "form_id",
    "formId",
    "formID",
    "form_name",
    "formName",
    "form",
    "survey_id",
    "surveyId",
    "page_id",
    "form_title",
)
_SECRETS = frozenset(
    ["secret", "token", "password", "pass", "auth", "signature", "session_id", "sessionid", "apikey", "authorization"]
)
_TESTS = frozenset(["test", "ping", "webhook_test", "test_event", "test_webhook", "test_notification", "webhook_ping", "test_ping", "url_verification", "endpoint_url_validation", "verification"])  # fmt: skip


class Event(NamedTuple):
    """One event of a body with what stood around it."""

    own: Mapping[str, Any]
    around: Mapping[str, Any]
    headers: Mapping[str, str]


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Each event judged alone. Raises Unreadable."""
    form = not is_json(body, content_type)
    whole = whole_of(body, content_type)
    if isinstance(whole, dict) and (found := shapes.read(whole, body)) is not None:
        return found
    whole, around = _opened(whole)
    return each(
        events_of(whole), lambda row, where, i: one(Event(row, around, headers), where, body_key(body, i), form)
    )


def _opened(whole: Any) -> tuple[Any, Mapping[str, Any]]:
    """(the events, what is around them): JSON in a form's field is read, a list of events taken out of its envelope."""
    if not isinstance(whole, dict):
        return whole, {}
    whole = {key: embedded(value) for key, value in whole.items()}
    if not whole:
        raise Unreadable("the body is empty")
    held = [(k, v) for k, v in whole.items() if isinstance(v, list) and label(str(k)) in _LISTS and _are_events(v)]
    others = [
        v
        for k, v in whole.items()
        if isinstance(v, dict) and label(str(k)) not in ("meta", "links", "account", "paging")
    ]
    if len(held) == 1 and not others:
        return held[0][1], {k: v for k, v in whole.items() if k != held[0][0]}
    return whole, {}


def _are_events(value: list[Any]) -> bool:
    return bool(value) and all(isinstance(row, dict) for row in value) and not rows(value)


def events_of(whole: Any) -> Iterable[tuple[str, Any]]:
    """Every event with its path. A list of `{name, value}` is one form's answers. Raises Unreadable."""
    if isinstance(whole, list):
        if rows(whole) and all(isinstance(row, dict) and len(row) <= 6 for row in whole):
            return [("$", {"answers": whole})]
        return [(f"$[{i}]", row) for i, row in enumerate(bounded(whole))]
    return [("$", as_object(whole))]


def one(event: Event, where: str, key: str, form: bool = False) -> Parsed | Quarantined:
    """What one event tells. Raises Unreadable for one that names nobody and nothing."""
    word, kind = said_of(event)
    found, chain = nodes(event.own), chain_of(event.own)
    facts, person = person_in(found)
    company = company_in(found, person)
    answers, utm = _answers(found, person, chain)
    if form and not facts:
        used = by_shape(answers, facts)
        answers = {name: value for name, value in answers.items() if name not in used}
    facts, company = _sorted(kind, facts, company, chain, found)
    ident, test = id_of(chain, person), _is_test(event, word)
    if not facts and ident is None and not test:
        raise Unreadable("names neither a person nor a record", where)
    if kind is Kind.UNCLASSIFIED and facts.keys() & {"email", "phone"} and (not word or _looks_filled(event.own)):
        kind = Kind.FORM_SUBMITTED
    kind, sales = sales_of(kind, chain)
    amount, outer = amount_of(kind, chain), [event.around, *chain]
    return Parsed(
        kind=kind,
        source_kind=word or ("form" if form else None),
        occurred_at=first(outer, _TIMES, when),
        mode="test" if test else "live",
        person=person_of(facts),
        company=company_of(company),
        external_id=ident,
        references=references_of(kind, chain, ident),
        sales=sales,
        amount=amount,
        currency=first(chain, ("currency", "currency_code"), text) if amount is not None else None,
        form_id=first(outer, _FORM_IDS, text),
        campaign=utm.get("utm_campaign")
        or first(outer, ("campaign", "campaign_name", "campaignName", "campaign_id"), text),
        utm=utm,
        fields=answers,
        dedupe_key=_delivery(event, key),
    )


def _sorted(
    kind: Kind, facts: dict[str, str], company: dict[str, str], chain: Chain, found: list[Node]
) -> tuple[dict[str, str], dict[str, str]]:
    """A company's event tells a company's name; a reply comes from the address that it is from."""
    if kind.startswith("company."):
        name = first(chain, ("name", "company_name"), text)
        return {n: v for n, v in facts.items() if n != "full_name"}, company or ({"company": name} if name else {})
    if kind in (Kind.EMAIL_REPLIED, Kind.MESSAGE_RECEIVED):
        by = next((node.fields for node in found if text(node.fields.get("from_email"))), {})
        if by and not any(label(name).endswith(("lead_email", "contact_email", "prospect_email")) for name in by):
            named = {"email": text(by["from_email"]), "full_name": text(by.get("from_name"))}
            return {n: v for n, v in named.items() if v}, company
    return facts, company


def chain_of(event: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """The event and what it wraps, outermost first: `{data: {object: {...}}}` has three."""
    chain = [event]
    for _ in range(6):
        at = chain[-1]
        inner = next(
            (v for name in WRAPPERS for k, v in at.items() if label(str(k)) == name and isinstance(v, dict) and v), None
        )
        if inner is None:
            break
        chain.append(inner)
    return chain


def said_of(event: Event) -> tuple[str | None, Kind]:
    """(the sender's word, our kind). A noun and a verb in two fields (`type: lead, event: update`) belong together."""
    first: str | None = None
    for holder in (*chain_of(event.own)[:2], mapping(event.own.get("meta")), event.around):
        for name in _WORDS:
            word = (
                text(holder.get(name))
                or text(mapping(holder.get(name)).get("type"))
                or text(mapping(holder.get(name)).get("name"))
            )
            if word is None or len(word) > 80:
                continue
            first = first or word
            for noun in (None, *(text(holder.get(n)) for n in _NOUNS if n != name)):
                kind = kind_of(f"{noun} {word}" if noun else word)
                if kind is not Kind.UNCLASSIFIED:
                    return word, kind
    for name, value in event.headers.items():
        if name.startswith("x-") and name.endswith(("-event", "-topic", "-event-type", "-event-key", "-webhook-topic")):
            first = first or value
            if (kind := kind_of(value)) is not Kind.UNCLASSIFIED:
                return value, kind
    return first, Kind.UNCLASSIFIED


def _answers(
    found: list[Node], person: Node | None, chain: list[Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, str]]:
    """(further answers, campaign parameters): of the person's object, of lists of answers and of the innermost wrapper."""
    said: dict[str, Any] = {}
    for node in found:
        mine = (
            node is person or (node.path and node.path[-1].endswith("()")) or any(node.raw is at for at in chain[-1:])
        )
        said |= {k: v for k, v in node.fields.items() if mine or plain_name(k).startswith("utm_")}
    utm = utm_of(said)
    _, rest = person_facts(said)
    kept = {
        k: v
        for k, v in rest.items()
        if label(k) not in _SECRETS and not label(k).endswith(("_secret", "_token", "_key", "password"))
    }
    return only_known(list(kept.items())[:200]), utm


def _is_test(event: Event, word: str | None) -> bool:
    flags = [
        at.get(n)
        for at in (*chain_of(event.own)[:2], event.around)
        for n in ("test", "is_test", "isTest", "test_mode", "testMode")
    ]
    return any(flag in (True, "true", "1", 1) for flag in flags) or label(word or "") in _TESTS


def _looks_filled(event: Mapping[str, Any]) -> bool:
    names = {label(str(key)) for at in chain_of(event) for key in at}
    return bool(
        names
        & {"form_id", "form_name", "answers", "form_response", "submission_id", "submission", "submitted_at", "form"}
    )


def _delivery(event: Event, fallback: str) -> str:
    """The sender's id of the delivery, where it has a header or a field of its own."""
    ident = event.headers.get("webhook-id") or event.headers.get("svix-id") or event.headers.get("idempotency-key")
    own = next(
        (
            said
            for n in ("event_id", "eventId", "idempotencyKey", "delivery_id", "messageId")
            if (said := text(event.own.get(n)))
        ),
        None,
    )
    return f"id:{ident}" if ident and not event.around else f"event:{own}" if own else fallback
