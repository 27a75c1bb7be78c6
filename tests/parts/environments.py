"""Programs in environments of their own, by pip from a lock: made once on a machine, kept in the user's cache.

A folder's name has the digest of what it was made of, so that another lock makes another.
"""

import fcntl
import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.parts.errors import PartMissing


def python_of(name: str, lock: Path, cache: Path) -> Path:
    """The Python of an environment with what is locked and nothing else. Raises PartMissing."""
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = cache / f"env-{digest_of(lock.read_bytes(), version.encode())}"
    return made_once(name, folder, lambda made: _install(made, lock)) / "bin" / "python"


def made_once(name: str, folder: Path, make: Callable[[Path], None]) -> Path:
    """Whole or not at all, whoever else makes it at the same time and however often that is killed. Raises PartMissing."""
    finished = folder.with_suffix(".finished")
    if finished.exists():
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with alone(folder.with_suffix(".lock")):
        if not finished.exists():
            shutil.rmtree(folder, ignore_errors=True)
            try:
                make(folder)
            except (OSError, RuntimeError, subprocess.SubprocessError) as error:
                said = (getattr(error, "stderr", None) or str(error)).strip()[-800:]
                raise PartMissing(
                    f"{name} cannot be set up ({said}); pip has to reach what is in its lock in tests/parts, as wheels for "
                    f"Python {sys.version_info.major}.{sys.version_info.minor}, or run the quick set: make test-quick"
                ) from error
            finished.touch()
    return folder


def run_apart(command: list[object], **more) -> None:
    """From a folder of nobody's, so that no file of this project is taken for one of the program's."""
    with tempfile.TemporaryDirectory() as nowhere:
        subprocess.run([str(word) for word in command], check=True, capture_output=True, text=True, cwd=nowhere, **more)


def digest_of(*parts: bytes) -> str:
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def _install(folder: Path, lock: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True, capture_output=True, text=True, timeout=100)
    run_apart(
        [folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
         "--only-binary", ":all:", "--require-hashes", "-r", lock], timeout=300,
    )  # fmt: skip


@contextmanager
def alone(lock: Path) -> Iterator[None]:
    """Whoever else does the same on this machine waits; the folder of the lock file is there afterwards."""
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield
