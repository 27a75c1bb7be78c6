"""The screen Forum, at `/forum`: one week's report, what is behind each of its figures, its downloads, and what both sides enter."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import NamedTuple, get_args

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from routing.forum.figures import Report
from routing.forum.frame import Frame
from routing.forum.weeks import monday_of
from routing.people.permissions import has_left
from services.console.answering import NotThere, screen
from services.console.console import Console
from services.console.forum.behind import MOST_LEADS, behind_view, queries_of
from services.console.forum.entries import (
    ABOUT,
    DONE,
    SIDE_NAMES,
    Kind,
    close_action,
    entries_view,
    entry_of,
    may_enter,
    sides_of,
)
from services.console.forum.query import ForumQuery, find_spot, frame_for, read_query, week_names
from services.console.forum.view import forum_view
from services.console.language.reader import Reader, person_name
from services.console.language.words import mark
from services.console.signed_in import SignedIn
from services.console.waiting import Waiting
from services.forum.desk import NoSuchEntry
from services.forum.formats import FORMATS, Format, media_type, render_report
from services.forum.pdf import PdfMissing, can_make_pdf
from services.forum.view import has_ids

WEEKS = 26
"""Weeks that can be chosen."""
DOWNLOADS: tuple[Format, ...] = ("pdf", "html", "csv", "json")
INCOMPLETE = mark("Something is missing, too long, or not written as it should be: look at the form again.")


class Asked(NamedTuple):
    """One report as somebody asks for it: `query` gives the same frame again; `is_as_known`: they named an instant themselves."""

    frame: Frame
    query: ForumQuery
    is_as_known: bool


def forum_routes(console: Console) -> list[Route]:
    """The report at `/forum`, and what belongs to it below."""
    screens = _Screens(console)
    return [
        Route("/forum", screen(console, screens.show), methods=["GET"]),
        Route("/forum/behind", screen(console, screens.show_behind), methods=["GET"]),
        Route("/forum/report", screen(console, screens.download), methods=["GET"]),
        Route("/forum/entries", screen(console, screens.enter), methods=["POST"]),
        Route("/forum/entries/{entry_id}", screen(console, screens.close), methods=["POST"]),
    ]


class _Screens:
    """What takes long is shared by all who ask for it."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._reports: Waiting = Waiting()
        self._leads: Waiting = Waiting()

    async def show(self, request: Request, somebody: SignedIn) -> Response:
        """The report."""
        asked = await self._read_asked(request.query_params, somebody)
        done = request.query_params.get("done", "")
        return await self._page(asked, somebody, done=DONE.get(done, ""))

    async def show_behind(self, request: Request, somebody: SignedIn) -> Response:
        """The leads behind one figure."""
        asked = await self._read_asked(request.query_params, somebody)
        reader, query = self._console.reader(somebody), asked.query
        report = await self._report(asked, somebody)
        spot = find_spot(report, query.at) if report is not None else None
        if report is not None and (spot is None or not has_ids(spot.figure)):
            raise NotThere
        found = None
        if report is not None and spot is not None:
            make = partial(
                self._console.forum.subjects, asked.frame, queries_of(spot.figure), MOST_LEADS, somebody.brands
            )
            found = await self._leads.result((_key(asked, somebody), query.at), make)
        if spot is None or found is None:
            return self._wait(somebody, reader, query, "/forum/behind")
        known = await self._console.reading.leads_by_id(found)
        rows = {row.id: row for row in known if somebody.sees(row.brand, row.owner)}
        view = behind_view(spot, found, rows, reader)
        back = query._replace(at="").url()
        return self._console.pages.render("behind.html", reader, somebody, view=view, back=back)

    async def download(self, request: Request, somebody: SignedIn) -> Response:
        """The report as a file, the same bytes as on the command line."""
        asked = await self._read_asked(request.query_params, somebody)
        form = next((form for form in FORMATS if form == request.query_params.get("format")), None)
        if form is None:
            raise NotThere
        report = await self._report(asked, somebody)
        if report is None:
            return RedirectResponse(asked.query.url(), 303)
        try:
            language, links = self._console.reader(somebody).language, self._console.forum.links(report)
            content = await asyncio.to_thread(render_report, report, form, language, links)
        except PdfMissing as error:
            raise NotThere from error
        named = f'attachment; filename="forum-{asked.query.week}.{"txt" if form == "text" else form}"'
        return Response(content, media_type=media_type(form), headers={"content-disposition": named})

    async def enter(self, request: Request, somebody: SignedIn) -> Response:
        """A new entry."""
        form = await _form(request, somebody)
        reader = self._console.reader(somebody)
        kind = next((kind for kind in get_args(Kind) if kind == form.get("kind")), None)
        if kind is None:
            raise NotThere
        if kind == "cost" and form.get("side") not in sides_of(somebody):
            return await self._again(form, somebody, reader.say("Each side enters its own costs."))
        try:
            await self._console.forum.enter([entry_of(kind, form)], somebody.person)
        except ValueError:
            return await self._again(form, somebody, reader.say(INCOMPLETE))
        return _back(form, kind)

    async def close(self, request: Request, somebody: SignedIn) -> Response:
        """How an action point went."""
        form = await _form(request, somebody)
        state, note = form.get("state", ""), form.get("note", "")
        try:
            await self._console.forum.close(
                request.path_params["entry_id"], lambda action: close_action(action, state, note), somebody.person
            )
        except NoSuchEntry as error:
            raise NotThere from error
        except ValueError:
            return await self._again(form, somebody, self._console.reader(somebody).say(INCOMPLETE))
        return _back(form, "closed")

    async def _read_asked(self, params: Mapping[str, str], somebody: SignedIn) -> Asked:
        """Raises NotThere where the forum is not theirs to see, and where there is no such week or instant."""
        if not somebody.may("forum"):
            raise NotThere
        query = read_query(params)
        try:
            frame, again = await frame_for(self._console.forum, query, self._console.reader(somebody))
        except ValueError as error:
            raise NotThere from error
        return Asked(frame, again, bool(query.known))

    async def _report(self, asked: Asked, somebody: SignedIn) -> Report | None:
        make = partial(self._console.forum.report, asked.frame, somebody.brands)
        return await self._reports.result(_key(asked, somebody), make)

    async def _again(self, form: Mapping[str, str], somebody: SignedIn, problem: str) -> Response:
        """The page once more, with what is wrong."""
        asked = await self._read_asked({"week": form.get("week", "")}, somebody)
        return await self._page(asked, somebody, problem=problem)

    async def _page(self, asked: Asked, somebody: SignedIn, *, done: str = "", problem: str = "") -> Response:
        console, query, reader = self._console, asked.query, self._console.reader(somebody)
        report = await self._report(asked, somebody)
        if report is None and not problem:
            return self._wait(somebody, reader, query, "/forum")
        view = (
            None
            if report is None
            else forum_view(report, reader.language, lambda at: query.url("/forum/behind", at=at))
        )
        known_on = asked.frame.known_on if asked.is_as_known else reader.now
        records = await console.forum.entries() if somebody.brands is None else []
        budget = asked.frame.goals.sales_budget
        return console.pages.render(
            "forum.html",
            reader,
            somebody,
            status=200 if not problem else 409,
            view=view,
            query=query,
            weeks=[(name, _week_text(name, reader)) for name in week_names(asked.frame, reader.now, WEEKS)],
            downloads=[
                (form.upper(), query.url("/forum/report", format=form))
                for form in DOWNLOADS
                if form != "pdf" or can_make_pdf()
            ],
            entries=entries_view(records, asked.frame, known_on, reader),
            enters=may_enter(somebody),
            people=await self._people() if may_enter(somebody) else [],
            sides=[(side, reader.say(SIDE_NAMES[side])) for side in sides_of(somebody)],
            subjects=[(about, reader.say(text)) for about, text in ABOUT.items()],
            currency=budget.currency if budget is not None else "",
            done=reader.say(done) if done else "",
            problem=problem,
        )

    async def _people(self) -> list[tuple[str, str]]:
        roster = (await self._console.ruling()).roster
        return [(person, person_name(person)) for person in roster.people if has_left(person, roster) is None]

    def _wait(self, somebody: SignedIn, reader: Reader, query: ForumQuery, path: str) -> Response:
        """It is being computed: the page asks again by itself."""
        title = reader.say("The weekly forum")
        return self._console.pages.render(
            "computing.html", reader, somebody, again=query.url(path), place="/forum", title=title
        )


def _key(asked: Asked, somebody: SignedIn) -> tuple[object, ...]:
    frame = asked.frame
    return frame.week.name, frame.known_on, frame.agreement.hash, somebody.brands


async def _form(request: Request, somebody: SignedIn) -> dict[str, str]:
    """Raises NotThere for whoever enters nothing."""
    if not may_enter(somebody):
        raise NotThere
    return {key: value for key, value in (await request.form()).items() if isinstance(value, str)}


def _back(form: Mapping[str, str], done: str) -> Response:
    """To the report of the same week, as it is known now."""
    return RedirectResponse(ForumQuery(week=read_query(form).week).url(done=done), 303)


def _week_text(name: str, reader: Reader) -> str:
    monday = monday_of(name)
    return reader.say("%(week)s, from %(day)s", week=name, day=reader.date(monday))
