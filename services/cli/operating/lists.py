"""`stafett leads` and `stafett breaches`: lists by source, person, team and time, as tables that fit the terminal, or as JSON lines."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from datetime import datetime
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

An instant has a zone. Of a lead's own promise the person is whoever had the lead when its clock last changed.
"""
MOST, PAGE = 10_000, 500


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
    from services.api.views import lead_view
    from services.bootstrap.parts import parts_of

    found: list[LeadView] = []
    async with parts_of(settings_of(args), exclusive=False) as parts:
        try:
            since, due_before = _instant(args.since), _instant(args.due_before)
        except ValueError as error:
            return _refuse(error)
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


def _instant(text: str | None) -> datetime | None:
    from schemas.instants import read_instant

    return read_instant(text) if text is not None else None


def _refuse(error: ValueError) -> int:
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
