"""What rules a batch, by what the store says: published agreements, and recorded changes of the roster."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import ValidationError

from routing.model.errors import RoutingError
from routing.people.roster import body_of
from schemas.signals import Signal
from schemas.yamlfile import FileError
from services.ports.errors import RulesUnreadable
from services.ports.signal_records import record_of
from services.ports.store import Batch
from services.router.deciding.batch_decider import BatchDecider
from services.rules.in_force import InForce, away_signals, read_changes, who_is_away, write_changes
from services.rules.publications import PublishedAgreements
from services.rules.ruling import Ruling

PAGE = 500
"""Leads of somebody who went away that are read at once."""


class RulingInStore:
    """`files` gives what the files say; `topic` is where leads are told that their person is away."""

    def __init__(self, files: Callable[[], Ruling], topic: str) -> None:
        self._in_force, self._topic = InForce(files), topic
        self._published = PublishedAgreements()
        self._kept: str | None = None

    async def read(self, tx: Batch) -> tuple[Ruling, str | None]:
        """What rules this batch (which agreement rules a signal is chosen by when it was received), and the recorded changes of
        the roster. Raises RulesUnreadable."""
        changes = await tx.roster_changes()
        published = await tx.publications()
        try:
            rows = await tx.agreements(self._published.missing(published))
            return self._published.follow(self._in_force(changes), published, rows), changes
        except (FileError, RoutingError, ValidationError) as error:
            raise RulesUnreadable(
                f"{type(error).__name__} in a published agreement or a change of the roster"
            ) from error

    async def follow_roster(self, tx: Batch, decider: BatchDecider, recorded: str | None, now: datetime) -> None:
        """Writes the changes upon those `recorded`, the version that rules from now on, and who has to hand back what."""
        roster, changes = decider.state.ruling.roster, decider.result.all
        if changes.roster_changes:
            await tx.put_roster_changes(write_changes((*read_changes(recorded), *changes.roster_changes)))
        if roster.version != self._kept:
            await tx.keep_roster(roster.version, body_of(roster.file), now)
        for cause in changes.away:
            await self._ask_to_hand_back(tx, cause, now)
        await tx.spool([record_of(signal, self._topic) for signal in changes.further])

    def note_kept(self, version: str) -> None:
        """The transaction that kept this version of the roster is committed: it need not be kept again."""
        self._kept = version

    async def _ask_to_hand_back(self, tx: Batch, cause: Signal, now: datetime) -> None:
        """Page by page: one person may have any number of leads."""
        after = ""
        while rows := await tx.owned_by(who_is_away(cause), after, PAGE):
            signals = away_signals(cause, rows, now)
            await tx.spool([record_of(signal, self._topic) for signal in signals])
            if len(rows) < PAGE:
                return
            after = rows[-1].id
