"""What people are told where something did not go: every problem of the page has words, in both languages."""

import re
from datetime import UTC, datetime
from pathlib import Path

from schemas.problems import KINDS
from services.console.language.reader import reader_of
from services.console.language.words import LANGUAGES, words_in
from services.console.troubles import TROUBLES, trouble_text

ROOM = Path(__file__).parents[4] / "services" / "console"
RAISED = {
    code
    for path in ROOM.rglob("*.py")
    for code in re.findall(r"""(?:Trouble|_trouble)\(\s*"(\w+)\"""", path.read_text())
}


def test_every_problem_that_the_page_raises_has_words_in_both_languages():
    assert len(RAISED) > 8 and set(KINDS) >= RAISED
    assert RAISED - set(TROUBLES) == set() and set(TROUBLES) <= set(KINDS)
    for language in LANGUAGES:
        reader = reader_of(language, "UTC", datetime(2026, 11, 23, tzinfo=UTC))
        texts = [trouble_text(code, reader) for code in (*TROUBLES, "internal_of_tomorrow")]
        assert len(set(texts)) == len(texts)
        if language != "en":
            assert all(text in words_in(language).texts.values() for text in texts)
