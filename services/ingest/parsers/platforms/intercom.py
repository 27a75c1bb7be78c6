"""Intercom: one notification with a `topic` and, in `data.item`, a contact, a conversation or a company."""

from __future__ import annotations

from schemas.json_values import JsonObject
from schemas.signals import Actor, Company, Consent, Kind, Object, Parsed, Person, Reference, Sales
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.reading.automation import is_set
from services.ingest.parsers.reading.firmographics import company_from
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import (
    Result,
    as_object,
    body_key,
    mapping,
    only_known,
    read_json,
    text,
    when,
)

_CONTACT = frozenset({"contact", "user", "lead", "visitor"})
_ENDINGS: tuple[tuple[str, Kind], ...] = (
    ("unsubscribed", Kind.CONSENT_WITHDRAWN),
    ("subscribed", Kind.CONSENT_GIVEN),
    ("deleted", Kind.CONTACT_DELETED),
    ("archived", Kind.CONTACT_UPDATED),
    ("merged", Kind.SALES_MERGED),
    ("tag.created", Kind.TAG_ADDED),
    ("tag.deleted", Kind.TAG_REMOVED),
    ("created", Kind.CONTACT_CREATED),
)
_CONVERSATION: dict[str, Kind] = {
    "conversation.user.created": Kind.MESSAGE_RECEIVED,
    "conversation.user.replied": Kind.MESSAGE_RECEIVED,
    "conversation.contact.created": Kind.MESSAGE_RECEIVED,
    "conversation.admin.replied": Kind.SALES_FOLLOW_UP,
    "conversation.admin.single.created": Kind.SALES_FOLLOW_UP,
    "conversation.operator.replied": Kind.OUTREACH_LOGGED,
    "conversation.admin.noted": Kind.NOTE_ADDED,
}
_COMPANY = {"company.created": Kind.COMPANY_CREATED, "company.deleted": Kind.COMPANY_DELETED}


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One notification. Raises Unreadable."""
    event = as_object(read_json(body))
    topic = text(event.get("topic")) or ""
    if topic == "ping":
        # Its id is null and the same for ever.
        return [Parsed(kind=Kind.UNCLASSIFIED, source_kind="ping", mode="test", dedupe_key=body_key(body, "ping"))]
    item = as_object(mapping(event.get("data")).get("item"), "$.data.item")
    family = topic.partition(".")[0]
    if not topic:
        raise Unreadable("a notification has a topic", "$.topic")
    is_known = family in _CONTACT or family in ("conversation", "company", "ticket")
    if not is_known and topic not in _CONVERSATION:
        # Colleagues, statistics of content: kept, and no lead's business.
        at, key = when(event.get("created_at")), identifier(event.get("id")) or body_key(body)
        ident = identifier(item.get("id"))
        return [
            Parsed(kind=Kind.UNCLASSIFIED, source_kind=topic, occurred_at=at, external_id=ident, dedupe_key=key),
        ]
    who = _who(family, item)
    part = _last_part(item) if family == "conversation" else {}
    author = text(mapping(item.get("source")).get("id")) if family == "conversation" else None
    kind, actor = _kind(topic, family), _actor(topic, item, part)
    if kind in (Kind.SALES_FOLLOW_UP, Kind.MESSAGE_RECEIVED, Kind.OUTREACH_LOGGED):
        kind = _message(kind, actor, item, part)
    owner = text(who.get("owner_id")) if family in _CONTACT else None
    sales = (
        Sales(activity_type="message", done=True)
        if kind is Kind.SALES_FOLLOW_UP
        else Sales(owner_id=owner)
        if owner
        else None
    )
    parsed = Parsed(
        kind=kind,
        source_kind=topic,
        occurred_at=when(event.get("created_at")) or when(item.get("updated_at")),
        person=_person(who) if family != "company" else Person(),
        company=_company(family, item, who),
        external_id=identifier(item.get("id")) or (identifier(who.get("id")) if family in _CONTACT else None),
        references=tuple(_references(family, event, item, who)),
        previous=_merged_records(kind, event, item),
        actor=actor,
        automated=actor.kind == "automation" or is_set(part.get("is_automated_reply")),
        sales=sales,
        consents=(Consent(purpose="email", state="withdrawn"),) if kind == Kind.CONSENT_WITHDRAWN else (),
        campaign=text(item.get("utm_campaign")),
        utm={n: value for n in item if n.startswith("utm_") and (value := text(item.get(n))) is not None},
        tags=_tags(item),
        fields=_fields(item, author),
        dedupe_key=identifier(event.get("id")) or body_key(body),
    )
    return [of_record(parsed, who) if family != "company" else parsed]


def _kind(topic: str, family: str) -> Kind:
    if family == "conversation":
        return _CONVERSATION.get(topic, Kind.ACTIVITY_UPDATED)
    if family == "ticket":
        # Kept with its contact; what support does is no lead's business.
        return Kind.UNCLASSIFIED
    if family == "company":
        return _COMPANY.get(topic, Kind.COMPANY_UPDATED)
    return next((kind for end, kind in _ENDINGS if topic.endswith(end)), Kind.CONTACT_UPDATED)


_BOTS = frozenset({"bot", "operator", "fin"})
_RUN = frozenset({"automated", "operator_initiated", "campaigns_initiated"})
"""How a conversation began that no person of ours began."""


def _last_part(item: JsonObject) -> JsonObject:
    """What the notification is about: the newest part of the conversation; {} where it is its beginning."""
    rows = mapping(item.get("conversation_parts")).get("conversation_parts")
    return mapping(rows[-1]) if isinstance(rows, list) and rows else {}


def _message(kind: Kind, actor: Actor, item: JsonObject, part: JsonObject) -> Kind:
    """The same, or what its part says: a note among us, a program's message, one that an admin is named for."""
    if text(part.get("part_type")) == "note":
        return Kind.NOTE_ADDED
    if actor.kind == "automation":
        return Kind.OUTREACH_LOGGED
    by_admin = text(mapping(part.get("author")).get("type")) == "admin"
    return Kind.SALES_FOLLOW_UP if kind is Kind.MESSAGE_RECEIVED and by_admin else kind


def _who(family: str, item: JsonObject) -> JsonObject:
    """The contact: the item itself (beside the tag, in a tag's item), or the one a conversation is with."""
    if family in ("conversation", "ticket"):
        rows = mapping(item.get("contacts")).get("contacts")
        first = mapping(rows[0]) if isinstance(rows, list) and rows else {}
        author = mapping(mapping(item.get("source")).get("author"))
        return {**first, **author} if text(author.get("type")) in _CONTACT else first or mapping(item.get("user"))
    return mapping(item.get("contact")) or mapping(item.get("user")) or item


def _person(who: JsonObject) -> Person:
    return Person(email=text(who.get("email")), full_name=text(who.get("name")), phone=text(who.get("phone")))


def _company(family: str, item: JsonObject, who: JsonObject) -> Company:
    if family == "company":
        return company_from({**mapping(item.get("custom_attributes")), **item}, text(item.get("name")))
    companies = mapping(who.get("companies"))
    rows = companies.get("data") or companies.get("companies")
    first = mapping(rows[0]) if isinstance(rows, list) and rows else {}
    return company_from(first, text(first.get("name")))


def _references(family: str, event: JsonObject, item: JsonObject, who: JsonObject) -> list[Reference]:
    account = identifier(event.get("app_id"))
    nouns: dict[str, Object] = {"conversation": "activity", "company": "company"}
    person = identifier(who.get("id")) if family != "company" else None
    named: list[tuple[Object, str | None]] = [
        (nouns.get(family, "person"), identifier(item.get("id")) if family in nouns else person),
        ("person", person),
        ("company", _only_company(who) if family in _CONTACT else None),
    ]
    references = [Reference(system="intercom", account=account, object=o, id=i) for o, i in named if i is not None]
    return list(dict.fromkeys(references))


def _only_company(who: JsonObject) -> str | None:
    """Whose account it is where somebody is of one company; of several nobody says which."""
    companies = mapping(who.get("companies"))
    rows = companies.get("data") or companies.get("companies")
    return identifier(mapping(rows[0]).get("id")) if isinstance(rows, list) and len(rows) == 1 else None


def _merged_records(kind: Kind, event: JsonObject, item: JsonObject) -> tuple[Reference, ...]:
    """Who is no more of two that were merged."""
    gone = mapping(item.get("merged_from") or item.get("lead") or item.get("from"))
    ident = identifier(gone.get("id"))
    if kind != Kind.SALES_MERGED or ident is None:
        return ()
    return (Reference(system="intercom", account=identifier(event.get("app_id")), object="person", id=ident),)


def _actor(topic: str, item: JsonObject, part: JsonObject) -> Actor:
    """Who of us wrote: the part's author, or whoever began the conversation. A bot is a program, and so is a campaign."""
    if not topic.startswith("conversation."):
        return Actor()
    source = mapping(item.get("source"))
    author = mapping(part.get("author")) or mapping(source.get("author"))
    what = text(author.get("type")) or ""
    run = not part and text(source.get("delivered_as")) in _RUN
    if topic.startswith("conversation.operator") or what in _BOTS or is_set(author.get("from_ai_agent")) or run:
        return Actor(kind="automation", reference=text(author.get("id")))
    if what == "admin":
        return Actor(kind="person", reference=text(author.get("id")), email=text(author.get("email")))
    return Actor(kind="person") if topic.startswith("conversation.admin") else Actor()


def _tags(item: JsonObject) -> tuple[str, ...]:
    tag = text(mapping(item.get("tag")).get("name"))
    rows = mapping(item.get("tags")).get("data") or mapping(item.get("tags")).get("tags")
    names = [text(mapping(row).get("name")) for row in rows] if isinstance(rows, list) else []
    return tuple(dict.fromkeys(name for name in (tag, *names) if name is not None))


def _fields(item: JsonObject, author: str | None) -> JsonObject:
    custom = mapping(item.get("custom_attributes"))
    source = mapping(item.get("source"))
    words = [("subject", source.get("subject")), ("message", source.get("body"))] if author or source else []
    place = mapping(item.get("location"))
    own = [(name, item.get(name)) for name in ("role", "language_override", "browser_language")]
    where = [(name, place.get(name)) for name in ("country_code", "country", "region", "city")]
    return only_known([*custom.items(), *words, *own, *where])
