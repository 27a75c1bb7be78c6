"""Which requests a page of ours made."""

import pytest

from services.console.signing_in.cross_site import is_token, why_not_done, why_not_looked_at

OURS = "https://leads.example.com"


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": OURS},
        {"sec-fetch-site": "same-origin"},
        {"origin": OURS, "sec-fetch-site": "same-origin"},
    ],
)
def test_what_our_own_page_asks_for_is_done(headers):
    assert why_not_done(headers, OURS) is None


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"origin": "null"},
        {"origin": "https://evil.example"},
        {"origin": f"{OURS}.evil.example"},
        {"origin": "http://leads.example.com"},
        {"origin": OURS, "sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example", "sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "same-site"},
        {"sec-fetch-site": "none"},
    ],
)
def test_what_another_site_asks_for_is_not_done(headers):
    assert why_not_done(headers, OURS)


@pytest.mark.parametrize(
    ("headers", "is_answered"),
    [
        ({}, True),
        ({"sec-fetch-site": "none"}, True),
        ({"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"}, True),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}, True),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate", "sec-fetch-dest": "iframe"}, False),
        ({"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "image"}, False),
        ({"sec-fetch-site": "same-site", "sec-fetch-mode": "cors"}, False),
    ],
)
def test_another_site_can_lead_here_and_cannot_read_or_embed(headers, is_answered):
    assert (why_not_looked_at(headers) is None) is is_answered


def test_a_token_is_this_one_and_no_other():
    assert is_token("abc", "abc")
    assert not is_token("abd", "abc") and not is_token("", "abc") and not is_token("åäö", "abc")
