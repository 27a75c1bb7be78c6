"""Links to acknowledge."""

from services.alerts.tokens import read_token, token_of

KEY = b"k" * 32


def test_a_token_names_what_and_proves_whose_it_is_without_saying_so():
    token = token_of(KEY, "inc_1", "elin")
    assert "elin" not in token
    assert read_token(KEY, token, ["johan", "elin"]) == ("inc_1", "elin")
    assert read_token(KEY, token_of(KEY, "ntf_1", ""), ["elin"]) == ("ntf_1", "")


def test_nothing_else_is_one():
    token = token_of(KEY, "inc_1", "elin")
    for other in ("", ".", "inc_1", "inc_1.", token[:-1], token.replace("inc_1", "inc_2"), "inc_1.é", f"{token}a"):
        assert read_token(KEY, other, ["elin"]) is None
    assert read_token(b"x" * 32, token, ["elin"]) is None
    assert read_token(KEY, token, ["johan"]) is None, "who left the roster acknowledges nothing by an old link"
