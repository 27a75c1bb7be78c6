"""`stafett new DIR`: a commented configuration to start from, with keys and secrets of its own."""

from __future__ import annotations

import argparse
import secrets
import shutil
import sys
from base64 import b64encode
from pathlib import Path

HELP = "Make a folder with a commented configuration to start from."
MAIN = (
    "MODE",
    "LOG_URL",
    "HTTP_HOST",
    "HTTP_PORT",
    "HTTP_PUBLIC_URL",
    "HTTP_TRUSTED_PROXIES",
    "METRICS_PORT",
    "LOG_LEVEL",
    "LOG_FORMAT",
    "KAFKA_PARTITIONS",
    "KAFKA_REPLICATION_FACTOR",
    "KAFKA_MIN_INSYNC_REPLICAS",
    "KAFKA_RETENTION",
    "SPOOL_LIMIT",
    "ROUTER_DEAD_LETTER_BUDGET",
    "RETENTION_QUARANTINE",
)
"""The settings that a new folder shows, with their defaults; `stafett settings` lists them all."""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    parser = subparsers.add_parser("new", help=HELP, description=HELP, epilog="then: stafett up --config DIR")
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.set_defaults(func=run)


def run(args: argparse.Namespace) -> int:
    """Refuses a folder that has something in it."""
    from services.cli.setting_up.apikey import make_key
    from services.settings.resources import examples_dir

    folder: Path = args.folder
    if folder.exists() and any(folder.iterdir()):
        print(f"{folder} is not empty; choose another", file=sys.stderr)
        return 2
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    folder.chmod(0o700)
    for example in sorted(examples_dir().glob("*.yaml")):
        shutil.copyfile(example, folder / example.name)
    key, entry = make_key(
        "first", ["leads:read", "personal:read", "events:read", "ops:read", "ops:write", "metrics:read"]
    )
    keys = folder / "api_keys.yaml"
    keys.write_text(keys.read_text("utf-8").replace("keys: []\n", f"keys:\n{entry}"), "utf-8")
    env = folder / ".env"
    env.touch(mode=0o600)
    env.write_text(_env(), "utf-8")
    print(
        f"{folder}: agreement, roster, sources, subscriptions, alerts, sinks, api_keys and .env\nAPI key, shown only now: {key}"
    )
    print("The organisation `nordlys` and the people of the roster are placeholders: put in your own.")
    print(f"next: {own_command()} up --config {folder}")
    return 0


def own_command() -> str:
    """`stafett` as it can be typed here: by its name only where that is found."""
    if shutil.which("stafett"):
        return "stafett"
    beside = Path(sys.executable).parent / "stafett"
    if not beside.is_file():
        return f"{sys.executable} -m services.cli.main"
    return str(beside.relative_to(Path.cwd()) if beside.is_relative_to(Path.cwd()) else beside)


def _env() -> str:
    """What has to be said, then the main settings as comments."""
    from services.settings import Settings, describe

    crm = f"whsec_{b64encode(secrets.token_bytes(32)).decode()}"
    said = {row.name: row for row in describe(Settings())}
    shown = (said[f"STAFETT_{name}"] for name in MAIN)
    return (
        "# Read by `stafett ... --config` where the environment does not say otherwise. Keep it secret.\n"
        "# The store: a file in this folder, which may be moved or copied while nothing runs on it; or postgresql://USER:PASSWORD@HOST/NAME.\n"
        "STAFETT_DATABASE_URL=sqlite:///stafett.db\n"
        "# Keys partitions and identities. The same in all processes, for ever.\n"
        f"STAFETT_DEPLOYMENT_KEY={secrets.token_hex(32)}\n"
        "# What the source `crm` of sources.yaml signs with. Any setting may come from a file instead: NAME_FILE=/path.\n"
        f"STAFETT_SECRET_CRM={crm}\n"
        "\n# Main settings with their defaults; all of them: stafett settings\n"
        + "".join(f"# {row.meaning}\n#{row.name}={row.value}\n" for row in shown)
    )
