"""What signals come to: the newest states by id, and rows in the order of deciding."""

from __future__ import annotations

from routing.lead.proof import is_outranked
from routing.model.links import Key
from routing.model.records import Account, Lead, Ledger, Load
from schemas.events import SlaBreached
from schemas.roster import RosterChange
from schemas.signals import Signal
from services.ports.rows import ApprovalRow, ClockRow, DeadLetter, HistoryRow, LedgerKey, OutboxRow, PersonRequest


class Changes:
    """`ledger_keys` and `account_ids` are rows that were looked at or changed, and are shared with other routers; `away` are
    changes of the roster after which somebody has to hand back; `further` are signals by which the router goes on in another
    transaction; `revived` are identities of somebody who was erased and came back; `erasures` the work that is left of each person who was erased; `failures` counts the letters of signals that failed now."""

    def __init__(self) -> None:
        self.leads: dict[str, Lead] = {}
        self.emails: dict[str, str] = {}
        self.accounts: dict[str, Account] = {}
        self.ledgers: dict[str, Ledger] = {}
        self.loads: dict[str, Load] = {}
        self.links: dict[Key, str] = {}
        self.relinks: dict[Key, str] = {}
        self.revived: dict[Key, str] = {}
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
        self.erasures: list[PersonRequest] = []
        self.limbo = self.failures = 0
        self.ledger_keys: set[LedgerKey] = set()
        self.account_ids: set[str] = set()

    def put_lead(self, lead: Lead, signal: Signal) -> None:
        """The lead as it is now, and the address by which it is found."""
        self.leads[lead.id] = lead
        if is_outranked(lead, signal) and "email" not in lead.personal.unproven:
            return  # the lead is found by the address that somebody proven told of
        for identity in signal.identities:
            if identity.kind == "email":
                self.emails[lead.id] = identity.digest
                break

    def add(self, later: Changes) -> None:
        """Adds what was changed later, which has the last word on what both changed."""
        mine, more = vars(self), vars(later)
        for name in _KEYED:
            if more[name]:
                mine[name].update(more[name])
        for name in _IN_ORDER:
            if more[name]:
                mine[name].extend(more[name])
        self.limbo += later.limbo
        self.failures += later.failures

    def followed_by(self, later: Changes) -> Changes:
        """These and then the other's, as one."""
        both = Changes()
        both.add(self)
        both.add(later)
        return both


# Told apart once: a batch adds up its changes signal by signal.
_KEYED = tuple(name for name, empty in vars(Changes()).items() if isinstance(empty, dict | set))
_IN_ORDER = tuple(name for name, empty in vars(Changes()).items() if isinstance(empty, list))
