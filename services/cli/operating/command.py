"""`stafett command`: ask for something on this installation, as its operator or as somebody of the roster."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from typing import TYPE_CHECKING, Any, get_args

from services.cli.support.environment import add_config, settings_of

if TYPE_CHECKING:
    from schemas.commands import AnyCommand
    from services.bootstrap.parts import Parts

EPILOG = """\
examples:
  stafett command accept lead=lead_... --reason "calling today" --as elin
  stafett command reject lead=lead_... criterion=budget --reason not_qualified --as elin
  stafett command assign lead=lead_... person=karin --reason "speaks Finnish"
  stafett command merge lead=lead_... other=lead_... --reason "her private address" --as sara
  stafett command absence person=johan until=2026-12-01T08:00:00+01:00 --reason ill
  stafett command join member='{"id": "nils", "roles": ["sales"]}' seats='{"field": 1}' --reason "new colleague"

commands: accept, reject, claim, assign, delegate, hold, release, brand_list, disposition, merge, unmerge (of a lead);
absence, return, join, leave, pause_pool, resume_pool (of the roster); to approve an agreement: stafett agreement approve

A value that is JSON is read as JSON. It becomes a signal, and the router carries it out in the lead's own order: the
history tells what came of it. `--key` makes a repetition harmless: the same key is the same command.
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("command", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "name", metavar="COMMAND", help="accept, reject, hold, absence, ...: docs/commands.md lists them"
    )
    parser.add_argument("values", nargs="*", metavar="FIELD=VALUE", help="what the command needs, as lead=lead_...")
    parser.add_argument("--reason", required=True, help="why; it is kept with what comes of it")
    parser.add_argument("--as", dest="person", help="somebody of the roster; their rights are checked")
    parser.add_argument("--key", help="idempotency key (default: drawn)")
    add_config(parser)
    parser.set_defaults(func=lambda args: asyncio.run(_run(args)))


async def _run(args: argparse.Namespace) -> int:
    """Exit status 0 once it is on the log, 1 where it is refused, 2 where it is no command."""
    from routing.people.permissions import OPERATOR, Principal
    from services.api.commanding import SAME_KEY, Refused, SameKey, carry
    from services.bootstrap.parts import parts_of

    command = _command(args)
    if command is None:
        return 2
    async with parts_of(settings_of(args), exclusive=False) as parts:
        try:
            signal = await carry(_world(parts), command, Principal(OPERATOR, args.person), args.key)
        except SameKey:
            print(f"refused: {SAME_KEY}", file=sys.stderr)
            return 1
        except Refused as refused:
            print(f"refused: {refused}", file=sys.stderr)
            return 1
    print(json.dumps({"signal": signal.id}))
    return 0


def _command(args: argparse.Namespace) -> AnyCommand | None:
    from pydantic import ValidationError

    from schemas.commands import AnyCommand, Command
    from schemas.wording import keys_at, root_errors, rule_of

    kinds = {get_args(kind.model_fields["command"].annotation)[0]: kind for kind in get_args(AnyCommand)}
    given = {name: _value(value) for name, _, value in (pair.partition("=") for pair in args.values)}
    try:
        return Command.model_validate({"command": args.name, "reason": args.reason, **given}).root
    except ValidationError as error:
        for problem in root_errors(error):
            steps = tuple(step for step in problem["loc"] if step != args.name)
            known = keys_at(kinds.get(args.name), steps[:-1])
            print(f"{'.'.join(map(str, steps)) or args.name}: {rule_of(problem, known)}", file=sys.stderr)
        return None


def _value(text: str) -> Any:
    try:
        return json.loads(text) if text[:1] in "{[" else text
    except ValueError:
        return text


def _world(parts: Parts) -> Any:
    from services.bootstrap.commands import commanding_of

    return commanding_of(parts)
