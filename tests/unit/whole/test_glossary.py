"""docs/glossary.md and the code use the same words."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("routing", "schemas", "services")
OTHERS_WORDS = ROOT / "services" / "ingest"
"""What reads webhooks names things as senders do."""


def rows():
    for line in (ROOT / "docs" / "glossary.md").read_text().splitlines():
        if line.startswith("| ") and not line.startswith("| word |"):
            word, in_code, meaning, never = (cell.strip() for cell in line.strip("|").split("|"))
            yield word, re.findall(r"`(\w+)`", in_code) or [word], meaning, [one for one in never.split(", ") if one]


ROWS = list(rows())
FORBIDDEN = sorted({one for _, _, _, never in ROWS for one in never} | {"reckon", "reckoned", "anew", "lest", "whom"})


@cache
def names():
    """Every name that is given in the code (of modules, classes, functions, arguments, variables, fields), with the files that give it."""
    given: dict[str, set[Path]] = {}
    for path in (path for package in PACKAGES for path in (ROOT / package).rglob("*.py")):
        for name in (path.stem, *names_in(ast.parse(path.read_text()))):
            given.setdefault(name, set()).add(path)
    return given


def names_in(tree):
    for node in ast.walk(tree):
        match node:
            case (
                ast.FunctionDef(name=name)
                | ast.AsyncFunctionDef(name=name)
                | ast.ClassDef(name=name)
                | ast.arg(arg=name)
            ):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def words_of(name):
    """`ClockState`, `_clock_state` -> `_clock_state_`: its words in small letters between underscores."""
    return f"_{'_'.join(re.findall(r'[A-Z]+(?![a-z])|[A-Z]?[a-z]+', name)).lower()}_"


@pytest.mark.parametrize(("word", "in_code"), [(word, one) for word, in_code, _, _ in ROWS for one in in_code])
def test_each_word_is_in_the_code(word, in_code):
    assert any(words_of(in_code) in words_of(name) for name in names()), f"{word}: nothing is called {in_code}"


@pytest.mark.parametrize("word", FORBIDDEN)
def test_no_name_has_a_word_that_is_never_used(word):
    used = {
        f"{path.relative_to(ROOT)}: {name}"
        for name, paths in names().items()
        if f"_{word}_" in words_of(name)
        for path in paths
        if not path.is_relative_to(OTHERS_WORDS)
    }
    assert not used, f"{word} is never used: {sorted(used)}"


def test_each_word_is_there_once_with_one_line_of_meaning():
    words = [word for word, *_ in ROWS]
    assert len(set(words)) == len(words) >= 100
    assert all(meaning and in_code for _, in_code, meaning, _ in ROWS)
    assert not {one for _, in_code, _, _ in ROWS for one in in_code} & set(FORBIDDEN), "a word and never used"


def test_the_words_of_a_name_are_told_apart():
    assert [words_of(name) for name in ("ClockState", "_due_at", "SLAPolicy", "kept")] == [
        "_clock_state_", "_due_at_", "_sla_policy_", "_kept_",
    ]  # fmt: skip
