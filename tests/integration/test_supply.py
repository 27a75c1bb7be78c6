"""What is given out and how it is made: the workflows of GitHub, held against actionlint, and the signature of a release."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.parts.actionlint import lint_workflows

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
USES = re.compile(r"uses: (\S+)(.*)")

needs_go = pytest.mark.skipif(
    shutil.which("actionlint") is None and shutil.which("go") is None, reason="neither actionlint nor Go is here"
)


@needs_go
@pytest.mark.real
def test_actionlint_finds_nothing_wrong_with_the_workflows():
    assert lint_workflows(WORKFLOWS) == ""


@needs_go
@pytest.mark.real
def test_actionlint_finds_what_is_wrong(tmp_path):
    broken = tmp_path / "ci.yml"
    broken.write_text((ROOT / ".github/workflows/ci.yml").read_text().replace("steps:", "step:", 1))
    assert 'unexpected key "step"' in lint_workflows([broken])


def test_the_workflow_runs_what_a_new_machine_runs():
    jobs = yaml.safe_load((ROOT / ".github/workflows/ci.yml").read_text())["jobs"]
    assert [step["run"] for step in jobs["test"]["steps"] if "run" in step][-1] == "bash .ci/run"


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_what_others_wrote_is_named_by_its_commit_and_gets_no_more_rights_than_it_needs(path):
    text = path.read_text()
    for action, more in USES.findall(text):
        assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", action) and re.fullmatch(r" # v[\d.]+", more), action
    assert yaml.safe_load(text)["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_a_workflow_makes_what_can_be_made(path):
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    wanted = {word for line in re.findall(r"run: make (.*)", path.read_text()) for word in line.split()}
    assert wanted and wanted <= targets


def make(folder, *words):
    """make with `dist` elsewhere and nothing built: what it is given stands there."""
    command = ["make", "--silent", "-o", "wheel", "-o", "sbom", *words, f"DIST={folder}"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)


def new_key(folder, name):
    key = folder / name
    command = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(key)]
    subprocess.run(command, check=True, timeout=30)
    return key


@pytest.fixture
def release(tmp_path):
    """A folder as `make sign` left it, and those who may sign."""
    folder = tmp_path / "dist"
    folder.mkdir()
    (folder / "stafett-1.0-py3-none-any.whl").write_bytes(b"the wheel")
    (folder / "stafett.cdx.json").write_text("{}")
    done = make(folder, "sign", f"KEY={new_key(tmp_path, 'release')}")
    assert done.returncode == 0, done.stderr
    signers = tmp_path / "signers"
    signers.write_text(f"stafett {(tmp_path / 'release.pub').read_text()}")
    return folder, signers


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH is not here")
def test_a_release_that_was_signed_is_known_as_such_and_nothing_else_is(release, tmp_path):
    folder, signers = release
    asked = ("verify", f"SIGNERS={signers}")
    assert make(folder, *asked).returncode == 0
    wheel = folder / "stafett-1.0-py3-none-any.whl"
    wheel.write_bytes(b"another wheel")
    assert "FAILED" in make(folder, *asked).stdout
    wheel.write_bytes(b"the wheel")
    sums = folder / "SHA256SUMS"
    sums.write_text(sums.read_text().replace("stafett.cdx.json", "stafett.cdx.jsn"))
    assert make(folder, *asked).returncode != 0
    stranger = tmp_path / "strangers"
    stranger.mkdir()
    (folder / "SHA256SUMS.sig").unlink()
    assert make(folder, "sign", f"KEY={new_key(stranger, 'release')}").returncode == 0
    assert make(folder, *asked).returncode != 0
