"""Pipedrive v1 (`current`/`previous` side by side) and v2 (`data`, and in `previous` only what changed)."""

from __future__ import annotations

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Actor, Company, Kind, Object, Parsed, Person, Reference, Sales
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.reading.firmographics import company_from
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import Result, as_object, body_key, mapping, read_json, text, when

_ENTITY: dict[str, Object] = {
    "person": "person",
    "organization": "company",
    "deal": "deal",
    "lead": "deal",
    "activity": "activity",
    "note": "activity",
}
_OTHERS = frozenset(("user", "stage", "pipeline", "product", "activityType"))
"""Settings and catalogues: no lead's business, but nothing that we fail to understand either."""
_KINDS: dict[tuple[str, str], Kind] = {
    ("person", "added"): Kind.CONTACT_CREATED,
    ("person", "updated"): Kind.CONTACT_UPDATED,
    ("person", "deleted"): Kind.CONTACT_DELETED,
    ("person", "merged"): Kind.SALES_MERGED,
    ("organization", "added"): Kind.COMPANY_CREATED,
    ("organization", "updated"): Kind.COMPANY_UPDATED,
    ("organization", "deleted"): Kind.COMPANY_DELETED,
    ("organization", "merged"): Kind.SALES_MERGED,
    ("deal", "added"): Kind.DEAL_CREATED,
    ("deal", "updated"): Kind.DEAL_UPDATED,
    ("deal", "deleted"): Kind.DEAL_DELETED,
    ("deal", "merged"): Kind.SALES_MERGED,
    ("lead", "added"): Kind.DEAL_CREATED,
    ("lead", "updated"): Kind.DEAL_UPDATED,
    ("lead", "deleted"): Kind.DEAL_DELETED,
    ("activity", "added"): Kind.ACTIVITY_CREATED,
    ("activity", "updated"): Kind.ACTIVITY_UPDATED,
    ("activity", "deleted"): Kind.ACTIVITY_DELETED,
    ("note", "added"): Kind.NOTE_ADDED,
}
_ACTIONS = {"create": "added", "change": "updated", "delete": "deleted"}


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """One event. Raises Unreadable."""
    whole = as_object(read_json(body))
    meta = as_object(whole.get("meta"), "$.meta")
    entity = text(meta.get("object")) or text(meta.get("entity")) or ""
    action = text(meta.get("action")) or ""
    action = _ACTIONS.get(action, action)
    if entity in _OTHERS:
        return [_other(entity, action, whole=whole, meta=meta, body=body)]
    if entity not in _ENTITY:
        raise Unreadable(f"unknown entity `{entity[:40]}`", "$.meta")
    now = mapping(whole.get("current")) or mapping(whole.get("data"))
    before = mapping(whole.get("previous"))
    row = now or before
    account = identifier(meta.get("company_id"))
    named = row if now or entity in ("person", "organization") else {}  # what a deleted record named is over
    kind, sales = _work(entity, action, now, before)
    gone = _merged_records(entity, action, row=row, meta=meta, account=account)
    kind = Kind.SALES_MERGED if gone else kind
    by_person = text(meta.get("change_source")) == "app"
    parsed = Parsed(
        kind=kind or _KINDS.get((entity, action), Kind.UNCLASSIFIED),
        source_kind=f"{action}.{entity}",
        occurred_at=when(meta.get("timestamp")),
        person=_person(entity, named),
        company=_firm(entity, row, named),
        external_id=identifier(row.get("id")) or identifier(meta.get("entity_id")) or identifier(meta.get("id")),
        references=tuple(_references(entity, row, meta=meta, account=account, action=action)),
        previous=gone,
        actor=Actor(kind="person" if by_person else None, reference=text(meta.get("user_id"))),
        automated=text(meta.get("change_source")) in ("automation", "workflow", "api"),
        sales=sales
        or (Sales(owner_id=_owner_of(now)) if entity in ("person", "deal", "lead") and _owner_of(now) else None),
        reason=text(row.get("lost_reason")),
        amount=_amount(row),
        currency=_currency(row),
        dedupe_key=_dedupe(meta, body),
    )
    return [of_record(parsed, row, {"previous": before}) if entity == "person" else parsed]


def _work(entity: str, action: str, now: JsonObject, before: JsonObject) -> tuple[Kind | None, Sales | None]:
    """The sales fact in a change, most telling first; what a stage means is the customer's own set-up."""
    owner = _owner_of(now)
    if entity == "activity":
        return _activity(action, now, before, owner)
    if entity == "lead" and "is_archived" in before:
        states = [f"is_archived={str(bool(r.get('is_archived'))).lower()}" for r in (before, now)]
        return Kind.SALES_STAGE_CHANGED, Sales(from_=states[0], to=states[1], owner_id=owner)
    if action != "updated":
        return None, None
    return _deal(now, before, owner) if entity == "deal" else _owner(now, before, owner)


def _owner_of(now: JsonObject) -> str | None:
    return text(_flat(now.get("user_id"))) or text(_flat(now.get("owner_id")))


def _firm(entity: str, row: JsonObject, named: JsonObject) -> Company:
    """An organization with what it says of itself; of a person the company's name and where they are."""
    if entity == "organization":
        return company_from(row, text(row.get("name")))
    where = {n: v for n, v in row.items() if "address" in n} if entity == "person" else {}
    return company_from(where, _company(named))


def _deal(now: JsonObject, before: JsonObject, owner: str | None) -> tuple[Kind | None, Sales | None]:
    status = text(now.get("status"))
    if _has_changed("status", now, before) and status in ("won", "lost"):
        kind_won = Kind.SALES_WON if status == "won" else Kind.SALES_LOST
        return kind_won, Sales(from_=text(before.get("status")), to=status, owner_id=owner)
    if (step := _step(now, before)) is not None:
        return Kind.SALES_FOLLOW_UP, step
    if _has_changed("status", now, before):
        return Kind.SALES_STAGE_CHANGED, Sales(from_=text(before.get("status")), to=status, owner_id=owner)
    if _has_changed("stage_id", now, before):
        return Kind.SALES_STAGE_CHANGED, Sales(
            from_=text(before.get("stage_id")), to=text(now.get("stage_id")), owner_id=owner
        )
    return _owner(now, before, owner)


def _owner(now: JsonObject, before: JsonObject, owner: str | None) -> tuple[Kind | None, Sales | None]:
    for name in ("user_id", "owner_id"):
        if _has_changed(name, now, before):
            return Kind.SALES_OWNER_CHANGED, Sales(from_=text(_flat(before.get(name))), to=owner, owner_id=owner)
    return None, None


def _activity(action: str, now: JsonObject, before: JsonObject, owner: str | None) -> tuple[Kind | None, Sales | None]:
    """An activity done is a step taken; one of their type `meeting` is a meeting, from when it is planned."""
    what, done = text((now or before).get("type")), bool(now.get("done"))
    meeting = what == "meeting"
    if action == "deleted":
        cancelled = meeting and not before.get("done")
        return (Kind.SALES_MEETING_CANCELLED, Sales(activity_type=what, done=False)) if cancelled else (None, None)
    if action == "updated" and done and before.get("done") in (False, 0):
        sales = Sales(from_="done=false", to="done=true", owner_id=owner, activity_type=what, done=True)
        return (Kind.SALES_MEETING_HELD if meeting else Kind.SALES_FOLLOW_UP), sales
    if action == "added" and now:
        sales = Sales(owner_id=owner, activity_type=what, done=done)
        if done:
            return (Kind.SALES_MEETING_HELD if meeting else Kind.SALES_FOLLOW_UP), sales
        return (Kind.SALES_MEETING_BOOKED if meeting else Kind.SALES_TASK_OPEN), sales
    return None, None


def _step(now: JsonObject, before: JsonObject) -> Sales | None:
    """v1 can tell a completed activity by its deal alone: the deal's next activity was done and is not the next any more."""
    following = mapping(before.get("next_activity"))
    ident = text(following.get("id")) or text(before.get("next_activity_id"))
    if not following.get("done") or ident is None or ident == text(now.get("next_activity_id")):
        return None
    owner = text(_flat(following.get("assigned_to_user_id"))) or text(_flat(following.get("user_id")))
    return Sales(
        from_="done=false", to="done=true", owner_id=owner, activity_type=text(following.get("type")), done=True
    )


def _merged_records(
    entity: str, action: str, row: JsonObject, meta: JsonObject, account: str | None
) -> tuple[Reference, ...]:
    """The records that a merge did away with: v2 names the other in `meta`; v1's `merged` keeps the survivor under the same id."""
    if entity not in _ENTITY or not (text(meta.get("merged_to_id")) or text(meta.get("merged_from_id"))):
        return ()
    own = identifier(row.get("id")) or identifier(meta.get("entity_id"))
    gone = identifier(meta.get("merged_from_id")) or own
    return (Reference(system="pipedrive", account=account, object=_ENTITY[entity], id=gone),) if gone else ()


def _other(entity: str, action: str, whole: JsonObject, meta: JsonObject, body: bytes) -> Parsed:
    row = mapping(whole.get("current")) or mapping(whole.get("data")) or mapping(whole.get("previous"))
    return Parsed(
        kind=Kind.UNCLASSIFIED,
        source_kind=f"{action}.{entity}",
        occurred_at=when(meta.get("timestamp")),
        external_id=identifier(row.get("id")) or identifier(meta.get("entity_id")) or identifier(meta.get("id")),
        dedupe_key=_dedupe(meta, body),
    )


def _has_changed(name: str, now: JsonObject, before: JsonObject) -> bool:
    return name in before and _flat(before[name]) != _flat(now.get(name))


def _flat(value: JsonValue) -> JsonValue:
    """Some accounts get ids as {value, name, ...}."""
    return value.get("value", value.get("id")) if isinstance(value, dict) else value


def _person(entity: str, row: JsonObject) -> Person:
    if entity != "person":
        return Person(full_name=text(row.get("person_name")) or text(mapping(row.get("person")).get("name")))
    first, last = text(row.get("first_name")), text(row.get("last_name"))
    return Person(
        email=_primary(row.get("email") or row.get("emails")),
        first_name=first,
        last_name=last,
        full_name=None if first or last else text(row.get("name")),
        phone=_primary(row.get("phone") or row.get("phones")),
    )


def _primary(value: JsonValue) -> str | None:
    if not isinstance(value, list):
        return text(value)
    rows = sorted((mapping(v) for v in value), key=lambda r: not r.get("primary"))
    return next((said for r in rows if (said := text(r.get("value")))), None)


def _company(row: JsonObject) -> str | None:
    named = (mapping(row.get(name)).get("name") for name in ("org_id", "organization"))
    return text(row.get("org_name")) or next((value for name in named if (value := text(name))), None)


def _references(entity: str, row: JsonObject, meta: JsonObject, account: str | None, action: str) -> list[Reference]:
    """The object itself, then what it names; a lead of theirs is a deal by another id."""
    merged = identifier(meta.get("merged_to_id")) if action == "deleted" else None
    own = merged or identifier(row.get("id")) or identifier(meta.get("entity_id"))
    named: list[tuple[Object, JsonValue]] = [
        (_ENTITY[entity], own),
        ("person", identifier(_flat(row.get("person_id"))) or _participant(row)),
        ("deal", _flat(row.get("deal_id"))),
        ("deal", _flat(row.get("lead_id"))),
        ("company", _flat(row.get("org_id", row.get("organization_id")))),
    ]
    references = [
        Reference(system="pipedrive", account=account, object=o, id=str(i)) for o, i in named if identifier(i)
    ]
    return list(dict.fromkeys(references))


def _participant(row: JsonObject) -> JsonValue:
    """v2 names the one an activity is with among its participants."""
    rows = row.get("participants")
    named = [mapping(r) for r in rows] if isinstance(rows, list) else []
    named.sort(key=lambda r: not (r.get("primary_flag") or r.get("primary")))
    return next((r["person_id"] for r in named if identifier(r.get("person_id"))), None)


def _amount(row: JsonObject) -> float | None:
    value = row.get("value")
    value = value.get("amount") if isinstance(value, dict) else value
    try:
        return float(value) if value is not None and not isinstance(value, list) else None
    except (TypeError, ValueError):
        return None


def _currency(row: JsonObject) -> str | None:
    return text(row.get("currency")) or text(mapping(row.get("value")).get("currency"))


def _dedupe(meta: JsonObject, body: bytes) -> str:
    if "timestamp_micro" in meta:
        return ":".join(str(meta.get(n)) for n in ("webhook_id", "timestamp_micro", "object", "id", "action"))
    return identifier(meta.get("id")) or body_key(body)
