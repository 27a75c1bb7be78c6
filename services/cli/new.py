"""`stafett new DIR`: a commented configuration to start from, with keys and secrets of its own."""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
from base64 import b64encode
from pathlib import Path

HELP = "Make a folder with a commented configuration to start from."


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("new", help=HELP, description=HELP, epilog="then: stafett up --config DIR")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Refuses a folder that has something in it."""
    from services.cli.apikey import made
    from services.resources import examples_dir

    folder: Path = args.folder
    if folder.exists() and any(folder.iterdir()):
        print(f"{folder} is not empty; choose another", file=sys.stderr)
        return 2
    folder.mkdir(parents=True, exist_ok=True)
    for example in sorted(examples_dir().glob("*.yaml")):
        shutil.copy(example, folder / example.name)
    key, entry = made("first", ["leads:read", "personal:read", "events:read", "ops:read", "ops:write"])
    (folder / "api_keys.yaml").write_text(f"version: 1\nkeys:\n{entry}")
    crm = f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
    env = folder / ".env"
    env.touch(mode=0o600)
    env.write_text(
        "# Read by `stafett ... --config` where the environment does not say otherwise. Keep it secret.\n"
        f"STAFETT_DATABASE_URL=sqlite:///{folder.resolve()}/stafett.db\n"
        "# Keys partitions and identities. The same in all processes, for ever.\n"
        f"STAFETT_DEPLOYMENT_KEY={secrets.token_hex(32)}\n"
        f"STAFETT_SECRET_CRM={crm}\n"
    )
    print(f"{folder}: agreement, roster, sources, api_keys and .env\nAPI key, shown only now: {key}")
    print(f"next: stafett up --config {folder}")
    return 0
