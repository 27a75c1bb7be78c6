"""What the forum looks at of one lead: the events that we told and the signals that came in, in the order of recording.

The subject of a promise by number is no lead; its events are a story as well, without signals.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, TypeVar

import msgspec

from schemas.events import EVENT_TYPES, EventData, LeadCreated, LeadMerged, LeadStageChanged, LeadUnmerged, Stage
from schemas.instants import At
from schemas.signals import Mode

E = TypeVar("E", bound=EventData)
COUNTS: Mode = "live"
"""Only what happened in earnest is counted; an import says where a lead stands."""
LOOKED_AT: frozenset[Mode] = frozenset({"live", "import"})


class Event(NamedTuple):
    """One event: when it happened, and when it was recorded."""

    id: str
    at: datetime
    recorded_at: datetime
    mode: Mode
    data: EventData


class CompanyFacts(msgspec.Struct, frozen=True):
    """What a signal says of the company."""

    domain: str | None = None
    industry: str | None = None
    country: str | None = None
    employees: int | None = None


class SignalFacts(msgspec.Struct, frozen=True):
    """What the forum looks at of a signal; the rest of its facts is passed over."""

    proof: str = "signed"
    company: CompanyFacts = CompanyFacts()
    amount: float | None = None
    currency: str | None = None
    form_id: str | None = None
    campaign: str | None = None


class Heard(NamedTuple):
    """One signal that did what it means."""

    id: str
    at: datetime
    recorded_at: datetime
    mode: Mode
    kind: str
    facts: SignalFacts


class Move(NamedTuple):
    """A lead entered a stage; `id` is that of the event."""

    id: str
    at: datetime
    mode: Mode
    source: Stage | None
    target: Stage
    pass_number: int


class Story(NamedTuple):
    """All of one subject, in the order of recording."""

    subject: str
    events: tuple[Event, ...] = ()
    signals: tuple[Heard, ...] = ()

    def of(self, kind: type[E]) -> Iterator[tuple[Event, E]]:
        """Events of one type that count, each with its data."""
        for event in self.events:
            if event.mode == COUNTS and isinstance(event.data, kind):
                yield event, event.data

    def as_of(self, end: datetime, known_on: datetime) -> Story:
        """What had happened before `end` and was recorded by `known_on`; tests and trials are left out."""

        def is_seen(item: Event | Heard) -> bool:
            return item.mode in LOOKED_AT and item.at < end and item.recorded_at <= known_on

        return Story(self.subject, tuple(filter(is_seen, self.events)), tuple(filter(is_seen, self.signals)))

    @property
    def beginning(self) -> tuple[Event, LeadCreated] | None:
        """How a lead that counts began."""
        return next(self.of(LeadCreated), None)

    @property
    def is_merged_away(self) -> bool:
        """Whether it is part of another lead: one person is counted once."""
        gone = False
        for event in self.events:
            if isinstance(event.data, LeadMerged | LeadUnmerged) and event.data.gone == self.subject:
                gone = isinstance(event.data, LeadMerged)
        return gone

    def moves(self) -> list[Move]:
        """Every stage that it entered, the first one included, in their order."""
        found = []
        for event in self.events:
            match event.data:
                case LeadCreated(stage=stage):
                    found.append(_move(event, None, stage, 1))
                case LeadStageChanged(from_stage=before, to_stage=after, pass_number=number):
                    found.append(_move(event, before, after, number))
                case _:
                    continue
        return found


def _move(event: Event, source: Stage | None, target: Stage, pass_number: int) -> Move:
    return Move(id=event.id, at=event.at, mode=event.mode, source=source, target=target, pass_number=pass_number)


class _Envelope(msgspec.Struct):
    id: str
    type: str
    time: At
    recordedtime: At
    mode: Mode
    data: msgspec.Raw


_read_envelope = msgspec.json.Decoder(_Envelope).decode
_readers = {name: msgspec.json.Decoder(kind).decode for name, kind in EVENT_TYPES.items()}
_read_facts = msgspec.json.Decoder(SignalFacts).decode


def read_event(text: str) -> Event | None:
    """An event from its envelope, as JSON; None for one of a type that a newer version told. Raises msgspec.DecodeError."""
    envelope = _read_envelope(text)
    if envelope.type not in _readers:
        return None
    data = _readers[envelope.type](envelope.data)
    return Event(id=envelope.id, at=envelope.time, recorded_at=envelope.recordedtime, mode=envelope.mode, data=data)


def read_facts(facts: str) -> SignalFacts:
    """Of a signal's facts as history keeps them. Raises msgspec.DecodeError."""
    return _read_facts(facts)
