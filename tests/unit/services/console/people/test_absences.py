"""What a form says of an absence."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from services.console.language.reader import reader_of
from services.console.people.absences import Days, NoAbsence, command_of

DAYS = Days(reader_of("en", "Europe/London", datetime(2026, 3, 28, 12, tzinfo=UTC)), ZoneInfo("Europe/Stockholm"))


def of(action="absence", **form):
    return command_of(action, "elin", form, DAYS)


def test_days_begin_at_midnight_where_the_person_is_also_when_clocks_change():
    assert of(**{"from": "2026-03-29", "back": "2026-03-30", "reason": " a course "}) == {
        "command": "absence",
        "person": "elin",
        "reason": "a course",
        "since": "2026-03-29T00:00:00+01:00",
        "until": "2026-03-30T00:00:00+02:00",
    }


def test_what_is_left_out_is_from_now_on_and_until_they_return():
    assert of() == {"command": "absence", "person": "elin", "reason": "on the page"}
    assert of("return", back="2026-04-01") == {"command": "return", "person": "elin", "reason": "on the page"}


@pytest.mark.parametrize(
    ("form", "words"),
    [
        ({"from": "2026-04-02", "back": "2026-04-02"}, "back before they are away"),
        ({"back": "2026-03-28"}, "back before they are away"),
        ({"from": "2026-03-01", "back": "2026-03-05"}, "over already"),
        ({"from": "tomorrow"}, "That is no day"),
        ({"back": "2026-02-30"}, "That is no day"),
    ],
)
def test_an_absence_that_cannot_be_is_refused_in_words(form, words):
    with pytest.raises(NoAbsence, match=words):
        of(**form)
