"""The wheel alone, away from this checkout: it carries its migrations and examples, and its command works."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ALONE = {name: value for name, value in os.environ.items() if name != "PYTHONPATH" and not name.startswith("STAFETT_")}


def run(*command, **more):
    done = subprocess.run(
        list(map(str, command)), env=ALONE, capture_output=True, text=True, timeout=60, check=False, **more
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, cwd=ROOT)
    (made,) = folder.glob("stafett-*.whl")
    return made


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A fresh environment with the wheel, which sees the dependencies of this one and not this checkout."""
    folder = tmp_path_factory.mktemp("elsewhere")
    venv.create(folder / "venv", with_pip=False)
    python = folder / "venv" / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet", wheel)
    (site,) = (folder / "venv").glob("lib/python*/site-packages")
    # After its own packages; the checkout's own way into this environment is a .pth file, which is not followed from here.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    where = run(python, "-c", "import services; print(services.__file__)", cwd=folder)
    assert Path(where.strip()).is_relative_to(site)
    return folder


def test_the_wheel_carries_migrations_and_examples_and_no_tests(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for folder in ("migrations/versions", "deploy/examples"):
        for file in (ROOT / folder).iterdir():
            if file.suffix in {".py", ".yaml"}:
                inside = f"{folder}/{file.name}".replace("deploy/", "services/")
                assert inside in names
    assert not [name for name in names if name.startswith("tests/")]


def test_its_command_makes_a_folder_and_a_schema_and_reads_a_body(installed):
    stafett = installed / "venv" / "bin" / "stafett"
    next_line = run(stafett, "new", "mine", cwd=installed).splitlines()[-1]
    assert re.fullmatch(r"next: (.*/)?stafett up --config mine", next_line)
    assert "up to date" in run(stafett, "db", "upgrade", "--config", "mine", cwd=installed)
    read = run(
        stafett, "parse", "form", "--content-type", "application/x-www-form-urlencoded", cwd=installed,
        input="email=anna%40example.com&form_id=demo",
    )  # fmt: skip
    assert '"anna@example.com"' in read
