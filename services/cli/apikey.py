"""`stafett apikey NAME`: a key for the API, shown once, and the entry that lets it in."""

from __future__ import annotations

import argparse
import hashlib
import secrets

from schemas.api_keys import SCOPES

EPILOG = """\
The key is shown now and kept nowhere; its SHA-256 goes into api_keys.yaml. Without personal:read names, addresses and
numbers are left out of every answer. examples:
  stafett apikey dashboard --scope leads:read --scope events:read
  stafett apikey lena --scope commands:write --person lena
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("apikey", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--scope", action="append", choices=SCOPES, required=True)
    parser.add_argument("--person", help="somebody of the roster who asks with it, with their rights")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Prints both; changes no file."""
    key, entry = made(args.name, args.scope, args.person)
    print(f"API key, shown only now: {key}\nadd to api_keys.yaml, under `keys`:\n{entry}", end="")
    return 0


def made(name: str, scopes: list[str], person: str | None = None) -> tuple[str, str]:
    """(the key, its entry under `keys` of the file)."""
    key = f"sk_{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    entry = f"  - name: {name}\n    sha256: {digest}\n    scopes: [{', '.join(dict.fromkeys(scopes))}]\n"
    return key, entry + (f"    person: {person}\n" if person else "")
