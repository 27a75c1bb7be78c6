"""`stafett agreement approve`: one person approves a version for their side, with their own API key."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import sys
from pathlib import Path
from typing import Any

from services.cli.support.environment import add_config, settings_of
from services.cli.support.files import read_agreement
from services.cli.support.own_key import WHOSE, NoKey, own_key

HASH = re.compile(r"[0-9a-f]{64}")
EPILOG = f"""\
examples:
  stafett agreement approve agreement.yaml --side marketing --reason "as agreed on Monday"
  stafett agreement approve 3f2a91c0...  --side sales --reason "as agreed on Monday" < maja.key

{WHOSE}
It becomes a signal, and the router records it; `stafett agreement show` lists it. The same over HTTP:
POST /v1/commands with {{"command": "approve", "hash": ..., "side": ..., "reason": ...}}.

exit status: 0 it is on the log; 1 refused, with the reason
"""


def add(actions: Any) -> None:
    """Adds the action."""
    approve = actions.add_parser(
        "approve",
        help="approve a version for one side",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    approve.add_argument("version", metavar="FILE|HASH", help="the file, or the whole hash that `check` prints")
    approve.add_argument("--side", choices=("marketing", "sales"), required=True)
    approve.add_argument("--reason", required=True)
    approve.add_argument("--key", help="idempotency key (default: drawn)")
    approve.set_defaults(func=lambda args: asyncio.run(_approve(args)))
    add_config(approve)


async def _approve(args: argparse.Namespace) -> int:
    from pydantic import ValidationError

    from routing.people.permissions import Principal
    from schemas.commands import Approve
    from schemas.wording import root_errors, rule_of
    from schemas.yamlfile import FileError
    from services.api.commanding import SAME_KEY, Refused, SameKey, carry
    from services.bootstrap.commands import commanding_of
    from services.bootstrap.parts import parts_of

    try:
        digest = _digest(args.version)
        command = Approve(command="approve", hash=digest, side=args.side, reason=args.reason)
        settings = settings_of(args)
        async with parts_of(settings, exclusive=False) as parts:
            key = await own_key(settings, parts.keys)
            asked = Principal(key.name, key.person)
            signal = await carry(commanding_of(parts), command, asked, args.key)
    except FileError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    except ValidationError as error:
        print(*(f"{'.'.join(map(str, p['loc']))}: {rule_of(p)}" for p in root_errors(error)), sep="\n", file=sys.stderr)
        return 1
    except SameKey:
        print(f"refused: {SAME_KEY}", file=sys.stderr)
        return 1
    except (Refused, NoKey) as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 1
    print(json.dumps({"signal": signal.id, "hash": digest}))
    return 0


def _digest(version: str) -> str:
    """Raises FileError."""
    from schemas.yamlfile import Unreadable

    if HASH.fullmatch(version):
        return version
    try:
        return read_agreement(Path(version))[0].hash
    except Unreadable as error:
        raise Unreadable(
            [f"{problem}; give the file, or all 64 digits of the hash" for problem in error.problems]
        ) from None
