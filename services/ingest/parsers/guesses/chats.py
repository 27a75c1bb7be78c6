"""Messages and calls that come without a word for what happened, known by the fields that only they have."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import islice

from schemas.json_values import JsonValue
from services.ingest.parsers.guesses.contact_points import number_of_chat
from services.ingest.parsers.guesses.tree import Node
from services.ingest.parsers.reading.safely import text
from services.ingest.parsers.reading.tables import word_set

MAX_NODES = 12
"""Objects of one event that are looked at."""
_CALLS = word_set("""
    call_id call_sid call_uuid call_status call_duration call_direction call_type talk_time ended_reason hangup_cause
    missed_call_reason voicemail
""")
_RECORDED = frozenset(["recording", "recording_url", "recordings", "transcript", "transcription", "call_transcript"])
_TIMED = frozenset(["duration", "direction", "answered_at", "ended_at", "conversation_duration"])
_TEXTS = frozenset(["text", "body", "caption", "message_body", "content", "sticker", "photo", "voice", "audio"])
_OUR_NUMBER = frozenset(["phone_number_id", "display_phone_number"])
"""Which of our numbers somebody wrote to, as WhatsApp's business accounts say it."""


def is_call(objects: Iterable[Node]) -> bool:
    """Whether an object of the event is a call: it has a call's id or outcome, or a recording and how long it was."""
    for node in islice(objects, MAX_NODES):
        names = node.level.held.keys()
        if node.weight >= -1 and (
            len(_CALLS & names) > 1 or (not _RECORDED.isdisjoint(names) and not _TIMED.isdisjoint(names))
        ):
            return True
    return False


def is_message(objects: Iterable[Node]) -> bool:
    """Whether an object of the event is a message in a chat or by SMS: who it is from, and in which chat or to which of our
    numbers."""
    for node in islice(objects, MAX_NODES):
        names = node.level.held.keys()
        chat = {"chat", "from"} <= names and not names.isdisjoint(("message_id", *_TEXTS))
        sms = {"message_from", "message_to"} <= names or {"message_from", "message_body"} <= names
        written = "from" in names and not _OUR_NUMBER.isdisjoint(names)
        if chat or sms or written:
            return True
    return False


_PARTNERS = ("remote_jid_alt", "sender_pn", "remote_jid", "jid", "chat_id")
"""The one a chat is with, whoever of the two writes; what has a number first."""
_IN_A_GROUP = ("participant_alt", "participant_pn", "participant", "author")


def _partner(held: Mapping[str, JsonValue]) -> dict[str, str]:
    ids = [text(held[name]) or "" for name in _PARTNERS if name in held]
    if not ids:
        return {}
    if any(one.endswith("@g.us") for one in ids):
        ids = [text(held.get(name)) or "" for name in _IN_A_GROUP]
    number = next((number for one in ids if (number := number_of_chat(one)) is not None), None)
    return {"phone": number} if number else {}


def other_end(objects: Iterable[Node]) -> dict[str, str]:
    """The number of the one a chat is with, or a message went to or came from, where our own number stands beside it; {}
    for anything else."""
    for node in islice(objects, MAX_NODES):
        held = node.level.held
        if partner := _partner(held):
            return partner
        if _OUR_NUMBER.isdisjoint(held):
            continue
        for name in ("recipient_id", "wa_id", "from"):
            ident = text(held.get(name)) or ""
            if (number := number_of_chat(ident)) is not None:
                return {"phone": number}
            if ident.isdigit() and 8 <= len(ident) <= 15:
                return {"phone": ident}
    return {}
