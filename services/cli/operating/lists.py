"""`stafett leads` and `stafett breaches`: lists by source, person, team and time, as tables that fit the terminal, or as JSON lines."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Collection, Sequence
from datetime import datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING

from services.cli.support.environment import add_config, settings_of

if TYPE_CHECKING:
    from pydantic import BaseModel

    from schemas.http import ClockView, LeadView
    from services.bootstrap.parts import Parts

EPILOG = """\
examples:
  stafett leads --stage hand_over --team field        leads by id; names and addresses are left out
  stafett leads --source web --since 2026-11-23T00:00:00+01:00 --json
  stafett leads --due-before 2026-11-27T17:00:00+01:00 --person elin
  stafett breaches --since 2026-11-23T00:00:00+01:00  what was broken since then
  stafett breaches --person elin --json

An instant has a zone; a stage, a person or a team that there is not is refused (exit status 2). Of a lead's own promise the person is whoever had the lead when its clock last changed; of a promise of marketing that is over, who answers for it.
"""
MOST, PAGE = 10_000, 500
FEW = 12
"""Names that are listed where none is near."""
LONGEST_NAME = 100


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds both commands."""
    leads = _command(subparsers, "leads", "created since then")
    leads.add_argument("--stage", help="prospecting, contact, qualification, hand_over, deal or nurturing")
    leads.add_argument("--due-before", metavar="INSTANT", help="with a clock that runs and is due before then")
    leads.set_defaults(func=lambda args: asyncio.run(_leads(args)))
    breaches = _command(subparsers, "breaches", "due then or later")
    breaches.add_argument("--policy", help="of this promise")
    breaches.set_defaults(func=lambda args: asyncio.run(_breaches(args)))


def _command(
    subparsers: argparse._SubParsersAction[argparse.ArgumentParser], name: str, since: str
) -> argparse.ArgumentParser:
    parser = subparsers.add_parser(name, epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--source", help="of leads that came from this source")
    parser.add_argument("--person", help="of this person, by the roster's id")
    parser.add_argument("--team", help="of people who are in this team now")
    parser.add_argument("--since", metavar="INSTANT", help=since)
    parser.add_argument("--json", action="store_true", help="one JSON line each instead of a table")
    add_config(parser)
    return parser


async def _leads(args: argparse.Namespace) -> int:
    from schemas.events import STAGES
    from services.api.views import lead_view
    from services.bootstrap.parts import parts_of

    found: list[LeadView] = []
    async with parts_of(settings_of(args), exclusive=False) as parts:
        try:
            since, due_before = _instant(args.since), _instant(args.due_before)
        except ValueError as error:
            return _refuse(error)
        if args.stage is not None and args.stage not in STAGES:
            return _refuse(f"--stage: there is no stage `{args.stage}`{nearest(args.stage, STAGES)}")
        people = await _people(parts, args)
        while len(found) < MOST:
            rows = await parts.reading.leads(
                stage=args.stage,
                source=args.source,
                owners=people,
                since=since,
                due_before=due_before,
                after=found[-1].id if found else "",
                limit=PAGE,
            )
            found += [lead_view(row) for row in rows]
            if len(rows) < PAGE:
                break
        if not found and (why := await _unknown_name(parts, args)) is not None:
            return _refuse(why)
    head = ("lead", "stage", "since (UTC)", "owner", "source", "company")
    rows_ = [(v.id, v.stage, _text(v.stage_since), v.owner or "", v.source, v.company_name or "") for v in found]
    return _print(args, found, head, rows_)


async def _breaches(args: argparse.Namespace) -> int:
    from services.api.views import clock_view
    from services.bootstrap.parts import parts_of

    found: list[ClockView] = []
    people_of: dict[str, str] = {}
    async with parts_of(settings_of(args), exclusive=False) as parts:
        try:
            since = _instant(args.since)
        except ValueError as error:
            return _refuse(error)
        people = await _people(parts, args)
        while len(found) < MOST:
            rows = await parts.reading.clocks(
                state="breached",
                policy=args.policy,
                source=args.source,
                persons=people,
                since=since,
                after=found[-1].id if found else "",
                limit=PAGE,
            )
            found += [clock_view(row) for row in rows]
            people_of |= {row.id: row.person or "" for row in rows}
            if len(rows) < PAGE:
                break
        if not found and (why := await _unknown_name(parts, args)) is not None:
            return _refuse(why)
    found.sort(key=lambda view: (view.due_at, view.id))
    head = ("due (UTC)", "promise", "side", "person", "lead", "clock")
    rows_ = [(_text(v.due_at), v.policy, v.side or "", people_of[v.id], v.lead_id or v.subject_id, v.id) for v in found]
    return _print(args, found, head, rows_)


async def _people(parts: Parts, args: argparse.Namespace) -> list[str] | None:
    """Those whose leads and clocks are wanted; None for anybody's."""
    from services.bootstrap.commands import ruling_now

    if args.team is None:
        return [args.person] if args.person is not None else None
    members = [member.id for member in (await ruling_now(parts)).roster.team_of(args.team)]
    return members if args.person is None else [person for person in members if person == args.person]


async def _unknown_name(parts: Parts, args: argparse.Namespace) -> str | None:
    """Why nothing was found where the person or the team is none of the roster. Whoever left it may have leads and clocks still, so it is
    asked only then."""
    from services.bootstrap.commands import ruling_now

    if args.person is None and args.team is None:
        return None
    roster = (await ruling_now(parts)).roster
    if args.person is not None and args.person not in roster.people:
        return f"--person: `{args.person}` is nobody of the roster{nearest(args.person, roster.people)}"
    if args.team is not None and args.team not in roster.teams:
        return f"--team: the roster has no team `{args.team}`{nearest(args.team, roster.teams)}"
    return None


def nearest(written: str, names: Collection[str]) -> str:
    """`; did you mean ...?` with up to three that are near, else all that there are, where they are few."""
    if near := get_close_matches(written[:LONGEST_NAME], list(names), n=3, cutoff=0.6):
        return f"; did you mean {' or '.join(f'`{name}`' for name in near)}?"
    if len(names) > FEW:
        return ""
    return f"; there are {', '.join(names)}" if names else "; there are none"


def _instant(text: str | None) -> datetime | None:
    from schemas.instants import read_instant

    return read_instant(text) if text is not None else None


def _refuse(error: ValueError | str) -> int:
    print(error, file=sys.stderr)
    return 2


def _print(
    args: argparse.Namespace, found: Sequence[BaseModel], head: Sequence[str], rows: Sequence[Sequence[str]]
) -> int:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    if not found:
        print("there is none", file=sys.stderr)
        return 0
    if args.json:
        print("\n".join(view.model_dump_json() for view in found))
        return 0
    table = Table(box=SIMPLE, show_edge=False)
    for name in head:
        table.add_column(name, overflow="fold", no_wrap=name in ("lead", "clock"))
    for row in rows:
        table.add_row(*map(Text, row))
    console = Console()
    # A pipe has no width: what is cut there could not be read again.
    console.print(table, width=None if console.is_terminal else 240)
    return 0


def _text(at: datetime) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}"
