"""`stafett apikey NAME`: a key for the API, shown once, and the entry that lets it in; what keys there are."""

from __future__ import annotations

import argparse
import asyncio
import sys
from datetime import datetime
from getpass import getpass

from schemas.api_keys import SCOPES, digest_of, new_key
from services.cli.setting_up.key import print_keys
from services.cli.support.environment import add_config

EPILOG = """\
The key is shown now and kept nowhere; its SHA-256 goes into api_keys.yaml, which is read again when it changes. Without
personal:read names, addresses and numbers are left out of every answer. examples:
  stafett apikey dashboard --scope leads:read --scope events:read --brand nord
  stafett apikey lena --scope commands:write --person lena --expires 2027-01-01T00:00:00+01:00
  stafett apikey bridge --scope commands:write --acts-as everybody
  stafett apikey old --scope leads:read --hash < key     # the entry of a key that is there already
`stafett key` makes, lists and revokes keys without a file.
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("apikey", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name", nargs="?")
    parser.add_argument("--scope", action="append", choices=SCOPES, default=[])
    parser.add_argument("--person", help="somebody of the roster who asks with it, with their rights")
    parser.add_argument("--acts-as", choices=["everybody"], help="it may ask in anybody's name; not with --person")
    parser.add_argument("--brand", action="append", default=[], help="sees this brand alone; may be given again")
    parser.add_argument("--expires", type=_instant, help="opens nothing from then on: an instant with its offset")
    parser.add_argument("--hash", action="store_true", help="read a key from standard input instead of making one")
    parser.add_argument("--list", action="store_true", help="list every key, as `stafett key list` does")
    parser.set_defaults(func=run)
    add_config(parser)


def run(args: argparse.Namespace) -> int:
    """Prints key and entry; changes no file."""
    if args.list:
        return asyncio.run(print_keys(args))
    if args.name is None or not args.scope:
        print("say the key's NAME and what it may do: --scope, see `stafett apikey --help`", file=sys.stderr)
        return 2
    if args.person and args.acts_as:
        print("a key of one --person acts as nobody else; leave out --acts-as", file=sys.stderr)
        return 2
    more = {
        "person": args.person,
        "acts_as": args.acts_as,
        "brands": f"[{', '.join(args.brand)}]" if args.brand else None,
        "expires": args.expires,
    }
    if args.hash:
        given = getpass("API key: ") if sys.stdin.isatty() else sys.stdin.readline().strip()
        print(f"put into api_keys.yaml, under `keys`:\n{entry_of(args.name, given, args.scope, more)}", end="")
        return 0
    key, entry = make_key(args.name, args.scope, more)
    print(f"API key, shown only now: {key}\nadd to api_keys.yaml, under `keys`:\n{entry}", end="")
    return 0


def make_key(name: str, scopes: list[str], more: dict[str, str | None] | None = None) -> tuple[str, str]:
    """(the key, its entry under `keys` of the file)."""
    key = new_key()
    return key, entry_of(name, key, scopes, more or {})


def entry_of(name: str, key: str, scopes: list[str], more: dict[str, str | None]) -> str:
    """The entry of a key: its digest, never itself."""
    lines = [f"  - name: {name}", f"    sha256: {digest_of(key)}", f"    scopes: [{', '.join(dict.fromkeys(scopes))}]"]
    lines += [f"    {member}: {value}" for member, value in more.items() if value]
    return "\n".join(lines) + "\n"


def _instant(text: str) -> str:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise argparse.ArgumentTypeError("say the offset too: 2027-01-01T00:00:00+01:00")
    return found.isoformat()
