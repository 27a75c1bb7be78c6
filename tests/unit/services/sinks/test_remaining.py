"""How much a vendor's answer says is left."""

import pytest

from services.sinks.remaining import Remaining, remaining_in


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({}, Remaining()),
        (
            {"x-hubspot-ratelimit-remaining": "97", "x-hubspot-ratelimit-daily-remaining": "249000"},
            Remaining(97, 249_000),
        ),
        ({"x-ms-ratelimit-burst-remaining-xrm-requests": "5990"}, Remaining(5990)),
        ({"x-ratelimit-remaining": "3"}, Remaining(3)),
        ({"ratelimit": "limit=160, remaining=7, reset=8"}, Remaining(7)),
        ({"sforce-limit-info": "api-usage=14990/15000"}, Remaining(day=10)),
        ({"sforce-limit-info": "api-usage=15003/15000"}, Remaining(day=0)),
        ({"x-ratelimit-remaining": "-1", "ratelimit": "soon"}, Remaining()),
    ],
)  # fmt: skip - one case a line
def test_each_vendor_says_it_in_its_own_words(headers, expected):
    assert remaining_in(headers) == expected
