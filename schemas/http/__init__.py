"""Bodies of the HTTP API: what each route answers. Only ever grows; unknown members are to be passed over.

Imported by: export and the services.
Open first: `leads.py`.
"""

from __future__ import annotations

from pydantic import BaseModel

from schemas.explain import AssignmentExplanation, ClockExplanation
from schemas.http.clocks import CLOCK_EXAMPLE, ClockPage, ClockView, FeedEntry, FeedPage
from schemas.http.common import (
    AT,
    EVENT,
    LEAD_ID,
    QUARANTINE_ID,
    SIGNAL_ID,
    LeadPersonal,
    Next,
    NextNumber,
    Personal,
    example,
)
from schemas.http.leads import (
    HISTORY_EXAMPLE,
    LEAD_EXAMPLE,
    Explanation,
    HandoverView,
    HistoryPage,
    HistoryView,
    LeadPage,
    LeadView,
    OfferView,
    Snapshot,
    Step,
)
from schemas.http.operations import (
    QUARANTINE_EXAMPLE,
    Accepted,
    DeadLetterPage,
    DeadLetterView,
    Health,
    Lifecycle,
    LifecycleRow,
    QuarantineDetail,
    QuarantinePage,
    QuarantineView,
    Readiness,
    Retried,
    Status,
)
from schemas.http.queues import (
    QUEUE_EXAMPLE,
    WAITING_EXAMPLE,
    PassedOver,
    QueueList,
    QueueView,
    WaitingPage,
    WaitingView,
)
from schemas.http.ruling import (
    AGREEMENT_EXAMPLE,
    AGREEMENT_HASH,
    APPROVAL_EXAMPLE,
    AgreementDetail,
    AgreementList,
    AgreementView,
    ApprovalView,
    CommandTaken,
    RosterView,
)
from schemas.http.signals import SIGNAL_EXAMPLE, SignalPage, SignalView

BODIES: tuple[type[BaseModel], ...] = (
    AgreementList, AgreementDetail,
    CommandTaken, RosterView,
    Accepted, LeadView, LeadPage, Snapshot, HistoryPage, SignalPage, QueueList, WaitingPage, Explanation, ClockExplanation, AssignmentExplanation,
    ClockPage, FeedPage, QuarantinePage,
    QuarantineDetail, Retried, DeadLetterPage, Status, Lifecycle, Health, Readiness,
)  # fmt: skip
"""Every body of an answer that is no problem."""

__all__ = [
    "AGREEMENT_EXAMPLE",
    "AGREEMENT_HASH",
    "APPROVAL_EXAMPLE",
    "AT",
    "BODIES",
    "CLOCK_EXAMPLE",
    "EVENT",
    "HISTORY_EXAMPLE",
    "LEAD_EXAMPLE",
    "LEAD_ID",
    "QUARANTINE_EXAMPLE",
    "QUARANTINE_ID",
    "QUEUE_EXAMPLE",
    "SIGNAL_EXAMPLE",
    "SIGNAL_ID",
    "WAITING_EXAMPLE",
    "Accepted",
    "AgreementDetail",
    "AgreementList",
    "AgreementView",
    "ApprovalView",
    "ClockPage",
    "ClockView",
    "CommandTaken",
    "DeadLetterPage",
    "DeadLetterView",
    "Explanation",
    "FeedEntry",
    "FeedPage",
    "HandoverView",
    "Health",
    "HistoryPage",
    "HistoryView",
    "LeadPage",
    "LeadPersonal",
    "LeadView",
    "Lifecycle",
    "LifecycleRow",
    "Next",
    "NextNumber",
    "OfferView",
    "PassedOver",
    "Personal",
    "QuarantineDetail",
    "QuarantinePage",
    "QuarantineView",
    "QueueList",
    "QueueView",
    "Readiness",
    "Retried",
    "RosterView",
    "SignalPage",
    "SignalView",
    "Snapshot",
    "Status",
    "Step",
    "WaitingPage",
    "WaitingView",
    "example",
]
