"""Who wrote a message or made a call: the lead, one of us, or a program of ours; and what only our own people see."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal, NamedTuple

from schemas.json_values import JsonValue
from services.ingest.parsers.guesses.chain import Chain, Level, level
from services.ingest.parsers.guesses.tree import Node
from services.ingest.parsers.reading.automation import is_set
from services.ingest.parsers.reading.by_names import Wanted
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import mapping, text
from services.ingest.parsers.reading.tables import word_set, words

Way = Literal["in", "out", "inside"]
By = Literal["person", "machine"]


class Turn(NamedTuple):
    """`way`: from the lead, from us, or among ourselves (a private note); `by`: who of us, a person or a program. None: not said."""

    way: Way | None = None
    by: By | None = None


_INWARDS = word_set("""
    inbound incoming in received inward mo eingehend inkommande entrant entrante entrada innkommende indgaende
    ingaende
""")
_OUTWARDS = word_set("""
    outbound outgoing out sent outward mt ausgehend utgaende utgående sortant saliente saida utgaande
""")
_DIRECTIONS = Wanted(
    words("""
    direction call_direction message_direction hs_call_direction hs_email_direction event_direction bound call_bound
    communication_direction direction_type conversation_direction
""")
)
_TYPES = Wanted(
    words("""
    message_type call_type type kind sms_type type_of_call event_type activity_type direction_of_call flow
""")
)
"""Names that say which way only where their value begins with one of these words, and much else besides."""
_TYPED = {"inbound": "in", "incoming": "in", "outbound": "out", "outgoing": "out"}
_OUT_FLAGS = Wanted(
    words("""
    from_me is_from_me is_outgoing outgoing outbound is_outbound sent_by_me from_self is_echo is_from_agent from_agent
    is_agent is_agent_message is_admin_reply sent_by_agent is_staff from_us is_sent is_from_business
""")
)
_IN_FLAGS = Wanted(
    words("""
    incoming is_incoming inbound is_inbound from_customer is_from_customer from_contact is_from_contact from_visitor
    from_lead is_customer_message is_received is_customer
""")
)
_PRIVATE = Wanted(
    words("""
    private is_private internal is_internal internal_note is_internal_note is_note private_note is_private_note
    whisper
""")
)
_PUBLIC = Wanted(("public", "is_public"))
_NOTES = word_set("""
    note private_note internal_note private internal whisper comment_internal internal_comment agents_only
    staff_only
""")
_NOTE_NAMES = Wanted(
    words("""
    visibility message_type part_type comment_type event_type content_type type note_type body_type privacy
""")
)
_THEIRS = word_set("""
    contact lead customer visitor end_user enduser client guest prospect consumer shopper subscriber respondent
    requester caller person end_customer contacts buyer patient member
""")
_PEOPLE = word_set("""
    agent admin operator teammate staff employee support rep representative owner human business company manager seller
    advisor consultant moderator account_user internal colleague team human_agent live_agent page administrator
    sales_rep support_agent salesperson workspace_member workspace_user sales csr collaborator
""")
_MACHINES = word_set("""
    bot chatbot system automation automated workflow campaign trigger ai ai_agent assistant robot sequence broadcast
    virtual_agent autopilot rule integration api app scheduled drip cadence autoresponder agent_bot agentbot
    virtual_assistant automation_rule bulk machine application flow flows chatflow journey ai_assistant fin voicebot
""")
_SENDER_NAMES = Wanted(
    words("""
    sender_type author_type from_type sent_by_type sender_role author_role actor_type from_role message_sender_type
    sent_by sender author from user_type participant_type actor
""")
)
_SENDERS = Wanted(
    ("sender", "author", "from", "actor", "sent_by", "created_by", "participant", "message_author", "user")
)
_ROLES = ("type", "role", "kind", "user_type", "sender_type", "actor_type", "author_type", "subtype")
_BOTS = ("is_bot", "bot", "is_ai", "from_ai_agent", "is_automated", "is_ai_answer", "is_system")
_RUNS = Wanted(
    words("""
    campaign_id sequence_id broadcast_id automation_id workflow_id bulk_email_action_id flow_id journey_id cadence_id
    bot_id assistant_id assistant ai_agent voice_id retell_llm_dynamic_variables automation_rule_id bulk_id ai_agent_id
    chatbot_id drip_id
""")
)
"""What of ours sent a message, where no person did."""
_RUN_BY = Wanted(
    words("""
    source via sent_via origin delivered_as trigger_type initiated_by send_type message_source created_via initiator
""")
)
_ALL = (
    *(_DIRECTIONS, _TYPES, _OUT_FLAGS, _IN_FLAGS, _PRIVATE, _PUBLIC, _NOTE_NAMES, _SENDER_NAMES, _SENDERS),
    *(_RUNS, _RUN_BY),
)
_TELLING = Wanted(dict.fromkeys(name for wanted in _ALL for name in wanted.names))
"""Names of which an object that says anything of this has one: most have none."""
_WORDS_OF_OURS = frozenset(["agent", "admin", "operator", "staff", "teammate", "rep"])
_WORDS_OF_THEIRS = frozenset(["customer", "visitor", "contact", "client", "guest", "prospect"])
_SAID = word_set("""
    reply replied replies message messages sent respond responded response answered wrote
""")


def turn_of(chain: Chain, objects: list[Node], word: str | None = None) -> Turn:
    """Of a message or a call. `word` is the sender's word for the event, which may say it (`conversation.agent.replied`)."""
    levels = [at for at in (*reversed(chain), *_parties(objects)) if _TELLING.among(at.names)]
    by, way = _author(levels)
    if way is None and _is_not_who_began(objects):
        by, way = "person", "out"
    direction = _private(levels) or _direction(levels) or way or _way_by_words(word)
    if direction != "out" and not (direction is None and by == "machine"):
        return Turn(direction, None)
    machine = by == "machine" or _is_run(levels)
    return Turn("out", "machine" if machine else by or ("person" if _way_by_words(word) == "out" else None))


def _parties(objects: list[Node]) -> Iterator[Level]:
    """Parts of the body that say a direction of their own: a call's leg, a conversation's message."""
    for node in objects:
        if node.depth and not _OF_PARTIES.isdisjoint(node.raw):
            yield node.level


_OF_PARTIES = frozenset(["direction", "message_type", "call_direction"])


def _is_not_who_began(objects: list[Node]) -> bool:
    """Whether a chat's message has a sender of its own, who is not the one that the conversation is with."""
    begun = next(
        (address for node in objects if node.path[-2:] == ("meta", "sender") and (address := _address(node.raw))), None
    )
    if begun is None:
        return False
    wrote = next((address for node in objects if (address := _address(mapping(node.level.held.get("sender"))))), None)
    return wrote is not None and begun != wrote


def _address(of: Mapping[str, JsonValue]) -> str | None:
    email = text(level(of).held.get("email"))
    return email.casefold() if email else None


def _direction(levels: list[Level]) -> Way | None:
    for at in levels:
        for name in _DIRECTIONS.among(at.names):
            words = label(text(at.held[name]) or "").split("_")
            if words[0] in _INWARDS:
                return "in"
            if words[0] in _OUTWARDS:
                return "out"
        for name in _TYPES.among(at.names):
            if (typed_way := _TYPED.get(label(text(at.held[name]) or "").partition("_")[0])) is not None:
                return "in" if typed_way == "in" else "out"
        if (flagged := _way_by_flags(at)) is not None:
            return flagged
    return None


def _way_by_flags(at: Level) -> Way | None:
    for wanted, yes, no in ((_OUT_FLAGS, "out", "in"), (_IN_FLAGS, "in", "out")):
        for name in wanted.among(at.names):
            value = at.held[name]
            if value in (True, False, 0, 1, "0", "1", "true", "false") and value is not None:
                up = is_set(value)
                if up or name in (
                    "from_me",
                    "is_from_me",
                    "is_outgoing",
                    "outgoing",
                    "outbound",
                    "is_outbound",
                    "incoming",
                    "is_incoming",
                    "inbound",
                    "is_inbound",
                ):
                    return "out" if (yes if up else no) == "out" else "in"
    return None


def _private(levels: list[Level]) -> Way | None:
    for at in levels:
        if any(at.held[name] in (True, 1, "true", "1") for name in _PRIVATE.among(at.names)):
            return "inside"
        if any(at.held[name] in (False, "false") for name in _PUBLIC.among(at.names)):
            return "inside"
        if any(label(text(at.held[name]) or "") in _NOTES for name in _NOTE_NAMES.among(at.names)):
            return "inside"
    return None


def _author(levels: list[Level]) -> tuple[By | None, Way | None]:
    """(who of us, which way) by what the sender of the message is said to be; a bare `user` is either."""
    for at in levels:
        for name in _SENDER_NAMES.among(at.names):
            if (author := _of_role(text(at.held[name]))) is not None:
                return author
        for name in _SENDERS.among(at.names):
            who = mapping(at.held[name])
            if not who:
                continue
            held = level(who).held
            if any(is_set(held.get(flag)) for flag in _BOTS):
                return "machine", "out"
            for role in _ROLES:
                if (author := _of_role(text(held.get(role)))) is not None:
                    return author
    return None, None


def _of_role(role: str | None) -> tuple[By | None, Way] | None:
    role_label = label(role) if role is not None and len(role) <= 40 else ""
    if role_label in _THEIRS:
        return None, "in"
    if role_label in _MACHINES:
        return "machine", "out"
    return ("person", "out") if role_label in _PEOPLE else None


def _is_run(levels: list[Level]) -> bool:
    """A campaign, a sequence or a workflow sent it."""
    for at in levels:
        if any(at.held[name] not in (None, "", 0, "0", [], {}) for name in _RUNS.among(at.names)):
            return True
        if any(label(text(at.held[name]) or "") in _MACHINES for name in _RUN_BY.among(at.names)):
            return True
    return False


def _way_by_words(word: str | None) -> Way | None:
    words = set(label(word or "").split("_"))
    if words.isdisjoint(_SAID):
        return None
    ours, theirs = not words.isdisjoint(_WORDS_OF_OURS), not words.isdisjoint(_WORDS_OF_THEIRS)
    return None if ours == theirs else "out" if ours else "in"
