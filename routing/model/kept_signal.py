"""What is decided on of a signal, kept with the lead: of what came during a hold, and of what brought the lead to its stage."""

from __future__ import annotations

from datetime import datetime

from routing.model.records import Heard
from schemas.signals import Signal

_DECIDED_ON = ("kind", "source", "source_kind", "form_id", "campaign", "tags", "automated", "reason", "amount")
"""What expressions can ask of a signal."""


def to_keep(signal: Signal, at: datetime) -> Heard:
    """What has to be kept of a signal that happened at `at`."""
    facts = {name: getattr(signal, name) for name in _DECIDED_ON}
    return Heard(signal_id=signal.id, at=at, **facts)


def restore_signal(heard: Heard, at_hand: Signal) -> Signal:
    """A signal with the facts of the kept one, as far as they are decided on, in place of the one at hand."""
    facts = {name: getattr(heard, name) for name in _DECIDED_ON}
    return at_hand.but(id=heard.signal_id, occurred_at=heard.at, command=None, clock=None, **facts)
