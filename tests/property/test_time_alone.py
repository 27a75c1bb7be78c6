"""What the router does by its own wakes is what would come of asking each minute: for random agreements of the shapes that are
supported, and random signals. Points are left out: they are asked once a day."""

from datetime import timedelta
from unittest.mock import patch

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.stories import MINUTE, Story, rules
from tests.unit.routing.stages.test_waking import NURTURING

MINUTES = 75
TICK = timedelta.resolution
_TIMES = ("lead.stage_since", "lead.created_at", "last('page.visited')", "timestamp('2026-11-24T09:20:00Z')")
_TURNED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


@st.composite
def moments(draw):
    time, minutes = draw(st.sampled_from(_TIMES)), draw(st.integers(1, 30))
    word = draw(st.sampled_from([">", ">=", ">", ">=", "<", "<="]))
    span = f"duration('{minutes}m')"
    left, right = draw(
        st.sampled_from([("now - {t}", "{s}"), ("now", "{t} + {s}"), ("now - {s}", "{t}"), ("now", "{t}")])
    )
    left, right = left.format(t=time, s=span), right.format(t=time, s=span)
    return f"{left} {word} {right}" if draw(st.booleans()) else f"{right} {_TURNED[word]} {left}"


@st.composite
def counts(draw):
    word, most = draw(st.sampled_from([">=", ">", "<", "<=", "=="])), draw(st.integers(0, 3))
    kind = draw(st.sampled_from(["page.visited", "email.delivered"]))
    return f"count('{kind}', duration('{draw(st.integers(1, 30))}m')) {word} {most}"


def expressions():
    joined = st.tuples(st.one_of(moments(), counts()), st.sampled_from(["&&", "||"]), moments())
    whole = st.one_of(moments(), joined.map(" ".join))
    return st.one_of(whole, whole.map(lambda text: f"!({text})"))


@st.composite
def agreements(draw):
    """Of what lets a lead go on and what brings it back, time decides one only: else a lead goes in a circle."""
    timed = draw(st.sampled_from(["exit", "not_now", "engaged", "engaged and not_now"]))
    asked = {name: draw(expressions()) if name in timed else usual for name, usual in _USUAL.items()}
    track = {"entry": [], "exit": asked.pop("exit")}
    if draw(st.booleans()) and timed == "exit":
        track["wake"] = "1h"
    said = {name: {**NURTURING[name], **track} for name in ("warm_up", "recycle", "growth")}
    return {"definitions": {**asked, "marketing_qualified": draw(expressions())}, "nurturing": {**NURTURING, **said}}


_USUAL = {
    "engaged": "signal.form_id == 'in'",
    "not_now": "signal.form_id == 'out'",
    "exit": "signal.form_id == 'in'",
}
SIGNALS = st.lists(
    st.tuples(
        st.integers(1, MINUTES - 5),
        st.sampled_from(["page.visited", "email.delivered", "form.submitted"]),
        st.sampled_from(["in", "out"]),
    ),
    max_size=8,
    unique_by=lambda one: one[0],
)


ASKED = range(8)
"""Ticks after each minute at which it is asked: what turns at an instant, or just after one, is one tick later each time. The
first minute too: `lead.stage_since < now` turns true one tick after the lead began."""


def tell_story(ruling, signals, pass_time):
    """`pass_time(story, minute, tick)`. Signals come two ticks after their minute. Returns what was told, each with its instant."""
    story, coming = Story(ruling).tell("page.visited", timedelta(0)), {at: more for at, *more in signals}
    for minute in range(MINUTES):
        # At the first tick of all the lead begins.
        for tick in ASKED if minute else ASKED[1:]:
            if tick == 2 and minute in coming:
                kind, form = coming[minute]
                story.tell(kind, minute * MINUTE + 2 * TICK, **({"form_id": form} if kind == "form.submitted" else {}))
                if pass_time is by_asking:
                    # What a signal changes that engages nobody is asked at the tick after it, and what is true for one tick
                    # alone is true for nobody.
                    continue
            pass_time(story, minute, tick)
    moved = [(data.from_stage, data.to_stage) for data in story.all("lead.stage_changed")]
    return moved, story.lead.stage, story.lead.stage_since, story.lead.met


def by_wakes(story, minute, tick):
    story.wait(minute * MINUTE + tick * TICK)


def by_asking(story, minute, tick):
    story.tell("points.changed", minute * MINUTE + tick * TICK)


@settings(max_examples=12, deadline=None)
@given(agreements(), SIGNALS)
def test_a_lead_goes_the_same_way_by_its_own_wakes_as_when_it_is_asked_each_minute(changes, signals):
    ruling = rules(**changes)
    # Without wakes of its own.
    asked = ruling._replace(agreement=ruling.agreement._replace(timing={}))
    # The pause is for leads that go in a circle.
    with patch("routing.stages.waking.PAUSE", timedelta(0)):
        assert tell_story(ruling, signals, by_wakes) == tell_story(asked, signals, by_asking)
