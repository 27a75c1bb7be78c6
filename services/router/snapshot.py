"""What a batch needs of the store, and what its transaction read, as models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from routing.agreement.agreement import Agreement
from routing.model.identity import NO_LEAD, SHARED, Key, is_named, is_pointer, keys_of
from routing.model.ids import promise_named
from routing.model.records import Account, Lead, LeadPersonal, Ledger, Load, Tally
from schemas.signals import Signal
from services.ports.rows import AccountRow, DeadLetter, LeadRow, LedgerKey, LedgerRow


class Overlay(NamedTuple):
    """What a batch leaves that is being written: it stands over what the store says. Companies, ledgers and counts of open
    leads with those that it only read. `tentative` are leads that it may decide on anew once it has its locks."""

    leads: Mapping[str, LeadRow]
    models: Mapping[str, Lead]
    accounts: Mapping[str, AccountRow]
    ledgers: Mapping[LedgerKey, LedgerRow]
    opens: Mapping[str, int]
    links: Mapping[Key, str]
    tentative: frozenset[str]
    withdrawals: Mapping[Key, str] = MappingProxyType({})

    def under(self, later: Overlay) -> Overlay:
        """This one and then the other, which has the last word."""
        return Overlay(
            leads={**self.leads, **later.leads},
            models={**self.models, **later.models},
            accounts={**self.accounts, **later.accounts},
            ledgers={**self.ledgers, **later.ledgers},
            opens=later.opens,
            links={**self.links, **later.links},
            tentative=later.tentative,
            withdrawals={**self.withdrawals, **later.withdrawals},
        )


NOTHING = Overlay(leads={}, models={}, accounts={}, ledgers={}, opens={}, links={}, tentative=frozenset())


class Loaded:
    """What a batch's transaction read, as models. Leads are parsed when first asked for; a row without a state was made
    only to be locked. `links_of` are all links of the leads that the batch merges; `withdrawals` what waits by identities that are
    nobody's (`services.router.withdrawn`), which are as they were read in `withdrawals_read`."""

    def __init__(
        self,
        links: Mapping[Key, str],
        leads: Mapping[str, LeadRow],
        accounts: Mapping[str, AccountRow],
        ledgers: Mapping[LedgerKey, LedgerRow],
        waiting: Sequence[DeadLetter] = (),
        opens: Mapping[str, int] = MappingProxyType({}),
        links_of: Mapping[Key, str] = MappingProxyType({}),
        withdrawals: Mapping[Key, str] = MappingProxyType({}),
    ) -> None:
        self.links, self._links = dict(links), links
        self.links_of = links_of
        self.withdrawals, self.withdrawals_read = dict(withdrawals), withdrawals
        self.rows = dict(leads)
        self.account_rows = dict(accounts)
        self.ledger_rows = dict(ledgers)
        self.opens = dict(opens)
        self.accounts = {row.id: Account.read(row.state) for row in accounts.values() if row.state}
        kept = [row for row in ledgers.values() if row.state]
        self.ledgers = {row.name: Ledger.read(row.state) for row in kept if row.kind == "pool"}
        self.tallies = {row.name: Tally.read(row.state) for row in kept if row.kind == "promise"}
        self.waiting = list(waiting)
        self.loads = loads_of(ledgers, opens)
        self._read: dict[str, Lead] = {}
        self._leads: dict[str, Lead] = {}
        self.tentative: frozenset[str] = frozenset()

    def stand_on(self, over: Overlay) -> None:
        """Leads, companies and what routers share are as `over` left them."""
        for ident in self.rows.keys() & over.models.keys():
            self.rows[ident], self._read[ident] = over.leads[ident], over.models[ident]
        self.account_rows = {ident: over.accounts.get(ident, row) for ident, row in self.account_rows.items()}
        self.ledger_rows = {key: over.ledgers.get(key, row) for key, row in self.ledger_rows.items()}
        self.opens = {person: over.opens.get(person, count) for person, count in self.opens.items()}
        self.tentative = over.tentative

    def lead(self, lead_id: str | None) -> Lead | None:
        """As it was decided on last, else as it was read."""
        if lead_id is None:
            return None
        found = self._leads.get(lead_id) or self._read.get(lead_id)
        if found is None and lead_id in self.rows:
            row = self.rows[lead_id]
            found = Lead.read(row.state)
            if row.personal is not None:
                found.personal = LeadPersonal.read(row.personal)
            self._read[lead_id] = found
        return found

    def put(self, lead: Lead) -> None:
        self._leads[lead.id] = lead

    def moved(
        self, accounts: Mapping[str, AccountRow], ledgers: Mapping[LedgerKey, LedgerRow], opens: Mapping[str, int]
    ) -> bool:
        """Whether one of these, which are locked now, is another one than was read."""
        states = {ident: row.state for ident, row in self.account_rows.items()}
        return (
            # The row whole: of one that was about to be written and was not, another has the same `seq`.
            any(row != self.ledger_rows.get(key, LedgerRow(*key, 0, "")) for key, row in ledgers.items())
            or any(row.state != states.get(ident, "") for ident, row in accounts.items())
            # On trial leads are given without a turn, and lost ones go without one.
            or any(count != self.opens.get(person) for person, count in opens.items() if row_of(person) in ledgers)
        )

    def with_shared(
        self,
        accounts: Mapping[str, AccountRow],
        ledgers: Mapping[LedgerKey, LedgerRow],
        opens: Mapping[str, int],
        leads: Mapping[str, Lead],
        links: Mapping[Key, str],
        withdrawals: Mapping[Key, str],
    ) -> Loaded:
        """What was read, with these in place of what other routers moved, and what is decided already."""
        other = Loaded(
            links={**self._links, **links},
            leads=self.rows,
            accounts={**self.account_rows, **accounts},
            ledgers={**self.ledger_rows, **ledgers},
            waiting=self.waiting,
            opens=opens,
            links_of=self.links_of,
            withdrawals=self.withdrawals_read,
        )
        other.withdrawals |= withdrawals
        other._read, other._leads, other.tentative = self._read, dict(leads), self.tentative
        return other


def row_of(person: str) -> LedgerKey:
    """The row among the ledgers that holds somebody's load."""
    return LedgerKey("person", person)


def row_of_pool(name: str) -> LedgerKey:
    """The row among the ledgers that holds a pool's turns."""
    return LedgerKey("pool", name)


def row_of_promise(name: str) -> LedgerKey:
    """The row among the ledgers that holds a volume promise's tally."""
    return LedgerKey("promise", name)


def due_promise(signal: Signal) -> str | None:
    """The volume promise whose clock falls due by this signal."""
    return promise_named(signal.clock.lead_id) if signal.clock is not None else None


def wanted_tallies(signals: Iterable[Signal], agreements: Iterable[Agreement]) -> set[LedgerKey]:
    """Rows of the volume promises that the signals may count for."""
    named = {volume.file.name for agreement in agreements for volume in agreement.volumes}
    return set(map(row_of_promise, named.union(filter(None, map(due_promise, signals)))))


def loads_of(ledgers: Mapping[LedgerKey, LedgerRow], opens: Mapping[str, int]) -> dict[str, Load]:
    """The loads of everybody who has a capacity: `opens` are the counts of their open leads."""
    found = {}
    for person, count in opens.items():
        row = ledgers.get(row_of(person))
        known = Load.read(row.state) if row is not None and row.state else Load(person=person)
        found[person] = known.but(open=count)
    return found


def wanted_keys(signals: Iterable[Signal]) -> list[Key]:
    """Every identity that the signals name, once."""
    return list(dict.fromkeys(key for signal in signals for key in keys_of(signal)))


def wanted_leads(signals: Iterable[Signal], links: Mapping[Key, str]) -> set[str]:
    """Every lead that the signals may change. One that has the same number is among them where nothing else names anybody."""
    named = {who for (_, kind, _), who in links.items() if kind not in NO_LEAD and not is_pointer(who)}
    for signal in signals:
        if not is_named(signal, links):
            named.update(_of_number(signal, links))
        due = signal.clock.lead_id if signal.clock and due_promise(signal) is None else None
        named.update(filter(None, (signal.lead_id, signal.other_lead_id, due)))
    return named


def _of_number(signal: Signal, links: Mapping[Key, str]) -> Iterator[str]:
    for where in keys_of(signal):
        who = links.get(where) if where[1] in _NUMBERS else None
        if who is not None and not is_pointer(who):
            yield who


_NUMBERS = frozenset(["phone", "like_phone", "phone_name", SHARED])


def wanted_accounts(leads: Iterable[LeadRow], links: Mapping[Key, str]) -> set[str]:
    """Every account that the batch may change: those named, and those of the leads."""
    named = {subject for (_, kind, _), subject in links.items() if kind in ("company", "domain")}
    return named | {row.account_id for row in leads if row.account_id is not None}
