"""The sinks file: the CRMs that get our hand-overs, and what our words are called there.

Imported by: export, http and the services.
Open first: `file.py`, then `base.py`; a vendor's own settings are in `vendors.py`.
"""

from schemas.sinks.base import RECORD_KINDS, CrmSink, RecordKind, RecordState, Sink, SinkMode, StepState, ValueName
from schemas.sinks.file import SinksFile
from schemas.sinks.mapping import FACTS, FieldRule, FieldRules

__all__ = [
    "FACTS",
    "RECORD_KINDS",
    "CrmSink",
    "FieldRule",
    "FieldRules",
    "RecordKind",
    "RecordState",
    "Sink",
    "SinkMode",
    "SinksFile",
    "StepState",
    "ValueName",
]
