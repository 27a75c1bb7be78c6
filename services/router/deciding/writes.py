"""From changes to the rows that the store takes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from routing.assignment import queue
from routing.model.ids import promise_subject
from routing.model.links import Key
from routing.model.records import Clock, Lead
from routing.sla.to_do import act_by
from services.ports.rows import (
    AccountRow,
    ClockRow,
    LeadRow,
    LedgerRow,
    LinkRow,
    Writes,
)
from services.router.deciding.changes import Changes
from services.router.deciding.promises import Promises
from services.router.deciding.shared_state import load_key, pool_key, promise_key


def writes_of(changes: Changes, promises: Promises | None, before: Mapping[str, LeadRow], now: datetime) -> Writes:
    """As rows; `before` are the leads' as they were."""
    loads = changes.loads.values()
    tallies = promises.moved if promises is not None else {}
    promised = promises.clocks.values() if promises is not None else ()
    return Writes(
        leads=[_lead_row(lead, changes.emails.get(lead.id), before, now) for lead in changes.leads.values()],
        accounts=[AccountRow(a.id, a.text()) for a in changes.accounts.values()],
        ledgers=[
            *(LedgerRow(*pool_key(x.pool), x.seq, x.text()) for x in changes.ledgers.values()),
            *(LedgerRow(*load_key(x.person), x.seq, x.but(open=0).text()) for x in loads),
            *(LedgerRow(*promise_key(name), x.seq, x.text()) for name, x in tallies.items()),
        ],
        links=link_rows(changes.links),
        revived=link_rows(changes.revived),
        clocks=[
            *changes.clocks.values(),
            *(clock_row(clock, promise_subject(name), promise=name) for name, clock in promised),
        ],
        history=changes.history,
        outbox=changes.outbox,
        dead_letters=changes.dead,
        redriven=changes.redriven,
        relinks=link_rows(changes.relinks),
        approvals=changes.approvals,
        erasures=changes.erasures,
    )


def link_rows(links: Mapping[Key, str]) -> list[LinkRow]:
    return [LinkRow(*identity, subject) for identity, subject in links.items()]


def clock_row(
    clock: Clock,
    partition_key: str,
    *,
    lead_id: str | None = None,
    promise: str | None = None,
    owner: str | None = None,
) -> ClockRow:
    """The clock of a lead, which `owner` has now, or of a volume promise: one of the two is given. Its person is who answers for it."""
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
        person=_person_of(clock, owner),
        act_by=act_by(clock),
    )


def _person_of(clock: Clock, owner: str | None) -> str | None:
    """While a clock runs it is whose the lead is. What became of a promise of marketing is never the owner's, who got the lead from it. A
    volume of somebody's is theirs all the same, where it ran before clocks said who answers for them."""
    is_theirs = clock.answerable is None and clock.subject_kind == "person"
    if clock.side == "marketing" and not clock.open and not is_theirs:
        return clock.answerable.person if clock.answerable is not None else None
    return clock.person or owner


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
        personal=None if lead.disposition == "erased" else lead.personal.text(),
        email_digest=None if lead.disposition == "erased" else email or (known.email_digest if known else None),
        updated_at=now,
        queue=pool,
        queued_at=queued_at,
        unowned_reason=lead.unowned_reason,
        limbo=lead.limbo,
        source=lead.source,
        created_at=lead.created_at,
    )
