"""The screen Now: who waits, what is due first on top."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from services.console.answering import screen
from services.console.board.query import NOBODY, BoardQuery, place_after, read_query
from services.console.board.rows import Summary, WaitingRow, queue_name, summary_of, waiting_rows
from services.console.board.sharing import Shared
from services.console.console import Console, sight_of
from services.console.language.reader import Reader, person_name
from services.console.language.vocabulary import STAGES, plain, stage_name
from services.console.news import news_of
from services.console.signed_in import SignedIn

SHOWN = 50
"""Rows of a page."""


class Choice(NamedTuple):
    """One value of a filter, and how it is called."""

    value: str
    text: str


class Filter(NamedTuple):
    """What can be chosen of one thing; `chosen` is the value that the address has."""

    name: str
    title: str
    choices: list[Choice]
    chosen: str


class Board(NamedTuple):
    """What is shown of who waits; `following` is the address of the next page."""

    rows: list[WaitingRow]
    summary: Summary
    following: str | None
    filters: list[Filter]
    reader: Reader
    query: BoardQuery


def now_routes(console: Console) -> list[Route]:
    """The board at `/`, and the news that open pages listen to at `/live`."""
    boards, sections = Shared(), Shared()

    async def show(request: Request, somebody: SignedIn) -> Response:
        reader, query = console.reader(somebody), read_query(request.query_params)
        # Before the rows: what comes between the two is told once more, and nothing is missed.
        head = await console.page.head()
        view = (query, sight_of(somebody), reader.language, reader.zone, head)

        async def read() -> Board:
            return await _read_board(console, somebody, query)

        async def make_section() -> str:
            name = "wall_board.html" if query.wall else "board.html"
            board = await boards.result(view, read)
            return console.pages.section(name, board.reader, **_values_of(board))

        if is_follow_up(request):
            return HTMLResponse(await sections.result(view, make_section))
        board = await boards.result(view, read)
        name = "wall.html" if query.wall else "now.html"
        return console.pages.render(name, board.reader, somebody, **_values_of(board), head=head, lead=None)

    return [
        Route("/", screen(console, show), methods=["GET"]),
        Route("/live", news_of(console), methods=["GET"]),
    ]


async def _read_board(console: Console, somebody: SignedIn, query: BoardQuery) -> Board:
    reader, sight = console.reader(somebody), sight_of(somebody)
    wanted = query.for_store(reader)
    found = await console.page.waiting_leads(sight, wanted, query.place(), SHOWN + 1)
    tally = await console.page.tally(sight, wanted, reader.now, reader.tonight())
    rows = found[:SHOWN]
    return Board(
        rows=waiting_rows(rows, reader, names=not query.wall),
        summary=summary_of(tally, reader),
        following=query.url(after=place_after(rows[-1].clock)) if len(found) > SHOWN else None,
        filters=[] if query.wall else await _filters(console, somebody, query, reader),
        reader=reader,
        query=query,
    )


def _values_of(board: Board) -> dict[str, Any]:
    names = ("rows", "summary", "following", "filters", "query")
    return {name: getattr(board, name) for name in names}


def is_follow_up(request: Request) -> bool:
    """Whether an open page asks, which takes the board alone out of the answer."""
    return request.headers.get("hx-request") == "true"


async def _filters(console: Console, somebody: SignedIn, query: BoardQuery, reader: Reader) -> list[Filter]:
    ruling = await console.ruling()
    seen = somebody.owners()
    people = [person for person in ruling.roster.people if seen is None or person in seen]
    queues = await console.reading_of(somebody).queues()
    owners = [Choice(NOBODY, reader.say("nobody")), *(Choice(person, person_name(person)) for person in people)]
    return [
        _filter("due", reader.say("Due"), _due_choices(reader), query.due),
        _filter("owner", reader.say("Owner"), owners, query.owner),
        _filter(
            "queue", reader.say("Queue"), [Choice(q.queue, queue_name(q.queue, reader)) for q in queues], query.queue
        ),
        _filter("stage", reader.say("Stage"), [Choice(s, stage_name(s, reader)) for s in STAGES], query.stage),
        _filter(
            "promise",
            reader.say("Promise"),
            [Choice(p, plain(p)) for p in ruling.agreement.policies.by_name],
            query.promise,
        ),
    ]


def _due_choices(reader: Reader) -> list[Choice]:
    return [Choice("overdue", reader.say("overdue")), Choice("today", reader.say("later today"))]


def _filter(name: str, title: str, choices: Iterable[Choice], chosen: str) -> Filter:
    """With what the address names, though there be no such thing any more."""
    listed = list(choices)
    if chosen and all(choice.value != chosen for choice in listed):
        listed.append(Choice(chosen, plain(chosen)))
    return Filter(name, title, listed, chosen)
