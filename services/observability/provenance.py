"""What decides beside the agreement: the core, the time zones and the public holidays, each in its version."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import routing
import schemas
from services import __version__

CORE = tuple(Path(str(package.__file__)).parent for package in (routing, schemas))
"""The folders whose source decides."""


def core_version(packages: Iterable[Path] = CORE) -> str:
    """`0.1.0+3f2a91c0d4e5`: the release, and a digest of the source that decides. Two states of a checkout are of the same
    release and may decide otherwise; where there is no source, the release alone."""
    digest, files = hashlib.sha256(), 0
    for folder in packages:
        for file in sorted(folder.rglob("*.py")):
            body = file.read_bytes()
            digest.update(f"{folder.name}/{file.relative_to(folder).as_posix()} {len(body)}\n".encode() + body)
            files += 1
    return f"{__version__}+{digest.hexdigest()[:12]}" if files else __version__


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"


# Read when the code is loaded: the files may be newer by the time of a decision.
_MADE_BY = f"core {core_version()}, tzdata {_version('tzdata')}, holidays {_version('holidays')}"


def made_by() -> str:
    """`core 0.1.0+3f2a91c0d4e5, tzdata 2025.2, holidays 0.83`: recorded with each decision, since another version may decide
    otherwise."""
    return _MADE_BY
