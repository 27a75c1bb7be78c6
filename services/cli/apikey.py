"""`stafett apikey NAME`: a key for the API, shown once, and the entry that lets it in."""

from __future__ import annotations

import argparse
import hashlib
import secrets

from schemas.api_keys import SCOPES

EPILOG = """\
The key is shown now and kept nowhere; its SHA-256 goes into api_keys.yaml. Without personal:read names, addresses and
numbers are left out of every answer. example: stafett apikey dashboard --scope leads:read --scope events:read
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("apikey", epilog=EPILOG, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("name")
    parser.add_argument("--scope", action="append", choices=SCOPES, required=True)
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Prints both; changes no file."""
    key, entry = made(args.name, args.scope)
    print(f"API key, shown only now: {key}\nadd to api_keys.yaml, under `keys`:\n{entry}", end="")
    return 0


def made(name: str, scopes: list[str]) -> tuple[str, str]:
    """(the key, its entry under `keys` of the file)."""
    key = f"sk_{secrets.token_urlsafe(32)}"
    digest = hashlib.sha256(key.encode()).hexdigest()
    return key, f"  - name: {name}\n    sha256: {digest}\n    scopes: [{', '.join(dict.fromkeys(scopes))}]\n"
