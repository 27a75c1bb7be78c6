"""Each decision record says when, whether it still holds, and what lost against it."""

import re
from datetime import date
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
RECORDS = sorted((ROOT / "docs" / "adr").glob("*.md"))
HEAD = re.compile(r"# (\d+)\. \S.*\n\nDate: (\d{4}-\d\d-\d\d)\. Status: (accepted|superseded by ADR (\d+))\.\n\n\S")
LOST = "\n## Alternatives that lost\n\n"
ALTERNATIVE = re.compile(r"- \*\*[^*]+\*\*(?: \([^)]*\)\.)? \w.{20,}", re.DOTALL)  # its name in bold, then why it lost


def test_the_records_are_numbered_without_a_gap():
    assert [int(page.name[:4]) for page in RECORDS] == list(range(1, len(RECORDS) + 1))


@pytest.mark.parametrize("page", RECORDS, ids=lambda page: page.stem)
def test_a_record_has_its_date_its_status_and_the_alternatives_that_lost(page):
    text = page.read_text()
    head = HEAD.match(text)
    assert head, f"{page.name} begins with its title and `Date: YYYY-MM-DD. Status: accepted.`"
    assert int(head[1]) == int(page.name[:4])
    assert date.fromisoformat(head[2]) >= date(2026, 11, 24), "the project began then"
    assert head[4] is None or int(head[4]) in range(1, len(RECORDS) + 1)
    _, heading, lost = text.partition(LOST)
    assert heading, f"{page.name} has no section `{LOST.strip()}`"
    entries = lost.split("\n- ")
    assert len(entries) >= 2, "a decision without an alternative is none"
    for entry in entries:
        assert ALTERNATIVE.match("- " + entry.removeprefix("- ")), entry


@pytest.mark.parametrize("page", RECORDS, ids=lambda page: page.stem)
def test_the_files_that_a_record_names_are_there(page):
    for path in re.findall(r"`((?:routing|schemas|services|tests|deploy|migrations)/[\w/.]+)`", page.read_text()):
        assert (ROOT / path).exists(), path
