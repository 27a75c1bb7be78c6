"""What all routers share, as a batch read it: pools' turns, people's loads, tallies of promises, and accounts."""

from __future__ import annotations

from collections.abc import Mapping

from routing.model.records import Account, Ledger, Load, Tally
from services.ports.rows import AccountRow, LedgerKey, LedgerRow


class SharedState:
    """The rows as they were read, and models of them as they were decided on last. `open_leads` counts the open leads of
    everybody who has a capacity. A row without a state was made only to be locked."""

    def __init__(
        self,
        accounts: Mapping[str, AccountRow],
        ledgers: Mapping[LedgerKey, LedgerRow],
        open_leads: Mapping[str, int],
    ) -> None:
        self.account_rows, self.ledger_rows, self.open_leads = dict(accounts), dict(ledgers), dict(open_leads)
        rows = [row for row in ledgers.values() if row.state]
        self.accounts = {row.id: Account.read(row.state) for row in accounts.values() if row.state}
        self.ledgers = {row.name: Ledger.read(row.state) for row in rows if row.kind == "pool"}
        self.tallies = {row.name: Tally.read(row.state) for row in rows if row.kind == "promise"}
        self.loads = loads_of(ledgers, open_leads)

    def rebase(
        self,
        accounts: Mapping[str, AccountRow],
        ledgers: Mapping[LedgerKey, LedgerRow],
        open_leads: Mapping[str, int],
    ) -> None:
        """The rows count as read as these say: the batch before left them so. What was decided on them is out of date."""
        self.account_rows = {ident: accounts.get(ident, row) for ident, row in self.account_rows.items()}
        self.ledger_rows = {key: ledgers.get(key, row) for key, row in self.ledger_rows.items()}
        self.open_leads = {person: open_leads.get(person, count) for person, count in self.open_leads.items()}

    def replaced_by(
        self,
        accounts: Mapping[str, AccountRow],
        ledgers: Mapping[LedgerKey, LedgerRow],
        open_leads: Mapping[str, int],
    ) -> SharedState:
        """What was read, with these rows in place of what other routers moved."""
        return SharedState({**self.account_rows, **accounts}, {**self.ledger_rows, **ledgers}, open_leads)

    def differs_from(
        self,
        accounts: Mapping[str, AccountRow],
        ledgers: Mapping[LedgerKey, LedgerRow],
        open_leads: Mapping[str, int],
    ) -> bool:
        """Whether one of these, which are locked now, is another one than was read."""
        states = {ident: row.state for ident, row in self.account_rows.items()}
        return (
            # The row whole: of one that was about to be written and was not, another has the same `seq`.
            any(row != self.ledger_rows.get(key, LedgerRow(*key, 0, "")) for key, row in ledgers.items())
            or any(row.state != states.get(ident, "") for ident, row in accounts.items())
            # On trial leads are given without a turn, and lost ones go without one.
            or any(
                count != self.open_leads.get(person)
                for person, count in open_leads.items()
                if load_key(person) in ledgers
            )
        )


def pool_key(name: str) -> LedgerKey:
    """The row among the ledgers that holds a pool's turns."""
    return LedgerKey("pool", name)


def load_key(person: str) -> LedgerKey:
    """The row among the ledgers that holds somebody's load."""
    return LedgerKey("person", person)


def promise_key(name: str) -> LedgerKey:
    """The row among the ledgers that holds a volume promise's tally."""
    return LedgerKey("promise", name)


def loads_of(ledgers: Mapping[LedgerKey, LedgerRow], open_leads: Mapping[str, int]) -> dict[str, Load]:
    """The loads of everybody who has a capacity, whose open leads are counted."""
    loads = {}
    for person, count in open_leads.items():
        row = ledgers.get(load_key(person))
        load = Load.read(row.state) if row is not None and row.state else Load(person=person)
        loads[person] = load.but(open=count)
    return loads
