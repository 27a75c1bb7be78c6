"""amoCRM / Kommo: urlencoded, objects by what happened to them; a `lead` is a deal; 142 is won and 143 lost everywhere."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Actor, Company, Kind, Object, Parsed, Person, Reference, Sales
from services.ingest.parsers.reading.answers import rows
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import (
    LONGEST_IN_PATH,
    Result,
    body_key,
    each,
    mapping,
    number,
    only_known,
    person_facts,
    refuse_too_many,
    text,
    when,
)

_AMO: dict[str, Object] = {
    "leads": "deal",
    "contacts": "person",
    "companies": "company",
    "task": "activity",
    "customers": "company",
}
_AMO_KINDS: dict[tuple[str, str], Kind] = {
    ("leads", "add"): Kind.DEAL_CREATED,
    ("leads", "update"): Kind.DEAL_UPDATED,
    ("leads", "delete"): Kind.DEAL_DELETED,
    ("leads", "status"): Kind.SALES_STAGE_CHANGED,
    ("leads", "responsible"): Kind.SALES_OWNER_CHANGED,
    ("contacts", "add"): Kind.CONTACT_CREATED,
    ("contacts", "update"): Kind.CONTACT_UPDATED,
    ("contacts", "delete"): Kind.CONTACT_DELETED,
    ("contacts", "responsible"): Kind.SALES_OWNER_CHANGED,
    ("companies", "add"): Kind.COMPANY_CREATED,
    ("companies", "update"): Kind.COMPANY_UPDATED,
    ("companies", "delete"): Kind.COMPANY_DELETED,
    ("task", "add"): Kind.SALES_TASK_OPEN,
    ("task", "update"): Kind.ACTIVITY_UPDATED,
    ("task", "delete"): Kind.ACTIVITY_DELETED,
    ("message", "add"): Kind.MESSAGE_RECEIVED,
}
_CLOSED = {"142": Kind.SALES_WON, "143": Kind.SALES_LOST}


def fits(whole: JsonObject) -> bool:
    """Whether a body has this shape."""
    return "subdomain" in mapping(whole.get("account")) and bool(
        whole.keys() & {*_AMO, "message", "unsorted", "talk", "note"}
    )


def parse(whole: JsonObject, body: bytes) -> Result:
    """The signals of one body."""
    account = text(mapping(whole.get("account")).get("subdomain"))
    records = refuse_too_many(list(_amo_rows(whole)))
    kinds = [row[0] for row in records]
    return each(
        [(where, row) for _, where, row in records],
        lambda row, _, i: _amo_one(kinds[i], row, account, body_key(body, i)),
    )


def _amo_rows(whole: JsonObject) -> Iterator[tuple[tuple[str, str], str, JsonValue]]:
    for noun, verbs in whole.items():
        if noun == "account":
            continue
        for verb, held in mapping(verbs).items():
            for i, row in enumerate(held if isinstance(held, list) else mapping(held).values()):
                where = f"$.{noun[:LONGEST_IN_PATH]}.{verb[:LONGEST_IN_PATH]}[{i}]"
                yield (noun, verb), where, mapping(row).get("note", row) if verb == "note" else row


def _amo_one(what: tuple[str, str], row: JsonObject, account: str | None, key: str) -> Parsed:
    noun, verb = what
    kind = Kind.NOTE_ADDED if verb == "note" else _AMO_KINDS.get((noun, verb), Kind.UNCLASSIFIED)
    if noun == "contacts" and text(row.get("type")) == "company":
        noun, kind = "companies", _AMO_KINDS.get(("companies", verb), kind)
    status, owner = text(row.get("status_id")), text(row.get("responsible_user_id"))
    sales: Sales | None = None
    if kind is Kind.SALES_STAGE_CHANGED or (
        kind is Kind.DEAL_UPDATED and row.get("old_status_id") not in (None, status)
    ):
        kind, sales = (
            _CLOSED.get(status or "", Kind.SALES_STAGE_CHANGED),
            Sales(from_=text(row.get("old_status_id")), to=status, owner_id=owner),
        )
    elif kind is Kind.SALES_OWNER_CHANGED:
        before = text(row.get("old_responsible_user_id")) or text(row.get("responsible_user_id_old"))
        sales = Sales(from_=before, to=owner, owner_id=owner)
    elif noun == "task":
        done = (
            text(row.get("is_completed")) == "1"
            or text(row.get("status")) == "1"
            or row.get("action_close") not in (None, "")
        )
        kind = Kind.SALES_FOLLOW_UP if done and verb == "update" else kind
        sales = Sales(
            activity_type=text(row.get("task_type")) or text(row.get("task_type_id")), done=done, owner_id=owner
        )
    elif noun == "message":
        kind, sales = _kind_of_message(row, kind)
    elif owner:
        sales = Sales(owner_id=owner) if noun == "leads" else None
    answers = {**rows(row.get("custom_fields")), **rows(row.get("custom_fields_values"))}
    facts, others = person_facts({**answers, **{_code(f): v for f, v in _custom_fields(row) if _code(f)}})
    ident, person = (
        identifier(row.get("id")) or identifier(row.get("uid")) or identifier(row.get("element_id")),
        noun == "contacts",
    )
    author = mapping(row.get("author"))
    name = (
        text(row.get("name"))
        if person
        else text(author.get("name"))
        if text(author.get("type")) != "internal"
        else None
    )
    return Parsed(
        kind=kind,
        source_kind=f"{noun}.{verb}",
        occurred_at=when(row.get("last_modified"))
        or when(row.get("updated_at"))
        or when(row.get("created_at"))
        or when(row.get("date_create")),
        person=Person(full_name=name, email=facts.get("email"), phone=facts.get("phone")),
        company=Company(name=text(row.get("name")) if noun == "companies" else text(row.get("company_name"))),
        external_id=ident,
        references=_amo_references(noun, ident, row, account),
        actor=Actor(
            reference=text(row.get("modified_user_id"))
            or (text(author.get("id")) if sales and noun == "message" else None)
        ),
        automated=noun == "message" and _is_ours(row) and text(author.get("type")) == "bot",
        sales=sales,
        amount=number(row.get("price")) if noun == "leads" else None,
        reason=text(row.get("loss_reason_id")),
        tags=tuple(
            t for t in (text(mapping(tag).get("name")) for tag in row.get("tags") or [] if isinstance(tag, dict)) if t
        ),
        fields=only_known(others.items()),
        dedupe_key=key,
    )


def _is_ours(row: JsonObject) -> bool:
    author = text(mapping(row.get("author")).get("type"))
    return text(row.get("type")) == "outgoing" or author in ("internal", "bot")


def _kind_of_message(row: JsonObject, kind: Kind) -> tuple[Kind, Sales | None]:
    """A chat's message: the lead's, one that a colleague wrote, or a bot's."""
    if not _is_ours(row):
        return kind, None
    if text(mapping(row.get("author")).get("type")) == "bot":
        return Kind.OUTREACH_LOGGED, Sales(activity_type="message")
    return Kind.SALES_FOLLOW_UP, Sales(activity_type="message", done=True)


def _custom_fields(row: JsonObject) -> Iterator[tuple[JsonObject, JsonValue]]:
    for field in row.get("custom_fields") or row.get("custom_fields_values") or []:
        values = mapping(field).get("values")
        if isinstance(values, list) and values:
            yield mapping(field), mapping(values[0]).get("value") if isinstance(values[0], dict) else values[0]


def _code(field: JsonObject) -> str:
    code = text(field.get("code")) or text(field.get("field_code")) or ""
    return code.lower() if code in ("EMAIL", "PHONE") else ""


_AMO_ELEMENTS: dict[str, Object] = {"1": "person", "2": "deal", "3": "company"}


def _amo_references(noun: str, ident: str | None, row: JsonObject, account: str | None) -> tuple[Reference, ...]:
    references = (
        [Reference(system="amocrm", account=account, object=_AMO[noun], id=ident)] if ident and noun in _AMO else []
    )
    target = identifier(row.get("element_id"))
    other = _AMO_ELEMENTS.get(text(row.get("element_type")) or "")
    if target and other and noun == "task":
        references.append(Reference(system="amocrm", account=account, object=other, id=target))
    return tuple(references)
