"""Into which quarter of an hour an instant falls."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.console.flow.counting import quarter_of


@pytest.mark.parametrize(
    ("at", "begun"),
    [
        ("2026-11-30T12:00:00", "2026-11-30T12:00:00"),
        ("2026-11-30T12:14:59.999999", "2026-11-30T12:00:00"),
        ("1969-12-31T23:59:00", "1969-12-31T23:45:00"),
    ],
)
def test_an_instant_is_in_the_quarter_of_an_hour_that_began_last(at, begun):
    assert quarter_of(datetime.fromisoformat(at).replace(tzinfo=UTC)) == datetime.fromisoformat(begun).replace(
        tzinfo=UTC
    )


def test_quarters_are_those_of_the_zone_and_of_utc_alike():
    at = datetime(2026, 11, 30, 12, 20, tzinfo=ZoneInfo("Asia/Kathmandu"))
    assert quarter_of(at) == quarter_of(at.astimezone(UTC)) == datetime(2026, 11, 30, 6, 30, tzinfo=UTC)
