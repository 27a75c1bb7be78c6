"""`stafett signals`: what was answered 202 and came to nothing, and why."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from datetime import datetime
from typing import TYPE_CHECKING

from schemas.fates import FATES
from schemas.instants import read_instant
from services.cli.support.environment import add_config, settings_of
from services.cli.support.numbers import whole_number
from services.cli.support.tables import table

if TYPE_CHECKING:
    from services.ports.reading import HistoryEntry

EPILOG = """\
examples:
  stafett signals                                        all that came to nothing, oldest first
  stafett signals --outcome refused --source command     commands that were refused
  stafett signals --source crm --since 2026-11-24T00:00:00+01:00

Outcomes: no_lead (about nobody we know), refused (whoever asked may not, or it cannot be), ignored (in the lead's history,
and does not do what it means). What could not be read is in quarantine, what could not be processed in `stafett dlq list`;
`stafett explain signal ID` says more of one. No personal data is shown.
"""
MOST = 10_000
PAGE = 500


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("signals", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--outcome", choices=FATES)
    parser.add_argument("--source", help="the configured source, or `command`")
    parser.add_argument("--since", metavar="INSTANT", help="recorded since then, with a zone")
    parser.add_argument(
        "--limit", type=whole_number, default=200, metavar="N", help=f"at most so many (200; {MOST} at most)"
    )
    parser.add_argument("--json", action="store_true", help="one JSON line each instead of a table")
    add_config(parser)
    parser.set_defaults(func=_run)


def _run(args: argparse.Namespace) -> int:
    try:
        since = read_instant(args.since) if args.since else None
    except ValueError as error:
        print(f"--since: {error}", file=sys.stderr)
        return 2
    rows = asyncio.run(_read(args, since))
    lines = [json.dumps(_plain(entry)) for entry in rows] if args.json else _table(rows)
    print("\n".join(lines) if lines else "nothing came to nothing", file=sys.stdout if lines else sys.stderr)
    return 0


async def _read(args: argparse.Namespace, since: datetime | None) -> list[HistoryEntry]:
    from services.bootstrap.parts import parts_of
    from services.ports.reading import place_of

    fates, most = (args.outcome,) if args.outcome else FATES, min(max(args.limit, 1), MOST)
    found: list[HistoryEntry] = []
    async with parts_of(settings_of(args), exclusive=False) as parts:
        while len(found) < most:
            after, count = place_of(found[-1]) if found else None, min(PAGE, most - len(found))
            page = await parts.reading.fates(fates, source=args.source, since=since, after=after, limit=count)
            found += page
            if len(page) < count:
                break
    return found


def _plain(entry: HistoryEntry) -> dict[str, str | None]:
    row = entry.row
    return {
        "recorded_at": row.recorded_at.isoformat().replace("+00:00", "Z"),
        "source": row.source,
        "kind": row.kind,
        "mode": row.mode,
        "outcome": row.fate,
        "reason": row.reason,
        "note": row.note,
        "lead": row.lead_id,
        "signal_id": row.signal_id,
    }


def _table(rows: list[HistoryEntry]) -> list[str]:
    """The note is last, for it may be long."""
    head = ["recorded (UTC)", "source", "kind", "outcome", "reason", "signal", "why"]
    cells = [
        [
            f"{r.recorded_at:%Y-%m-%d %H:%M:%S}",
            r.source or "",
            r.kind,
            r.fate or "",
            r.reason or "",
            r.signal_id,
            r.note,
        ]
        for r in (entry.row for entry in rows)
    ]
    return table(head, cells)
