"""The screen Flow, at `/flow`: a day's figures beside what is usual on that weekday, and at `/flow/leads` the leads behind each. For
who sees the leads of everybody, as far as their brands go."""

from __future__ import annotations

from datetime import date, datetime
from functools import partial
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.console.answering import NotThere, screen
from services.console.console import Console
from services.console.flow.figures import TYPES, Figure, figure_of, read_figure
from services.console.flow.tally import Figures, Tally, Whose, bounds_of
from services.console.flow.view import behind_rows, day_text, figure_text, flow_view
from services.console.language.reader import Reader
from services.console.language.vocabulary import STAGES
from services.console.signed_in import SignedIn
from services.console.waiting import Waiting
from services.ports.flow import FlowEvent

LISTED = 50
"""Leads of a page."""
LOOKED_AT = 2000
"""Events that are looked through for them at most: what is rare goes on with the next page."""
FIRST = date(2000, 1, 1)
_LONGEST = 320
_DIGITS = 18


class Behind(NamedTuple):
    """A page of what is behind a figure; `following` is the position to go on from, None at the end."""

    events: list[FlowEvent]
    following: int | None


def flow_routes(console: Console) -> list[Route]:
    """The figures, and what is behind them."""
    tally, waiting = Tally(console.flow, console.count_flow), Waiting()

    async def count(whose: Whose, day: date, now: datetime) -> tuple[int, Figures]:
        # The position first: what comes between the two is told once more, and nothing is missed.
        head = await console.flow.head()
        return head, await tally.figures(whose, day, now)

    async def show(request: Request, somebody: SignedIn) -> Response:
        reader = _reader(console, somebody)
        day = _day(request.query_params.get("day", ""), reader)
        whose = Whose(reader.zone, somebody.brands)
        counts = await waiting.result((whose, day), partial(count, whose, day, reader.now))
        if counts is None and "part" in request.query_params:
            # An open page keeps its figures and asks again: the page that says to wait has no such part to put in their place.
            return Response(status_code=503, headers={"retry-after": "3"})
        if counts is None:
            again, title = f"/flow?day={day.isoformat()}", reader.say("Flow")
            return console.pages.render("computing.html", reader, somebody, again=again, place="/flow", title=title)
        head, figures = counts
        view = flow_view(figures, day, reader)
        live: dict[str, Any] = {"head": head, "lead": None} if view.is_today else {}
        return console.pages.render("flow.html", reader, somebody, view=view, **live)

    async def show_leads(request: Request, somebody: SignedIn) -> Response:
        reader, params = _reader(console, somebody), request.query_params
        figure, day = read_figure(params), _day(params.get("day", ""), reader)
        if figure is None or not _is_sayable(figure):
            raise NotThere
        behind = await _behind(console, somebody, figure, (day, _position(params.get("before", ""))))
        found = await console.reading.leads_by_id({event.lead_id for event in behind.events})
        rows = behind_rows(behind.events, [row for row in found if somebody.sees(row.brand, row.owner)], reader)
        written = day.isoformat()
        return console.pages.render(
            "flow_leads.html",
            reader,
            somebody,
            rows=list(rows),
            title=figure_text(figure, reader),
            day=day_text(day, reader),
            back=f"/flow?day={written}",
            following=f"/flow/leads?{figure.query(written)}&before={behind.following}" if behind.following else None,
        )

    return [
        Route("/flow", screen(console, show), methods=["GET"]),
        Route("/flow/leads", screen(console, show_leads), methods=["GET"]),
    ]


def _reader(console: Console, somebody: SignedIn) -> Reader:
    """Raises NotThere for who does not see the leads of everybody: figures are of all of them."""
    if not somebody.may("all_leads"):
        raise NotThere
    return console.reader(somebody)


async def _behind(console: Console, somebody: SignedIn, figure: Figure, place: tuple[date, int | None]) -> Behind:
    day, before = place
    stretch = await console.flow.stretch(*bounds_of(day, console.reader(somebody).zone))
    if before is not None:
        stretch = stretch._replace(upto=min(stretch.upto, before - 1))
    events = await console.flow.latest_flow_events(stretch, (TYPES[figure.kind],), somebody.brands, LOOKED_AT)
    found = [event for event in events if (its := figure_of(event.head)) is not None and figure.includes(its)]
    if len(found) > LISTED:
        return Behind(found[:LISTED], found[LISTED - 1].position)
    return Behind(found, events[-1].position if len(events) == LOOKED_AT else None)


def _day(text: str, reader: Reader) -> date:
    """Today for what is no day, is to come, or is from before there was anything."""
    today = reader.now.astimezone(reader.zone).date()
    try:
        found = date.fromisoformat(text)
    except ValueError:
        return today
    return found if FIRST <= found <= today else today


def _is_sayable(figure: Figure) -> bool:
    if figure.kind == "moved" and (figure.to not in STAGES or (figure.of and figure.of not in STAGES)):
        return False
    return all(len(part) <= _LONGEST and part.isprintable() for part in figure)


def _position(text: str) -> int | None:
    """None for what we did not write: then the newest are shown."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS else None
