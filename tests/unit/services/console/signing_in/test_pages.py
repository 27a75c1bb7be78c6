"""Where a reader may be sent, and words that are there in both languages."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.problems import KINDS
from services.console.signing_in.pages import is_local, paragraph
from services.console.signing_in.words import WORDS


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


@pytest.mark.parametrize("language", WORDS)
def test_errors_have_words_for_problems_that_exist(language):
    assert set(WORDS[language].errors) == set(WORDS["en"].errors) <= set(KINDS)
    assert all(value for value in WORDS[language])


def test_text_is_escaped_and_back_quotes_are_code():
    assert paragraph("a <b> `c&d` e") == "<p>a &lt;b&gt; <code>c&amp;d</code> e</p>"
