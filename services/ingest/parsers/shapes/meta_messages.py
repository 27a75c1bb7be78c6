"""WhatsApp, Messenger and Instagram: messages and what became of ours, in Meta's envelope of entries."""

from __future__ import annotations

from collections.abc import Iterator

from schemas.json_values import JsonObject, JsonValue
from schemas.signals import Kind, Parsed, Person, Reference
from services.ingest.parsers.reading.identifiers import identifier
from services.ingest.parsers.reading.safely import (
    Result,
    body_key,
    each,
    mapping,
    only_known,
    refuse_too_many,
    text,
    when,
)

_OBJECTS = ("whatsapp_business_account", "page", "instagram")
_PAGE_INBOX = "263902037430900"
"""The app by whose name Meta tells what people wrote in the page's own inbox; other apps are programs."""
_LISTS = ("messages", "statuses", "messaging")


def fits(whole: JsonObject) -> bool:
    """Whether a body has this shape."""
    return whole.get("object") in _OBJECTS and next(_rows(whole), None) is not None


def parse(whole: JsonObject, body: bytes) -> Result:
    """Each message and each status, judged alone."""
    found = refuse_too_many(list(_rows(whole)))
    values = [value for _, _, value, _ in found]
    profiles = {key: _profiles(value) for key, value in {id(value): value for value in values}.items()}
    lists = [name for _, name, _, _ in found]
    return each(
        [(where, row) for where, _, _, row in found],
        lambda row, _, i: _one(row, lists[i], profiles[id(values[i])], body_key(body, i)),
    )


def _rows(whole: JsonObject) -> Iterator[tuple[str, str, JsonObject, JsonValue]]:
    """(path, which list it is in, what that list is in, itself)."""
    for i, entry in enumerate(_as_list(whole.get("entry"))):
        holders = [
            (f"$.entry[{i}].changes[{j}].value", mapping(c).get("value"))
            for j, c in enumerate(_as_list(mapping(entry).get("changes")))
        ]
        for where, value in [(f"$.entry[{i}]", entry), *holders]:
            for name in _LISTS:
                for k, row in enumerate(_as_list(mapping(value).get(name))):
                    yield f"{where}.{name}[{k}]", name, mapping(value), row


def _as_list(value: JsonValue) -> list[JsonValue]:
    return value if isinstance(value, list) else []


def _profiles(value: JsonObject) -> dict[str | None, JsonObject]:
    """Who the numbers are, by number; of two the first counts."""
    contacts = [mapping(contact) for contact in _as_list(value.get("contacts"))]
    return {text(contact.get("wa_id")): mapping(contact.get("profile")) for contact in reversed(contacts)}


def _one(row: JsonObject, listed: str, profiles: dict[str | None, JsonObject], key: str) -> Parsed:
    if listed == "messaging":
        return _direct(row, key)
    ours = listed == "statuses"
    number = text(row.get("recipient_id" if ours else "from"))
    named = profiles.get(number, {})
    status, ident = text(row.get("status")), identifier(row.get("id"))
    return Parsed(
        kind=Kind.MESSAGE_RECEIVED if not ours else Kind.OUTREACH_LOGGED if status == "sent" else Kind.UNCLASSIFIED,
        source_kind=status if ours else text(row.get("type")),
        occurred_at=when(row.get("timestamp")),
        person=Person(phone=number, full_name=text(named.get("name"))),
        external_id=ident,
        fields=only_known([("text", text(mapping(row.get("text")).get("body")))]),
        dedupe_key=f"message:{ident}:{status or ''}" if ident else key,
    )


def _direct(row: JsonObject, key: str) -> Parsed:
    """A message between a page and a person that Meta names by an id of the page's own; an echo is ours."""
    message = mapping(row.get("message")) or mapping(row.get("postback"))
    ours = message.get("is_echo") is True
    theirs = identifier(mapping(row.get("recipient" if ours else "sender")).get("id"))
    what = next(
        (name for name in ("message", "postback", "read", "delivery", "optin", "referral") if name in row), None
    )
    ident, at = identifier(message.get("mid")), text(row.get("timestamp"))
    kind = Kind.UNCLASSIFIED if not message else Kind.OUTREACH_LOGGED if ours else Kind.MESSAGE_RECEIVED
    return Parsed(
        kind=kind,
        automated=ours and text(message.get("app_id")) not in (None, _PAGE_INBOX),
        source_kind=what,
        occurred_at=when(row.get("timestamp")),
        external_id=ident or theirs,
        references=(Reference(system="meta", object="person", id=theirs),) if theirs else (),
        fields=only_known([("text", text(message.get("text")) or text(message.get("title")))]),
        dedupe_key=f"message:{ident or theirs}:{what}:{at}" if ident or (theirs and at) else key,
    )
