"""Published agreements: which one rules a signal, and what is known of each.

A publication is a row that the router reads in the transaction of each batch. What rules a signal is the agreement that
was in force when the signal was received: so every router switches at the same recorded point, however far behind it is,
and a replay of the log decides each signal under the agreement that it was decided under before.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from pydantic import AwareDatetime, BaseModel, ConfigDict, TypeAdapter

from routing.agreement.agreement import Agreement, compile_agreement
from routing.calendar.holidays import ResolvedHolidays, resolve_holidays
from schemas.agreed import Withdrawal
from services.ports.rows import AgreementRow
from services.rules.ruling import Ruling

LEAD = timedelta(seconds=10)
"""The least time between publishing and taking effect: longer than a batch's transaction and the clocks' differences."""
FARTHEST = timedelta(days=731)
"""A date further ahead is a mistyped year."""
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


class Publication(BaseModel):
    """`approvals` has who approved this very hash, by side. The first is the file that ruled before anything was
    published, which nobody approved here. One that was withdrawn before it took effect never ruled."""

    model_config = ConfigDict(frozen=True)
    hash: str
    title: str
    effective_from: AwareDatetime
    published_at: AwareDatetime
    approvals: dict[str, str] = {}
    withdrawn: Withdrawal | None = None


_ALL = TypeAdapter(tuple[Publication, ...])


def read(text: str | None) -> tuple[Publication, ...]:
    """As the store keeps them, in order of their effect."""
    return _ALL.validate_json(text) if text else ()


def write(publications: Iterable[Publication]) -> str:
    return _ALL.dump_json(tuple(publications)).decode()


def standing(publications: Iterable[Publication]) -> tuple[Publication, ...]:
    """Those that rule, ruled or will."""
    return tuple(entry for entry in publications if entry.withdrawn is None)


def agreement_row(agreement: Agreement, text: str, now: datetime, effective_from: datetime) -> AgreementRow:
    """What is stored of an agreement that is published `now`: its text, and its public holidays of today."""
    days = resolve_holidays(agreement.file, now.date(), effective_from.date())
    return AgreementRow(text, days.model_dump_json())


def compile_row(digest: str, row: AgreementRow) -> Agreement:
    """With the holidays that it was published with. Raises FileError."""
    days = ResolvedHolidays.model_validate_json(row.holidays)
    return compile_agreement(row.body, f"agreement {digest[:12]}", days)


class PublishedAgreements:
    """Compiles each published agreement once. Raises FileError for one that this version cannot read: better no router
    than one that decides by another agreement than the others."""

    def __init__(self) -> None:
        self._text: str | None = None
        self._timeline: tuple[tuple[datetime, Agreement], ...] = ()
        self._compiled: dict[str, Agreement] = {}

    def missing(self, text: str | None) -> list[str]:
        """Hashes whose rows are needed to follow `text`."""
        return [] if text == self._text else [p.hash for p in standing(read(text)) if p.hash not in self._compiled]

    def follow(self, ruling: Ruling, text: str | None, rows: Mapping[str, AgreementRow]) -> Ruling:
        """The ruling with every published agreement at hand; `Ruling.at` chooses among them."""
        if text != self._text:
            for digest, row in rows.items():
                self._compiled[digest] = compile_row(digest, row)
            self._timeline = tuple((p.effective_from, self._compiled[p.hash]) for p in standing(read(text)))
            self._text = text
        if not self._timeline:
            return ruling
        past = {agreement.hash: agreement for _, agreement in self._timeline}
        return ruling._replace(agreement=self._timeline[0][1], timeline=self._timeline, past={**ruling.past, **past})


def objections(effective_from: datetime, now: datetime, before: Sequence[Publication]) -> list[str]:
    """Why it cannot be published to rule from then."""
    found = []
    others = standing(before)
    if effective_from < now + LEAD:
        found.append(
            f"it has to take effect at least {LEAD.seconds} s from now, so that every router knows of it in time"
        )
    if effective_from > now + FARTHEST:
        found.append(f"it takes effect in more than {FARTHEST.days} days; is the year right?")
    if others and effective_from <= others[-1].effective_from:
        found.append(
            f"it has to take effect after the one before it, {others[-1].effective_from.isoformat()}"
            + (
                f"; `stafett agreement withdraw {others[-1].hash[:12]}` takes that back"
                if can_be_withdrawn(others[-1], now)
                else ""
            )
        )
    return found


def again(before: Sequence[Publication], digest: str, now: datetime, asked_from: datetime | None) -> Publication | None:
    """The publication that publishing this hash once more is about: the one that waits or rules, whatever waits behind it.
    None where it is another: none was, a later one has taken effect since, or it is asked for behind the last one."""
    published = standing(before)[1:]
    found = next((entry for entry in reversed(published) if entry.hash == digest), None)
    if found is None or any(found.effective_from < entry.effective_from <= now for entry in published):
        return None
    behind = asked_from is not None and found is not published[-1] and asked_from > published[-1].effective_from
    return None if behind else found


def can_be_withdrawn(entry: Publication, now: datetime) -> bool:
    """Whether it can be withdrawn still: no router may have decided by it when all of them know."""
    return entry.withdrawn is None and entry.effective_from >= now + LEAD


def without(publications: Sequence[Publication], gone: Publication, withdrawal: Withdrawal) -> tuple[Publication, ...]:
    """With that one withdrawn."""
    kept = gone.model_copy(update={"withdrawn": withdrawal})
    return tuple(kept if entry is gone else entry for entry in publications)
