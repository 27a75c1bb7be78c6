"""What signals come to, on the sheet of those that lean on what leads share or on the sheet of those that do not.

Pools, people's loads, promises and companies are shared with other routers. What was decided without a look at them holds
whatever those did meanwhile; only the rest is decided anew where one of them had moved.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from routing.assignment import queue
from routing.lead.proof import is_outranked
from routing.model.identity import Key
from routing.model.ids import promise_subject
from routing.model.records import Account, Clock, Lead, Ledger, Load
from schemas.events import SlaBreached
from schemas.roster import RosterChange
from schemas.signals import Kind, Signal
from services.ports.rows import (
    AccountRow,
    ApprovalRow,
    ClockRow,
    DeadLetter,
    HistoryRow,
    LeadRow,
    LedgerKey,
    LedgerRow,
    LinkRow,
    OutboxRow,
    Writes,
)
from services.router.promises import Promises
from services.router.snapshot import due_promise, row_of, row_of_pool, row_of_promise


class Sheet:
    """Newest states by id and rows in the order of deciding. `pools` and `companies` are rows that were leant on;
    `further` are signals by which the router goes on in another transaction."""

    def __init__(self) -> None:
        self.leads: dict[str, Lead] = {}
        self.emails: dict[str, str] = {}
        self.accounts: dict[str, Account] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.loads: dict[str, Load] = {}
        self.links: dict[Key, str] = {}
        self.relinks: dict[Key, str] = {}
        self.withdrawals: dict[Key, str] = {}
        self.clocks: dict[str, ClockRow] = {}
        self.history: list[HistoryRow] = []
        self.outbox: list[OutboxRow] = []
        self.dead: list[DeadLetter] = []
        self.redriven: list[str] = []
        self.approvals: list[ApprovalRow] = []
        self.breaches: list[SlaBreached] = []
        self.roster_changes: list[RosterChange] = []
        self.away: list[Signal] = []
        self.further: list[Signal] = []
        self.limbo = self.failures = 0
        self.pools: set[LedgerKey] = set()
        self.companies: set[str] = set()

    def put(self, lead: Lead, signal: Signal) -> None:
        self.leads[lead.id] = lead
        if is_outranked(lead, signal) and "email" not in lead.personal.unproven:
            return  # the lead is found by the address that somebody proven told of
        for identity in signal.identities:
            if identity.kind == "email":
                self.emails[lead.id] = identity.digest
                break

    def under(self, later: Sheet) -> Sheet:
        """This one and then the other, which has the last word on what both changed."""
        both = Sheet()
        for name, first in vars(self).items():
            second = getattr(later, name)
            setattr(both, name, first | second if isinstance(first, dict | set) else first + second)
        return both


def writes_of(sheet: Sheet, promises: Promises | None, before: Mapping[str, LeadRow], now: datetime) -> Writes:
    """As rows; `before` are the leads' as they were."""
    loads = sheet.loads.values()
    tallies = promises.moved if promises is not None else {}
    promised = promises.clocks.values() if promises is not None else ()
    return Writes(
        leads=[_lead_row(lead, sheet.emails.get(lead.id), before, now) for lead in sheet.leads.values()],
        accounts=[AccountRow(a.id, a.text()) for a in sheet.accounts.values()],
        ledgers=[
            *(LedgerRow(*row_of_pool(x.pool), x.seq, x.text()) for x in sheet.ledgers.values()),
            *(LedgerRow(*row_of(x.person), x.seq, x.but(open=0).text()) for x in loads),
            *(LedgerRow(*row_of_promise(name), x.seq, x.text()) for name, x in tallies.items()),
        ],
        links=link_rows(sheet.links),
        clocks=[
            *sheet.clocks.values(),
            *(clock_row(clock, promise_subject(name), promise=name) for name, clock in promised),
        ],
        history=sheet.history,
        outbox=sheet.outbox,
        dead_letters=sheet.dead,
        redriven=sheet.redriven,
        relinks=link_rows(sheet.relinks),
        approvals=sheet.approvals,
    )


def link_rows(links: Mapping[Key, str]) -> list[LinkRow]:
    return [LinkRow(*identity, subject) for identity, subject in links.items()]


def clock_row(clock: Clock, partition_key: str, *, lead_id: str | None = None, promise: str | None = None) -> ClockRow:
    """The clock of a lead or of a volume promise: one of the two is given."""
    return ClockRow(
        id=clock.id,
        lead_id=lead_id,
        policy=clock.policy,
        state=clock.state,
        revision=clock.revision,
        due_at=clock.due_at,
        next_at=clock.next_at,
        partition_key=partition_key,
        body=clock.text(),
        promise=promise,
    )


def _lead_row(lead: Lead, email: str | None, before: Mapping[str, LeadRow], now: datetime) -> LeadRow:
    known = before.get(lead.id)
    pool, queued_at = queue.place(lead) or (None, None)
    return LeadRow(
        id=lead.id,
        brand=lead.brand,
        stage=lead.stage,
        disposition="merged" if lead.merged_into else lead.disposition,
        owner=None if lead.merged_into else lead.owner,
        account_id=lead.account_id,
        held=lead.held,
        version=lead.version,
        state=lead.text(),
        personal=lead.personal.text(),
        email_digest=email or (known.email_digest if known else None),
        updated_at=now,
        queue=pool,
        queued_at=queued_at,
        unowned_reason=lead.unowned_reason,
        limbo=lead.limbo,
    )


JOINING = frozenset({Kind.LEAD_MERGE, Kind.LEAD_UNMERGE})
"""Kinds that change two leads at once."""
_BEYOND_ONE = frozenset({Kind.LEAD_REDRIVE, Kind.PERIOD_BEGUN, Kind.AGREEMENT_APPROVED}) | JOINING


def of_one_lead(signal: Signal) -> bool:
    """Whether it concerns its own lead only, so that others may be decided on before it."""
    return signal.roster is None and signal.kind not in _BEYOND_ONE and due_promise(signal) is None
