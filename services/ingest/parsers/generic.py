"""Any JSON or form body, read by guesses that a person would make; what cannot be told is left out, never invented.

The sender's word for the event, the object it is about and the person in it are looked for; `shapes` knows a few
platforms whose sales facts are plain. A body that names neither a person nor a record is set aside.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from schemas.signals import Kind, Parsed, Quarantined
from services.ingest.parsers import shapes
from services.ingest.parsers.answers import rows
from services.ingest.parsers.bodies import embedded, is_json, whole_of
from services.ingest.parsers.chain import Chain, Level, chain_of, first, level, nouns_of
from services.ingest.parsers.mail import CAME_IN, MAILED, WENT_OUT, is_mail, recipient_in, sender_in
from services.ingest.parsers.naming import is_anothers, is_secret, label
from services.ingest.parsers.reading import (
    MAX_ANSWERS,
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
from services.ingest.parsers.records import amount_of, id_of, reason_of, references_of, sales_of
from services.ingest.parsers.tree import MAX_NODES, Node, company_in, nodes, person_in
from services.ingest.parsers.words import kind_of

_LISTS = ("events", "mandrill_events", "records", "notifications", "batch", "entries", "messages", "data", "payload", "leads", "contacts",
          "items", "results", "rows", "submissions", "responses", "people", "subscribers", "value", "object_keys")  # fmt: skip
_WORDS = ("trigger_event", "event_type", "event_name", "event", "topic", "webhook_event", "trigger_type", "trigger", "notification_type",
          "action", "activity", "metric", "record_type", "type", "hook", "object_kind", "kind", "ev", "event_key")  # fmt: skip
_NOUNS = (
    "type",
    "object",
    "entity",
    "entity_type",
    "object_type",
    "resource",
    "resource_type",
    "model",
    "module",
    "table",
)
MAX_WORDS = 6
"""Names of the event that are looked at in one object; a body that has more of them is no sender's."""
_TIMES = ("occurred_at", "submitted_at", "event_time", "timestamp", "created_at", "created", "time", "ts", "date", "date_created",
          "received_at", "triggered_at", "sent_at", "fired_at", "created_time", "creation_date", "updated_at", "date_time", "datetime",
          "date_submitted")  # fmt: skip
_FORM_IDS = ("form_id", "form_name", "form", "survey_id", "page_id", "form_title")
_FILLED = frozenset(
    ["form_id", "form_name", "answers", "form_response", "submission_id", "submission", "submitted_at", "form"]
)
_WORK = frozenset(["deal", "opportunity", "task", "todo", "note", "activity", "call"])
_MAILED = ("delivery", "email", "message")
"""What an event of a mailing is about, whatever its word names besides."""
_COLLEAGUES = frozenset(["user", "users", "author"])
"""Who does the work on these: one of ours, not the lead."""
_TESTS = frozenset(["test", "ping", "webhook_test", "test_event", "test_webhook", "test_notification", "webhook_ping", "test_ping", "url_verification", "endpoint_url_validation", "verification"])  # fmt: skip


class Event(NamedTuple):
    """One event of a body with what stood around it. `limit`: of how many objects in it is looked at."""

    own: Mapping[str, Any]
    around: Mapping[str, Any]
    headers: Mapping[str, str]
    limit: int = MAX_NODES


class Said(NamedTuple):
    """The sender's word, our kind, and the word with the noun that it was read with (`deal updated`)."""

    word: str | None
    kind: Kind
    phrase: str | None


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Each event judged alone. Raises Unreadable."""
    form = not is_json(body, content_type)
    whole = whole_of(body, content_type)
    if isinstance(whole, dict) and (found := shapes.read(whole, body)) is not None:
        return found
    whole, around = _opened(whole)
    events = events_of(whole)
    # A body's objects are looked at in a bounded number, whether they are of one event or of a thousand.
    limit = min(MAX_NODES, max(24, 12_000 // max(1, len(events))))
    return each(events, lambda row, where, i: one(Event(row, around, headers, limit), where, body_key(body, i), form))


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
    return (
        bool(value) and all(isinstance(row, dict) for row in value) and not (len(value) <= MAX_ANSWERS and rows(value))
    )


def events_of(whole: Any) -> list[tuple[str, Any]]:
    """Every event with its path. A list of `{name, value}` is one form's answers. Raises Unreadable."""
    if isinstance(whole, list):
        if all(isinstance(row, dict) and len(row) <= 6 for row in whole) and rows(whole):
            return [("$", {"answers": whole})]
        return [(f"$[{i}]", row) for i, row in enumerate(bounded(whole))]
    return [("$", as_object(whole))]


def one(event: Event, where: str, key: str, form: bool = False) -> Parsed | Quarantined:
    """What one event tells. Raises Unreadable for one that names nobody and nothing."""
    plain, around = chain_of(event.own), level(event.around)
    word, kind, phrase = said_of(event, plain, around)
    nouns = _MAILED if kind in MAILED else nouns_of(phrase)
    chain = chain_of(event.own, nouns) if nouns else plain
    found = nodes(event.own, _COLLEAGUES if _WORK & set(nouns) else frozenset(), event.limit)
    facts, person = person_in(found)
    company = company_in(found, person, ours=word is not None and "id" in plain[0].held and "account" not in nouns)
    if kind is Kind.UNCLASSIFIED and word is None and is_mail(plain[0].held):
        kind = Kind.MESSAGE_RECEIVED
    answers, utm = _answers(found, person, chain)
    if not facts and (form or not word or kind is Kind.FORM_SUBMITTED) and kind not in CAME_IN:
        used = by_shape({name: value for name, value in answers.items() if not is_anothers(name)}, facts)
        answers = {name: value for name, value in answers.items() if name not in used}
    facts, company = _sorted(kind, facts, company, chain, found, person)
    ident, test = id_of(chain, person, nouns), _is_test(plain, around, word)
    if not facts and not company and ident is None and not test:
        raise Unreadable("names neither a person nor a record", where)
    if kind is Kind.UNCLASSIFIED and facts.keys() & {"email", "phone"} and (not word or _looks_filled(chain)):
        kind = Kind.FORM_SUBMITTED
    kind, sales = sales_of(kind, chain, phrase)
    amount, currency = amount_of(kind, chain)
    outer = [around, *chain]
    return Parsed(
        kind=kind,
        source_kind=word or ("form" if form else None),
        occurred_at=first(outer, _TIMES, when),
        mode="test" if test else "live",
        person=person_of(facts),
        company=company_of(company),
        external_id=ident,
        references=references_of(kind, chain, ident, nouns),
        sales=sales,
        reason=reason_of(kind, chain),
        amount=amount,
        currency=currency,
        form_id=first(outer, _FORM_IDS, text),
        campaign=utm.get("utm_campaign") or first(outer, ("campaign", "campaign_name", "campaign_id"), text),
        utm=utm,
        fields=answers,
        dedupe_key=_delivery(event, key),
    )


def _sorted(
    kind: Kind, facts: dict[str, str], company: dict[str, str], chain: Chain, found: list[Node], person: Node | None
) -> tuple[dict[str, str], dict[str, str]]:
    """A company's event tells a company's name, not a person's; of a message the lead is the end that is not ours."""
    if kind.startswith("company."):
        name = first(chain, ("name", "company_name"), text)
        theirs = person is not None and person.weight >= 50
        return (facts if theirs else {}), company or ({"company": name} if name else {})
    if kind in CAME_IN and not (person is not None and person.weight >= 100) and not _says_lead(found):
        facts = sender_in(found) or facts
    if kind in WENT_OUT and not facts.keys() & {"email", "phone"}:
        facts = {**facts, **recipient_in(found)}
    return facts, company


def _says_lead(found: list[Node]) -> bool:
    """A message that names the lead, beside its two ends."""
    ends = ("lead_email", "contact_email", "prospect_email", "customer_email", "visitor_email")
    return any(label(name).endswith(ends) for node in found for name in node.fields)


def said_of(event: Event, chain: Chain, around: Level) -> Said:
    """The event's word, and our kind. A noun and a verb in two fields (`type: lead, event: update`) belong together."""
    told: str | None = None
    for at in (*chain[:2], level(mapping(event.own.get("meta"))), around, *chain[2:3]):
        if told is not None and at in chain[2:3]:
            break
        for word in _words(at):
            told = told or word
            for noun in (None, *(text(at.held.get(n)) for n in _NOUNS)):
                phrase = f"{noun} {word}" if noun and noun != word else word
                if (kind := kind_of(phrase)) is not Kind.UNCLASSIFIED:
                    return Said(word, kind, phrase)
    for name, value in event.headers.items():
        if name.startswith("x-") and name.endswith(("-event", "-topic", "-event-type", "-event-key", "-webhook-topic")):
            told = told or value
            if (kind := kind_of(value)) is not Kind.UNCLASSIFIED:
                return Said(value, kind, value)
    return Said(told, Kind.UNCLASSIFIED, told)


def _words(at: Level) -> list[str]:
    """What one object says that happened, the most telling name first."""
    held = [at.held[name] for name in _WORDS if at.held.get(name)][:MAX_WORDS]
    words = [text(v) or text(mapping(v).get("type")) or text(mapping(v).get("name")) for v in held]
    return [word for word in words if word is not None and len(word) <= 80]


def _answers(found: list[Node], person: Node | None, chain: Chain) -> tuple[dict[str, Any], dict[str, str]]:
    """(further answers, campaign parameters): of the person's object, of lists of answers and of the innermost wrapper."""
    said: dict[str, Any] = {}
    for node in found:
        mine = node is person or (node.path and node.path[-1].endswith("()")) or node.raw is chain[-1].raw
        said |= {k: v for k, v in node.fields.items() if mine or plain_name(k).startswith("utm_")}
    utm = utm_of(said)
    _, rest = person_facts(dict(list(said.items())[:MAX_ANSWERS]))
    return only_known([(n, v) for n, v in rest.items() if not is_secret(n)][:200]), utm


def _is_test(chain: Chain, around: Level, word: str | None) -> bool:
    flags = [at.held.get(n) for at in (*chain[:2], around) for n in ("test", "is_test", "test_mode")]
    return any(flag in (True, "true", "1", 1) for flag in flags) or label(word or "") in _TESTS


def _looks_filled(chain: Chain) -> bool:
    return any(_FILLED & at.held.keys() for at in chain)


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
