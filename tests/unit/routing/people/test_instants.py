"""Times that nobody can have meant: what platforms write for "none", and the ends of the calendar."""

import json
from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from routing.people.roster_changes import ChangeRefused, apply, apply_all
from schemas.commands import Command
from schemas.instants import FIRST, LAST, plausible, read_instant
from schemas.roster import Absence, RosterChange
from schemas.signals import Consent
from schemas.yamlfile import FileError, load
from services.ingest.parsers.platforms import crm
from services.ingest.parsers.reading.safely import when
from services.ports.instants import instant, micros
from tests.setups import START, ruling

NO_TIMES = ["0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "1970-01-01T00:00:00Z", "9999-12-31T23:59:59-12:00"]


def fact(**more):
    return crm.parse(json.dumps({"fact": "follow_up", "email": "a@example.com", **more}).encode(), "", {})[0]


@pytest.mark.parametrize("text", NO_TIMES)
def test_what_is_written_for_no_time_is_none(text):
    assert when(text) is None
    assert Consent(purpose="email", state="withdrawn", at=text).at is None
    refused = fact(occurred_at=text)
    assert (refused.where, refused.quarantined) == (
        "$.occurred_at",
        "an instant is from 1973 to 2286; leave it out where it is not known",
    )
    with pytest.raises(ValidationError, match="1973 to 2286"):
        Command.model_validate({"command": "hold", "lead": f"lead_{'a' * 26}", "reason": "x", "until": text})
    with pytest.raises(ValueError, match="1973 to 2286"):
        read_instant(text)


def test_a_number_far_beyond_any_date_is_no_time():
    assert when(1.7e9) == when(1.7e12) == when(1.7e15) == datetime.fromtimestamp(1.7e9, UTC)
    assert when(9.9e16) is None, "microseconds of the year 5107"


def test_a_row_beyond_the_calendar_is_readable():
    late = datetime.fromisoformat("9999-12-31T23:59:59-12:00")
    early = datetime.fromisoformat("0001-01-01T00:00:00+14:00")
    assert instant(micros(late)) == datetime.max.replace(tzinfo=UTC)
    assert instant(micros(early)) == datetime.min.replace(tzinfo=UTC)
    assert instant(micros(START)) == START


def test_the_first_and_the_last_instant_are_times():
    assert (plausible(FIRST), plausible(LAST)) == (FIRST, LAST)
    assert fact(occurred_at="2026-06-08T09:30:00+02:00").occurred_at == datetime(2026, 6, 8, 7, 30, tzinfo=UTC)
    assert read_instant("2026-06-08T09:30:00+02:00") == datetime(2026, 6, 8, 7, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "said"), [("soon", "is no instant; write it as"), ("2026-06-08T09:30", "has no zone")]
)
def test_an_instant_that_cannot_be_read_says_how_to_write_one(text, said):
    with pytest.raises(ValueError, match=said):
        read_instant(text)


def test_an_absence_of_the_roster_ends_after_it_begins():
    text = "version: 1\npeople:\n  - id: a\n    roles: [sdr]\n    absences:\n      - {from: '2026-08-03T00:00Z', to: '2026-07-06T00:00Z'}\n"
    from schemas.roster import RosterFile

    with pytest.raises(FileError) as broken:
        load(text, RosterFile, "roster.yaml")
    assert broken.value.problems == ["roster.yaml:6: people.0.absences.0: `to` is not after `from`"]
    assert Absence.model_validate({"from": "2026-07-06T00:00Z"}).until is None


def test_an_absence_that_was_recorded_with_no_time_is_passed_over():
    never = datetime(1, 1, 1, tzinfo=UTC)
    change = RosterChange(change="absent", at=START, person="johan", since=never)
    with pytest.raises(ChangeRefused, match="1973 to 2286"):
        apply(ruling().roster.file, change)
    assert apply_all(ruling().roster.file, [change]) == ruling().roster.file, "no router stops at it"


def test_an_absence_that_is_over_when_it_is_recorded_is_refused():
    change = RosterChange(change="absent", at=START, person="johan", until=START)
    with pytest.raises(ChangeRefused, match="ends before it begins"):
        apply(ruling().roster.file, change)
