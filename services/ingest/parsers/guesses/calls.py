"""Whether a call was a conversation: somebody answered and talked for a while; a voicemail, a busy line or no answer was none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from schemas.json_values import JsonObject
from services.ingest.parsers.guesses.chain import Level
from services.ingest.parsers.reading.automation import is_set
from services.ingest.parsers.reading.naming import label
from services.ingest.parsers.reading.safely import number, text, when
from services.ingest.parsers.reading.tables import word_set, words

SHORTEST = 20
"""Seconds of talk from which an answered call is a conversation."""
SURE = 60
"""Seconds from which a call is one though nobody says that it was answered: nothing rings for so long."""
_OUTCOMES = words("""
    call_disposition disposition outcome call_outcome result call_result call_status status state last_state
    hangup_cause end_reason ended_reason missed_call_reason termination_reason disposition_name answered_by amd_result
    final_status completion_status dial_call_status call_state reason hs_call_disposition hs_call_status
""")
_TALKED = word_set("""
    connected talked spoke spoken conversation reached human live_answer picked_up interested correct_contact
    meeting_booked meeting_scheduled call_connected contacted successful talk connected_call spoke_with_contact
    conversation_held had_conversation positive nådd svarade svarat f240bbac_87c9_4f6e_bf70_924b57d47db7
""")
"""Said by whoever talked: no length is asked for. The last is HubSpot's own id of `Connected`."""
_ANSWERED = word_set("""
    answered answer accepted completed complete ended success ok normal_clearing hangup bridged handled done
""")
_FAILED = word_set("""
    no_answer noanswer not_answered unanswered busy missed voicemail failed failure canceled cancelled abandoned
    rejected declined wrong_number invalid_number bad_number not_reached unreachable unavailable out_of_service blocked
    error no_pickup left_message no_user_response user_busy call_rejected no_contact vm_left vm_answer fax not_available
    missed_call agents_did_not_answer short_abandoned abandoned_in_ivr abandoned_in_classic out_of_opening_hours
    no_available_agent chanunavail congestion number_changed gatekeeper left_live_message
    9d9162e7_6cf3_4944_bf63_4dff82258764 a4c4c377_d246_4b32_a13b_75a56a4cd0ff b2cf5968_551e_4856_9783_52b3da59a7d0
    73a0d17f_1163_4015_bdd5_ec830791da20 17b47fee_58de_441e_a44c_c6300d46f273 upptaget svarar_ej inget_svar ej_svar
    not_connected
""")
_FAILING = re.compile(
    r".*(?:voice_?mail|no_?answer|not_answered|unanswered|answering_machine|machine_(?:start|end)|left_(?:a_)?(?:vm|message)|wrong_number|did_not_(?:answer|connect)).*|busy_.*|vm_.*"
)
_ANSWERS = words("""
    answered_at answer_time answered_time connected_at date_connected answered_date connect_time answer_stamp
    agent_answer_time
""")
_UP = ("answered", "is_answered", "connected", "is_connected", "was_answered", "call_answered")
_DOWN = words("""
    missed is_missed voicemail is_voicemail has_voicemail voicemail_url voicemail_link voicemail_id left_voicemail
    vm
""")
_TALK = words("""
    talk_time talk_duration conversation_duration talk_seconds billsec bill_sec billable_duration talking_time
    incall_duration connected_duration duration_talk speaking_time in_call_duration
""")
_LENGTH = words("""
    call_duration duration duration_in_seconds duration_seconds call_duration_in_seconds call_duration_seconds
    total_duration length call_length seconds dial_call_duration recording_duration total_call_duration duration_sec
""")
_MILLISECONDS = (
    "duration_ms",
    "duration_in_millis",
    "duration_millis",
    "hs_call_duration",
    "call_duration_ms",
    "duration_milliseconds",
    "total_duration_ms",
)
_CLOCK = re.compile(r"(?:(\d{1,2}):)?(\d{1,2}):(\d{2})(?:\.\d+)?")


class Call(NamedTuple):
    """`connected`: True for a conversation, False for none, None where nobody says. `outcome`: the sender's own word."""

    connected: bool | None
    outcome: str | None


def call_of(levels: Iterable[Level]) -> Call:
    """How a call that is over went, the innermost object's word first."""
    held = [at.held for at in levels]
    words = [value for at in held for name in _OUTCOMES if (value := text(at.get(name)))]
    outcome = next(
        (word for word in words if label(word) in _TALKED | _FAILED | _ANSWERED or _FAILING.fullmatch(label(word))),
        None,
    )
    plain = {label(word) for word in words}
    if not plain.isdisjoint(_FAILED) or any(_FAILING.fullmatch(word) for word in plain) or _is_up(held, _DOWN):
        return Call(False, outcome)
    if not plain.isdisjoint(_TALKED):
        return Call(True, outcome)
    if any(is_set(at.get(name)) is False for at in held for name in _UP if isinstance(at.get(name), bool)):
        return Call(False, outcome)
    return Call(_is_talk(held, plain), outcome)


def _is_talk(held: list[JsonObject], words: set[str]) -> bool | None:
    talk, length = _seconds(held, _TALK), _seconds(held, _LENGTH)
    length = length if length is not None else _thousandth(_seconds(held, _MILLISECONDS))
    answered = next(
        (at[name] for at in held for name in _ANSWERS if when(at.get(name)) is not None or text(at.get(name))), None
    )
    never = any(name in at and at[name] is None for at in held for name in _ANSWERS)
    if talk is not None:
        return talk >= SHORTEST
    if answered is not None or _is_up(held, _UP) or not words.isdisjoint({"answered", "accepted", "answer"}):
        return True if length is None else length >= SHORTEST
    if never:
        return False
    if length is None:
        return None
    return length >= (SHORTEST if not words.isdisjoint(_ANSWERED) else SURE)


def _is_up(held: list[JsonObject], names: tuple[str, ...]) -> bool:
    for at in held:
        for name in names:
            value = at.get(name)
            if is_set(value) or (isinstance(value, dict) and value):
                return True
    return False


def _seconds(held: list[JsonObject], names: tuple[str, ...]) -> float | None:
    return next((seconds for seconds in _lengths(held, names)), None)


def _lengths(held: list[JsonObject], names: tuple[str, ...]) -> Iterator[float]:
    for at in held:
        for name in names:
            value = at.get(name)
            if (seconds := number(value)) is not None:
                yield seconds
            elif isinstance(value, str) and (clock := _CLOCK.fullmatch(value.strip())):
                yield int(clock[1] or 0) * 3600 + int(clock[2]) * 60 + int(clock[3])


def _thousandth(value: float | None) -> float | None:
    return None if value is None else value / 1000
