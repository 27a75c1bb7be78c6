"""`stafett report cost|action|close|lesson|add|entries`: what people enter for the weekly forum."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from services.cli.support.environment import add_config, settings_of
from services.cli.support.files import read_text
from services.cli.support.tables import table

if TYPE_CHECKING:
    from routing.forum.entries import EntryRecord
    from schemas.forum import ForumEntry

OPERATOR = "operator"


def add(actions: Any) -> None:
    """Adds the actions."""
    cost = actions.add_parser("cost", help="what a side spent to win customers")
    cost.add_argument("--side", choices=("marketing", "sales"), required=True)
    for name in ("amount", "currency", "from", "to"):
        cost.add_argument(f"--{name}", required=True, metavar=name.upper())
    _add_entry(cost, "cost", ("side", "amount", "currency", "from", "to", "note"))
    action = actions.add_parser("action", help="who does what by when")
    for name in ("what", "who", "by"):
        action.add_argument(f"--{name}", required=True, metavar=name.upper())
    _add_entry(action, "action", ("what", "who", "by", "note"))
    lesson = actions.add_parser("lesson", help="what was learned about content, a criterion or a question")
    lesson.add_argument("--about", choices=("content", "criterion", "question"), required=True)
    for name in ("name", "words"):
        lesson.add_argument(f"--{name}", required=True, metavar=name.upper())
    _add_entry(lesson, "lesson", ("about", "name", "words"))
    close = actions.add_parser("close", help="an action point is done, or dropped")
    close.add_argument("id", metavar="ID")
    close.add_argument("state", choices=("done", "dropped", "open"))
    close.add_argument("--note")
    close.set_defaults(func=lambda args: asyncio.run(_close(args)))
    many = actions.add_parser("add", help="entries of a file: `version: 1` and `entries`, each with its `kind`")
    many.add_argument("file", type=Path, metavar="FILE.yaml")
    many.set_defaults(func=lambda args: asyncio.run(_add_file(args)))
    listing = actions.add_parser("entries", help="all that was entered")
    listing.add_argument("--json", action="store_true", help="one JSON line each instead of a table")
    listing.set_defaults(func=lambda args: asyncio.run(_list(args)))
    for parser in (close, many, listing):
        add_config(parser)


def _add_entry(parser: argparse.ArgumentParser, kind: str, fields: tuple[str, ...]) -> None:
    if "note" in fields:
        parser.add_argument("--note")
    add_config(parser)
    parser.set_defaults(func=lambda args: asyncio.run(_enter(args, kind, fields)))


async def _enter(args: argparse.Namespace, kind: str, fields: tuple[str, ...]) -> int:
    from pydantic import TypeAdapter, ValidationError

    from schemas.forum import ForumEntry
    from schemas.wording import root_errors, rule_of

    given = {name: value for name in fields if (value := getattr(args, name)) is not None}
    try:
        entry: ForumEntry = TypeAdapter(ForumEntry).validate_python({"kind": kind, **given})
    except ValidationError as error:
        for problem in root_errors(error):
            steps = [str(step) for step in problem["loc"] if step != kind]
            print(f"{'.'.join(steps) or kind}: {rule_of(problem)}", file=sys.stderr)
        return 2
    return await _send(args, [entry])


async def _add_file(args: argparse.Namespace) -> int:
    from schemas.forum import EntriesFile
    from schemas.yamlfile import load

    return await _send(args, load(read_text(args.file), EntriesFile, str(args.file)).entries)


async def _send(args: argparse.Namespace, entries: Sequence[ForumEntry]) -> int:
    from services.bootstrap.forum import forum_desk
    from services.bootstrap.parts import parts_of

    async with parts_of(settings_of(args), exclusive=False) as parts:
        try:
            records = await forum_desk(parts).enter(entries, OPERATOR)
        except ValueError as error:
            print(error, file=sys.stderr)
            return 1
    for record in records:
        print(record.id)
    return 0


async def _close(args: argparse.Namespace) -> int:
    from services.bootstrap.forum import forum_desk
    from services.bootstrap.parts import parts_of
    from services.forum.desk import NoSuchEntry

    changes = {"state": args.state} | ({"note": args.note} if args.note else {})
    async with parts_of(settings_of(args), exclusive=False) as parts:
        try:
            await forum_desk(parts).close(args.id, lambda action: action.model_copy(update=changes), OPERATOR)
        except NoSuchEntry:
            print(f"{args.id} is no action point; `stafett report entries` lists them", file=sys.stderr)
            return 1
    return 0


async def _list(args: argparse.Namespace) -> int:
    from services.bootstrap.forum import forum_desk
    from services.bootstrap.parts import parts_of

    async with parts_of(settings_of(args), exclusive=False) as parts:
        records = await forum_desk(parts).entries()
    if not records:
        print("nothing was entered", file=sys.stderr)
    elif args.json:
        print("\n".join(json.dumps(_plain(record)) for record in records))
    else:
        print("\n".join(table(["entry", "kind", "recorded (UTC)", "what"], [_row(record) for record in records])))
    return 0


def _plain(record: EntryRecord) -> dict[str, object]:
    entry = record.entry.model_dump(mode="json", by_alias=True)
    return {"id": record.id, "by": record.by, "recorded_at": record.recorded_at.isoformat(), **entry}


def _row(record: EntryRecord) -> list[str]:
    entry = record.entry.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"kind"})
    words = ", ".join(f"{name}: {value}" for name, value in entry.items())
    return [record.id, record.entry.kind, f"{record.recorded_at:%Y-%m-%d %H:%M:%S}", words]
