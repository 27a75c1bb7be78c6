"""Events out: the typed `data` of every event, by topic. `schemas.envelope` has what goes around it.

A new type is a class in the file of its topic (`leads.py`, say) and its import here; `draft.emit` of the core emits it.
Imported by: agreement, asyncapi, envelope, export, http, subscriptions, the core and the services.
Open first: `base.py`, then the file of a topic.
"""

from __future__ import annotations

from schemas.events.base import (
    STAGES,
    TOPICS,
    Contact,
    Disposition,
    DossierContact,
    EventData,
    Owner,
    Proposed,
    Said,
    Stage,
    Topic,
    Track,
)
from schemas.events.handovers import (
    Dossier,
    DossierEntry,
    HandoverAccepted,
    HandoverAcceptedLate,
    HandoverBlocked,
    HandoverExpired,
    HandoverFollowedUp,
    HandoverLinked,
    HandoverLost,
    HandoverOffered,
    HandoverRejected,
    HandoverReturned,
    HandoverTransferred,
    HandoverWithdrawn,
    HandoverWon,
    Paths,
    Qualification,
)
from schemas.events.leads import (
    LeadCreated,
    LeadDefinitionMet,
    LeadDispositionChanged,
    LeadErased,
    LeadEscalated,
    LeadHeld,
    LeadInLimbo,
    LeadMerged,
    LeadMergeProposed,
    LeadOwnerChanged,
    LeadParked,
    LeadPartingProposed,
    LeadQueued,
    LeadReleased,
    LeadStageChanged,
    LeadTouched,
    LeadUnmerged,
    LeadUnparked,
    Milestone,
)
from schemas.events.marketing import (
    ConsentRequested,
    ListReleased,
    ListStopped,
    NurtureEntered,
    NurtureLeft,
    SuppressionChanged,
    SuppressionReleased,
    SuppressionStarted,
    SuppressionViolated,
)
from schemas.events.sla import (
    Answerable,
    LeadContact,
    SlaBreached,
    SlaCancelled,
    SlaCorrected,
    SlaEscalated,
    SlaFulfilled,
    SlaPaused,
    SlaResumed,
    SlaStarted,
    SlaWarned,
    SubjectKind,
)


def _leaves(base: type[EventData]) -> list[type[EventData]]:
    return [leaf for sub in base.__subclasses__() for leaf in ([sub] if "type_name" in vars(sub) else _leaves(sub))]


_FOUND = _leaves(EventData)
EVENT_TYPES: dict[str, type[EventData]] = {
    event.type_name: event for topic in TOPICS for event in _FOUND if event.topic == topic
}
"""Every event type that we emit, by its CloudEvents `type`."""


__all__ = [
    "EVENT_TYPES",
    "STAGES",
    "TOPICS",
    "Answerable",
    "ConsentRequested",
    "Contact",
    "Disposition",
    "Dossier",
    "DossierContact",
    "DossierEntry",
    "EventData",
    "HandoverAccepted",
    "HandoverAcceptedLate",
    "HandoverBlocked",
    "HandoverExpired",
    "HandoverFollowedUp",
    "HandoverLinked",
    "HandoverLost",
    "HandoverOffered",
    "HandoverRejected",
    "HandoverReturned",
    "HandoverTransferred",
    "HandoverWithdrawn",
    "HandoverWon",
    "LeadContact",
    "LeadCreated",
    "LeadDefinitionMet",
    "LeadDispositionChanged",
    "LeadErased",
    "LeadEscalated",
    "LeadHeld",
    "LeadInLimbo",
    "LeadMergeProposed",
    "LeadMerged",
    "LeadOwnerChanged",
    "LeadParked",
    "LeadPartingProposed",
    "LeadQueued",
    "LeadReleased",
    "LeadStageChanged",
    "LeadTouched",
    "LeadUnmerged",
    "LeadUnparked",
    "ListReleased",
    "ListStopped",
    "Milestone",
    "NurtureEntered",
    "NurtureLeft",
    "Owner",
    "Paths",
    "Proposed",
    "Qualification",
    "Said",
    "SlaBreached",
    "SlaCancelled",
    "SlaCorrected",
    "SlaEscalated",
    "SlaFulfilled",
    "SlaPaused",
    "SlaResumed",
    "SlaStarted",
    "SlaWarned",
    "Stage",
    "SubjectKind",
    "SuppressionChanged",
    "SuppressionReleased",
    "SuppressionStarted",
    "SuppressionViolated",
    "Topic",
    "Track",
]
