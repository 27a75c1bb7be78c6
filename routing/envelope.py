"""The events of a decision in their envelopes, with derived ids and the lead's gapless sequence."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import UNSET

from routing.ids import derive
from routing.model import Emission, Lead
from schemas.envelope import Written, instant, parted
from schemas.signals import Signal


class Outgoing(NamedTuple):
    """An event ready for the outbox: `head` and `personal` are the two halves of the envelope's JSON."""

    event_id: str
    topic: str
    type: str
    lead_id: str
    sequence: int
    partition_key: str
    head: str
    personal: str | None


class Stamp(NamedTuple):
    """What every envelope of a batch says: who we are, under which agreement, when it was recorded, in which epoch."""

    organisation: str
    agreement: str
    recorded: str
    epoch: int


class Subject(NamedTuple):
    """What events are about, a lead or a promise, after what they tell of: `sequence` is that of the last of them."""

    id: str
    brand: str
    partition_key: str
    sequence: int
    correlation: str


def about(lead: Lead) -> Subject:
    return Subject(lead.id, lead.brand, lead.partition_key, lead.sequence, f"{lead.id}.{lead.pass_number}")


def seal(
    emissions: tuple[Emission, ...], subject: Subject, signal: Signal, stamp: Stamp, before: int = 0
) -> list[Outgoing]:
    """`before` is how many events the signal had of other subjects, since their ids count on."""
    first = subject.sequence - len(emissions) + 1
    return [_seal(emission, first + i, before + i, subject, signal, stamp) for i, emission in enumerate(emissions)]


def _seal(emission: Emission, sequence: int, count: int, subject: Subject, signal: Signal, stamp: Stamp) -> Outgoing:
    data, personal = parted(emission.data)
    event_id, kind = derive("evt", stamp.epoch, signal.id, signal.attempt, count), data.type_name
    written = Written(
        id=event_id,
        source=f"/stafett/{stamp.organisation}/{subject.brand}",
        type=kind,
        subject=subject.id,
        time=instant(emission.at),
        dataschema=f"urn:stafett:schema:{kind}",
        partitionkey=subject.partition_key,
        sequence=str(sequence).zfill(20),
        correlationid=subject.correlation,
        causationid=signal.id,
        recordedtime=stamp.recorded,
        agreementversion=stamp.agreement,
        mode=data.mode,
        traceparent=UNSET if signal.traceparent is None else signal.traceparent,
        data=data,
    )
    return Outgoing(event_id, data.topic, kind, subject.id, sequence, subject.partition_key, written.head(), personal)
