"""What a message, a call or a mail of an unknown sender is: the lead's, a step of one of us, a note among ourselves, a program's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import NamedTuple

from schemas.json_values import JsonValue
from schemas.signals import Actor, Kind, Sales
from services.ingest.parsers.guesses.calls import call_of
from services.ingest.parsers.guesses.chain import Chain, Level, first, level
from services.ingest.parsers.guesses.colleagues import doer_of
from services.ingest.parsers.guesses.direction import Turn, turn_of
from services.ingest.parsers.guesses.mail import CAME_IN, sender_in
from services.ingest.parsers.guesses.tree import Node
from services.ingest.parsers.reading.automation import (
    FLAGS,
    Mail,
    failed_recipient,
    headers_of,
    is_automatic,
    is_machine_open,
    why_automated,
)
from services.ingest.parsers.reading.by_names import Wanted
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import text
from services.ingest.parsers.reading.tables import word_set, words
from services.ingest.parsers.reading.values import is_address

_LOOKED_AT = (Kind.EMAIL_OPENED, Kind.EMAIL_CLICKED)
_TALK = frozenset({*CAME_IN, Kind.OUTREACH_LOGGED})
_TALKED = word_set("""
    message chat chat_message sms mms text text_message whatsapp whatsapp_message call phone_call telephone_call
    message_event message_create message_created messages
""")
"""Words for a message or a call that say nothing of whose it is: it is one where the body says which way it went."""
_CALLED = Wanted(
    words("""
    call_id call_sid call_type call_status call_duration voicemail call_direction call_uuid talk_time
""")
)
_HEADERS = Wanted(
    words("""
    headers message_headers email_headers mail_headers raw_headers header internet_message_headers hs_email_headers
    envelope_headers
""")
)
_OWN_HEADERS = Wanted(
    words("""
    auto_submitted precedence x_autoreply x_autorespond x_auto_response_suppress list_id list_unsubscribe
    return_path x_failed_recipients reply_to
""")
)
"""Headers that stand among the fields of the mail themselves."""
_SUBJECTS = Wanted(["subject", "email_subject", "message_subject", "reply_subject", "hs_email_subject", "subject_line"])
_WORDS = Wanted(
    words("""
    text body_plain text_body stripped_text body html message content plain body_text reply_text reply_body
""")
)
_REPLY_TO = Wanted(["reply_to", "reply_to_email"])
_WRITTEN = Wanted(["body", "text", "content", "message"])
MAX_PARTS = 40
"""Objects of one message in which a flag is looked for."""


class Act(NamedTuple):
    """The kind, more exactly; who of us did it; whether a program did; of a step what it was. `instead`: the person's facts that
    take the place of what was read ({} for nobody), None where that stands."""

    kind: Kind
    turn: Turn = Turn()
    actor: Actor = Actor()
    automated: bool = False
    sales: Sales | None = None
    instead: dict[str, str] | None = None


def act_of(kind: Kind, chain: Chain, objects: list[Node], word: str | None, nouns: tuple[str, ...]) -> Act:
    """Of what is neither a message, a call nor a mail only the kind."""
    if kind in _LOOKED_AT:
        return Act(kind, automated=any(is_machine_open(held) for held in _parts(chain, objects)))
    call = kind is Kind.CALL_RECEIVED or "call" in nouns or _names(chain, _CALLED)
    turn = turn_of(chain, objects, word)
    if kind is Kind.UNCLASSIFIED and turn.way in ("in", "out") and label(word or "") in _TALKED:
        kind = Kind.CALL_RECEIVED if call else Kind.MESSAGE_RECEIVED
    if kind not in _TALK and not (kind is Kind.UNCLASSIFIED and word is not None and is_automatic(word)):
        return Act(kind, turn)
    kind = kind_by_direction(kind, turn, chain, call)
    if turn.way == "inside":
        return Act(Kind.NOTE_ADDED, turn, doer_of(chain))
    if kind is Kind.OUTREACH_LOGGED:
        return _ours(turn, chain, objects, call)
    return Act(kind, turn) if call else _theirs(kind, turn, chain=chain, objects=objects, word=word)


def kind_by_direction(kind: Kind, turn: Turn, chain: Chain, call: bool) -> Kind:
    """A call that is over is outreach of ours only if we made it."""
    if turn.way == "in" and kind is Kind.OUTREACH_LOGGED:
        return Kind.CALL_RECEIVED if call or not _names(chain, _WRITTEN) else Kind.MESSAGE_RECEIVED
    return Kind.OUTREACH_LOGGED if turn.way == "out" and kind in CAME_IN else kind


def _names(chain: Chain, wanted: Wanted) -> bool:
    return any(wanted.among(at.names) for at in chain)


def _ours(turn: Turn, chain: Chain, objects: list[Node], call: bool) -> Act:
    """A conversation by telephone and a message that one of us wrote are steps; what a program sent, and a try, are outreach."""
    what = "call" if call else "message"
    if turn.by == "machine":
        return Act(
            kind=Kind.OUTREACH_LOGGED,
            turn=turn,
            actor=Actor(kind="automation"),
            automated=True,
            sales=Sales(activity_type=what),
        )
    who = doer_of(chain) if turn.way == "out" or call else Actor()
    if who.email is not None and why_automated(Mail(sender=who.email)) is not None:
        return Act(
            kind=Kind.OUTREACH_LOGGED,
            turn=turn,
            actor=Actor(kind="automation"),
            automated=True,
            sales=Sales(activity_type=what),
        )
    if call:
        went = call_of([*reversed(chain), *_legs(objects)])
        sales = Sales(activity_type="call", to=went.outcome)
        if turn.way == "out" and went.connected:
            return Act(kind=Kind.SALES_FOLLOW_UP, turn=turn, actor=who, automated=False, sales=sales.but(done=True))
        return Act(kind=Kind.OUTREACH_LOGGED, turn=turn, actor=who, automated=False, sales=sales)
    if turn.way == "out" and (turn.by == "person" or who.reference is not None):
        by = who if who.reference is not None else Actor(kind="person")
        return Act(
            kind=Kind.SALES_FOLLOW_UP, turn=turn, actor=by, automated=False, sales=Sales(activity_type=what, done=True)
        )
    return Act(Kind.OUTREACH_LOGGED, turn, who)


def _legs(objects: list[Node]) -> Iterator[Level]:
    yield from (node.level for node in islice(objects, MAX_PARTS) if node.depth)


def _theirs(kind: Kind, turn: Turn, chain: Chain, objects: list[Node], word: str | None) -> Act:
    """What came in, and whether a person wrote it. Of a message that came back the lead is the one it was for; a form that is sent on
    by mail is from the one an answer would go to."""
    headers = _headers(chain)
    sender = sender_in(objects).get("email")
    subject = first(chain, _SUBJECTS, text)
    flags = {name: value for held in _parts(chain, objects) for name, value in held.items() if name in FLAGS}
    why = why_automated(Mail(headers, sender, subject, flags))
    if why is None and word is not None and is_automatic(word):
        why, kind = "auto_reply", kind if kind in CAME_IN else Kind.EMAIL_REPLIED
    if why == "bounce":
        failed = failed_recipient(headers, first(chain, _WORDS, text))
        return Act(Kind.EMAIL_BOUNCED, turn, automated=True, instead={"email": failed} if failed else {})
    if why == "no_reply" and (asked := _answer_to(headers, chain, sender)) is not None:
        return Act(kind, turn, instead={"email": asked})
    return Act(kind, turn, automated=why is not None)


def _answer_to(headers: Mapping[str, str], chain: Chain, sender: str | None) -> str | None:
    """The person an answer goes to, if that is not the sender."""
    reply_to = first(chain, _REPLY_TO, text) or headers.get("reply_to", "")
    address = reply_to.rpartition("<")[2].rstrip("> ").strip()
    if not is_address(address) or address.casefold() == (sender or "").casefold():
        return None
    return address if why_automated(Mail(sender=address)) is None else None


def _headers(chain: Chain) -> dict[str, str]:
    headers: dict[str, str] = {}
    for at in reversed(chain):
        for name in _HEADERS.among(at.names):
            headers = {**headers_of(at.held[name]), **headers}
        own = {name: value for name in _OWN_HEADERS.among(at.names) if (value := text(at.held[name]))}
        headers = {**own, **headers}
    return headers


def _parts(chain: Chain, objects: list[Node]) -> Iterator[Mapping[str, JsonValue]]:
    yield from (at.held for at in chain)
    for node in islice(objects, MAX_PARTS):
        yield {label(str(key)): value for key, value in islice(node.raw.items(), 100)}
        for key, value in islice(node.raw.items(), 100):
            if isinstance(value, dict) and label(str(key)) in (
                "envelope",
                "client_info",
                "user_agent_parsed",
                "author",
            ):
                yield level(value).held
