"""Tryton's programs and a database that it has been set up in: made once on a machine, kept in the user's cache.

Both have the digest of what they were made of in their name, so that another lock or another setting up makes others.
"""

import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.parts.errors import PartMissing
from tests.parts.postgres import PostgresServer

CACHE = Path.home() / ".cache" / "stafett" / "tryton"
LOCK = Path(__file__).with_name("tryton.lock")
SETTING_UP = Path(__file__).with_name("tryton_setup.py")
PEOPLE = {"elin": "Elin Ek", "johan": "Johan Dahl", "karin": "Karin Lind", "maja": "Maja Sund"}
"""Who sells there, by login: made up, and the roster's of the examples by their ids."""
INTEGRATION = "stafett"


def password(login: str) -> str:
    return f"{login}-has-a-long-word"


def wanted() -> dict:
    """What `tryton_setup.py` makes."""
    return {
        "company": "Exempel AB",
        "currency": "SEK",
        "people": [{"login": login, "name": name, "password": password(login)} for login, name in PEOPLE.items()],
        "integration": {"login": INTEGRATION, "name": "Stafett", "password": password(INTEGRATION)},
    }


def tryton_python() -> Path:
    """The Python of an environment of Tryton's own, with what is locked and nothing else. Raises PartMissing."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = CACHE / f"env-{_digest(LOCK.read_bytes(), version.encode())}"
    return _made_once(folder, _install) / "bin" / "python"


def dump() -> Path:
    """A dump of the database after the setting up, for `pg_restore`. Raises PartMissing."""
    made_of = _digest(LOCK.read_bytes(), SETTING_UP.read_bytes(), json.dumps(wanted()).encode())
    return _made_once(CACHE / f"dump-{made_of}", _set_up) / "tryton.dump"


def _install(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, text=True, timeout=100)
    _run(
        [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--only-binary", ":all:", "--require-hashes", "-r", LOCK], timeout=300,
    )  # fmt: skip


def _set_up(folder: Path) -> None:
    python, server = tryton_python(), PostgresServer().start()
    try:
        server.tool("createdb", "-h", server.folder, "-U", "postgres", "tryton")
        _run(
            [python, "-P", SETTING_UP, "tryton"], timeout=300, input=json.dumps(wanted()),
            env={**os.environ, "TRYTOND_DATABASE_URI": database_uri(server)},
        )  # fmt: skip
        made = server.folder / "tryton.dump"
        server.tool("pg_dump", "-h", server.folder, "-U", "postgres", "-Fc", "-f", made, "tryton")
        folder.mkdir()
        shutil.copyfile(made, folder / made.name)
    finally:
        server.close()


def database_uri(server: PostgresServer) -> str:
    """As Tryton wants it: without the database's name, which each request has in its path."""
    return f"postgresql://postgres@/?host={server.folder}"


def _made_once(folder: Path, make: Callable[[Path], None]) -> Path:
    """Whole or not at all, whoever else makes it at the same time and however often that is killed."""
    finished = folder.with_suffix(".finished")
    if finished.exists():
        return folder
    CACHE.mkdir(parents=True, exist_ok=True)
    with _alone(folder.with_suffix(".lock")):
        if not finished.exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                make(folder)
            except (OSError, RuntimeError, subprocess.SubprocessError) as error:
                said = (getattr(error, "stderr", None) or str(error)).strip()[-800:]
                raise PartMissing(
                    f"Tryton cannot be set up ({said}); pip has to reach what is in tests/parts/{LOCK.name}, as wheels for "
                    f"Python {sys.version_info.major}.{sys.version_info.minor}, or run the quick set: make test-quick"
                ) from error
            finished.touch()
    return folder


@contextmanager
def _alone(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _run(command: list[object], **more) -> None:
    """From a folder of nobody's, so that no file of this project is taken for one of Tryton's."""
    with tempfile.TemporaryDirectory() as nowhere:
        subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, cwd=nowhere, **more)


def _digest(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]
