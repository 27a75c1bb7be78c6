"""What decides beside the agreement: the core, the time zones and the public holidays, each in its version."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, version

PARTS = {"core": "stafett", "tzdata": "tzdata", "holidays": "holidays"}


@cache
def made_by() -> str:
    """`core 0.1.0, tzdata 2025.2, holidays 0.83`: recorded with each decision, since another version may decide otherwise."""
    return ", ".join(f"{name} {_version(package)}" for name, package in PARTS.items())


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "unknown"
