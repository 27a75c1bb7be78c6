"""Plumbing in words: how a receiver is, what may be shown of what a stranger sent, every reason that there is."""

from datetime import UTC, datetime, timedelta

import pytest

from routing.incidents.silence import Silence
from schemas.fates import FATES as ALL_FATES
from schemas.fates import REASONS as ALL_REASONS
from services.console.language.reader import reader_of
from services.console.plumbing.desk import Unread
from services.console.plumbing.view import depths_of, entry_rows, letter_rows, receiver_rows, silent_rows
from services.console.plumbing.words import FATES, REASONS, fate_text, reason_text, source_text
from services.ports.plumbing import Receiver
from services.ports.reading import Counts
from services.ports.rows import DeadLetter, Quarantine

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
READER = reader_of("en", "Europe/Stockholm", NOW)
FINE = Receiver("crm", 0, 0, True, None, None, None, None)


@pytest.mark.parametrize(
    ("changes", "state", "worth"),
    [
        ({}, "takes what it is sent", False),
        ({"disabled": "410"}, "paused", True),
        ({"pause": "open", "failing_since": NOW - HOUR}, "takes nothing since Tue 24 Nov, 09:00 CET", True),
        ({"pause": "throttled", "paused_until": NOW + HOUR}, "asked us to wait until Tue 24 Nov, 11:00 CET", False),
        ({"pause": "throttled", "paused_until": NOW - HOUR}, "takes what it is sent", False),
        ({"failing_since": NOW - HOUR}, "fails since", True),
        ({"behind": 5000}, "is 5000 events behind", True),
    ],
)
def test_how_a_receiver_is(changes, state, worth):
    (row,) = receiver_rows([FINE._replace(**changes)], READER)
    assert state in row.state and row.worth is worth


def test_what_is_wrong_comes_first_and_only_what_is_paused_can_be_resumed():
    rows = receiver_rows([FINE, FINE._replace(name="sink/erp", disabled="x", waiting=1000, is_all=False)], READER)
    assert [(row.name, row.act, row.waiting) for row in rows] == [("erp", "resume", "1000+"), ("crm", None, "0")]
    assert receiver_rows([FINE._replace(disabled="x")], READER)[0].act == "enable"


def test_names_that_a_sender_chose_are_for_who_may_see_them():
    entry = Quarantine("qua_1", "web", "`anna_ek` is no member", "$.anna_ek[3]", None, "{}", None, "live", NOW, 2000)
    (whole,), (unnamed,) = entry_rows([entry], READER, whole=True), entry_rows([entry], READER, whole=False)
    assert (whole.reason.text, whole.place, whole.size) == ("`anna_ek` is no member", "$.anna_ek[3]", "2 KiB")
    assert "anna" not in unnamed.reason.text + unnamed.place
    assert entry_rows([entry._replace(size=0)], READER, whole=True)[0].size == "erased"


def test_a_lead_is_tried_again_as_a_whole_and_a_letter_without_one_by_itself():
    def letter(ident, lead_id):
        return DeadLetter(ident, lead_id, "sig", 0, "dead", ident, "E", "t/0/1", None, None, None, NOW, "web")

    rows = letter_rows([letter("dl_1", "lead_a"), letter("dl_2", None), letter("dl_3", "lead_a")], READER)
    assert [(row.name, row.reason.text) for row in rows] == [("lead_a", "dl_1"), ("dl_2", "dl_2")]


def test_depths_are_worth_a_look_where_something_waits_for_somebody():
    counts = Counts(5, 0, 0, 0, 0, 0, 0, 0)
    calm = depths_of(counts, Unread(1, 0), READER)
    assert [depth.name for depth in calm if depth.worth] == []
    bad = depths_of(counts._replace(spool=1, held_leads=2, quarantine=3), None, READER)
    assert [depth.number for depth in bad if depth.worth] == ["not known", "not known", "1", "2", "3"]


def test_a_silence_is_told_with_what_is_usual():
    (row,) = silent_rows({"web": Silence(NOW - HOUR, 9, (12, 10, 11, 9))}, READER)
    assert row.text == "nothing for 9 hours; in the same hours of the weeks before it was 12, 10, 11, 9"


def test_every_outcome_and_reason_has_words_in_both_languages():
    assert set(FATES) == set(ALL_FATES) and set(REASONS) == set(ALL_REASONS)
    swedish = reader_of("sv", "Europe/Stockholm", NOW)
    for reason in ALL_REASONS:
        assert reason_text(reason, swedish) != reason_text(reason, READER)
    assert reason_text("of_a_later_version", READER) == "of a later version"
    assert (fate_text("refused", READER), source_text("web", READER), source_text("command", READER)) == ("Refused", "web", "commands of people")  # fmt: skip
