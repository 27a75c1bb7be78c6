"""`stafett agreement approve`: one person approves a version for their side, with their own API key."""

from __future__ import annotations

import argparse
import asyncio
import json
import re
import secrets
import sys
from getpass import getpass
from pathlib import Path
from typing import Any

from services.cli.environment import add_config, settings_of
from services.cli.files import read_agreement

HASH = re.compile(r"[0-9a-f]{64}")
EPILOG = """\
examples:
  stafett agreement approve agreement.yaml --side marketing --reason "as agreed on Monday"
  stafett agreement approve 3f2a91c0...  --side sales --reason "as agreed on Monday" < maja.key

Asks for the API key of whoever approves (or reads it from standard input): one with the scope commands:write, whose entry
in api_keys.yaml names the person. It becomes a signal, and the router records it; `stafett agreement show` lists it. The
same over HTTP: POST /v1/commands with {"command": "approve", "hash": ..., "side": ..., "reason": ...}.

exit status: 0 it is on the log; 1 refused, with the reason
"""


def add(actions: Any) -> None:
    """Adds the action."""
    approve = actions.add_parser(
        "approve", help="approve a version for one side", epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    approve.add_argument("version", metavar="FILE|HASH", help="the file, or the whole hash that `check` prints")
    approve.add_argument("--side", choices=("marketing", "sales"), required=True)
    approve.add_argument("--reason", required=True)
    approve.add_argument("--key", help="idempotency key (default: drawn)")
    approve.set_defaults(func=lambda args: asyncio.run(_approve(args)))
    add_config(approve)


async def _approve(args: argparse.Namespace) -> int:
    from routing.commands import Principal
    from schemas.commands import Approve
    from schemas.yamlfile import FileError
    from services.bootstrap.commands import commanding_of
    from services.bootstrap.http import keys_of
    from services.bootstrap.parts import parts_of
    from services.commanding import Refused, carry
    from services.console.access import Access

    try:
        digest = args.version if HASH.fullmatch(args.version) else read_agreement(Path(args.version))[0].hash
        settings = settings_of(args)
        key = Access(keys_of(settings)).key_of(f"Bearer {_secret()}")
        if key is None or "commands:write" not in key.scopes:
            print("refused: that is no API key with the scope commands:write", file=sys.stderr)
            return 1
        command = Approve(command="approve", hash=digest, side=args.side, reason=args.reason)
        async with parts_of(settings, exclusive=False) as parts:
            asked = Principal(key.name, key.person)
            signal = await carry(commanding_of(parts), command, asked, args.key or secrets.token_hex(8))
    except FileError as error:
        print("\n".join(error.problems), file=sys.stderr)
        return 1
    except (Refused, ValueError) as refused:
        print(f"refused: {refused}", file=sys.stderr)
        return 1
    print(json.dumps({"signal": signal.id, "hash": digest}))
    return 0


def _secret() -> str:
    """Never an argument, which other users of the machine could read."""
    return getpass("API key: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
