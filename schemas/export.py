"""JSON Schema of the published language, by name: what `stafett schema` prints and consumers check against.

Schemas describe what a reader may rely on: members that are not named may come, members that are named stay.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, TypeAdapter

from schemas import asyncapi
from schemas.agreement import AgreementFile
from schemas.alerts import AlertsFile
from schemas.api_keys import KeysFile
from schemas.crm import CrmFact
from schemas.envelope import Envelope
from schemas.events import EVENT_TYPES
from schemas.http import BODIES
from schemas.json_values import JsonObject
from schemas.problems import Problem
from schemas.roster import RosterFile
from schemas.signals import Parsed, Quarantined, Signal
from schemas.sinks import SinksFile
from schemas.sources import SourcesFile
from schemas.subscriptions import SubscriptionsFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_READ: dict[str, type[Any]] = {
    "signal": Signal,
    "parsed": Parsed,
    "quarantined": Quarantined,
    "envelope": Envelope,
    "agreement": AgreementFile,
    "roster": RosterFile,
    "sources": SourcesFile,
    "subscriptions": SubscriptionsFile,
    "alerts": AlertsFile,
    "sinks": SinksFile,
    "api_keys": KeysFile,
    "crm_fact": CrmFact,
    **EVENT_TYPES,
}
"""What is read: files, signals, and events, whose consumers must bear an absent member that has a default."""
_BODIES: tuple[type[BaseModel], ...] = (*BODIES, Problem)
_ANSWERED: dict[str, type[BaseModel]] = {f"http.{body.__name__}": body for body in _BODIES}
"""What the API answers: every member is there."""
DOCUMENTS: dict[str, Callable[[], JsonObject]] = {"asyncapi": asyncapi.document}


def names() -> list[str]:
    """Every name that `schema` knows."""
    return [*_READ, *_ANSWERED, *DOCUMENTS]


def schema(name: str) -> JsonObject:
    """The schema (or document) of this name. KeyError for an unknown one.

    An event type's schema is of its `data`; its `$id` is what the envelope's `dataschema` says.
    """
    if name in DOCUMENTS:
        return DOCUMENTS[name]()
    model = _READ.get(name) or _ANSWERED[name]
    made = TypeAdapter(model).json_schema(by_alias=True, mode="validation" if name in _READ else "serialization")
    return {"$schema": DIALECT, "$id": f"urn:stafett:schema:{name}", **made}
