"""Mautic: one POST, several event keys, each with one row or a list of rows; old versions say `lead` for `contact`."""

from __future__ import annotations

import html
from collections.abc import Iterator
from typing import Any

from schemas.signals import Company, Kind, Mode, Parsed, Person, Quarantined, Reference
from services.ingest.parsers.reading import (
    Result,
    Unreadable,
    as_object,
    body_key,
    bounded,
    mapping,
    only_known,
    read_json,
    text,
    when,
)

_KINDS: dict[str, Kind] = {
    "lead_post_save_new": Kind.CONTACT_CREATED,
    "lead_post_save_update": Kind.CONTACT_UPDATED,
    "lead_post_delete": Kind.CONTACT_DELETED,
    "lead_points_change": Kind.POINTS_CHANGED,
    "lead_channel_subscription_changed": Kind.LIST_UNSUBSCRIBED,
    "lead_company_change": Kind.CONTACT_UPDATED,
    "form_on_submit": Kind.FORM_SUBMITTED,
    "page_on_hit": Kind.PAGE_VISITED,
    "email_on_open": Kind.EMAIL_OPENED,
    "email_on_send": Kind.EMAIL_SENT,
}
_USED = ("firstname", "lastname", "email", "phone", "mobile", "company")
_TEST_ADDRESSES = {"john@doe.name", "email@formsubmit.com"}
"""Addresses of the payloads that Mautic's own "Send test payload" sends; nothing else in them says so."""


def parse(body: bytes, content_type: str, headers: dict[str, str]) -> Result:
    """Every row of every event key. Raises Unreadable."""
    whole = as_object(read_json(body))
    rows = list(_rows(whole))
    if not rows:
        raise Unreadable("no key begins with `mautic.`")
    found: Result = []
    for i, (name, where, row) in enumerate(bounded(rows)):
        try:
            found.append(_signal(name, as_object(row, where), whole, body_key(body, i)))
        except Unreadable as error:
            found.append(Quarantined(quarantined=error.reason, where=where))
    return found


def _rows(whole: dict[str, Any]) -> Iterator[tuple[str, str, Any]]:
    for key, value in whole.items():
        if not key.startswith("mautic."):
            continue
        if isinstance(value, list):
            yield from ((key, f"$['{key}'][{i}]", row) for i, row in enumerate(value))
        else:
            yield key, f"$['{key}']", value


def _signal(key: str, row: dict[str, Any], whole: dict[str, Any], dedupe: str) -> Parsed:
    name = key.removeprefix("mautic.")
    contact = _contact(row)
    core = {n: _value(f) for n, f in _core(contact).items()}
    ident = text(contact.get("id")) or text(row.get("id"))
    results = mapping(mapping(row.get("submission")).get("results"))
    form = mapping(mapping(row.get("submission")).get("form"))
    email = core.get("email") or text(results.get("email"))
    mode: Mode = "test" if (email or "").casefold() in _TEST_ADDRESSES else "live"
    return Parsed(
        kind=_KINDS.get(name, Kind.UNCLASSIFIED),
        source_kind=key,
        occurred_at=when(row.get("timestamp")) or when(whole.get("timestamp")),
        mode=mode,
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
        tags=tuple(tag for tag in map(_tag, contact.get("tags") or []) if tag),
        fields=only_known(
            [("region", core.get("state")), *((n, v) for n, v in core.items() if n not in _USED), *results.items()]
        ),
        dedupe_key=dedupe,
    )


def _contact(row: dict[str, Any]) -> dict[str, Any]:
    for holder in (row, mapping(row.get("submission")), mapping(row.get("stat")), mapping(row.get("hit"))):
        for name in ("contact", "lead"):
            if isinstance(holder.get(name), dict):
                return mapping(holder[name])
    return {}


def _core(contact: dict[str, Any]) -> dict[str, Any]:
    """Newer versions group the fields (core, social, ...), some leave the groups out."""
    fields = mapping(contact.get("fields"))
    grouped = [mapping(fields[g]) for g in ("core", "social", "personal", "professional") if g in fields]
    return {n: f for group in reversed(grouped or [fields]) for n, f in group.items()}


def _value(field: Any) -> str | None:
    said = text(field.get("value") if isinstance(field, dict) else field)
    return html.unescape(said) if said else None


def _tag(tag: Any) -> str | None:
    return text(tag.get("tag") if isinstance(tag, dict) else tag)
