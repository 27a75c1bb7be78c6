"""`stafett backup`: the store in a folder of its own, while it is in use."""

from __future__ import annotations

import argparse
import asyncio
import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.support.environment import add_config, settings_of
from services.cli.support.store_file import sqlite_file

if TYPE_CHECKING:
    from services.adapters.sql.backups.manifest import Manifest
    from services.settings import Settings

EPILOG = """\
DIR must not be there yet; it appears once all of it is on the disk. Roles may go on meanwhile. It holds personal data, as the store does,
and no secret: keep the folder of the configuration, above all its deployment key, somewhere else. `stafett restore DIR` is the way back.
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    text = "Save the store, while it is in use, into a new folder."
    parser = subparsers.add_parser("backup", description=text, epilog=EPILOG)
    parser.add_argument("folder", metavar="DIR", type=Path, help="a folder that is not there yet")
    add_config(parser)
    parser.set_defaults(func=_save)


def _save(args: argparse.Namespace) -> int:
    from services.ports.errors import BackupUnusable

    settings, folder = settings_of(args), args.folder
    if folder.exists():
        raise BackupUnusable(f"{folder}: is there already; name a folder that is not")
    begun = folder.with_name(f"{folder.name}.part")
    shutil.rmtree(begun, ignore_errors=True)
    begun.mkdir(mode=0o700, parents=True)
    manifest = asyncio.run(_manifest(settings, begun))
    begun.rename(folder)
    print(f"saved {sum(manifest.contents.rows.values())} rows of {len(manifest.contents.rows)} tables in {folder}")
    return 0


async def _manifest(settings: Settings, folder: Path) -> Manifest:
    from services.adapters.sql.backups import postgres, sqlite
    from services.adapters.sql.backups.manifest import FORMAT, Manifest, digest_of, write_manifest
    from services.observability.provenance import made_by

    began = datetime.now(UTC)
    if (file := sqlite_file(settings)) is not None:
        contents = await asyncio.to_thread(sqlite.save_sqlite, file, folder)
        copy = folder / sqlite.FILE
    else:
        contents = await postgres.save_postgres(settings.database_url, folder)
        copy = folder / postgres.FILE
    manifest = Manifest(
        format=FORMAT, engine="postgresql" if file is None else "sqlite", made_at=began.isoformat(), made_by=made_by(),
        file=copy.name, bytes=copy.stat().st_size, sha256=digest_of(copy), contents=contents,
    )  # fmt: skip
    write_manifest(folder, manifest)
    return manifest
