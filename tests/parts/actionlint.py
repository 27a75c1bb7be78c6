"""actionlint, which reads workflows of GitHub as GitHub does: the machine's own, or built once by its Go from a version's source."""

import os
import shutil
import subprocess
from pathlib import Path

from tests.parts.environments import made_once
from tests.parts.errors import PartMissing

VERSION = "v1.7.7"
CACHE = Path.home() / ".cache" / "stafett" / "actionlint"


def lint_workflows(paths: list[Path]) -> str:
    """What it has to say; empty where it is content. Raises PartMissing, also where nothing builds it."""
    command = [_program(), "-no-color", *map(str, paths)]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False).stdout


def _program() -> str:
    own = shutil.which("actionlint")
    if own is not None:
        return own
    if shutil.which("go") is None:
        raise PartMissing("there is neither actionlint nor the Go that builds it; install one of them")
    return str(made_once("actionlint", CACHE / VERSION, _build) / "actionlint")


def _build(folder: Path) -> None:
    """Go checks what it fetches by the digests of its own database, or of the proxy it is told to trust."""
    command = ["go", "install", f"github.com/rhysd/actionlint/cmd/actionlint@{VERSION}"]
    subprocess.run(
        command, env={**os.environ, "GOBIN": str(folder)}, check=True, capture_output=True, text=True, timeout=300
    )
