"""Days before public holidays that close early, as a rule of the calendar."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.agreement.agreement import compile_agreement
from routing.calendar.business_time import compile_calendar, due_at
from routing.calendar.holidays import early_days, resolve_holidays
from routing.explain.clock import explain_clock
from schemas.calendar import WEEKDAYS, Calendar
from schemas.duration import parse_target
from schemas.roster import RosterFile
from schemas.yamlfile import FileError, load
from tests.setups import EXAMPLES
from tests.stories import Kept, rules

STOCKHOLM = ZoneInfo("Europe/Stockholm")
WEEK = {day: [["08:00", "12:00"], ["13:00", "17:00"]] for day in WEEKDAYS[:5]}
NOON = {"closes": "12:00"}


def made(eves=NOON, **more):
    return Calendar.model_validate(
        {"zone": "Europe/Stockholm", "week": WEEK, "holidays": {"country": "SE"}, "eves": eves, **more}
    )


def hours(calendar, day):
    found, why = compile_calendar(calendar).hours(date.fromisoformat(day))
    return [(a // 3600, b // 3600) for a, b in found], why


@pytest.mark.parametrize(
    ("day", "opened", "why"),
    [
        ("2026-12-24", [(8, 12)], "eve: Christmas Day"),
        ("2026-12-31", [(8, 12)], "eve: New Year's Day"),
        ("2026-12-25", [], "holiday: Christmas Day"),
        ("2026-12-23", [(8, 12), (13, 17)], "week"),
        ("2026-04-05", [], "holiday: Easter Sunday"),
        ("2026-10-30", [(8, 12)], "eve: All Saints' Day"),
        ("2026-05-23", [], "week"),
    ],
    ids=["eve", "of the next year", "itself", "two days before", "both", "before a Saturday", "a day off anyway"],
)
def test_the_day_before_each_public_holiday_closes_at_noon(day, opened, why):
    assert hours(made(), day) == (opened, why)


def test_only_before_the_holidays_that_are_named_in_any_spelling():
    calendar = made({"closes": "15:00", "before": ["christmas day", "New Year's Day"]})
    assert hours(calendar, "2026-12-24") == ([(8, 12), (13, 15)], "eve: Christmas Day")
    assert hours(calendar, "2026-05-13") == ([(8, 12), (13, 17)], "week")
    assert hours(made({"closes": "12:00", "before": "Ascension Day"}), "2026-05-13")[1] == "eve: Ascension Day"


def test_what_the_file_says_of_a_day_wins_and_a_later_close_changes_nothing():
    own = made(special_days={"2026-12-24": [["10:00", "16:00"]]}, closed_days=["2026-12-31"])
    assert hours(own, "2026-12-24") == ([(10, 16)], "special_day")
    assert hours(own, "2026-12-31") == ([], "closed_day")
    assert hours(made({"closes": "18:00"}), "2026-12-24") == ([(8, 12), (13, 17)], "week")
    assert hours(made({"closes": "07:00"}), "2026-12-24") == ([], "eve: Christmas Day"), "nobody is there after seven"


eves = st.builds(lambda hour, half: {"closes": f"{hour:02}:{30 * half:02}"}, st.integers(1, 23), st.integers(0, 1))
starts = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31)).map(lambda at: at.replace(tzinfo=STOCKHOLM))
targets = st.one_of(
    st.integers(1, 300).map(lambda n: f"{n}h business"),
    st.integers(1, 30).map(lambda n: f"{n} business day{'s' if n > 1 else ''}"),
)


@settings(max_examples=100, deadline=None)
@given(eves, starts, targets)
def test_it_is_the_same_as_if_each_eve_were_written_out_as_a_special_day(said, start, target):
    calendar, written = made(said), made(None).model_dump(exclude={"eves"})
    holidays = {day for year in (2026, 2027, 2028) for day in calendar.holidays.of_year(year)}
    for day in sorted(holidays):
        eve = day - timedelta(days=1)
        usual = WEEK.get(WEEKDAYS[eve.weekday()], [])
        if eve not in holidays and usual:
            early = [(a, min(b, said["closes"])) for a, b in usual if a < said["closes"]]
            written["special_days"][eve] = early
    plain = Calendar.model_validate(written)
    due = [due_at(start, parse_target(target), compile_calendar(c)) for c in (calendar, plain)]
    assert due[0] == due[1]


def text(eves=NOON, **more):
    file = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)
    calendar = {**file["calendars"]["stockholm"], "holidays": {"country": "SE"}, "eves": eves, **more}
    return yaml.safe_dump(file | {"calendars": {"stockholm": {k: v for k, v in calendar.items() if v is not None}}})


@pytest.mark.parametrize(
    ("eves", "more", "rule"),
    [
        (NOON, {"holidays": None}, "`eves` are days before public holidays; say which by `holidays"),
        ({"closes": "00:00"}, {}, "an eve that closes at 00:00 is a closed day"),
        ({"closes": "noon"}, {}, "`noon` is no time of day"),
        ({"before": ["Christmas Day"]}, {}, "closes"),
        ({"closes": "12:00", "before": ["Christmas Dai"]}, {}, "did you mean `Christmas Day`?"),
        (
            {"closes": "12:00", "before": ["Thanksgiving"]},
            {},
            "is no holiday of this calendar; there are All Saints' Day",
        ),
    ],
)
def test_eves_that_can_never_be_are_refused_with_the_fix(eves, more, rule):
    with pytest.raises(FileError) as refused:
        compile_agreement(text(eves, **more))
    assert rule in str(refused.value) and "calendars.stockholm" in str(refused.value)


def test_somebodys_own_hours_may_have_eves_too_and_their_names_are_checked():
    person = {
        "id": "elin",
        "roles": ["sales"],
        "hours": {
            "zone": "Europe/Stockholm",
            "week": WEEK,
            "holidays": {"country": "SE"},
            "eves": {"closes": "12:00", "before": ["Christmas Dai"]},
        },
    }
    with pytest.raises(FileError, match="did you mean `Christmas Day`"):
        load(yaml.safe_dump({"version": 1, "people": [person]}), RosterFile, "roster.yaml")


def test_a_published_agreement_keeps_the_eves_that_it_was_published_with():
    """The calendar data of later has a new holiday and another name for an old one: neither moves anything."""
    signed = text({"closes": "12:00", "before": ["Christmas Day"]})
    resolved = resolve_holidays(compile_agreement(signed).file, date(2026, 6, 1), date(2026, 6, 1))
    renamed = {
        name: {day: said.replace("Christmas Day", "Yule") for day, said in days.items()}
        for name, days in resolved.days.items()
    }
    assert (
        compile_agreement(signed, resolved=resolved).calendars["stockholm"].hours(date(2026, 12, 24))[1]
        == "eve: Christmas Day"
    )
    other = compile_agreement(signed, resolved=resolved.model_copy(update={"days": renamed}))
    assert other.calendars["stockholm"].hours(date(2026, 12, 24))[1] == "week", "what was resolved is what counts"
    last = date(resolved.last, 1, 1)
    assert last in resolved.days["stockholm"] and resolved.last == 2039, "the eve of the last year's end is known"


def test_the_early_days_of_a_version_are_listed_with_what_follows():
    calendar = made({"closes": "12:00", "before": ["Christmas Day", "National Day"]})
    found = early_days(
        calendar, {day: name for year in (2026, 2027) for day, name in calendar.holidays.of_year(year).items()}
    )
    assert found == {
        date(2026, 6, 5): "National Day",
        date(2026, 12, 24): "Christmas Day",
        date(2027, 12, 24): "Christmas Day",
    }


def test_the_explanation_names_the_holiday_that_follows():
    policy = {
        "name": "answer",
        "metric": "acceptance",
        "starts": "offer",
        "target": "2h business",
        "calendar": "stockholm",
    }
    ruling = rules([policy])
    ruling = ruling._replace(agreement=compile_agreement(text(special_days=None)))
    start = datetime(2026, 12, 24, 11, 30, tzinfo=STOCKHOLM)
    clock = Kept(rules([policy])).offered().clock("answer").but(started_at=start)
    said = explain_clock(clock, ruling.agreement.calendar("stockholm"), start).text
    assert (
        "closed: outside the hours of the day before Christmas Day" in said and "closed: holiday Christmas Day" in said
    )
    assert "due 2026-12-28 08:30:00Z (Mon 2026-12-28 09:30 CET)" in said
