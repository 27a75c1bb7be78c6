"""The pages of receiving CRMs: what they tell people to write is read as they say."""

import re
from pathlib import Path

import pytest

from schemas.sinks import SinksFile
from schemas.yamlfile import load

PAGES = sorted(Path("docs/crms").glob("*.md"))
BLOCK = re.compile(r"^```yaml\n(version: 1\nsinks:.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_file_of_each_page_is_one_that_loads(page):
    blocks = BLOCK.findall(page.read_text())
    assert blocks, f"{page} shows no sinks.yaml"
    for block in blocks:
        (sink,) = load(block, SinksFile, str(page)).sinks
        assert sink.kind == page.stem
