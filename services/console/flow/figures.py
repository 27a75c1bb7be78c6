"""Which figure of the screen an event counts for. What counts, and what is listed behind a figure, are the same by this one function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, get_args
from urllib.parse import urlencode

import msgspec

from schemas.envelope import whole
from schemas.events import (
    HandoverAccepted,
    HandoverOffered,
    HandoverRejected,
    LeadCreated,
    LeadStageChanged,
    SlaBreached,
    SlaFulfilled,
)
from schemas.signals import Mode
from schemas.words import reason_key

Kind = Literal["in", "moved", "offered", "accepted", "rejected", "kept", "broken"]
KINDS: tuple[Kind, ...] = get_args(Kind)
TYPES: Mapping[Kind, str] = {
    "in": LeadCreated.type_name,
    "moved": LeadStageChanged.type_name,
    "offered": HandoverOffered.type_name,
    "accepted": HandoverAccepted.type_name,
    "rejected": HandoverRejected.type_name,
    "kept": SlaFulfilled.type_name,
    "broken": SlaBreached.type_name,
}
"""The one type of event that counts for each."""
_KINDS: Mapping[str, Kind] = {name: kind for kind, name in TYPES.items()}
_IN_EARNEST: Mode = "live"
_OF_LEADS = frozenset({"lead", "offer"})
"""Promises by number are of no lead, and the forum counts them."""


class Figure(NamedTuple):
    """`of` is a source, the stage that was left ("" for none), the reason of a rejection ("" for none) or a promise; `to` the stage
    that was entered. Where a kind has no such thing it is "", and "*" is all of the kind."""

    kind: Kind
    of: str = ""
    to: str = ""

    def includes(self, other: Figure) -> bool:
        """Whether what counts for `other` counts for this one as well."""
        return self == other or (self.kind == other.kind and self.of == ALL)

    def total(self) -> Figure:
        """All of its kind: of a sum the usual is not the sum of what is usual."""
        return Figure(self.kind, ALL)

    def query(self, day: str) -> str:
        """The members of an address that ask for what is behind it."""
        members = {"day": day, "kind": self.kind, "of": self.of, "to": self.to}
        return urlencode({name: value for name, value in members.items() if value})


ALL = "*"
LONGEST = 300
"""Letters of a source or reason; what is longer is counted by its beginning."""


class _Data(msgspec.Struct):
    source: str = ""
    from_stage: str | None = None
    to_stage: str = ""
    offer_number: int = 0
    reason: str | None = None
    policy: str = ""
    subject_kind: str = ""


class _Head(msgspec.Struct):
    type: str
    mode: Mode
    data: _Data


_read = msgspec.json.Decoder(_Head).decode


def figure_of(head: str) -> Figure | None:
    """None for an event that counts for none: of another type, on trial or from an import, a further offer of a hand-over, a promise by
    number. Raises msgspec.DecodeError where it is no half of ours."""
    event = _read(whole(head, None))
    kind, data = _KINDS.get(event.type), event.data
    if kind is None or event.mode != _IN_EARNEST:
        return None
    match kind:
        case "in":
            return Figure(kind, _name(data.source))
        case "moved":
            return Figure(kind, data.from_stage or "", data.to_stage)
        case "offered":
            return Figure(kind) if data.offer_number == 1 else None
        case "accepted":
            return Figure(kind)
        case "rejected":
            return Figure(kind, _name(reason_key(data.reason)))
        case "kept" | "broken":
            return Figure(kind, data.policy) if data.subject_kind in _OF_LEADS else None


def _name(written: str) -> str:
    """As it is counted and asked for: what others named has letters that a table and an address can hold, and not too many."""
    return written[:LONGEST] if written.isprintable() else "".join(c for c in written if c.isprintable())[:LONGEST]


def kind_of(text: str) -> Kind | None:
    """None for what is no kind."""
    return next((kind for kind in KINDS if kind == text), None)


def read_figure(params: Mapping[str, str]) -> Figure | None:
    """The figure that an address asks for; None for what is none."""
    kind = kind_of(params.get("kind", ""))
    return Figure(kind, params.get("of", ""), params.get("to", "")) if kind is not None else None
