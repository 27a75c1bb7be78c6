"""A router knows the leads that it wrote last, and no more of them than it may."""

from services.router.recent import Recent
from services.rows import LeadRow
from tests.setups import START


def row(ident, version=1):
    return LeadRow(
        id=ident, brand="b", stage="contact", disposition="active", owner=None, account_id=None, held=False,
        version=version, state="{}", personal=None, email_digest=None, updated_at=START,
    )  # fmt: skip


def test_the_newest_row_of_a_lead_is_known():
    recent = Recent()
    recent.put([row("a"), row("b"), row("a", 2)])
    assert {ident: known.version for ident, known in recent.among(["a", "b", "c"]).items()} == {"a": 2, "b": 1}


def test_what_was_written_longest_ago_is_forgotten_first():
    recent = Recent(most=2)
    recent.put([row("a"), row("b")])
    recent.put([row("a", 2)])
    recent.put([row("c")])
    assert recent.among("abc").keys() == {"a", "c"}


def test_what_moved_is_forgotten():
    recent = Recent()
    recent.put([row("a"), row("b")])
    recent.forget(["a", "x"])
    assert recent.among("ab").keys() == {"b"}
    recent.clear()
    assert not recent.among("ab")
