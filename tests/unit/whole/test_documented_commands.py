"""The commands on the pages are commands, with the options that they are shown with."""

import contextlib
import io
import re
from functools import cache
from pathlib import Path

import pytest

from services.cli.main import COMMANDS, main

ROOT = Path(__file__).parents[3]
SHOWN = re.compile(r"(?:`|^ {4}(?:\S*/)?)stafett ([a-z|]+)((?: [a-z]+)*)([^`\n#]*)", re.MULTILINE)
PAGES = [page for page in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")) if page.stem != "CHANGELOG"]


@cache
def help_of(*words):
    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told), contextlib.suppress(SystemExit):
        main([*words, "--help"])
    return told.getvalue()


def help_along(words):
    """The help of the command and of each of its actions that is named after it."""
    found = help_of(words[0])
    for count in range(2, len(words) + 1):
        if not re.search(rf"^\s+{words[count - 1]}\b|[{{,]{words[count - 1]}[,}}]", found, re.MULTILINE):
            break
        found += help_of(*words[:count])
    return found


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_each_command_is_one_and_has_its_options(page):
    for command, actions, rest in SHOWN.findall(page.read_text()):
        assert set(command.split("|")) <= set(COMMANDS), f"stafett {command}"
        words = (command.partition("|")[0], *actions.split())
        for option in re.findall(r"--[a-z][a-z-]*", rest):
            assert option in help_along(words), f"stafett {' '.join(words)} {option}"


def test_pages_show_commands():
    assert sum(len(SHOWN.findall(page.read_text())) for page in PAGES) > 100
    assert "--reason" in help_along(("db", "positions", "skip")) and "--reason" not in help_of("db")
