"""SQLite files that have the schema already: copies of one, since to migrate each anew takes longer than most tests."""

import shutil
import tempfile
from pathlib import Path

from services.adapters.sql.migrate import upgrade

_FOLDER = tempfile.TemporaryDirectory(prefix="stafett-sqlite-")


async def migrated_file(path: Path) -> str:
    """The URL of a new file at `path`."""
    template = Path(_FOLDER.name) / "template.db"
    if not template.exists():
        made = template.with_name("made.db")
        await upgrade(f"sqlite+aiosqlite:///{made}")
        made.rename(template)
    shutil.copyfile(template, path)
    return f"sqlite+aiosqlite:///{path}"
