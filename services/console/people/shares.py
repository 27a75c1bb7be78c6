"""Fair shares as a picture: how many leads everybody of a pool was given, and how many would have been their share. The same figures
give the same picture; what it shows stands in a table beside it as well."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from babel.numbers import format_decimal

from routing.assignment.rotation import with_seats
from routing.model.records import Ledger
from schemas.roster import Pool
from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import plain

LEFT, RIGHT, ROW = 110.0, 60.0, 26
"""Room for the names and for the figures beside the bars, and the height of a row, in units of the view box."""
WIDTH = 460.0


class ShareRow(NamedTuple):
    """Somebody of a pool. `width` and `mark` are where their bar and the line of their share end, `y` where their row begins;
    `figure_at` is where the figure stands."""

    name: str
    weight: str
    given: str
    fair: str
    balance: str
    y: int
    width: str
    mark: str
    figure_at: str


class Shares(NamedTuple):
    """Of one pool. `title` and `desc` say in words what is drawn, `height` is the picture's."""

    pool: str
    name: str
    is_paused: bool
    title: str
    desc: str
    height: int
    rows: Sequence[ShareRow]


def shares_of(pool: Pool, state: str | None, people: Sequence[str], reader: Reader) -> Shares:
    """`state` is the pool's row of the ledgers, JSON of Ledger; None before the first lead. `people`: who is shown of it."""
    entries = with_seats(Ledger.read(state) if state else Ledger(pool=pool.name), pool).entries
    seats = [seat for seat in pool.seats if seat.person in people]
    figures = [(seat, entries[seat.person].given, fair_share(entries[seat.person].given, entries[seat.person].short)) for seat in seats]  # fmt: skip
    most = max((max(float(given), fair) for _, given, fair in figures), default=0.0) or 1.0
    scale = (WIDTH - LEFT - RIGHT) / most
    rows = [
        ShareRow(
            name=person_name(seat.person),
            weight=_decimal(seat.weight, reader),
            given=str(given),
            fair=_decimal(fair, reader),
            balance=_balance(given - fair, reader),
            y=ROW * place,
            width=f"{given * scale:.1f}",
            mark=f"{LEFT + fair * scale:.1f}",
            figure_at=f"{LEFT + max(float(given), fair) * scale + 8:.1f}",
        )
        for place, (seat, given, fair) in enumerate(figures)
    ]
    return Shares(
        pool=pool.name,
        name=plain(pool.name),
        is_paused=pool.paused,
        title=reader.say("How the leads of %(pool)s were shared", pool=plain(pool.name)),
        desc=_description(rows, reader),
        height=ROW * len(rows) + 4,
        rows=rows,
    )


def _description(rows: Sequence[ShareRow], reader: Reader) -> str:
    parts = [
        reader.say(
            "%(person)s was given %(given)s, a fair share is %(fair)s", person=row.name, given=row.given, fair=row.fair
        )
        for row in rows
    ]
    return "; ".join(parts) + "."


def fair_share(given: int, short: float) -> float:
    """What somebody would have been given: what they were, and what they are short of it. Never below nought, as for who came late
    and begins ahead."""
    return max(0.0, given + short)


def _balance(ahead: float, reader: Reader) -> str:
    if abs(ahead) < 0.05:
        return reader.say("just their share")
    if ahead > 0:
        return reader.say("%(n)s ahead", n=_decimal(ahead, reader))
    return reader.say("%(n)s short", n=_decimal(-ahead, reader))


def _decimal(value: float, reader: Reader) -> str:
    text: str = format_decimal(round(value, 1), "#,##0.#", locale=reader.language)
    return text
