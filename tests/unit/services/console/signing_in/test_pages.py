"""Where a reader may be sent."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.console.signing_in.pages import is_local


@pytest.mark.parametrize("path", ["/", "/now?wall=1", "/leads/lead_x5?tab=clocks#top", "/%2F%2Fevil.example"])
def test_a_path_of_this_page_is_local(path):
    assert is_local(path)


@pytest.mark.parametrize(
    "path",
    [
        "", "//evil.example", "///evil.example", "/\\evil.example", "\\\\evil.example", "https://evil.example", "evil",
        "javascript:alert(1)", "/\t/evil.example", "/\n/evil.example", " /", "/\x00", "/ä", "/" + "a" * 1000, "/a\\b",
    ],
)  # fmt: skip
def test_whatever_could_lead_elsewhere_is_not(path):
    assert not is_local(path)


@given(st.text(alphabet="/\\.:@ae\t\n %2f?#", max_size=12))
def test_what_is_local_begins_with_one_slash_and_has_nothing_that_browsers_take_out(path):
    if is_local(path):
        assert re.fullmatch(r"/(?!/)[^\\\s]*", path)
