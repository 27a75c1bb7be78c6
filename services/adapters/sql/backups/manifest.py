"""What a backup says of itself: enough to know whether a restored store is the one that was saved."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec
from sqlalchemy import func, select, table

from services.ports.errors import BackupUnusable
from services.ports.rows import Placed

NAME = "manifest.json"
FORMAT = 1
REVISION = "SELECT version_num FROM alembic_version"
POSITIONS = """SELECT consumer_group, topic, cluster, partition, next_offset FROM positions
    ORDER BY consumer_group, topic, cluster, partition"""
CHANGED = frozenset({"positions", "meta"})
"""Tables that a restore itself changes: positions go, the epoch rises."""
_CHUNK = 1 << 20


class Contents(msgspec.Struct, frozen=True):
    """What is in a store at one instant. `rows` counts each table; `positions` say how far each group had read the log."""

    revision: str
    rows: Mapping[str, int]
    positions: tuple[Placed, ...]


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One backup: `file` is the store's copy beside it, `bytes` its size, `sha256` its digest in hex, `made_at` ISO 8601 in UTC."""

    format: int
    engine: Literal["sqlite", "postgresql"]
    made_at: str
    made_by: str
    file: str
    bytes: int
    sha256: str
    contents: Contents


def count_rows(name: str) -> str:
    """The statement that counts a table, on either engine."""
    return str(select(func.count()).select_from(table(name)))


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Forced to the disk, so that a folder that has a manifest has all of it."""
    text = json.dumps(msgspec.to_builtins(manifest), indent=2) + "\n"
    with (folder / NAME).open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def read_manifest(folder: Path) -> Manifest:
    """The manifest of a backup whose copy is whole.

    Raises:
        BackupUnusable: there is none, it is of a version that is not known, or the copy is not the one that it speaks of.
    """
    try:
        manifest = msgspec.json.decode((folder / NAME).read_bytes(), type=Manifest)
    except FileNotFoundError:
        raise BackupUnusable(f"{folder}: is no backup: it has no {NAME}; `stafett backup` makes one") from None
    except msgspec.DecodeError as error:
        raise BackupUnusable(f"{folder / NAME}: cannot be read: {error}") from None
    if manifest.format != FORMAT:
        raise BackupUnusable(f"{folder / NAME}: has format {manifest.format}, this version reads {FORMAT}")
    copy = folder / Path(manifest.file).name
    if not copy.is_file() or copy.stat().st_size != manifest.bytes or digest_of(copy) != manifest.sha256:
        raise BackupUnusable(f"{copy}: is not the file that the manifest speaks of: it is missing, cut or was changed")
    return manifest


def digest_of(file: Path) -> str:
    """SHA-256 in hex, read in pieces."""
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def differences(saved: Contents, restored: Contents) -> list[str]:
    """What is otherwise in a restored store than in the one that was saved, but for what a restore changes."""
    names = sorted((saved.rows.keys() | restored.rows.keys()) - CHANGED)
    lines = [
        f"{name}: {saved.rows.get(name, 0)} rows were saved, {restored.rows.get(name, 0)} came back"
        for name in names
        if saved.rows.get(name) != restored.rows.get(name)
    ]
    if saved.revision != restored.revision:
        lines.append(f"the schema was at {saved.revision} and came back at {restored.revision}")
    return lines
