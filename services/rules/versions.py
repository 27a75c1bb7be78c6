"""The versions of the agreement for those who read: what ruled when, what it said, and what decisions were made under."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Literal

from routing.calendar.holidays import ResolvedHolidays, early_days
from schemas.agreement import AgreementFile
from schemas.http import AgreementDetail, AgreementView, ApprovalView
from schemas.yamlfile import load
from services.ports.reading import AgreementReading
from services.ports.rows import ApprovalRow
from services.rules.approvals import pending
from services.rules.publications import Publication, PublishedAgreements, read, standing
from services.rules.ruling import Ruling


class Versions:
    """`file` gives the text of the configured agreement, which rules until something is published. Every method raises
    StoreUnavailable."""

    def __init__(
        self, store: AgreementReading, files: Callable[[], Ruling], file: Callable[[], str], now: Callable[[], datetime]
    ) -> None:
        self._store, self._files, self._file, self._now = store, files, file, now
        self._published = PublishedAgreements()

    async def ruling(self) -> Ruling:
        """With every published agreement at hand, however old, and the one that rules now in front."""
        return await self.ruling_under(await self._store.publications())

    async def ruling_under(self, publications: str | None) -> Ruling:
        """The same, under publications that were read already. What was compiled is kept."""
        rows = await self._store.rows(self._published.missing(publications))
        return self._published.follow(self._files(), publications, rows).at(self._now())

    async def all(self) -> list[AgreementView]:
        """In the order of their effect; the configured file alone where nothing was published."""
        known = read(await self._store.publications())
        if not known:
            agreement = self._files().agreement
            return [AgreementView(hash=agreement.hash, title=agreement.file.title, rules="now")]
        now = self._now()
        current = max((p.effective_from for p in standing(known) if p.effective_from <= now), default=None)
        return [_view(entry, current) for entry in known]

    async def pending(self) -> list[ApprovalView]:
        """Approvals that wait for a publication, oldest first."""
        known = read(await self._store.publications())
        return [_approval(row) for row in pending(await self._store.approvals(), known)]

    async def text(self, digest: str) -> str | None:
        """The file of the version with this whole hash, byte for byte; None where there is no such version."""
        row = (await self._store.rows([digest])).get(digest)
        if row is not None:
            return row.body
        return self._file() if digest == self._files().agreement.hash else None

    async def one(self, digest: str) -> AgreementDetail | None:
        """By its hash, or the first 12 digits or more of it; None where there is no such version."""
        if len(digest) < 12:
            return None
        # One that was published twice is shown as it stands now.
        order = ("withdrawn", "before", "later", "now")
        named = [version for version in await self.all() if version.hash.startswith(digest)]
        found = max(named, key=lambda version: order.index(version.rules), default=None)
        if found is None:
            return None
        row = (await self._store.rows([found.hash])).get(found.hash)
        if row is None:
            return AgreementDetail(**found.model_dump(), text=self._file())
        given = [_approval(a) for a in await self._store.approvals() if a.hash == found.hash]
        days = ResolvedHolidays.model_validate_json(row.holidays).days
        calendars = load(row.body, AgreementFile, "agreement.yaml").calendars
        eves = {name: early_days(calendars[name], days[name]) for name in days}
        return AgreementDetail(**found.model_dump(), text=row.body, holidays=days, eves=eves, given=given)


def _approval(row: ApprovalRow) -> ApprovalView:
    return ApprovalView(
        hash=row.hash,
        side=row.side,
        person=row.person,
        key=row.principal,
        reason=row.reason,
        approved_at=row.approved_at,
    )


def _view(entry: Publication, current: datetime | None) -> AgreementView:
    rules: Literal["before", "later"] = "later" if current is None or entry.effective_from > current else "before"
    now = entry.effective_from == current and entry.withdrawn is None
    return AgreementView(
        hash=entry.hash,
        title=entry.title,
        effective_from=entry.effective_from,
        published_at=entry.published_at,
        approvals=entry.approvals,
        rules="withdrawn" if entry.withdrawn else "now" if now else rules,
        withdrawn=entry.withdrawn,
    )
