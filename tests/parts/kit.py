"""The tools that deploy/ is held against: Helm's own library, Kubernetes' schemas, Compose's, hadolint; by pip from `kit.lock`."""

import json
import subprocess
from pathlib import Path

from tests.parts.environments import python_of

LOCK = Path(__file__).with_name("kit.lock")
CACHE = Path.home() / ".cache" / "stafett" / "kit"
INSIDE = Path(__file__).with_name("kit_inside.py")


def ask_inside(question: str, **given) -> list:
    """What `kit_inside.py` answers to one of its questions, in the environment of the tools. Raises PartMissing."""
    command = [_python(), "-I", INSIDE, question]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def lint_dockerfile(path: Path) -> str:
    """What hadolint has to say; empty where it is content. Raises PartMissing."""
    program = _python().with_name("hadolint")
    return subprocess.run([program, path], capture_output=True, text=True, timeout=60, check=False).stdout


def _python() -> Path:
    return python_of("The tools for deploy/", LOCK, CACHE)
