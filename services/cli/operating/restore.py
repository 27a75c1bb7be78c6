"""`stafett restore`: the store that a backup saved, compared with what it was."""

from __future__ import annotations

import argparse
import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from services.cli.support.environment import add_config, settings_of
from services.cli.support.store_file import sqlite_file

if TYPE_CHECKING:
    from services.adapters.sql.backups.manifest import Manifest
    from services.ports.rows import Placed
    from services.settings import Settings

EPILOG = """\
Stop all roles first. SQLite: the file must not be there (move the old one away). PostgreSQL: the database must be empty, and the user its
owner. The epoch rises, so that events that are decided again have new ids, and the log is read again from where it begins.
"""


def add(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Adds the command."""
    text = "Make the store the one that a backup saved, and compare the two."
    parser = subparsers.add_parser("restore", description=text, epilog=EPILOG)
    parser.add_argument("folder", metavar="DIR", type=Path, help="what `stafett backup` made")
    add_config(parser)
    parser.set_defaults(func=_restore)


def _restore(args: argparse.Namespace) -> int:
    from services.adapters.sql.backups.manifest import read_manifest

    settings = settings_of(args)
    manifest = read_manifest(args.folder)
    _check_version(manifest, args.folder)
    asyncio.run(_put_back(settings, args.folder, manifest))
    print(
        f"the store of {manifest.made_at} is back, {sum(manifest.contents.rows.values())} rows, compared with what was saved"
    )
    asyncio.run(_tell_what_is_lost(settings, manifest.contents.positions))
    return 0


def _check_version(manifest: Manifest, folder: Path) -> None:
    """Raises BackupUnusable for a backup of a version that is newer than this one."""
    from services.adapters.sql.migrate import known_revisions
    from services.ports.errors import BackupUnusable

    if manifest.contents.revision not in known_revisions():
        rule = f"({manifest.made_by}); restore it with that version or a newer one"
        raise BackupUnusable(
            f"{folder}: was saved by a version whose schema, {manifest.contents.revision}, this one does not know {rule}"
        )


async def _put_back(settings: Settings, folder: Path, manifest: Manifest) -> None:
    from services.adapters.sql.backups import postgres, sqlite
    from services.adapters.sql.migrate import upgrade
    from services.adapters.sql.store import SqlStore
    from services.ports.errors import BackupUnusable

    file = sqlite_file(settings)
    if (manifest.engine == "sqlite") != (file is not None):
        raise BackupUnusable(
            f"{folder}: was saved from {manifest.engine}, and STAFETT_DATABASE_URL names the other engine"
        )
    if file is None:
        await postgres.restore_postgres(settings.database_url, folder, manifest.contents)
        await upgrade(settings.database_url)
        return
    if taken := next((path for path in (file, Path(f"{file}-wal")) if path.exists()), None):
        raise BackupUnusable(f"{taken}: is there; stop Stafett and move the old store away, with the files beside it")
    file.parent.mkdir(parents=True, exist_ok=True)
    made = await asyncio.to_thread(sqlite.unpack_sqlite, folder, manifest, file)
    url = f"sqlite+aiosqlite:///{made}"
    await upgrade(url)
    store = SqlStore(url, exclusive=False)
    try:
        await store.start()
        await store.raise_epoch()
    finally:
        await store.close()
    await asyncio.to_thread(sqlite.put_in_place, made, file)


async def _tell_what_is_lost(settings: Settings, saved: tuple[Placed, ...]) -> None:
    """What the log no longer has of what came after the backup: afterwards nobody could tell."""
    from services.bootstrap.parts import parts_of
    from services.cli.operating.positions import compare_positions, lost_text
    from services.ports.errors import LogUnavailable

    try:
        async with parts_of(settings, exclusive=False) as parts:
            lines = await compare_positions(parts.log, saved)
    except LogUnavailable as error:
        print(f"whether the log still has what came after the backup cannot be told: {error}", file=sys.stderr)
        return
    for line in lines:
        if line.state == "lost":
            print(lost_text(line), file=sys.stderr)
