"""The events of a decision in their envelopes, with derived ids and the lead's gapless sequence."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import UNSET

from routing.model.ids import derive
from routing.model.records import Emission, Lead
from schemas.envelope import Written, instant, split_personal
from schemas.events import EventData
from schemas.signals import Signal


class Outgoing(NamedTuple):
    """An event ready for the outbox: `head` and `personal` are the two halves of the envelope's JSON."""

    event_id: str
    topic: str
    lead_id: str
    sequence: int
    type: str
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
    return Subject(
        id=lead.id,
        brand=lead.brand,
        partition_key=lead.partition_key,
        sequence=lead.sequence,
        correlation=f"{lead.id}.{lead.pass_number}",
    )


def seal(
    emissions: tuple[Emission, ...], subject: Subject, signal: Signal, stamp: Stamp, before: int = 0
) -> list[Outgoing]:
    """`before` is how many events the signal had of other subjects, since their ids count on."""
    first = subject.sequence - len(emissions) + 1
    sealed, at, time = [], None, ""
    for i, emission in enumerate(emissions):
        if emission.at is not at:  # most that follows from a signal took place at one instant
            at, time = emission.at, instant(emission.at)
        sealed.append(
            _seal(
                emission.data, time, sequence=first + i, count=before + i, subject=subject, signal=signal, stamp=stamp
            )
        )
    return sealed


def _seal(
    event: EventData, time: str, sequence: int, count: int, subject: Subject, signal: Signal, stamp: Stamp
) -> Outgoing:
    data, personal = split_personal(event)
    event_id, kind = derive("evt", stamp.epoch, signal.id, signal.attempt, count), data.type_name
    written = Written(
        id=event_id,
        source=f"/stafett/{stamp.organisation}/{subject.brand}",
        type=kind,
        subject=subject.id,
        time=time,
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
    return Outgoing(
        event_id=event_id,
        topic=data.topic,
        lead_id=subject.id,
        sequence=sequence,
        type=kind,
        partition_key=subject.partition_key,
        head=written.head(),
        personal=personal,
    )
