"""Rows of the store and records of the log, as the roles and the adapters hand them to one another."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from schemas.words import Side


class RecordOut(NamedTuple):
    """A record to append. The partition is murmur2(key), as Kafka's own default partitioner computes it."""

    topic: str
    key: bytes
    value: bytes


class Record(NamedTuple):
    """A record as read; offsets of one partition rise, by one in the embedded log and by one or more in Kafka."""

    topic: str
    partition: int
    offset: int
    key: bytes
    value: bytes


class Position(NamedTuple):
    """The next offset to read of one partition."""

    partition: int
    offset: int


class Reported(NamedTuple):
    """A position as a router told it to the log, with the epoch of the store that it had committed it in."""

    offset: int
    epoch: int


class Placed(NamedTuple):
    """A stored position with all that names it."""

    group: str
    topic: str
    cluster: str
    partition: int
    offset: int


class AgreementRow(NamedTuple):
    """A published agreement: the text of its file, and the public holidays that it was published with, JSON of
    `routing.calendar.holidays.ResolvedHolidays`."""

    body: str
    holidays: str


class ApprovalRow(NamedTuple):
    """One side's approval of a version: the id of its signal, who gave it and by which API key (`operator`: the operator
    typed it, for the first publication), and why."""

    id: str
    hash: str
    side: Side
    person: str
    principal: str
    reason: str
    approved_at: datetime


class LeadRow(NamedTuple):
    """A stored lead. `state` and `personal` are JSON texts of `routing.model.records.Lead` and `LeadPersonal`; the rest are
    copies for queries. One that is merged into another has no owner there and the disposition `merged`. `queue` is the queue
    that it waits in (`route/pool`) since `queued_at`; `unowned_reason` says why nobody has it, `limbo` why somebody should. `source` and
    `created_at` say where it came from, and since when it is there."""

    id: str
    brand: str
    stage: str
    disposition: str
    owner: str | None
    account_id: str | None
    held: bool
    version: int
    state: str
    personal: str | None
    email_digest: str | None
    updated_at: datetime
    queue: str | None = None
    queued_at: datetime | None = None
    unowned_reason: str | None = None
    limbo: str | None = None
    source: str | None = None
    created_at: datetime | None = None


class AccountRow(NamedTuple):
    id: str
    state: str


LedgerKind = Literal["pool", "person", "promise"]


class LedgerKey(NamedTuple):
    """Whose figures one row of the ledgers keeps: the turns of a pool, the load of a person, the tally of a volume promise."""

    kind: LedgerKind
    name: str


class LedgerRow(NamedTuple):
    """`state` is the JSON text of `routing.model.records.Ledger`, `Load` or `Tally`, by its kind; "" in a row that was made only to
    be locked. `seq` counts its changes."""

    kind: LedgerKind
    name: str
    seq: int
    state: str

    @property
    def key(self) -> LedgerKey:
        return LedgerKey(self.kind, self.name)


class LinkRow(NamedTuple):
    brand: str
    kind: str
    digest: str
    subject_id: str


class WithdrawalChange(NamedTuple):
    """What waits by one identity that is nobody's: JSON of {purpose: instant} as it was read (`before`) and from now on (`after`);
    "" where nothing waits. Where it is "" from now on, the identity may be somebody's. `at` is when it was recorded."""

    brand: str
    kind: str
    digest: str
    before: str
    after: str
    at: datetime


class ClockRow(NamedTuple):
    """`next_at` is when the watcher must look at it, None once it is over. `act_by` is when it is due, while somebody of us has
    still something to do for it. It is a lead's or a volume promise's: one of
    `lead_id` and `promise` (its name) is None. `person` is the one that it measures; of the
    lead's own clocks whoever had the lead when the clock last changed; of marketing's that is over, whoever answers for it."""

    id: str
    lead_id: str | None
    policy: str
    state: str
    revision: int
    due_at: datetime
    next_at: datetime | None
    partition_key: str
    body: str
    promise: str | None = None
    person: str | None = None
    act_by: datetime | None = None


class HistoryRow(NamedTuple):
    """One signal as it was judged. `lead_id` is None where it named nobody. `decision` is the compact evidence (JSON),
    `digest` a salted SHA-256 of the personal part; `salt` and `personal` are emptied by an erasure. `fate` and `reason` are
    words of `schemas.fates` where the signal came to nothing, and None where it did not. `source` is None in old rows."""

    signal_id: str
    attempt: int
    lead_id: str | None
    kind: str
    mode: str
    occurred_at: datetime
    received_at: datetime
    recorded_at: datetime
    facts: str
    personal: str | None
    salt: str | None
    digest: str | None
    outcome: str
    note: str
    decision: str
    source: str | None = None
    fate: str | None = None
    reason: str | None = None


class OutboxRow(NamedTuple):
    event_id: str
    topic: str
    lead_id: str
    sequence: int
    type: str
    partition_key: str
    head: str
    personal: str | None


class OutboxEntry(NamedTuple):
    id: int
    row: OutboxRow


class EventRow(NamedTuple):
    position: int
    row: OutboxRow


class DeadLetter(NamedTuple):
    """A signal that could not be processed (`state` dead), or one that waits behind it (queued), or done (redriven).

    `origin` is topic/partition/offset. `facts`/`personal` are the signal's halves, or `raw` for what does not decode.
    """

    id: str
    lead_id: str | None
    signal_id: str | None
    attempt: int
    state: str
    reason: str
    error_class: str
    origin: str
    facts: str | None
    personal: str | None
    raw: bytes | None
    recorded_at: datetime
    source: str | None = None


Redriving = Literal["asked", "once_more", "not_held", "holds_lead", "settled", "too_large", "no_key"]
"""What came of asking for another try: of a lead (`asked`) or of one letter (`once_more`). Nothing is tried: it is no lead that is
held and no letter (`not_held`), the letter holds a lead, which is asked for instead (`holds_lead`), it is over (`settled`), the log
does not take it (`too_large`), or it is sealed and the store still does not have its key (`no_key`)."""


class SpoolEntry(NamedTuple):
    id: int
    record: RecordOut


class Quarantine(NamedTuple):
    """A body, or one event of a batch, from a sender that we could not understand. `body` is personal data; it is kept once for
    all entries of it, and None where it was erased or not asked for. `size` is its bytes."""

    id: str
    source: str
    reason: str
    place: str
    content_type: str | None
    headers: str
    body: bytes | None
    mode: str
    received_at: datetime
    size: int = 0


def headers_of(entry: Quarantine) -> dict[str, str]:
    """The kept headers of a quarantined request."""
    found: dict[str, str] = json.loads(entry.headers)
    return found


class Kept(NamedTuple):
    """What waits in quarantine: entries, and bytes of the bodies that they are of."""

    rows: int = 0
    size: int = 0


class Quota(NamedTuple):
    """How much may wait in quarantine: of one source, of all, and of all that prove nothing together."""

    of_source: Kept
    of_unproven: Kept
    of_all: Kept


class Suspect(NamedTuple):
    """A lead that nobody seems to have. `told` is True where the router has said so already."""

    lead_id: str
    brand: str
    partition_key: str
    told: bool


RequestKind = Literal["export", "erasure"]
RequestState = Literal["open", "waiting", "done"]


class PersonRequest(NamedTuple):
    """That a person's data was asked for, by somebody at an instant; `body` (JSON) says what came of it, and nothing of it is personal.
    `personal` is what an erasure looks for, emptied when it is done; `place` is how far it got."""

    id: str
    kind: RequestKind
    state: RequestState
    principal: str
    lead_id: str | None
    asked_at: datetime
    finished_at: datetime | None = None
    body: str = "{}"
    personal: str | None = None
    place: str | None = None


class Writes(NamedTuple):
    """All that one batch writes besides positions and inbox. `links` are new; `relinks` lead elsewhere from now on; `revived` were those of
    somebody who was erased."""

    leads: Sequence[LeadRow] = ()
    accounts: Sequence[AccountRow] = ()
    ledgers: Sequence[LedgerRow] = ()
    links: Sequence[LinkRow] = ()
    clocks: Sequence[ClockRow] = ()
    history: Sequence[HistoryRow] = ()
    outbox: Sequence[OutboxRow] = ()
    dead_letters: Sequence[DeadLetter] = ()
    redriven: Sequence[str] = ()
    relinks: Sequence[LinkRow] = ()
    approvals: Sequence[ApprovalRow] = ()
    withdrawals: Sequence[WithdrawalChange] = ()
    erasures: Sequence[PersonRequest] = ()
    revived: Sequence[LinkRow] = ()
