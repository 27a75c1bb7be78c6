"""The two ends of a message: who it went to, who it is from. Of what was sent the lead is the recipient, of what came in the sender."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from schemas.json_values import JsonValue
from schemas.signals import Kind
from services.ingest.parsers.guesses.chain import Chain, level
from services.ingest.parsers.guesses.contact_points import number_of_chat
from services.ingest.parsers.guesses.tree import Node
from services.ingest.parsers.reading.by_names import Wanted
from services.ingest.parsers.reading.safely import mapping, text
from services.ingest.parsers.reading.tables import word_set, words
from services.ingest.parsers.reading.values import is_chat_id

CAME_IN = (Kind.EMAIL_REPLIED, Kind.MESSAGE_RECEIVED, Kind.CALL_RECEIVED)
MAILED = (Kind.EMAIL_SENT, Kind.EMAIL_DELIVERED, Kind.EMAIL_OPENED, Kind.EMAIL_CLICKED, Kind.EMAIL_BOUNCED)
WENT_OUT = (*MAILED, Kind.LIST_UNSUBSCRIBED, Kind.OUTREACH_LOGGED)
_TO = Wanted(
    words("""
    recipient rcpt_to rcpt raw_rcpt_to to to_email to_address destination recipients bounced_recipients
    complained_recipients sent_to to_number
""")
)
_FROM = Wanted(
    words("""
    from_email from from_full from_field from_address message_from sender_address sender sender_email from_number
    msisdn
""")
)
_ADDRESSES = ("email", "email_address", "address", "number", "phone", "phone_number", "handle", "value")
_NAMES = ("from_name", "sender_name")
_TO_NAMES = ("to_name", "recipient_name")
_MAILED = ("text", "html", "body_plain", "text_body", "html_body", "stripped_text", "body")
_SENDERS = frozenset(["from", "from_field", "from_address", "from_email", "sender", "sender_email", "sender_address"])
_RECEIVERS = word_set("""
    to to_field to_fields to_recipients to_address to_email recipient recipients delivered_to
""")
_PREVIEWS = frozenset(
    [*_MAILED, "summary", "preview", "body_preview", "snippet", "content", "body_text", "plain", "text_as_html"]
)
_NAMED = re.compile(r"\s*+\"?([^\"<>]{0,200}+)\"?\s*+<\s*+([^\s<>@]{1,64}@[^\s<>]{1,190})\s*>\s*")
_PHONE = re.compile(r"(?:whatsapp:|tel:)?(\+?\d[\d\s().-]{5,20})")


def is_mail(held: Iterable[str]) -> bool:
    """A mail as a receiving service passes it on: from, subject and a text, and no word for an event."""
    names = set(held)
    whole = {"from", "to", "subject"} <= names and not names.isdisjoint(_MAILED)
    listed = "subject" in names and all(not part.isdisjoint(names) for part in (_SENDERS, _RECEIVERS, _PREVIEWS))
    return whole or listed or {"from", "recipient", "body_plain"} <= names


def is_sent(chain: Chain) -> bool:
    """A mail of ours of which something is told (`email.complained`): from, to and a subject, and no text that came in."""
    texts = {*_MAILED, "message", "content", "msg"}
    return any({"from", "to", "subject"} <= at.held.keys() and texts.isdisjoint(at.held) for at in chain)


def replied_to(chain: Chain, objects: list[Node]) -> dict[str, str]:
    """Where a reply is an object of its own beside them, the two ends are those of what it answers: the lead is who that
    went to. {} where it is not."""
    return recipient_in(objects) if any(mapping(at.held.get(n)) for at in chain for n in _REPLIES) else {}


_REPLIES = ("reply_message", "reply")


def recipient_in(objects: list[Node]) -> dict[str, str]:
    """Our facts of the one a message went to; {} where nobody is named."""
    facts = next(_ends(objects, _TO), {})
    name = next((value for node in objects for key in _TO_NAMES if (value := text(node.level.held.get(key)))), None)
    return {"full_name": name, **facts} if facts and name else facts


def sender_in(objects: list[Node]) -> dict[str, str]:
    """Our facts of the one a message is from."""
    facts = next(_ends(objects, _FROM), {}) or next(_parties(objects, "from"), {})
    name = next((value for node in objects for key in _NAMES if (value := text(node.level.held.get(key)))), None)
    return {"full_name": name, **facts} if facts and name else facts


def _ends(objects: list[Node], names: Wanted) -> Iterator[dict[str, str]]:
    for node in objects:
        held = node.level.held
        for name in names.among(node.level.names):
            if name == "sender" and is_chat_id(text(held.get(name)) or ""):
                # Of a chat's message it may be our own telephone that received it.
                continue
            if facts := _end(held.get(name)):
                yield facts


def _parties(objects: list[Node], role: str) -> Iterator[dict[str, str]]:
    """Those of a list of a message's parties who have a role in it."""
    for node in objects:
        for row in node.level.held.get("recipients") or []:
            if isinstance(row, dict) and text(row.get("role")) == role and (facts := _end(row)):
                yield facts


def _end(value: JsonValue) -> dict[str, str]:
    """`Name <address>`, an address, a number, an object or a list of such."""
    if isinstance(value, list):
        value = value[0] if value else None
    if isinstance(value, dict):
        held = level(value).held
        facts = next((end for key in _ADDRESSES if (end := _end(held.get(key)))), {})
        named = text(held.get("name")) or text(held.get("display_name"))
        return {"full_name": named, **facts} if facts and named else facts
    line = (text(value) or "")[:500]
    if (number := number_of_chat(line)) is not None:
        return {"phone": number}
    if is_chat_id(line):
        return {}
    if whole := _NAMED.fullmatch(line):
        name = whole[1].strip()
        return {"email": whole[2], **({"full_name": name} if name and name != whole[2] else {})}
    if "@" in line and " " not in line:
        return {"email": line}
    phone = _PHONE.fullmatch(line)
    return {"phone": phone[1]} if phone else {}
