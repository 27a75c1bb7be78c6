"""The sinks file: the CRMs that get our hand-overs, the marketing platforms that stop and nurture, what our words are called there.

Imported by: export, http and the services.
Open first: `file.py`, then `base.py`; a vendor's own settings are in `vendors.py`, a marketing platform's in `platforms.py`.
"""

from schemas.sinks.base import (
    RECORD_KINDS,
    CrmSink,
    KeptKind,
    RecordKind,
    RecordState,
    Sink,
    SinkMode,
    StepState,
    ValueName,
)
from schemas.sinks.file import SinksFile
from schemas.sinks.mapping import FACTS, FieldRule, FieldRules

__all__ = [
    "FACTS",
    "RECORD_KINDS",
    "CrmSink",
    "FieldRule",
    "FieldRules",
    "KeptKind",
    "RecordKind",
    "RecordState",
    "Sink",
    "SinkMode",
    "SinksFile",
    "StepState",
    "ValueName",
]
