"""The screen Plumbing, at `/plumbing`: what waits, what was set aside, who is silent, who is sent nothing. For who has the right
`plumbing`, as far as their brands go; everybody else is told that there is nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.fates import FATES
from schemas.instants import read_instant
from services.api.sinks import TARGET, sees_sink
from services.console.answering import NotThere, Show, screen
from services.console.console import Console
from services.console.plumbing.actions import DONE, act, action_of, may_see_whole
from services.console.plumbing.desk import PlumbingDesk, Room
from services.console.plumbing.view import (
    depths_of,
    entry_rows,
    letter_rows,
    nothing_rows,
    receiver_rows,
    signal_rows,
    signals_url,
    silent_rows,
)
from services.console.signed_in import SignedIn
from services.ports.instants import micros
from services.ports.plumbing import Receiver
from services.ports.reading import Place, place_of
from services.ports.rows import Quarantine

SHOWN = 20
"""Bodies of a page, and at most so many dead letters."""
LISTED = 50
"""Signals of a page."""
SPAN = timedelta(hours=24)
"""What came to nothing is counted for so long."""
_LONGEST = 320
_DIGITS = 18


def plumbing_routes(console: Console, desk: PlumbingDesk) -> list[Route]:
    """The screen, the list of what came to nothing, and what can be asked for."""
    room = Room(console, desk)

    async def show(request: Request, somebody: SignedIn) -> Response:
        return await _show(room, somebody, request.query_params)

    async def show_signals(request: Request, somebody: SignedIn) -> Response:
        return await _show_signals(room, somebody, request.query_params)

    async def ask(request: Request, somebody: SignedIn) -> Response:
        action = action_of(request.path_params["action"])
        form = await request.form()
        name = form.get("name")
        problem = await act(room, somebody, action, name if isinstance(name, str) else "")
        if problem is not None:
            return await _show(room, somebody, {}, problem)
        return RedirectResponse(f"/plumbing?done={action}", 303)

    return [
        Route("/plumbing", screen(console, _for_who_may(show)), methods=["GET"]),
        Route("/plumbing/signals", screen(console, _for_who_may(show_signals)), methods=["GET"]),
        Route("/plumbing/{action}", screen(console, _for_who_may(ask)), methods=["POST"]),
    ]


def _for_who_may(show: Show) -> Show:
    async def answer(request: Request, somebody: SignedIn) -> Response:
        if not somebody.may("plumbing"):
            raise NotThere
        return await show(request, somebody)

    return answer


async def _show(room: Room, somebody: SignedIn, params: Mapping[str, str], problem: str = "") -> Response:
    console, desk = room
    reader, sources = console.reader(somebody), desk.sources_of(somebody)
    # Before the rows: what comes between the two is told once more, and nothing is missed.
    head = await desk.plumbing.head()
    since = _whole_minute(reader.now - SPAN)
    entries = await desk.plumbing.quarantine_page(sources, _place(params.get("before", "")), SHOWN + 1)
    letters = await desk.reading_of(somebody).dead_letters("dead", SHOWN)
    counts = await desk.reading.counts(reader.now)
    silences = await desk.silences()
    done = params.get("done", "")
    return console.pages.render(
        "plumbing.html",
        reader,
        somebody,
        status=409 if problem else 200,
        depths=depths_of(counts, await desk.unread(), reader),
        letters=letter_rows(letters, reader),
        entries=entry_rows(entries[:SHOWN], reader, whole=may_see_whole(somebody)),
        earlier=_earlier(entries),
        is_first="before" not in params,
        nothing=nothing_rows(await desk.plumbing.fate_counts(since, sources), since, reader),
        silent=silent_rows({name: s for name, s in silences.items() if sources is None or name in sources}, reader),
        receivers=receiver_rows([r for r in await desk.plumbing.receivers() if _sees(desk, somebody, r)], reader),
        action=done if done in DONE else "",
        done=reader.say(DONE[action_of(done)]) if done in DONE else "",
        problem=problem,
        head=head,
        lead=None,
    )


async def _show_signals(room: Room, somebody: SignedIn, params: Mapping[str, str]) -> Response:
    console, desk = room
    reader = console.reader(somebody)
    outcome, source = params.get("outcome", ""), params.get("source", "")
    fates = (outcome,) if outcome in FATES else FATES
    since = _instant(params.get("since", "")) or _whole_minute(reader.now - SPAN)
    found = await desk.reading_of(somebody).fates(
        fates,
        source=source if source and len(source) <= _LONGEST and source.isprintable() else None,
        since=since,
        after=_number_place(params.get("after", "")),
        limit=LISTED + 1,
    )
    rows = found[:LISTED]
    following = "{}.{}".format(*place_of(rows[-1])) if len(found) > LISTED else ""
    return console.pages.render(
        "signals.html",
        reader,
        somebody,
        rows=list(signal_rows(rows, reader)),
        following=signals_url(source, outcome, since, following) if following else None,
        since=reader.instant(since),
    )


def _sees(desk: PlumbingDesk, somebody: SignedIn, receiver: Receiver) -> bool:
    """A subscription gets the events of every brand, so it is for who sees all."""
    if receiver.name.startswith(TARGET):
        return sees_sink(desk.sinks, receiver.name.removeprefix(TARGET), somebody.brands)
    return somebody.brands is None


def _earlier(entries: list[Quarantine]) -> str | None:
    """The address of the page with those in front of the last that is shown."""
    if len(entries) <= SHOWN:
        return None
    last = entries[SHOWN - 1]
    return f"/plumbing?before={micros(last.received_at)}.{last.id}"


def _place(text: str) -> Place[str] | None:
    """The newest for what we did not write."""
    at, dot, ident = text.partition(".")
    fits = dot and _is_number(at) and len(ident) <= _LONGEST and ident.isprintable()
    return Place(int(at), ident) if fits else None


def _number_place(text: str) -> Place[int] | None:
    """The oldest for what we did not write."""
    at, _, number = text.partition(".")
    return Place(int(at), int(number)) if _is_number(at) and _is_number(number) else None


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= _DIGITS


def _instant(text: str) -> datetime | None:
    """None for what is no instant, and for one that no reader's zone could show."""
    try:
        return read_instant(text)
    except ValueError:
        return None


def _whole_minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
