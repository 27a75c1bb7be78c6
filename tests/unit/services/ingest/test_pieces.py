"""Whatever body under a mebibyte a proven sender sends, of any kind: no piece of the work is long before others have their turn
(H6). Work is counted in calls of functions, of which a second of a batch has five to seven million."""

from functools import cache

import pytest

from services.ingest.parsers.bounds.pieces import PIECE, in_pieces
from tests.attack.bodies import of_any_kind, of_own
from tests.attack.costs import Calls, count_calls, pieces_of, read, sender_of
from tests.everykind import KINDS, sent

CALLS = 1_000_000
"""Less than 0.2 s. A piece is about 200,000."""
WORST = ("1000 records", "100 wide records", "1999 names in JSON", "400 texts of ampersands")
OWN_WORST = ("1000 rich bodies", "1000 own bodies", "1000 of ")


@cache
def worst_of_any_kind():
    return [made for made in of_any_kind() if made[0] in WORST]


@pytest.mark.parametrize("kind", KINDS)
def test_h6_no_piece_of_a_body_is_more_than_a_fifth_of_a_second(kind):
    sender, calls = sender_of(kind, is_proven=True, max_values=50_000), Calls()
    own = [made for made in of_own(kind) if any(words in made[0] for words in OWN_WORST)]
    found = {
        what: max(pieces_of(sender, body, {**sent(kind).headers, "content-type": content_type}, calls))
        for what, body, content_type in [*worst_of_any_kind(), *own]
    }
    calls.stop()
    assert len(found) >= len(WORST)
    assert {what: most for what, most in found.items() if most > CALLS} == {}


@pytest.mark.parametrize("what", ["1000 rich bodies", "1000 records"])
def test_h6_a_thousand_rich_events_are_less_than_half_the_calls_of_before(what):
    """5.3 million functions were called for the first of them when its names were looked for one by one."""
    body = next(body for name, body, _ in [*worst_of_any_kind(), *of_own("generic")] if name == what)
    sender, headers = sender_of("generic", is_proven=True, max_values=50_000), {"content-type": "application/json"}
    calls, _ = count_calls(lambda: read(sender, body, headers))
    assert calls < 2_600_000


@pytest.mark.parametrize(("kind", "least"), [("generic", 20), ("cloudevents", 20), ("hubspot", 10), ("salesforce", 10)])
def test_h6_a_thousand_events_are_many_pieces(kind, least):
    what = "1000 rich bodies" if kind != "hubspot" else "1000 records"
    bodies = [*worst_of_any_kind(), *of_own(kind)]
    body, content_type = next((body, said) for name, body, said in bodies if name == what)
    pauses = []
    with in_pieces(lambda: pauses.append(1)):
        read(
            sender_of(kind, is_proven=True, max_values=50_000),
            body,
            {**sent(kind).headers, "content-type": content_type},
        )
    assert least <= len(pauses) <= 200
    assert PIECE * len(pauses) < 200_000
