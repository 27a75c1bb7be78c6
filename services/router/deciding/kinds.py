"""Which signals concern more than the lead that they are about."""

from __future__ import annotations

from schemas.signals import Kind, Signal
from services.router.deciding.snapshot import due_promise

JOINING = frozenset({Kind.LEAD_MERGE, Kind.LEAD_UNMERGE})
"""Kinds that change two leads at once."""
_OF_MANY = (
    frozenset({Kind.LEAD_REDRIVE, Kind.PERIOD_BEGUN, Kind.AGREEMENT_APPROVED, Kind.PERSON_ERASURE_REQUESTED}) | JOINING
)


def concerns_one_lead(signal: Signal) -> bool:
    """Whether it concerns its own lead only, so that others may be decided on before it."""
    return signal.roster is None and signal.kind not in _OF_MANY and due_promise(signal) is None
