"""Our writes and people's changes of one field in any order: an echo is known, and nobody's other value is taken for one."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.ports.written import WINDOW, is_echo, note_values
from tests.sinks import NOW

STAGES = ("new", "working", "won")
STEP = st.tuples(st.sampled_from(("we", "they", "wait")), st.sampled_from(STAGES), st.integers(0, 400))
LATE = timedelta(minutes=1)


@given(st.lists(STEP, max_size=30))
def test_an_echo_is_known_and_another_value_never_is_whatever_the_order(steps):
    marks, now, there, ours = None, NOW, None, None
    for who, stage, seconds in steps:
        now += timedelta(seconds=seconds)
        if who == "we":
            # As a sink does: what is there already is not written, and is seen.
            written = ["stage"] if there != stage else []
            marks = note_values(marks, {"stage": stage}, written, now)
            if written:
                ours, there = (stage, now), stage
                assert is_echo(marks, "stage", stage, now + LATE)
                assert all(not is_echo(marks, "stage", other, now + LATE) for other in STAGES if other != stage)
            elif ours is not None and ours[0] != stage:
                ours = None
        elif who == "they":
            there = stage
            is_ours = ours is not None and ours[0] == stage and now <= ours[1] + WINDOW
            assert is_echo(marks, "stage", stage, now) == is_ours
            assert not is_echo(marks, "owner", stage, now)


@given(st.sampled_from(STAGES), st.sampled_from(STAGES))
def test_who_goes_back_to_what_we_wrote_is_heard_once_their_other_value_was_seen(ours, theirs):
    marks = note_values(None, {"stage": ours}, ["stage"], NOW)
    seen = note_values(marks, {"stage": theirs}, [], NOW + LATE)
    assert is_echo(seen, "stage", ours, NOW + 2 * LATE) == (ours == theirs)
