"""The router's rows in memory: each batch is decided on what the rows say, and leaves rows, as a transaction would."""

import json
from collections import Counter
from datetime import timedelta

from routing.lifecycle import WORKED
from routing.model.ids import derive, promise_subject
from routing.model.links import WAITING
from routing.model.records import Clock
from schemas.envelope import whole
from schemas.signals import ClockDue, Kind, Signal
from services.ports.rows import Record
from services.ports.signal_records import decode, record_of
from services.router.deciding.batch_decider import BatchDecider
from services.router.deciding.shared_state import SharedState
from services.router.deciding.snapshot import Snapshot
from services.rules.in_force import away_signals, who_is_away
from tests.setups import START


class Memory:
    """`give` is one batch; `decider` the one that was made last. What the router asks of itself is given at once."""

    def __init__(self, ruling, at=START):
        self.ruling, self.at = ruling, at
        self.links, self.leads, self.accounts, self.ledgers, self.clocks = {}, {}, {}, {}, {}
        self.withdrawals = {}
        self.seen, self.outbox, self.history, self.letters = set(), [], [], []

    def give(self, *signals):
        once = {(item.id, item.attempt): item for item in reversed(signals)}
        fresh = [item for key, item in reversed(once.items()) if key not in self.seen]
        self.seen |= once.keys()
        self.at = max([self.at, *(item.received_at for item in fresh)])
        self.decider = decider = self.decide(
            [decode(Record("t", 0, 0, b"k", record_of(item, "t").value)) for item in fresh]
        )
        self._keep(decider.writes())
        self.ruling = self.ruling._replace(roster=decider.state.ruling.roster)
        self.after()
        for cause in decider.result.all.away:
            held = [row for row in self.leads.values() if row.owner == who_is_away(cause)]
            if held:
                self.give(*away_signals(cause, sorted(held), self.at))
        return self

    def decide(self, batch):
        decider = BatchDecider(self.snapshot(), self.ruling, self.at, 0)
        decider.decide(batch)
        return decider

    def after(self):
        """Called once a batch's rows are there."""

    def snapshot(self):
        shared = SharedState(self.accounts, self.ledgers, self.opens())
        return Snapshot(self.links, self.leads, shared, links_of=self.links, withdrawals=self.withdrawals)

    def opens(self):
        """How many open leads everybody has whose load matters."""
        carried = [row for row in self.leads.values() if row.stage in WORKED and row.disposition == "active"]
        held = Counter(row.owner for row in carried)
        return {person: held[person] for person in self.ruling.roster.limited}

    def _keep(self, writes):
        self.leads |= {row.id: row for row in writes.leads}
        self.accounts |= {row.id: row for row in writes.accounts}
        self.ledgers |= {row.key: row for row in writes.ledgers}
        self.clocks |= {row.id: row for row in writes.clocks}
        self.links |= {row[:3]: row.subject_id for row in (*writes.links, *writes.revived, *writes.relinks)}
        for change in writes.withdrawals:
            assert self.withdrawals.pop(change[:3], "") == change.before, "what waits is as it was read"
            if change.after:
                self.withdrawals[change[:3]] = change.after
            elif self.links.get(change[:3]) == WAITING:
                del self.links[change[:3]]
        self.outbox += writes.outbox
        self.history += writes.history
        self.letters += writes.dead_letters

    def lead(self, ident):
        """A model of its own, as the next batch will read it."""
        return Snapshot({}, {ident: self.leads[ident]}, SharedState({}, {}, {})).lead(ident)

    def next_due(self):
        """The clock that the watcher has to look at first."""
        waiting = [row for row in self.clocks.values() if row.next_at is not None]
        return min(waiting, key=lambda row: (row.next_at, row.id), default=None)

    def announce(self, row, late=timedelta(0)):
        """As the watcher does, `late` after the instant."""
        self.at = max(self.at, row.next_at + late)
        body = ClockDue(
            clock_id=row.id,
            revision=row.revision,
            lead_id=row.lead_id or promise_subject(row.promise),
            due_at=row.next_at,
            noticed_at=self.at,
        )
        ident = derive("sig", row.id, row.revision)
        return self.give(
            Signal(
                kind=Kind.CLOCK_DUE, id=ident, dedupe_key=ident, source="sla", occurred_at=row.next_at,
                received_at=self.at, partition_key=row.partition_key, clock=body,
                mode="observe" if Clock.read(row.body).mode == "observe" else "live",
            )
        )  # fmt: skip

    def said(self, kind):
        """Bodies of the events of this kind, so far."""
        name = f"stafett.{kind}.v1"
        return [json.loads(whole(row.head, row.personal))["data"] for row in self.outbox if row.type == name]
