"""How a signal is written on the log, and how it is set aside."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from routing.model.ids import derive
from schemas.signals import PERSONAL_FIELDS, Signal
from schemas.wording import rule_of
from services.observability.logging import LONGEST_PLACE, scrub
from services.ports.errors import StoreRejected
from services.ports.rows import DeadLetter, Record, RecordOut, SpoolEntry
from services.sealing.records import SPENT, is_sealed


def _change(kind: type[Any], value: Any) -> Any:
    """A change of the roster, the one part of a signal that msgspec does not know."""
    try:
        return kind.model_validate(value)
    except ValidationError:
        raise ValueError(f"no {kind.__name__}") from None


_SIGNAL = msgspec.json.Decoder(Signal, dec_hook=_change)
NO_KEY = "it is sealed with a key that the store does not have"
DEEPEST = 200
"""Levels of lists and objects that pydantic follows and we do not reach; with fewer brackets it cannot be deeper."""
_MEMBERS = msgspec.json.Decoder(dict[str, msgspec.Raw])
_WRITE = msgspec.json.Encoder().encode


def record_of(signal: Signal, topic: str) -> RecordOut:
    """A signal as a record of `topic`, keyed so that all about one person is in one partition."""
    return RecordOut(topic, signal.partition_key.encode(), signal.text().encode())


class Incoming(NamedTuple):
    """A record with the signal in it; `signal` is None where it does not decode, and `fault` says why. `is_spent`: it was decided on
    long ago, and nobody can open it any more.

    `halves` are its facts and its personal part as JSON texts, None where they are not at hand."""

    record: Record
    signal: Signal | None
    fault: str | None = None
    halves: tuple[str, str | None] | None = None
    is_spent: bool = False

    @property
    def origin(self) -> str:
        return f"{self.record.topic}/{self.record.partition}/{self.record.offset}"


def decode(record: Record) -> Incoming:
    """Never raises. The fault names fields and rules, never values: they can be personal data."""
    if is_sealed(record.value):
        is_spent = record.value == SPENT
        return Incoming(record, None, None if is_spent else NO_KEY, is_spent=is_spent)
    try:
        signal = _ours(record.value) or Signal.read(record.value)
        halves_of_record = _split_halves(record.value)
    except msgspec.DecodeError:  # what pydantic takes for a number and JSON does not know: NaN, Infinity
        return Incoming(record, None, "$: no JSON")
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = scrub(".".join(str(step) for step in first["loc"]), LONGEST_PLACE)
        return Incoming(record, None, f"{where or '$'}: {scrub(_rule_of(first), LONGEST_PLACE)}")
    return Incoming(record, signal, None, halves_of_record)


def _rule_of(first: ErrorDetails) -> str:
    """Rules of our own may quote what they refuse."""
    return "breaks a rule" if first["type"] == "value_error" else rule_of(first)


def _ours(record: bytes) -> Signal | None:
    """The signal as we write it, in a quarter of the time that to check and clean it takes; None where it is written
    otherwise, or is none."""
    try:
        signal = _SIGNAL.decode(record)
    except (msgspec.DecodeError, RecursionError):
        return None
    ours = signal.occurred_at.tzinfo is UTC and signal.received_at.tzinfo is UTC
    return signal if ours and not _may_be_too_deep(signal, record) else None


def _may_be_too_deep(signal: Signal, record: bytes) -> bool:
    """Whether it may hold more levels than we reach: brackets are counted only where a sender's field holds any."""
    for value in signal.fields.values():
        if type(value) is dict or type(value) is list:
            return record.count(b"[") + record.count(b"{") > DEEPEST
    return False


def _split_halves(record: bytes) -> tuple[str, str | None]:
    """(facts, personal) from the members as they are in the record: to write them again costs three times as much."""
    members, personal = _MEMBERS.decode(record), {}
    for name in PERSONAL_FIELDS:
        if name in members:
            personal[name] = members.pop(name)
    return _WRITE(members).decode(), _WRITE(personal).decode() if personal else None


def halves(signal: Signal) -> tuple[str, str | None]:
    """(facts, personal) as JSON texts; personal is None where the signal holds nothing personal."""
    return _split_halves(signal.text().encode())


def rejoin(facts: str, personal: str | None, attempt: int) -> Signal:
    """A signal set aside, as it comes back with a new attempt number. Raises ValidationError."""
    return Signal.from_mapping({**json.loads(facts), **json.loads(personal or "{}"), "attempt": attempt})


def once_more(letter: DeadLetter, topic: str) -> RecordOut:
    """A letter that names no lead as a record again: with the next attempt number where it decodes, else as it came."""
    found = next_attempt(letter)
    return RecordOut(topic, letter.id.encode(), letter.raw or b"") if found is None else record_of(found, topic)


def next_attempt(letter: DeadLetter) -> Signal | None:
    """The signal that was set aside, with its next attempt number; None where it does not decode."""
    try:
        if letter.facts is not None:
            return rejoin(letter.facts, letter.personal, letter.attempt + 1)
        return Signal.read(letter.raw or b"").but(attempt=letter.attempt + 1)
    except (ValidationError, ValueError):
        return None


def unsendable(entry: SpoolEntry, now: datetime) -> DeadLetter:
    """A row for a signal of the spool that the log never takes; its lead goes on without it."""
    topic, key, value = entry.record
    incoming = decode(Record(topic=topic, partition=-1, offset=entry.id, key=key, value=value))
    letter = dead_letter(
        incoming, None, state="dead", reason="larger than the log takes", error="RecordTooLarge", now=now
    )
    return letter._replace(origin=f"{topic}/spool/{entry.id}")


def partitions_said(records: Iterable[Record]) -> str:
    """The partitions of these records, for a log line."""
    return ",".join(map(str, sorted({record.partition for record in records})))


def letter_fields(letter: DeadLetter) -> dict[str, str | int | None]:
    """What a log line says of a letter: ids and the class of the error, nothing of anybody."""
    return {
        "dead_letter_id": letter.id,
        "lead_id": letter.lead_id,
        "signal_id": letter.signal_id,
        "attempt": letter.attempt,
        "error": letter.error_class,
    }


def forms(letter: DeadLetter, raw: bytes) -> tuple[DeadLetter, DeadLetter, DeadLetter]:
    """The letter as it is; for a store that refuses its signal's texts with the record as it came in their place, for any
    store takes bytes; and where it refuses the ids as well, with none of the signal's own words."""
    plain = letter._replace(raw=raw, facts=None, personal=None)
    return letter, plain, plain._replace(id=derive("dl", letter.origin, 0), signal_id=None, attempt=0, source=None)


async def write_letters(
    write: Callable[[Sequence[DeadLetter]], Awaitable[object]], letters: Sequence[DeadLetter], raws: Sequence[bytes]
) -> None:
    """Writes letters whose records were `raws`, in the first form that the store takes. Raises StoreRejected where it takes none."""
    for number in range(3):
        try:
            await write([forms(letter, raw)[number] for letter, raw in zip(letters, raws, strict=True)])
        except StoreRejected:
            if number == 2 or not letters:
                raise
        else:
            return


def dead_letter(
    incoming: Incoming, lead_id: str | None, state: str, reason: str, error: str, now: datetime
) -> DeadLetter:
    """A row for a signal that cannot be processed now; `reason` must hold no personal data."""
    signal = incoming.signal
    facts, personal = (incoming.halves or halves(signal)) if signal else (None, None)
    identity = (signal.id, signal.attempt) if signal else (incoming.origin, 0)
    return DeadLetter(
        id=derive("dl", *identity),
        lead_id=lead_id,
        signal_id=signal.id if signal else None,
        attempt=signal.attempt if signal else 0,
        state=state,
        reason=reason,
        error_class=error,
        origin=incoming.origin,
        facts=facts,
        personal=personal,
        raw=None if signal else incoming.record.value,
        recorded_at=now,
        source=signal.source if signal else None,
    )
