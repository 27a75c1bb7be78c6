"""docs/security.md names for each finding the files whose tests have its number."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "security.md").read_text()
ROWS = {
    number: re.findall(r"tests/[\w/]+\.py", tests)
    for number, tests in re.findall(r"^\| ([CHML]\d+) \|.*\|(.*)\|$", PAGE, re.MULTILINE)
}


@pytest.mark.parametrize("number", ROWS)
def test_each_finding_has_a_test_of_its_number_in_every_file_that_is_named(number):
    assert ROWS[number]
    for name in ROWS[number]:
        assert re.search(rf"def test_{number.lower()}_", (ROOT / name).read_text()), name


def test_no_finding_is_missing():
    found = {
        number.upper()
        for path in (ROOT / "tests").rglob("test_*.py")
        for number in re.findall(r"def test_([chml]\d+)_", path.read_text())
    }
    expected = {
        f"{letter}{n}" for letter, last in (("C", 2), ("H", 6), ("M", 8), ("L", 11)) for n in range(1, last + 1)
    }
    assert found & expected == ROWS.keys() == expected, sorted(expected - ROWS.keys())
