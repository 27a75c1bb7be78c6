"""Mautic: one POST, several event keys, each with one row or a list of rows; old versions say `lead` for `contact`.

A campaign's own action "send a webhook" posts what its author wrote there, one contact's facts by their names.
"""

from __future__ import annotations

from collections.abc import Iterator

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Actor, Company, Consent, Kind, Mode, Parsed, Person, Quarantined, Reference, Sales
from services.ingest.parsers.bounds.unreadable import Unreadable
from services.ingest.parsers.finishing.stated import of_record
from services.ingest.parsers.reading.answers import filled_in
from services.ingest.parsers.reading.bodies import whole_of
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import (
    LONGEST_IN_PATH,
    Result,
    as_object,
    body_key,
    each,
    mapping,
    only_known,
    read_json,
    refuse_too_many,
    text,
    when,
)

_KINDS: dict[str, Kind] = {
    "lead_post_save_new": Kind.CONTACT_CREATED,
    "lead_post_save_update": Kind.CONTACT_UPDATED,
    "lead_post_delete": Kind.CONTACT_DELETED,
    "lead_points_change": Kind.POINTS_CHANGED,
    "company_post_save": Kind.COMPANY_UPDATED,
    "company_post_delete": Kind.COMPANY_DELETED,
    "lead_company_change": Kind.CONTACT_UPDATED,
    "form_on_submit": Kind.FORM_SUBMITTED,
    "page_on_hit": Kind.PAGE_VISITED,
    "email_on_open": Kind.EMAIL_OPENED,
    "email_on_send": Kind.EMAIL_SENT,
}
_USED = ("firstname", "lastname", "email", "phone", "mobile", "company")
_PLACES = {
    "industry": "industry",
    "country": "country",
    "state": "region",
    "city": "city",
    "zipcode": "postcode",
    "number_of_employees": "employees",
}
"""Where and what a company is, by our names."""
_TEST_ADDRESSES = {"john@doe.name", "email@formsubmit.com"}
"""Addresses of the payloads that Mautic's own "Send test payload" sends; nothing else in them says so."""


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Every row of every event key, judged alone. Raises Unreadable."""
    is_json = body.lstrip()[:1] in (b"{", b"[", b"")
    whole = as_object(read_json(body) if is_json else whole_of(body, content_type))
    rows = list(_rows(whole))
    if not rows:
        return [_of_campaign(whole, body)]
    names = [name for name, _, _ in refuse_too_many(rows)]
    return each(
        [(where, row) for _, where, row in rows],
        lambda row, _, i: _signal(names[i], row, whole, body_key(body, i)),
    )


def _rows(whole: JsonObject) -> Iterator[tuple[str, str, JsonValue]]:
    for key, value in whole.items():
        if not key.startswith("mautic."):
            continue
        if isinstance(value, list):
            yield from ((key, f"$['{key[:LONGEST_IN_PATH]}'][{i}]", row) for i, row in enumerate(value))
        else:
            yield key, f"$['{key}']", value


def _signal(key: str, row: JsonObject, whole: JsonObject, dedupe: str) -> Parsed | Quarantined:
    name, at = key.removeprefix("mautic."), when(row.get("timestamp")) or when(whole.get("timestamp"))
    if name.startswith("company_"):
        return _company(key, row, at, dedupe)
    contact = _contact(row)
    core = {n: _value(f) for n, f in _core(contact).items()}
    ident = identifier(contact.get("id")) or identifier(row.get("id"))
    results = mapping(mapping(row.get("submission")).get("results"))
    form = mapping(mapping(row.get("submission")).get("form"))
    email = core.get("email") or text(results.get("email"))
    kind = _KINDS.get(name, Kind.UNCLASSIFIED)
    consents: tuple[Consent, ...] = ()
    if name == "lead_channel_subscription_changed":
        kind, consents = _contactable(text(row.get("channel")) or "email", text(row.get("new_status")))
    parsed = Parsed(
        kind=kind,
        source_kind=key,
        occurred_at=at,
        mode=_mode(email),
        person=Person(
            email=email,
            first_name=core.get("firstname"),
            last_name=core.get("lastname"),
            phone=core.get("phone") or core.get("mobile"),
        ),
        company=Company(name=core.get("company")),
        external_id=ident,
        references=(Reference(system="mautic", object="person", id=ident),) if ident else (),
        automated=name == "email_on_send",
        form_id=text(form.get("alias")) or text(form.get("id")),
        campaign=text(mapping(row.get("email")).get("name")),
        consents=consents,
        sales=Sales(owner_id=owner) if (owner := text(mapping(contact.get("owner")).get("id"))) else None,
        tags=_tags(contact),
        fields=only_known(
            [("region", core.get("state")), *((n, v) for n, v in core.items() if n not in _USED), *results.items()]
        ),
        dedupe_key=dedupe,
    )
    return of_record(parsed, contact, {"changes": row.get("changes")}, {"changes": contact.get("changes")})


def _mode(email: str | None) -> Mode:
    return "test" if (email or "").casefold() in _TEST_ADDRESSES else "live"


def _contactable(channel: str, status: str | None) -> tuple[Kind, tuple[Consent, ...]]:
    """Whether somebody may be contacted is told for each channel: no to text messages is no word on e-mail."""
    if status == "contactable":
        return Kind.CONSENT_GIVEN, (Consent(purpose=channel, state="given"),)
    if status in ("unsubscribed", "manual"):
        return Kind.LIST_UNSUBSCRIBED, (Consent(purpose=channel, state="withdrawn"),)
    bounced = status == "bounced" and channel == "email"
    return Kind.EMAIL_BOUNCED if bounced else Kind.CONTACT_UPDATED, ()


def _company(key: str, row: JsonObject, at: JsonValue, dedupe: str) -> Parsed | Quarantined:
    """A company's fields are named as a contact's, with `company` before each."""
    company = mapping(row.get("company"))
    core = {n.removeprefix("company"): _value(f) for n, f in _core(company).items()}
    ident = identifier(company.get("id")) or identifier(row.get("id"))
    if ident is None:
        return Quarantined(quarantined="a company has an id", where=f"$['{key}']")
    return Parsed(
        kind=_KINDS.get(key.removeprefix("mautic."), Kind.UNCLASSIFIED),
        source_kind=key,
        occurred_at=at,
        company=Company(name=core.get("name"), domain=core.get("website")),
        external_id=ident,
        references=(Reference(system="mautic", object="company", id=ident),),
        fields=only_known((ours, core.get(theirs)) for theirs, ours in _PLACES.items()),
        dedupe_key=dedupe,
    )


def _of_campaign(whole: JsonObject, body: bytes) -> Parsed | Quarantined:
    ident = identifier(whole.get("contact_id")) or identifier(whole.get("contactid")) or identifier(whole.get("id"))
    parsed = filled_in(
        {name: value for name, value in whole.items() if name not in ("contact_id", "contactid", "id")},
        kind=Kind.CONTACT_UPDATED,
        source_kind="campaign",
        external_id=ident,
        references=(Reference(system="mautic", object="person", id=ident),) if ident else (),
        actor=Actor(kind="automation"),
        dedupe_key=body_key(body),
    )
    if not parsed.person.email and not parsed.person.phone and "contact_id" not in whole:
        raise Unreadable("no key begins with `mautic.`, and nobody is named")
    return parsed.but(mode=_mode(parsed.person.email))


def _contact(row: JsonObject) -> JsonObject:
    for holder in (row, mapping(row.get("submission")), mapping(row.get("stat")), mapping(row.get("hit"))):
        for name in ("contact", "lead"):
            if isinstance(holder.get(name), dict):
                return mapping(holder[name])
    return {}


def _core(contact: JsonObject) -> JsonObject:
    """Newer versions group the fields (core, social, ...), some leave the groups out."""
    fields = mapping(contact.get("fields"))
    grouped = [mapping(fields[g]) for g in ("core", "social", "personal", "professional") if g in fields]
    return {n: f for group in reversed(grouped or [fields]) for n, f in group.items()}


def _value(field: JsonValue) -> str | None:
    return text(field.get("value") if isinstance(field, dict) else field)


def _tags(contact: JsonObject) -> tuple[str, ...]:
    rows = contact.get("tags")
    return tuple(tag for tag in map(_tag, rows) if tag) if isinstance(rows, list) else ()


def _tag(tag: JsonValue) -> str | None:
    return text(tag.get("tag") if isinstance(tag, dict) else tag)
