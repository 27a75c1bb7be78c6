"""`stafett report`: the weekly forum's report, the ids behind its figures, and what is entered for it."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.operating import report_entries
from services.cli.support.environment import add_config, settings_of

if TYPE_CHECKING:
    from routing.forum.frame import Frame
    from schemas.notify import Language

EPILOG = """\
examples:
  stafett report week                                 the last week that is over, as text
  stafett report week --week 2026-W48 --format html --language sv --out w48.html
  stafett report week --format json                   every figure with its query and ids
  stafett report week --as-known-on 2026-12-07T08:00:00+01:00
  stafett report ids handovers 2026-W48 rejected      every id behind a figure, as the report's `queries` name it
  stafett report cost --side marketing --amount 31000 --currency SEK --from 2026-11-01 --to 2026-11-30
  stafett report action --what "Ask Cia again" --who elin --by 2026-12-04
  stafett report close ent_... done                   or dropped
  stafett report lesson --about content --name demo --words "They ask for prices first."
  stafett report mail --week 2026-W48                 to the readers of the agreement now; --to names others
  stafett report add entries.yaml                     many at once, all or none
  stafett report entries                              all that was entered

PDF needs `pip install 'stafett[pdf]'`.
"""
FORMATS = ("text", "html", "json", "csv", "pdf")
"""As `services/forum/formats.py` has them, without loading what makes them before it is asked for."""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("report", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    week = actions.add_parser("week", help="the report of a week")
    _add_frame(week)
    week.add_argument("--format", choices=FORMATS, default="text")
    week.add_argument("--language", choices=("en", "sv"), help="left out, the one of the agreement's forum")
    week.add_argument("--out", type=Path, help="write it here instead of on standard output")
    week.set_defaults(func=lambda args: asyncio.run(_week(args)))
    ids = actions.add_parser("ids", help="every id behind a figure")
    ids.add_argument("measure", metavar="MEASURE")
    ids.add_argument("span", metavar="SPAN", help="a week, a month, 13w, budget or goal:NAME")
    ids.add_argument("labels", nargs="*", metavar="LABEL")
    _add_frame(ids)
    ids.set_defaults(func=lambda args: asyncio.run(_ids(args)))
    mail = actions.add_parser("mail", help="mail a week's report now, whoever has got it already")
    mail.add_argument("--week", help="as 2026-W48 (default: the last one that is over)")
    mail.add_argument("--to", action="append", metavar="PERSON", help="of the roster (default: those of the agreement)")
    mail.set_defaults(func=lambda args: asyncio.run(_mail(args)))
    add_config(mail)
    report_entries.add(actions)


def _add_frame(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--week", help="as 2026-W48 (default: the last one that is over)")
    parser.add_argument("--as-known-on", metavar="INSTANT", help="with a zone (default: when its forum met, or now)")
    add_config(parser)


async def _week(args: argparse.Namespace) -> int:
    from services.bootstrap.forum import forum_desk
    from services.bootstrap.parts import parts_of
    from services.forum.formats import render_report
    from services.forum.pdf import PdfMissing

    async with parts_of(settings_of(args), exclusive=False) as parts:
        desk = forum_desk(parts)
        try:
            frame = await desk.frame(args.week, _known_on(args))
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        report = await desk.report(frame)
    try:
        content = render_report(report, args.format, args.language or _language(frame), desk.links(report))
    except PdfMissing as error:
        print(error, file=sys.stderr)
        return 2
    if args.out is not None:
        args.out.write_bytes(content)
    else:
        sys.stdout.flush()
        sys.stdout.buffer.write(content)
    return 0


def _known_on(args: argparse.Namespace) -> datetime | None:
    from schemas.instants import read_instant

    return read_instant(args.as_known_on) if args.as_known_on else None


def _language(frame: Frame) -> Language:
    from routing.forum.frame import forum_of

    return forum_of(frame.agreement.file).language


async def _ids(args: argparse.Namespace) -> int:
    from routing.forum.tally import Query
    from services.bootstrap.forum import forum_desk
    from services.bootstrap.parts import parts_of

    async with parts_of(settings_of(args), exclusive=False) as parts:
        desk = forum_desk(parts)
        try:
            frame = await desk.frame(args.week, _known_on(args))
        except ValueError as error:
            print(error, file=sys.stderr)
            return 2
        async for ident in desk.ids(frame, Query(args.measure, args.span, tuple(args.labels))):
            print(ident)
    return 0


async def _mail(args: argparse.Namespace) -> int:
    """0 where everybody got it, 1 where somebody did not."""
    import httpx

    from routing.forum.frame import forum_of, usual_week
    from services.alerts.forum_mail import NoMail
    from services.bootstrap.alerting import alerts_of, senders_of
    from services.bootstrap.commands import ruling_now
    from services.bootstrap.forum import forum_mail
    from services.bootstrap.parts import parts_of

    async with parts_of(settings_of(args), exclusive=False) as parts, httpx.AsyncClient(trust_env=False) as client:
        mails = forum_mail(parts, senders_of(parts.settings, alerts_of(parts.settings), client))
        ruling = await ruling_now(parts)
        people = tuple(args.to or forum_of(ruling.agreement.file).to)
        week, failed = args.week or usual_week(ruling.agreement, parts.now()), False
        try:
            for reader in mails.readers(ruling, people):
                outcome = await mails.send(week, reader, ruling)
                failed |= outcome.state != "sent"
                print(f"{reader.person}  {outcome.state}{f'  {outcome.error}' if outcome.error else ''}")
        except (NoMail, ValueError) as error:
            print(error, file=sys.stderr)
            return 2
    return 1 if failed else 0
