"""The browser's language."""

import pytest

from services.console.language.browser import language_of


@pytest.mark.parametrize(
    ("accept", "language"),
    [
        ("", "en"),
        ("sv", "sv"),
        ("sv-SE,sv;q=0.9,en-US;q=0.8", "sv"),
        ("en-GB,en;q=0.9,sv;q=0.8", "en"),
        ("de, sv;q=0.5", "sv"),
        ("en;q=0.1, sv;q=0.5", "sv"),
        ("sv;q=0", "en"),
        ("sv;q=nan, en;q=0.2", "en"),
        ("sv;q=1e999", "sv"),
        ("de, fr", "en"),
        (";;;,=,q=,sv;q", "en"),
        ("x" * 10_000 + ",sv", "en"),
    ],
)
def test_it_is_swedish_or_english_whichever_weighs_more(accept, language):
    assert language_of(accept) == language
