"""Quiet hours, across midnight, weekends and the change of the clocks."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import ValidationError

from routing.incidents.quiet import quiet_until
from schemas.notify import QuietHours

STOCKHOLM = ZoneInfo("Europe/Stockholm")
NIGHT = QuietHours.model_validate({"from": "20:00", "to": "07:00"})
WEEKEND = QuietHours.model_validate({"from": "20:00", "to": "07:00", "whole_days": ["sat", "sun"]})


def at(day, hour, minute=0, month=11):
    return datetime(2026, month, day, hour, minute, tzinfo=STOCKHOLM)


@pytest.mark.parametrize(
    ("when", "until"),
    [
        (at(24, 19, 59), None),
        (at(24, 20), at(25, 7)),
        (at(25, 3), at(25, 7)),
        (at(25, 7), None),
        (at(25, 12), None),
    ],
)
def test_a_night_is_half_open(when, until):
    assert quiet_until(NIGHT, STOCKHOLM, when.astimezone(UTC)) == until


def test_a_weekend_joins_the_nights_around_it():
    assert quiet_until(WEEKEND, STOCKHOLM, at(27, 21)) == at(30, 7), "Friday evening to Monday morning"


def test_it_is_wall_time_when_clocks_change():
    assert quiet_until(NIGHT, STOCKHOLM, at(24, 23, month=10)) == at(25, 7, month=10)
    assert quiet_until(NIGHT, STOCKHOLM, at(28, 23, month=3)) == at(29, 7, month=3)


@pytest.mark.parametrize(
    "hours",
    [
        {"from": "20:00", "to": "20:00"},
        {"from": "20:00", "to": "07:00", "whole_days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]},
        {"from": "20:00Z", "to": "07:00"},
        {"from": "20:00"},
    ],
)
def test_hours_that_mean_nothing_are_refused(hours):
    with pytest.raises(ValidationError):
        QuietHours.model_validate(hours)
