"""Business time: vectors of our own, published ones where they are at hand; the field's traps are in test_traps."""

import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from routing.calendar.business_time import HorizonExceeded, business_days_due, compile_calendar
from routing.calendar.intervals import explain
from schemas.calendar import Calendar
from schemas.duration import parse_target

OWN = Path(__file__).parents[3] / "vectors"
PUBLISHED = Path(os.environ.get("STAFETT_VECTORS", Path(__file__).parents[5] / "shared" / "vectors"))
STOCKHOLM = ZoneInfo("Europe/Stockholm")
WEEK = ("mon", "tue", "wed", "thu", "fri")


def office(zone="Europe/Stockholm", hours=(("09:00", "18:00"),), days=WEEK, **more):
    return compile_calendar(Calendar(zone=zone, week=dict.fromkeys(days, hours), **more))


def at(*parts, zone=STOCKHOLM):
    return datetime(*parts, tzinfo=zone)


def vectors():
    for folder in (OWN, PUBLISHED):
        path = folder / "business_time.json"
        if folder is OWN or path.is_file():
            file = json.loads(path.read_text())
            for case in file["cases"]:
                yield pytest.param(file["calendars"][case["calendar"]], case, id=case["id"])


@pytest.mark.parametrize(("calendar", "case"), list(vectors()))
def test_vector(calendar, case):
    calendar = compile_calendar(Calendar.model_validate(calendar))
    start = datetime.fromisoformat(case["start"])
    pauses = [(datetime.fromisoformat(a), datetime.fromisoformat(b)) for a, b in case.get("pauses", [])]
    if case.get("business_days"):
        found = business_days_due(calendar, start, case["business_days"], pauses)
    else:
        found = calendar.add_business(start, timedelta(seconds=case["business_seconds"]), pauses)
    assert found == datetime.fromisoformat(case["due"])


def test_a_target_beyond_the_horizon_is_refused():
    with pytest.raises(HorizonExceeded):
        office(days=("mon",), hours=(("09:00", "09:01"),)).add_business(at(2026, 6, 8), timedelta(hours=100))


def test_an_opening_in_the_gap_starts_after_it_and_an_interval_over_the_fold_covers_both_passes():
    night = office(hours=(("02:30", "04:00"),), days=("sun",))
    assert night.open_seconds_between(at(2026, 3, 29), at(2026, 3, 30)) == 3600
    fold = office(hours=(("02:00", "03:00"),), days=("sun",))
    assert fold.open_seconds_between(at(2026, 10, 25), at(2026, 10, 26)) == 7200


@pytest.mark.parametrize("zone", ["Australia/Lord_Howe", "Pacific/Chatham", "Asia/Kathmandu", "America/St_Johns"])
def test_a_whole_year_around_the_clock_is_wall_time_in_any_zone(zone):
    calendar = office(zone, hours=(("00:00", "24:00"),), days=(*WEEK, "sat", "sun"))
    start = datetime(2026, 1, 1, tzinfo=UTC)
    assert calendar.add_business(start, timedelta(days=365)) == start + timedelta(days=365)


def test_explain_tiles_the_way_and_names_each_cause():
    calendar = office(closed_days=("2026-06-08",))
    start = at(2026, 6, 5, 17)
    pause = (at(2026, 6, 9, 9), at(2026, 6, 9, 9, 30))
    spans = explain(start, parse_target("2h business"), calendar, [pause])
    assert [span.cause for span in spans] == [
        "open",
        "closed: week",
        "closed: closed_day",
        "closed: week",
        "pause",
        "open",
    ]
    assert sum(span.seconds for span in spans if span.counted) == 7200
    assert all(a.end == b.start for a, b in zip(spans, spans[1:], strict=False))


def sweden(**more):
    week = {day: [["09:00", "17:00"]] for day in ("mon", "tue", "wed", "thu", "fri")}
    said = {"zone": "Europe/Stockholm", "week": week, "holidays": {"country": "SE", **more}}
    return compile_calendar(Calendar.model_validate(said))


def test_public_holidays_of_the_country_are_closed_and_named():
    calendar = sweden()
    assert calendar.hours(date(2026, 4, 3)) == ([], "holiday: Good Friday")
    start = datetime(2026, 4, 2, 14, 30, tzinfo=UTC)
    assert calendar.add_business(start, timedelta(hours=1)) == datetime(2026, 4, 7, 7, 30, tzinfo=UTC)
    causes = [span.cause for span in explain(start, parse_target("1h business"), calendar, ())]
    assert "closed: holiday: Good Friday" in causes
    assert "closed: holiday: Easter Monday" in causes


def test_days_off_by_custom_are_asked_for_and_a_special_day_wins_over_a_holiday():
    eve = date(2026, 6, 19)
    assert sweden().hours(eve)[1] == "week"
    assert sweden(categories=["public", "de_facto"]).hours(eve)[1].startswith("holiday: ")
    special = Calendar.model_validate(
        {"zone": "Europe/Stockholm", "week": {"mon": [["09:00", "17:00"]]}, "holidays": {"country": "SE"},
         "special_days": {"2026-04-03": [["10:00", "12:00"]]}}
    )  # fmt: skip
    assert compile_calendar(special).hours(date(2026, 4, 3)) == ([(36000, 43200)], "special_day")


def test_a_country_without_known_holidays_is_refused():
    with pytest.raises(ValueError, match="list them as closed_days"):
        sweden(country="QQ")


@pytest.mark.parametrize("amount", ["9" * 30, "9" * 5000])
def test_a_target_beyond_any_calendar_is_refused(amount):
    for text in (f"{amount}h elapsed", f"{amount} business days"):
        with pytest.raises(ValueError, match=r"longer than any calendar|over ten years"):
            parse_target(text)
