"""What a lead did while somebody owned it, noted and written together."""

from datetime import timedelta

from schemas.sinks.base import NoteSettings
from services.sinks.planning.operations import Collect, Ensure, Spread
from services.sinks.planning.touches import LONGEST_LIST, Touched, touches_of, touches_plan
from tests.sinks import NOW, event


def touch(number, at=NOW, kind="form.submitted"):
    return event("lead.touched", number, at=at, owner={"person": "anna", "ids": {}}, stage="hand_over", signal_kind=kind,
                 source="web")  # fmt: skip


def plan(happened, kept, settings=None):
    return touches_plan(happened, happened.body(), kept, settings or NoteSettings())


def all_of(*happened):
    kept = Touched("ho_1")
    for one in happened:
        (operation,) = plan(one, kept)
        assert isinstance(operation, Collect)
        kept = Touched("ho_1", touches_of(operation.touches), is_written=False)
    return kept


def test_each_is_noted_once_and_nothing_is_written_meanwhile():
    kept = all_of(touch(1), touch(2), touch(3))
    assert [one.event_id for one in kept.touches] == ["evt_1", "evt_2", "evt_3"]


def test_when_its_event_comes_again_all_of_them_are_one_note_newest_first():
    kept = all_of(touch(1), touch(2, NOW + timedelta(minutes=3), "email.clicked"))
    ensure, spread = plan(touch(2), kept)
    assert isinstance(ensure, Ensure) and isinstance(spread, Spread)
    text = ensure.wanted.values["text"].splitlines()
    assert text[1:3] == ["- 2026-06-08 09:03 UTC email.clicked (web)", "- 2026-06-08 09:00 UTC form.submitted (web)"]
    assert text[-1] == "Stafett ho_1/touches"


def test_what_is_written_is_not_written_again():
    kept = all_of(touch(1))._replace(is_written=True)
    assert plan(touch(1), kept) == ()


def test_of_a_storm_the_newest_are_kept():
    kept = all_of(*(touch(number, NOW + timedelta(seconds=number)) for number in range(60)))
    assert len(kept.touches) == LONGEST_LIST and kept.touches[-1].event_id == "evt_59"


def test_the_note_is_in_the_language_of_the_sink():
    ensure, _ = plan(touch(1), all_of(touch(1)), NoteSettings(language="sv"))
    assert ensure.wanted.values["text"].startswith("Vad de gjort")
