"""Functions are named by what they do or give, and texts use words that a foreign colleague knows."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FILES = sorted(path for package in ("routing", "schemas", "services") for path in (ROOT / package).rglob("*.py"))
PARTICIPLE = re.compile(
    r"_?(?:[a-z]+ed|said|told|lived|held|found|meant|left|given|known|kept|made|seen|sent|taken|written|heard|brought|sold|lost"
    r"|won|shown|chosen|gone|done|built|bound|begun|drawn|driven|fallen|forgotten|grown|hidden|laid|led|paid|spent|thought|thrown"
    r"|torn|understood|worn)"
)
VERBS_AND_NOUNS = {"feed", "need", "seed", "speed", "embed", "proceed", "exceed", "succeed", "shed"}
HARD = re.compile(r"\b(?:whom|anew|reckon\w*|lest|(?:leans|stands) on)\b", re.IGNORECASE)
PUBLISHED = {
    "schemas/asyncapi.py",
    "schemas/commands.py",
    "schemas/events/base.py",
    "schemas/explain.py",
    "schemas/http/clocks.py",
    "schemas/http/leads.py",
    "schemas/http/queues.py",
    "schemas/market.py",
    "schemas/sla.py",
    "schemas/sources.py",
}
"""Their texts are descriptions in the schemas that others have: they change with a version of those, not for a word."""


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_function_has_a_bare_participle_for_a_name_and_no_text_a_hard_word(path):
    text = path.read_text()
    functions = [n for n in ast.walk(ast.parse(text)) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)]
    bare = [f.name for f in functions if PARTICIPLE.fullmatch(f.name) and f.name.strip("_") not in VERBS_AND_NOUNS]
    assert not bare, "name what it does (a verb and its object) or what it gives (a noun, or a question)"
    assert str(path.relative_to(ROOT)) in PUBLISHED or not HARD.search(text)


def test_each_exception_for_what_is_published_is_needed():
    assert all(HARD.search((ROOT / path).read_text()) for path in PUBLISHED)


@pytest.mark.parametrize(
    "page", sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]), ids=lambda page: page.name
)
def test_no_page_has_a_hard_word(page):
    lines = [line for line in page.read_text().splitlines() if "*lest*" not in line]
    assert not HARD.search("\n".join(lines))
