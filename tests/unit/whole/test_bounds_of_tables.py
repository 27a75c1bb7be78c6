"""The page of operations lists every table that there is, with its bound."""

import re
from pathlib import Path

from services.adapters.sql.column_classes import COLUMN_CLASSES
from services.adapters.sql.schema import NEEDED

PAGE = Path(__file__).parents[3] / "docs" / "operations.md"


def test_each_table_is_listed_once_with_what_bounds_it():
    section = PAGE.read_text().partition("### Every table and its bound\n")[2].partition("\n## ")[0]
    listed = [
        (name, bound.strip())
        for names, bound in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| (.+?) \|$", section, re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    ]
    assert sorted(name for name, _ in listed) == sorted(NEEDED) == sorted(COLUMN_CLASSES)
    assert all(bound for _, bound in listed)
