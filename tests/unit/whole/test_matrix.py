"""The page that says which fact is read of which kind of source is what reading the bodies gives."""

import pytest

from services.ingest.parsers.registry import PARSERS
from tests.matrix.facts import FACTS
from tests.matrix.page import BODIES, LACKING, PAGE, differences, page, states


def test_the_page_in_the_docs_is_made_by_reading():
    assert PAGE.read_text() == page(), "run `python -m tests.matrix` and look at what changed"


@pytest.mark.parametrize("kind", sorted(PARSERS))
def test_what_a_body_says_is_read_or_called_not_supported(kind):
    """Whoever takes something away sees it here by its body, its fact and its value."""
    known = {name for name, state in states(kind).items() if state == LACKING}
    assert {name for _, name, _, _ in differences(kind)} == known
    assert known <= {"opt-out", "email"} or kind not in BODIES, sorted(known)


def test_every_fact_is_said_by_some_body():
    assert {name for rows in BODIES.values() for _, _, said in rows for name in said} == FACTS.keys()
