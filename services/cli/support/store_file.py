"""Where the store is, if it is a file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from services.settings import Settings


def sqlite_file(settings: Settings) -> Path | None:
    """The store's file; None where it is a PostgreSQL database."""
    from sqlalchemy.engine import make_url

    url = make_url(settings.database_url)
    return Path(url.database or "").absolute() if url.get_backend_name() == "sqlite" else None
