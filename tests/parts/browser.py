"""A real Chromium, without root: the machine's own, else Debian's with what this machine lacks of its libraries, unpacked into a folder
of ours as apt resolves it. And axe-core, which looks for what keeps people from using a page, by the digest of its package."""

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import NamedTuple

from tests.parts.debian import CACHE as DEBIAN
from tests.parts.debian import apt, run
from tests.parts.errors import PartMissing

PACKAGE = "chromium-headless-shell"
OWN = ("chromium-headless-shell", "chromium", "chromium-browser")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]  # fmt: skip
"""It asks nobody but the page: without these a Chromium looks for its maker's hosts."""
AXE_VERSION = "4.14.1"
AXE_SHA256 = "e6b0ce02b84d892e2e33e403485e7f3d6c29e2be6df65daf44d89ba564139745"
"""Of the package at npm; the script is `package/axe.min.js` in it."""
NPM = Path.home() / ".cache" / "stafett" / "npm"


class Chromium(NamedTuple):
    """The program, and the environment that it runs in."""

    path: str
    env: dict[str, str]


def chromium() -> Chromium:
    """Fetched once. Raises PartMissing."""
    own = next((found for name in OWN if (found := shutil.which(name))), None)
    if own is not None:
        return Chromium(own, dict(os.environ))
    place = DEBIAN / PACKAGE
    if not place.exists():
        try:
            _unpack(place)
        except (OSError, subprocess.SubprocessError) as error:
            said = (getattr(error, "stderr", None) or str(error)).strip()[-500:]
            raise PartMissing(
                f"{PACKAGE} cannot be fetched by apt-get ({said}); install it, or run make test-quick"
            ) from error
    libraries = [str(folder) for folder in (place / "usr" / "lib").glob("*-linux-gnu")]
    libraries += [str(Path(folder) / "pulseaudio") for folder in libraries]
    env = {**os.environ, "LD_LIBRARY_PATH": ":".join(libraries)}
    return Chromium(str(place / "usr" / "lib" / "chromium" / PACKAGE), env)


def _unpack(place: Path) -> None:
    """It and what it needs and this machine has not; whole or not at all."""
    DEBIAN.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=DEBIAN) as folder:
        at = Path(folder)
        try:
            _download(["apt-get", "-q"], at)
        except subprocess.CalledProcessError:
            # The machine has no lists of packages, or old ones.
            _download(apt(at), at)
        for archive in at.glob("*.deb"):
            run(["dpkg-deb", "-x", str(archive), str(at / "unpacked")], at)
        shutil.rmtree(place, ignore_errors=True)
        (at / "unpacked").rename(place)


def _download(command: list[str], at: Path) -> None:
    planned = run([*command, "-s", "install", "--no-install-recommends", PACKAGE], at)
    names = [line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")]
    run([*command, "download", *names], at)


def axe() -> str:
    """The script, which a test puts into a page. Raises PartMissing."""
    script = NPM / f"axe-core-{AXE_VERSION}.min.js"
    if not script.exists():
        NPM.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=NPM) as folder:
            at = Path(folder)
            try:
                run(["npm", "pack", "--silent", f"axe-core@{AXE_VERSION}"], at)
            except (OSError, subprocess.SubprocessError) as error:
                raise PartMissing(
                    "axe-core cannot be fetched by npm; install Node.js, or run make test-quick"
                ) from error
            (archive,) = at.glob("*.tgz")
            if hashlib.sha256(archive.read_bytes()).hexdigest() != AXE_SHA256:
                raise PartMissing(f"axe-core {AXE_VERSION} is not the one that was looked at: its digest is another")
            with tarfile.open(archive) as package:
                content = package.extractfile("package/axe.min.js")
                assert content is not None
                (at / "axe.js").write_bytes(content.read())
            (at / "axe.js").rename(script)
    return script.read_text("utf-8")
