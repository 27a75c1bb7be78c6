"""The sinks file: the CRMs that get our hand-overs, and what our words are called there.

Imported by: export and the services.
Open first: `file.py`, then `base.py`; a vendor's own settings are in `vendors.py`.
"""

from schemas.sinks.base import CrmSink, RecordKind, Sink, SinkMode, ValueName
from schemas.sinks.file import SinksFile
from schemas.sinks.mapping import FACTS, FieldRule, FieldRules

__all__ = ["FACTS", "CrmSink", "FieldRule", "FieldRules", "RecordKind", "Sink", "SinkMode", "SinksFile", "ValueName"]
