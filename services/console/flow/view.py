"""The figures of a day in words and pictures. Nothing here asks anybody."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, timedelta
from fractions import Fraction
from typing import NamedTuple, assert_never

from babel.dates import format_date
from babel.numbers import format_decimal
from markupsafe import Markup

from routing.model.records import Lead, LeadPersonal
from routing.sla.clocks import QUEUE
from schemas.signals import Person
from services.console.flow.figures import ALL, Figure, Kind
from services.console.flow.tally import Figures
from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import STAGES, lead_name, plain, stage_name, task_name
from services.console.language.words import mark
from services.forum.charts import Chart, Point, draw_bars
from services.ports.flow import FlowEvent
from services.ports.rows import LeadRow

MOST_ROWS = 40
"""Rows of a section: sources and promises are named in files, and reasons by people."""
_TITLES: tuple[tuple[str, str, tuple[Kind, ...]], ...] = (
    ("in", mark("Came in, by source"), ("in",)),
    ("moved", mark("From stage to stage"), ("moved",)),
    ("handovers", mark("Hand-overs"), ("offered", "accepted", "rejected")),
    ("promises", mark("Promises"), ("kept", "broken")),
)
_ORDER = {str(stage): number for number, stage in enumerate(STAGES)}
_HEADLINES: tuple[tuple[Kind, str], ...] = (
    ("in", mark("came in")),
    ("offered", mark("offered to sales")),
    ("accepted", mark("accepted")),
    ("rejected", mark("given back")),
    ("kept", mark("promises kept")),
    ("broken", mark("promises broken")),
)
_SUMS: frozenset[Kind] = frozenset({"offered", "accepted", "rejected"})


class Row(NamedTuple):
    """One figure: what it is, how many, what is usual ("" where that is not known), and where the leads behind it are ("" for none)."""

    name: str
    number: int
    usual: str
    url: str


class SectionView(NamedTuple):
    """`chart` is the rows as a picture; None without rows."""

    ident: str
    title: str
    rows: list[Row]
    chart: Markup | None


class FlowView(NamedTuple):
    """`before` and `after` are the days beside it, `after` "" where it is to come; `rests` says what the usual rests on."""

    title: str
    day: str
    before: str
    after: str
    is_today: bool
    rests: str
    headlines: list[Row]
    sections: list[SectionView]


class BehindRow(NamedTuple):
    """A lead behind a figure, at the time when it counted. `href` is "" for one that the reader may not open."""

    at: str
    name: str
    company: str = ""
    stage: str = ""
    owner: str = ""
    href: str = ""


def flow_view(figures: Figures, day: date, reader: Reader) -> FlowView:
    """All of a day."""
    today = reader.now.astimezone(reader.zone).date()
    written = day.isoformat()
    return FlowView(
        title=day_text(day, reader),
        day=written,
        before=(day - timedelta(days=1)).isoformat(),
        after=(day + timedelta(days=1)).isoformat() if day < today else "",
        is_today=day == today,
        rests=_rests_text(figures.days, day, reader, is_today=day == today),
        headlines=[_total(figures, kind, reader.say(text), (written, reader)) for kind, text in _HEADLINES],
        sections=[
            _section(figures, (ident, reader.say(title), kinds), written, reader) for ident, title, kinds in _TITLES
        ],
    )


def day_text(day: date, reader: Reader) -> str:
    """`Monday 30 November 2026`."""
    said = format_date(day, "EEEE d MMMM y", locale=reader.language)
    return said[:1].upper() + said[1:]


def _rests_text(days: int, day: date, reader: Reader, *, is_today: bool) -> str:
    weekday = format_date(day, "EEEE", locale=reader.language)
    if days == 0:
        return reader.say("What is usual on a %(weekday)s is not known yet.", weekday=weekday)
    if is_today:
        return reader.plural(
            "Usual is what one earlier %(weekday)s had by %(time)s.",
            "Usual is the median of %(n)s earlier days, each a %(weekday)s, by %(time)s.",
            days,
            weekday=weekday,
            time=reader.time_of_day(reader.now),
        )
    return reader.plural(
        "Usual is what one earlier %(weekday)s had.",
        "Usual is the median of %(n)s earlier days, each a %(weekday)s.",
        days,
        weekday=weekday,
    )


def _total(figures: Figures, kind: Kind, text: str, shown: tuple[str, Reader]) -> Row:
    """All of a kind."""
    day, reader = shown
    whole = Figure(kind, ALL)
    number = figures.counts.get(whole, 0)
    return Row(text, number, _usual_text(figures, whole, reader), _url(whole, number, day))


def _section(figures: Figures, named: tuple[str, str, tuple[Kind, ...]], day: str, reader: Reader) -> SectionView:
    ident, title, kinds = named
    found = sorted(_of_kinds(figures, kinds), key=lambda figure: _place(figure, figures))[:MOST_ROWS]
    rows = [
        Row(
            name=figure_text(figure, reader),
            number=figures.counts.get(figure, 0),
            usual=_usual_text(figures, figure, reader),
            url=_url(figure, figures.counts.get(figure, 0), day),
        )
        for figure in found
    ]
    points = [
        Point(row.name, Fraction(row.number), str(row.number), _usual_of(figures, figure))
        for row, figure in zip(rows, found, strict=True)
    ]
    about = reader.say("Bars show the day, the line across each what is usual. The table has the same figures.")
    chart = Chart(f"flow-{ident}", title, about)
    # `draw_bars` escapes what people and senders wrote; everything else in it is ours.
    return SectionView(ident, title, rows, Markup(draw_bars(chart, points)) if points else None)  # noqa: S704


def _of_kinds(figures: Figures, kinds: Sequence[Kind]) -> Iterator[Figure]:
    """What the day or the usual has of these: the parts of each kind, of hand-overs the sums, and of rejections both."""
    for figure in {*figures.counts, *(one for one, usual in figures.usual.items() if usual > 0)}:
        is_sum = figure.of == ALL
        if figure.kind in kinds and (is_sum == (figure.kind in _SUMS) or figure.kind == "rejected"):
            yield figure


def _place(figure: Figure, figures: Figures) -> tuple[int, int, int, str]:
    """Stages in their order, hand-overs as they happen, each reason below its sum; of others the most first."""
    kinds = ("offered", "accepted", "rejected")
    match figure.kind:
        case "moved":
            return (_ORDER.get(figure.of, -1), _ORDER.get(figure.to, -1), 0, "")
        case "offered" | "accepted" | "rejected":
            number = 0 if figure.of == ALL else figures.counts.get(figure, 0)
            return (kinds.index(figure.kind), figure.of != ALL, -number, figure.of)
        case "in" | "kept" | "broken":
            return (-figures.counts.get(figure, 0), 0, 0, figure.of + figure.kind)
        case _:
            assert_never(figure.kind)


def figure_text(figure: Figure, reader: Reader) -> str:
    """What a figure counts."""
    match figure.kind:
        case "in":
            return reader.say("came in") if figure.of == ALL else figure.of
        case "moved":
            if not figure.of:
                return stage_name(figure.to, reader)
            return f"{stage_name(figure.of, reader)} → {stage_name(figure.to, reader)}"
        case "offered":
            return reader.say("offered to sales")
        case "accepted":
            return reader.say("accepted")
        case "rejected":
            if figure.of == ALL:
                return reader.say("given back")
            reason = plain(figure.of) if figure.of else reader.say("no reason given")
            return reader.say("given back: %(reason)s", reason=reason)
        case "kept":
            return _promise_text(figure, reader.say("promises kept"), reader.say("kept"), reader)
        case "broken":
            return _promise_text(figure, reader.say("promises broken"), reader.say("broken"), reader)
        case _:
            assert_never(figure.kind)


def _promise_text(figure: Figure, everything: str, verdict: str, reader: Reader) -> str:
    if figure.of == ALL:
        return everything
    promise = task_name(figure.of, reader) if figure.of == QUEUE else plain(figure.of)
    return f"{promise}: {verdict}"


def _usual_of(figures: Figures, figure: Figure) -> Fraction | None:
    return Fraction(figures.usual.get(figure, 0)) if figures.days else None


def _usual_text(figures: Figures, figure: Figure, reader: Reader) -> str:
    usual = _usual_of(figures, figure)
    return format_decimal(float(usual), "#,##0.#", locale=reader.language) if usual is not None else ""


def _url(figure: Figure, number: int, day: str) -> str:
    return f"/flow/leads?{figure.query(day)}" if number else ""


def behind_rows(events: Sequence[FlowEvent], leads: Iterable[LeadRow], reader: Reader) -> Iterator[BehindRow]:
    """A line for each event, in the same order. `leads` are those that the reader may open."""
    known = {row.id: row for row in leads}
    for event in events:
        row = known.get(event.lead_id)
        at = reader.time_of_day(event.recorded_at)
        if row is None:
            yield BehindRow(at, reader.say("A lead that is not yours to see"))
            continue
        lead = Lead.read(row.state)
        person = LeadPersonal.read(row.personal).person if row.personal else Person()
        company = lead.company_name or lead.company_domain or ""
        name = lead_name(person) or company or reader.say("A lead without a name")
        yield BehindRow(
            at=at,
            name=name,
            company=company if company != name else "",
            stage=stage_name(lead.stage, reader),
            owner=person_name(lead.owner) if lead.owner else "",
            href=f"/leads/{row.id}",
        )
