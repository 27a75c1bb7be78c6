"""What our records and values are called in HubSpot, and how a deal and a lead differ as the opportunity.

Source: HubSpot's reference of its objects, its guide to leads, and the list of association types in its guide to associations.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from schemas.sinks import RecordKind, ValueName
from schemas.sinks.vendors import HubspotOpportunity

KEY = "stafett_handover_id"
Types = Mapping[tuple[RecordKind, RecordKind], int]


class Opportunity(NamedTuple):
    """The object that stands for it: its plural noun, and its properties of our values. `closed` says that it is over; without one it
    is over in the stages of `won` and `lost`. `is_upserted`: it is made by an upsert, which knows no associations; a lead has to
    be made beside its contact. `types`: associations that it is made with."""

    noun: str
    name: str
    stage: str
    pipeline: str
    closed: str | None
    is_upserted: bool
    types: Types = {}


OPPORTUNITIES: Mapping[HubspotOpportunity, Opportunity] = {
    "deal": Opportunity("deals", "dealname", "dealstage", "pipeline", closed="hs_is_closed", is_upserted=True),
    "lead": Opportunity(
        "leads",
        "hs_lead_name",
        "hs_pipeline_stage",
        "hs_pipeline",
        closed=None,
        is_upserted=False,
        types={("opportunity", "contact"): 578},
    ),
}


def nouns_of(shape: Opportunity) -> Mapping[RecordKind, str]:
    """What the kinds are called in paths."""
    return {"contact": "contacts", "company": "companies", "opportunity": shape.noun, "note": "notes", "task": "tasks"}


def names_of(shape: Opportunity) -> Mapping[RecordKind, Mapping[ValueName, str]]:
    """Their properties of our values; what is not among them has no place in HubSpot."""
    own: Mapping[ValueName, str] = {"name": shape.name, "owner": "hubspot_owner_id", "stage": shape.stage}
    return {**NAMES, "opportunity": own}


NAMES: Mapping[RecordKind, Mapping[ValueName, str]] = {
    "contact": {
        "email": "email",
        "first_name": "firstname",
        "last_name": "lastname",
        "phone": "phone",
        "owner": "hubspot_owner_id",
    },
    "company": {"name": "name", "domain": "domain"},
    "note": {"text": "hs_note_body"},
    "task": {
        "subject": "hs_task_subject",
        "text": "hs_task_body",
        "owner": "hubspot_owner_id",
        "due_at": "hs_timestamp",
        "state": "hs_task_status",
        "priority": "hs_task_priority",
    },
}
WORDS: Mapping[str, Mapping[str, str]] = {
    "hs_task_status": {"open": "NOT_STARTED", "done": "COMPLETED", "cancelled": "CANCELLED"},
    "hs_task_priority": {"normal": "MEDIUM", "high": "HIGH"},
}
"""HubSpot has no `CANCELLED`: such a task is taken away."""
TYPES: Types = {
    ("contact", "company"): 279,
    ("note", "contact"): 202,
    ("note", "company"): 190,
    ("note", "opportunity"): 214,
    ("task", "contact"): 204,
    ("task", "company"): 192,
    ("task", "opportunity"): 216,
}
"""HubSpot's own types of association, from the one to the other."""
