"""docs/walk.md is what the example agreement does, word for word."""

from tests.walk import DOCUMENT, walked


async def test_the_week_in_the_docs_is_what_running_it_gives():
    assert DOCUMENT.read_text("utf-8") == await walked(), "run python -m tests.walk"
