"""How an attempt at a subscriber is counted."""

from datetime import timedelta

import pytest

from services import metrics
from services.delivery.role import Verdict, _outcome

LATER = Verdict("pending", timedelta(seconds=5))


@pytest.mark.parametrize(
    ("verdict", "status", "error", "counted"),
    [
        (Verdict("delivered"), 204, None, "delivered"),
        (Verdict("failed"), 500, None, "given_up"),
        (LATER, 500, None, "failed"),
        (LATER, 302, None, "failed"),
        (LATER, 410, None, "refused"),
        (LATER, None, "AddressRefused", "refused"),
        (LATER, None, "ConnectError", "failed"),
        (LATER, None, "ConnectTimeout", "timeout"),
        (LATER, None, "TimeoutError", "timeout"),
    ],
)
def test_an_attempt_is_counted_by_how_it_ended(verdict, status, error, counted):
    assert _outcome(verdict, status, error) == counted
    assert counted in metrics.ATTEMPTS
