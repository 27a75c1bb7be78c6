"""The volume promises that a batch counts for: tallies in memory while it is decided, rows afterwards."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from routing.model.envelope import Outgoing, Stamp, Subject, seal
from routing.model.ids import promise_subject
from routing.model.records import Clock, Decision, Tally
from routing.sla import volumes
from routing.sla.periods import Terms
from schemas.signals import Signal
from services.ports.rows import LedgerKey
from services.router.deciding.shared_state import SharedState, promise_key
from services.router.deciding.snapshot import due_promise
from services.rules.ruling import Ruling


class Told(NamedTuple):
    """Events of promises, and why there were none."""

    outgoing: list[Outgoing]
    note: str


class Promises:
    """`asked` are the rows of tallies that were looked at, `moved` the tallies that changed, by their promise; `clocks` those
    of their periods, with the promise."""

    def __init__(self, shared: SharedState, now: datetime) -> None:
        self._shared, self._now = shared, now
        self.asked: set[LedgerKey] = set()
        self.moved: dict[str, Tally] = {}
        self.clocks: dict[str, tuple[str, Clock]] = {}

    def count(self, decision: Decision, signal: Signal, ruling: Ruling, stamp: Stamp) -> list[Outgoing]:
        """What the decision counts for, in the order in which it happened; ids of events go on from the lead's."""
        outgoing: list[Outgoing] = []
        for one in decision.tallied:
            told = volumes.add(self._tally(one.volume), one, signal, self._terms(ruling))
            outgoing += self._keep(told, signal, stamp, len(decision.emissions) + len(outgoing))
        return outgoing

    def hear(self, signal: Signal, ruling: Ruling, stamp: Stamp) -> Told:
        """A period begins, or the clock of one falls due."""
        terms, due, name = self._terms(ruling), signal.clock, due_promise(signal)
        if due is not None and name is not None:
            found = [volumes.fall_due(self._tally(name), due, terms)]
        else:
            names = [volume.file.name for volume in ruling.agreement.volumes]
            found = [volumes.begin(self._tally(name), name, signal, terms) for name in names]
        outgoing: list[Outgoing] = []
        for one in found:
            outgoing += self._keep(one, signal, stamp, len(outgoing))
        return Told(outgoing, "; ".join(sorted({one.note for one in found if one.note})))

    def _terms(self, ruling: Ruling) -> Terms:
        return Terms(
            agreement=ruling.agreement,
            agreements=ruling.agreement_of,
            roster=ruling.roster,
            now=self._now,
            timeline=ruling.timeline,
        )

    def _tally(self, name: str) -> Tally:
        self.asked.add(promise_key(name))
        return self._shared.tallies.get(name) or Tally(name=name)

    def _keep(self, told: volumes.TallyResult, signal: Signal, stamp: Stamp, before: int) -> list[Outgoing]:
        was = self._tally(told.tally.name)
        if told.tally == was:
            return []
        name, subject = was.name, promise_subject(was.name)
        tally = told.tally.but(seq=was.seq + 1, sequence=was.sequence + len(told.emissions))
        self._shared.tallies[name] = self.moved[name] = tally
        self.clocks |= {clock.id: (name, clock) for clock in told.clocks}
        return seal(
            told.emissions,
            Subject(
                id=subject,
                brand="default",
                partition_key=subject,
                sequence=tally.sequence,
                correlation=subject,
            ),
            signal=signal,
            stamp=stamp,
            before=before,
        )
