"""What the docs say is what the code does."""

from pathlib import Path

from routing.agreement import check_against
from routing.lifecycle import diagram
from tests.setups import EXAMPLES, ruling

ROOT = Path(__file__).parents[2]


def test_the_lifecycle_in_the_docs_is_the_table():
    assert diagram() in (ROOT / "docs" / "architecture.md").read_text()


def test_the_examples_are_sound_together():
    rules = ruling()
    text = (EXAMPLES / "agreement.yaml").read_text()
    assert check_against(rules.agreement, rules.roster, text, "agreement.yaml") == []
