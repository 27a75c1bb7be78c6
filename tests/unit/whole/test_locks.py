"""What is locked: nothing that is not used, nothing from a place of somebody's own, every file by its digest."""

import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
LOCKS = (
    "requirements.lock",
    "requirements-dev.lock",
    "requirements-tools.lock",
    "tests/parts/tryton.lock",
    "tests/parts/synapse.lock",
    "tests/parts/kit.lock",
)


def entries(name):
    """{package: (version, its digests)}"""
    found = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / name).read_text()):
        package, version = re.match(r"([a-z0-9-]+)==([^\s;]+)", entry).groups()
        found[package] = (version, re.findall(r"--hash=sha256:([0-9a-f]{64})", entry))
    return found


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_names_no_address_and_has_a_digest_of_every_file(name):
    text = (ROOT / name).read_text()
    assert "://" not in text and "--index" not in text and "--find-links" not in text
    assert all(digests for _, digests in entries(name).values())


def test_l11_it_runs_without_what_it_does_not_use():
    assert (
        entries("requirements.lock").keys() & {"watchfiles", "websockets", "python-dotenv", "pydantic-settings"}
        == set()
    )


def test_it_is_tested_with_what_it_runs_with():
    tested = entries("requirements-dev.lock")
    assert all(tested[package] == entry for package, entry in entries("requirements.lock").items())


def test_everything_that_the_project_asks_for_is_locked():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    for wanted, name in (
        (project["project"]["dependencies"], "requirements.lock"),
        (project["dependency-groups"]["dev"], "requirements-dev.lock"),
        (project["dependency-groups"]["tools"], "requirements-tools.lock"),
        (project["dependency-groups"]["tryton"], "tests/parts/tryton.lock"),
        (project["dependency-groups"]["synapse"], "tests/parts/synapse.lock"),
        (project["dependency-groups"]["kit"], "tests/parts/kit.lock"),
    ):
        names = {re.match(r"[\w-]+", one)[0].lower() for one in wanted}
        assert names <= entries(name).keys()


def test_l11_what_is_installed_is_built_already_and_is_what_was_locked():
    lines = [
        line for line in (ROOT / "Makefile").read_text().splitlines() if "pip install" in line or "requirements" in line
    ]
    installing = [
        line for line in lines if re.search(r"requirements[a-z-]*\.lock$", line) and line.startswith("\t$(PIP)")
    ]
    assert len(installing) == 2 and all("$(LOCKED)" in line for line in installing)
    assert "LOCKED := --only-binary :all: --require-hashes -r" in (ROOT / "Makefile").read_text()


@pytest.mark.parametrize("link", re.findall(r"\]\(([^)#:]*)(#[^)]*)?\)", (ROOT / "SECURITY.md").read_text()))
def test_every_link_of_the_security_page_leads_somewhere(link):
    path, anchor = link
    target = ROOT / (path or "SECURITY.md")
    assert target.exists()
    if anchor:
        heads = re.findall(r"^#+ (.*)$", target.read_text(), re.MULTILINE)
        assert anchor[1:] in {re.sub(r"[^a-z0-9 -]", "", head.lower()).replace(" ", "-") for head in heads}
