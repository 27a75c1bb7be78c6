"""What a batch needs of the store, and what its transaction read, as models."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from routing.agreement.agreement import Agreement
from routing.model.identity import NO_LEAD, SHARED, is_named, keys_of
from routing.model.ids import promise_named
from routing.model.links import Key, is_pointer
from routing.model.records import Lead, LeadPersonal
from schemas.signals import Signal
from services.ports.rows import AccountRow, DeadLetter, LeadRow, LedgerKey, LedgerRow
from services.router.deciding.changes import Changes
from services.router.deciding.shared_state import SharedState, promise_key


class Overlay(NamedTuple):
    """What a batch leaves that is being written: it lies over what the store says. Accounts, ledgers and counts of open
    leads with those that it only read. `tentative` are leads that it may decide on again once it has its locks."""

    leads: Mapping[str, LeadRow]
    models: Mapping[str, Lead]
    accounts: Mapping[str, AccountRow]
    ledgers: Mapping[LedgerKey, LedgerRow]
    open_leads: Mapping[str, int]
    links: Mapping[Key, str]
    tentative: frozenset[str]
    withdrawals: Mapping[Key, str] = MappingProxyType({})

    def followed_by(self, later: Overlay) -> Overlay:
        """This one and then the other, which has the last word, as one."""
        return Overlay(
            leads={**self.leads, **later.leads},
            models={**self.models, **later.models},
            accounts={**self.accounts, **later.accounts},
            ledgers={**self.ledgers, **later.ledgers},
            open_leads=later.open_leads,
            links={**self.links, **later.links},
            tentative=later.tentative,
            withdrawals={**self.withdrawals, **later.withdrawals},
        )


NOTHING = Overlay(leads={}, models={}, accounts={}, ledgers={}, open_leads={}, links={}, tentative=frozenset())


class Snapshot:
    """What a batch's transaction read, and what its signals came to so far. Leads are parsed when first asked for. `links_of` are all
    links of the leads that the batch merges; `withdrawals` what waits by identities that are nobody's
    (`services.router.deciding.withdrawn`), which are as they were read in `withdrawals_read`; `waiting` letters that are tried again;
    `tentative` leads that the batch before this one may decide on again."""

    def __init__(
        self,
        links: Mapping[Key, str],
        leads: Mapping[str, LeadRow],
        shared: SharedState,
        *,
        waiting: Sequence[DeadLetter] = (),
        links_of: Mapping[Key, str] = MappingProxyType({}),
        withdrawals: Mapping[Key, str] = MappingProxyType({}),
    ) -> None:
        self.links, self._links_read = dict(links), links
        self.links_of = links_of
        self.withdrawals, self.withdrawals_read = dict(withdrawals), withdrawals
        self.rows, self.shared = dict(leads), shared
        self.waiting = list(waiting)
        self._parsed: dict[str, Lead] = {}
        self._changed: dict[str, Lead] = {}
        self.tentative: frozenset[str] = frozenset()

    def rebase(self, over: Overlay) -> None:
        """Leads, accounts and what routers share count as read as `over` left them."""
        for ident in self.rows.keys() & over.models.keys():
            self.rows[ident], self._parsed[ident] = over.leads[ident], over.models[ident]
        self.shared.rebase(over.accounts, over.ledgers, over.open_leads)
        self.tentative = over.tentative

    def lead(self, lead_id: str | None) -> Lead | None:
        """As it was decided on last, else as it was read."""
        if lead_id is None:
            return None
        lead = self._changed.get(lead_id) or self._parsed.get(lead_id)
        if lead is None and lead_id in self.rows:
            row = self.rows[lead_id]
            lead = Lead.read(row.state)
            if row.personal is not None:
                lead.personal = LeadPersonal.read(row.personal)
            self._parsed[lead_id] = lead
        return lead

    def put_lead(self, lead: Lead) -> None:
        """Later signals are decided on it as it is now."""
        self._changed[lead.id] = lead

    def with_shared(self, shared: SharedState, decided: Changes) -> Snapshot:
        """What was read, upon this shared state, after what was `decided` for good."""
        other = Snapshot(
            {**self._links_read, **decided.links, **decided.revived, **decided.relinks},
            self.rows,
            shared,
            waiting=self.waiting,
            links_of=self.links_of,
            withdrawals=self.withdrawals_read,
        )
        other.withdrawals |= decided.withdrawals
        other._parsed, other._changed, other.tentative = self._parsed, dict(decided.leads), self.tentative
        return other


def due_promise(signal: Signal) -> str | None:
    """The volume promise whose clock falls due by this signal."""
    return promise_named(signal.clock.lead_id) if signal.clock is not None else None


def wanted_tallies(signals: Iterable[Signal], agreements: Iterable[Agreement]) -> set[LedgerKey]:
    """Rows of the volume promises that the signals may count for."""
    named = {volume.file.name for agreement in agreements for volume in agreement.volumes}
    return set(map(promise_key, named.union(filter(None, map(due_promise, signals)))))


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
