"""What a sink does with a record. Each has a name under which its outcome is kept."""

from __future__ import annotations

from typing import NamedTuple

from schemas.sinks.base import HandoverStage, KeptKind
from services.sinks.records import Key, Wanted


class Ensure(NamedTuple):
    """The record is there and holds what is wanted: found, or made, or brought up to date. `hangs_on` are the records whose ids
    have to be known first; `stage` is where the hand-over is from now on, by our name."""

    name: str
    wanted: Wanted
    hangs_on: tuple[Key, ...] = ()
    stage: HandoverStage | None = None


class Change(NamedTuple):
    """The record, which we made, is changed; nothing where we never made it or it is gone. `stage` is where the hand-over is from
    now on, by our name; whether the vendor's record may move there is judged against where it stands. `is_told_there`: a signal of
    that very CRM said so, so that a stage of sales' own is where they put it."""

    name: str
    wanted: Wanted
    stage: HandoverStage | None = None
    is_told_there: bool = False


class Link(NamedTuple):
    """The contact or the company of the hand-over is connected with the opportunity."""

    name: str
    opportunity: Key
    other: Key


class Collect(NamedTuple):
    """What a lead did is noted, to be written with what follows; `touches` (JSON) are those of the hand-over from now on."""

    name: str
    handover_id: str
    touches: str


class Spread(NamedTuple):
    """All that was noted of the hand-over is in its note."""

    name: str
    handover_id: str


class Erase(NamedTuple):
    """The person is taken out of this record, as the file says. `hangs_on` are the records beside which one is looked for whose create
    was not answered."""

    name: str
    kind: KeptKind
    key: str
    hangs_on: tuple[Key, ...] = ()


Operation = Ensure | Change | Link | Collect | Spread | Erase
Plan = tuple[Operation, ...]
