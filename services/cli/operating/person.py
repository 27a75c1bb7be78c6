"""`stafett person export|erase|receipt`: a person gets all that is known of them, or is erased, with a receipt."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, get_args

from schemas.persons import ReadableLanguage
from services.cli.support.environment import add_config, settings_of

if TYPE_CHECKING:
    from schemas.persons import PersonNamed
    from services.persons.desk import PersonDesk
    from services.persons.finding import Found

EPILOG = """\
examples:
  stafett person export anna@example.com                      person-export.json and person-export.txt, here
  stafett person export +46701234567 --language sv --to anna  anna.json and anna.txt, the text in Swedish
  stafett person export lead_ts5bb7tmp3fqo3w4rhkrwxyfbe       of the person of this lead
  stafett person erase anna@example.com --reason "asked by letter"        says what would be emptied
  stafett person erase anna@example.com --reason "asked by letter" --yes  erases, and prints the ids of the erasures
  stafett person receipt preq_...                             what came of it, once nothing is left
  stafett person expire                                       which idle leads would expire, and by which class

A person is every lead of theirs, in each brand, with what was merged into it. The files are for their owner alone (0600); the JSON is
described by `stafett schema http.PersonExport`. Each export is noted in the table person_requests: who asked, when, for which leads.

exit status: 0, or 1 where nobody is known by that, or several are
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("person", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    export = actions.add_parser("export", help="all that is known of a person, in two files")
    export.add_argument("who", metavar="EMAIL|PHONE|LEAD")
    export.add_argument(
        "--to", type=Path, default=Path("person-export"), metavar="NAME", help="of both files, before the dot"
    )
    export.add_argument("--language", choices=get_args(ReadableLanguage), default="en", help="of the text")
    export.set_defaults(func=lambda args: asyncio.run(_export(args)))
    erase = actions.add_parser("erase", help="empty whatever names a person, for good; a dry run without --yes")
    erase.add_argument("who", metavar="EMAIL|PHONE|LEAD")
    erase.add_argument("--reason", required=True, help="why, without a name; it is kept (at most 80 characters)")
    erase.add_argument("--yes", action="store_true", help="do it")
    erase.set_defaults(func=lambda args: asyncio.run(_erase(args)))
    receipt = actions.add_parser("receipt", help="what came of an erasure, as JSON; status 1 while it is open")
    receipt.add_argument("id", metavar="ERASURE")
    receipt.set_defaults(func=lambda args: asyncio.run(_receipt(args)))
    expire = actions.add_parser(
        "expire", help="idle leads, as STAFETT_RETENTION_LEADS_... say; a dry run without --yes"
    )
    expire.add_argument("--yes", action="store_true", help="do it now; the service does it once a day")
    expire.set_defaults(func=lambda args: asyncio.run(_expire(args)))
    for action in (export, erase, receipt, expire):
        add_config(action)


def person_of(who: str) -> PersonNamed:
    """An id of ours begins as one, an address has an `@`; anything else is a number. Raises ValidationError where it is too long."""
    from schemas.persons import PersonNamed

    if who.startswith("lead_"):
        return PersonNamed(lead=who)
    return PersonNamed(email=who) if "@" in who else PersonNamed(phone=who)


async def _export(args: argparse.Namespace) -> int:
    from pydantic import ValidationError

    from services.bootstrap.commands import commanding_of
    from services.bootstrap.parts import parts_of
    from services.bootstrap.persons import person_desk_of
    from services.persons.finding import NobodyFound

    async with parts_of(settings_of(args), exclusive=False) as parts:
        desk = person_desk_of(parts, commanding_of(parts).accept)
        try:
            found = await desk.begin_export(person_of(args.who), "operator")
        except ValidationError:
            print("that is too long to name anybody", file=sys.stderr)
            return 1
        except NobodyFound as nobody:
            print(f"{nobody}{': ' if nobody.leads else ''}{', '.join(nobody.leads)}", file=sys.stderr)
            return 1
        await _write(desk, found, args)
    return 0


async def _erase(args: argparse.Namespace) -> int:
    from pydantic import ValidationError

    from schemas.persons import ErasureRequest
    from services.bootstrap.commands import commanding_of
    from services.bootstrap.parts import parts_of
    from services.bootstrap.persons import person_desk_of
    from services.persons.finding import NobodyFound

    try:
        asked = ErasureRequest(**person_of(args.who).model_dump(), reason=args.reason, dry_run=not args.yes)
    except ValidationError:
        print("a name has at most 320 characters, and a reason from 1 to 80", file=sys.stderr)
        return 2
    async with parts_of(settings_of(args), exclusive=False) as parts:
        try:
            taken = await person_desk_of(parts, commanding_of(parts).accept).erase(asked, "operator")
        except NobodyFound as nobody:
            print(f"{nobody}{': ' if nobody.leads else ''}{', '.join(nobody.leads)}", file=sys.stderr)
            return 1
    print(taken.model_dump_json(indent=2))
    if taken.dry_run:
        print("nothing was done; with --yes it is, for good", file=sys.stderr)
    return 0


async def _expire(args: argparse.Namespace) -> int:
    from services.bootstrap.parts import parts_of
    from services.bootstrap.persons import expirer_of

    async with parts_of(settings_of(args), exclusive=False) as parts:
        expirer = expirer_of(parts)
        if args.yes:
            print(f"{await expirer.expire()} leads expire")
            return 0
        count = 0
        async for page in expirer.idle_pages():
            count += len(page)
            for one in page:
                print(f"{one.lead.id}  {one.by}, idle since {one.since:%Y-%m-%d}")
    print(f"{count} leads would expire; with --yes they do, for good", file=sys.stderr)
    return 0


async def _receipt(args: argparse.Namespace) -> int:
    from services.bootstrap.commands import commanding_of
    from services.bootstrap.parts import parts_of
    from services.bootstrap.persons import person_desk_of

    async with parts_of(settings_of(args), exclusive=False) as parts:
        view = await person_desk_of(parts, commanding_of(parts).accept).erasure(args.id)
    if view is None:
        print("there is no such erasure, or the router has not read it yet", file=sys.stderr)
        return 1
    print(view.model_dump_json(indent=2))
    return 0 if view.state == "done" else 1


async def _write(desk: PersonDesk, found: Found, args: argparse.Namespace) -> None:
    """Raises OSError, and what the store raises; files that were begun are then without their end, which says so."""
    from services.cli.support.modes import open_private
    from services.persons.documents import JsonDocument, TextDocument

    paths = [args.to.with_name(f"{args.to.name}{end}") for end in (".json", ".txt")]
    with open_private(paths[0]) as for_programs, open_private(paths[1]) as for_people:
        async for pieces in desk.export(found, [JsonDocument(), TextDocument(args.language)]):
            for file, piece in zip((for_programs, for_people), pieces, strict=True):
                file.write(piece)
    print(f"{paths[0]} and {paths[1]}: {len(found.leads)} leads")
