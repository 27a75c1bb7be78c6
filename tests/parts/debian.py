"""Programs of Debian's packages, unpacked into a folder of our own: no root, nothing installed, apt checks what it fetches."""

import shutil
import subprocess
import sysconfig
import tempfile
from pathlib import Path

from tests.parts.errors import PartMissing

CACHE = Path.home() / ".cache" / "stafett" / "debian"


def program(package: str, path: str) -> str:
    """The program's path: the machine's own where it has one, else that of the package, fetched once. Raises PartMissing."""
    name = Path(path).name
    own = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if own:
        return own
    return str(_unpacked(package, path))


def library_folder(package: str, file: str) -> Path:
    """The folder with the package's shared library `file`, for LD_LIBRARY_PATH of a program that was unpacked. Raises PartMissing."""
    return _unpacked(package, f"usr/lib/{sysconfig.get_config_var('MULTIARCH')}/{file}").parent


def _unpacked(package: str, path: str) -> Path:
    place = CACHE / package
    if not (place / path).exists():
        try:
            _unpack(package, place)
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", None) or str(error)).strip()[-500:]
            raise PartMissing(
                f"{package} cannot be fetched by apt-get ({said}); install it so that `{Path(path).name}` is found, or run the "
                "quick set: make test-quick"
            ) from error
    return place / path


def _unpack(package: str, place: Path) -> None:
    """Whole or not at all, however often it is killed on the way."""
    CACHE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=CACHE) as folder:
        at = Path(folder)
        _download(package, at)
        (archive,) = at.glob("*.deb")
        run(["dpkg-deb", "-x", str(archive), str(at / "unpacked")], at)
        shutil.rmtree(place, ignore_errors=True)
        (at / "unpacked").rename(place)


def _download(package: str, at: Path) -> None:
    """By the machine's lists of packages; where there are none, or old ones, by lists of our own."""
    try:
        run(["apt-get", "-q", "download", package], at)
    except subprocess.CalledProcessError:
        run([*apt(at), "download", package], at)


def apt(at: Path) -> list[str]:
    """apt-get with lists of our own in this folder, as of now: no root, and nothing of the machine is changed."""
    for needed in ("state/lists/partial", "cache/archives/partial"):
        (at / needed).mkdir(parents=True, exist_ok=True)
    options = [f"Dir::State={at}/state", f"Dir::Cache={at}/cache", "Dir::State::status=/var/lib/dpkg/status"]
    command = ["apt-get", "-q", *(word for option in options for word in ("-o", option))]
    run([*command, "update"], at)
    return command


def run(command: list[str], at: Path) -> str:
    """What it says. Raises subprocess.SubprocessError, OSError."""
    return subprocess.run(command, cwd=at, check=True, capture_output=True, text=True, timeout=100).stdout
