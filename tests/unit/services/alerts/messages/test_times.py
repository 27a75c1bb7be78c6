"""Instants and lengths as people read them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from services.alerts.messages.times import instant_text, length_text

STOCKHOLM = ZoneInfo("Europe/Stockholm")


@pytest.mark.parametrize(
    ("length", "english", "swedish"),
    [
        (timedelta(hours=3, minutes=20), "3 h 20 min", "3 tim 20 min"),
        (timedelta(minutes=59, seconds=59), "59 min", "59 min"),
        (timedelta(hours=2), "2 h", "2 tim"),
        (timedelta(days=1, hours=1, minutes=5), "1 d 1 h", "1 dygn 1 tim"),
        (timedelta(days=3, minutes=5), "3 d 5 min", "3 dygn 5 min"),
        (timedelta(seconds=30), "less than 1 min", "mindre än 1 min"),
    ],
)
def test_a_length_is_said_in_its_two_largest_units(length, english, swedish):
    assert (length_text(length, "en"), length_text(length, "sv")) == (english, swedish)


def test_an_instant_is_the_readers_wall_time_with_its_zone():
    at = datetime(2026, 7, 5, 22, 30, tzinfo=UTC)
    assert instant_text(at, STOCKHOLM, "sv") == "mån 6 juli 00:30 CEST"
    assert instant_text(at, ZoneInfo("America/New_York"), "en") == "Sun 5 Jul 18:30 EDT"
