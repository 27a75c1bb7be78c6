"""The screen People at `/people`, and somebody of it at `/people/{person}` with the leads behind their figures."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple, get_args

from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from schemas.commands import Command
from schemas.roster import Member
from services.api.commanding import Refused, SameKey, carry
from services.console.answering import NotThere, screen
from services.console.asking import commanding_as, roster_as
from services.console.console import Console
from services.console.language.reader import Reader
from services.console.people.absences import DONE, Action, Days, NoAbsence, command_of, may_ask
from services.console.people.leads import LeadLine, open_lines, promise_lines
from services.console.people.rows import View, person_row
from services.console.people.shares import Shares, shares_of
from services.console.people.volumes import volume_lines, with_volumes
from services.console.people.weeks import LAST, Week, read_week
from services.console.refusals import refusal_text
from services.console.signed_in import SignedIn
from services.ports.instants import micros
from services.ports.reading import Place
from services.ports.rows import ClockRow
from services.ports.workloads import Verdict, Workloads
from services.rules.ruling import Ruling

SHOWN = 50
"""Leads of a list."""
_LONGEST = 320
_LONGEST_KEY = 64
_LOOKS, _REST = 20, 0.1
"""How often, and how many seconds apart, it is looked whether the router has carried out what was asked for: then the page shows it."""
ListName = Literal["open", "kept", "broken"]
_VERDICTS: Mapping[ListName, Verdict] = {"kept": "fulfilled", "broken": "breached"}


class LeadList(NamedTuple):
    """The leads behind a figure; `following` is the place at which the next page goes on."""

    name: ListName
    lines: Sequence[LeadLine]
    following: str = ""


def people_routes(console: Console) -> list[Route]:
    """Both screens, and what can be asked for on the second."""

    async def show_all(request: Request, somebody: SignedIn) -> Response:
        return await _show_all(console, request, somebody)

    async def show_one(request: Request, somebody: SignedIn) -> Response:
        return await _show_one(console, request, somebody)

    async def ask(request: Request, somebody: SignedIn) -> Response:
        ruling = await console.ruling()
        member, action = _member(request, somebody, ruling), _action(request.path_params["action"])
        form = {key: value for key, value in (await request.form()).items() if isinstance(value, str)}
        problem = await _carry(console, somebody, ruling, member=member, asked=(action, form))
        if problem is not None:
            return await _show_one(console, request, somebody, problem)
        return RedirectResponse(f"/people/{member.id}?done={action}", 303)

    return [
        Route("/people", screen(console, show_all), methods=["GET"]),
        Route("/people/{person}", screen(console, show_one), methods=["GET"]),
        Route("/people/{person}/{action}", screen(console, ask), methods=["POST"]),
    ]


async def _show_all(console: Console, request: Request, somebody: SignedIn) -> Response:
    # Before anything else: what comes while the page is made is told once more, and nothing is missed.
    head = await console.page.head()
    reader, ruling = console.reader(somebody), await console.ruling()
    week = read_week(request.query_params.get("week", ""), reader, ruling.agreement)
    people = _visible(somebody, ruling)
    loads = await _workloads(console, somebody, people, week)
    return console.pages.render(
        "people.html",
        reader,
        somebody,
        rows=[person_row(member, ruling.roster, loads, view=View(week, reader)) for member in people],
        shares=await _shares(console, somebody, ruling, reader),
        week=week,
        head=head,
        lead=None,
    )


async def _show_one(console: Console, request: Request, somebody: SignedIn, problem: str | None = None) -> Response:
    head = await console.page.head()
    reader, ruling = console.reader(somebody), await console.ruling()
    member = _member(request, somebody, ruling)
    week = read_week(request.query_params.get("week", ""), reader, ruling.agreement)
    loads = await _workloads(console, somebody, [member], week)
    row = person_row(member, ruling.roster, loads, view=View(week, reader))
    done = request.query_params.get("done", "") if problem is None else ""
    named = next((action for action in get_args(Action) if action == done), None)
    return console.pages.render(
        "person.html",
        reader,
        somebody,
        status=200 if problem is None else 409,
        row=row,
        week=week,
        list=await _lead_list(console, request, somebody, member=member, week=week, reader=reader),
        may_ask=may_ask("absence", somebody.person, member.id, roster_as(somebody, ruling.roster)),
        is_self=somebody.person == member.id,
        zone=str(ruling.roster.zone_of(member.id, ruling.agreement.zone)),
        # The same form sent twice asks once.
        once=secrets.token_hex(16),
        done=reader.say(DONE[named]) if named is not None else "",
        problem=problem or "",
        url=_address(member, request, named),
        head=head,
        lead=None,
    )


def _address(member: Member, request: Request, done: Action | None) -> str:
    """Of the same view, from which it is read again when there is news."""
    show = _list_name(request.query_params.get("show", ""))
    week = "&week=last" if request.query_params.get("week") == LAST else ""
    after = request.query_params.get("after", "")
    place = f"&after={after}" if _is_place(after) else ""
    return f"/people/{member.id}?show={show}{week}{place}" + (f"&done={done}" if done is not None else "")


def _visible(somebody: SignedIn, ruling: Ruling) -> list[Member]:
    """Everybody who is there and whose leads they may see."""
    seen = somebody.owners()
    return [one for one in ruling.roster.file.people if one.active and (seen is None or one.id in seen)]


def _member(request: Request, somebody: SignedIn, ruling: Ruling) -> Member:
    """Who the address names. Raises NotThere."""
    found = next((one for one in _visible(somebody, ruling) if one.id == request.path_params["person"]), None)
    if found is None:
        raise NotThere
    return found


async def _workloads(console: Console, somebody: SignedIn, people: Sequence[Member], week: Week) -> Workloads:
    ids = [member.id for member in people]
    reader = console.reader(somebody)
    now, tonight = reader.now, reader.tonight()
    loads = await console.workloads.workloads(ids, somebody.brands, week.span, now=now, tonight=tonight)
    return with_volumes(loads, people, await _volumes(console, somebody, week))


async def _volumes(console: Console, somebody: SignedIn, week: Week) -> Sequence[ClockRow]:
    """Promises by number are of no brand: who sees some brands alone sees none of them."""
    return await console.workloads.volumes(week.span) if somebody.brands is None else ()


async def _shares(console: Console, somebody: SignedIn, ruling: Ruling, reader: Reader) -> list[Shares]:
    """Turns are of no brand: who sees some brands alone sees none of them."""
    if somebody.brands is not None:
        return []
    people = [member.id for member in _visible(somebody, ruling)]
    pools = [pool for pool in ruling.roster.file.pools if any(seat.person in people for seat in pool.seats)]
    states = await console.workloads.turns([pool.name for pool in pools])
    return [shares_of(pool, states.get(pool.name), people, reader) for pool in pools]


async def _lead_list(
    console: Console, request: Request, somebody: SignedIn, *, member: Member, week: Week, reader: Reader
) -> LeadList:
    name, after = _list_name(request.query_params.get("show", "")), request.query_params.get("after", "")
    if name == "open":
        rows = await console.workloads.open_leads(
            member.id, somebody.brands, after if _is_place(after) else "", SHOWN + 1
        )
        following = rows[SHOWN - 1].id if len(rows) > SHOWN else ""
        return LeadList(name, open_lines(rows[:SHOWN], somebody, reader), following)
    found = await console.workloads.promises(
        member.id, _VERDICTS[name], somebody.brands, week.span, after=_place(after), limit=SHOWN + 1
    )
    last = found[SHOWN - 1].clock if len(found) > SHOWN else None
    following = f"{micros(last.due_at)}.{last.id}" if last is not None else ""
    lines = promise_lines(found[:SHOWN], somebody, reader)
    if not after:
        volumes = await _volumes(console, somebody, week)
        lines = [*volume_lines(member, _VERDICTS[name], volumes, reader), *lines]
    return LeadList(name, lines, following)


def _list_name(asked: str) -> ListName:
    found: ListName | None = next((name for name in get_args(ListName) if name == asked), None)
    return found or "open"


def _is_place(text: str) -> bool:
    return len(text) <= _LONGEST and text.isascii() and text.replace("_", "").replace(".", "").isalnum()


def _place(text: str) -> Place[str] | None:
    """Where a list goes on; its beginning for what we did not write."""
    at, dot, ident = text.partition(".")
    return Place(int(at), ident) if dot and _is_place(text) and at.isdecimal() and len(at) < 19 else None


def _action(name: str) -> Action:
    """Raises NotThere for one that there is not."""
    found: Action | None = next((action for action in get_args(Action) if action == name), None)
    if found is None:
        raise NotThere
    return found


async def _carry(
    console: Console,
    somebody: SignedIn,
    ruling: Ruling,
    *,
    member: Member,
    asked: tuple[Action, Mapping[str, str]],
) -> str | None:
    """What is in the way, in words; None where it is carried out, or will be in a moment. Raises NowhereToPut, StoreUnavailable."""
    reader, (action, form) = console.reader(somebody), asked
    zone = ruling.roster.zone_of(member.id, ruling.agreement.zone)
    before = await console.reading.roster_changes()
    try:
        command = Command.model_validate(command_of(action, member.id, form, Days(reader, zone))).root
        key = form.get("once", "")[:_LONGEST_KEY] or None
        await carry(commanding_as(somebody, console.commanding), command, somebody.principal(), key)
    except NoAbsence as no_absence:
        return str(no_absence)
    except ValidationError:
        return reader.say("Something is missing or too long: look at the form again.")
    except (Refused, SameKey) as refused:
        return refusal_text(refused, action, reader)
    for _ in range(_LOOKS):
        if await console.reading.roster_changes() != before:
            break
        await asyncio.sleep(_REST)
    return None
