"""Promises in their person's own hours against a walk through every minute, whatever the hours, zone, pauses and absences."""

from datetime import UTC, datetime

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from routing.explain.clock import explain_clock
from routing.model.records import Clock
from routing.people.roster import Roster
from routing.sla.own_hours import calendar_of, hours_of
from routing.sla.verdict import standing, with_verdict
from schemas.roster import RosterFile
from tests.property.test_clocks import ZONES, Walk, away, clock_of, marks, starts, wall, weeks
from tests.stories import rules

AGREEMENT = rules(
    [
        {"name": "p", "metric": "follow_up", "starts": "offer", "target": "4h business", "calendar": "owner"},
        {"name": "q", "metric": "follow_up", "starts": "offer", "target": "4h business", "calendar": "stockholm"},
    ]
).agreement
OFFICE = {day: [(480, 720), (780, 1020)] for day in ("mon", "tue", "wed", "thu")} | {"fri": [(480, 720), (780, 960)]}


def roster(zone, week):
    hours = {"zone": zone, "week": {day: [[wall(a), wall(b)] for a, b in each] for day, each in week.items()}}
    people = [
        {"id": "elin", "roles": ["sales"], **({"hours": hours} if week else {})},
        {"id": "johan", "roles": ["sales"]},
    ]
    return Roster(RosterFile.model_validate({"version": 1, "people": people, "pools": []}))


def in_hours_of(clock, found):
    """The clock as a decision computes it with this roster."""
    return clock.but(own_hours=hours_of(clock, AGREEMENT.policy(clock.policy).file, AGREEMENT, found))


@settings(max_examples=120, deadline=None)
@given(st.sampled_from(ZONES), weeks, starts, st.integers(1, 900), marks, away)
def test_time_counts_in_the_persons_hours_minute_by_minute(zone, week, start, minutes, found, absent):
    clock = in_hours_of(
        clock_of(start, f"{minutes}m business", found, absent).but(calendar="owner"), roster(zone, week)
    )
    stands = standing(clock, calendar_of(clock, AGREEMENT))
    walked = Walk(zone, week, clock).due(minutes, business=True)
    if stands.due_at is None:
        assert walked is None and stands.still is not None
    elif walked is not None:
        assert stands.due_at == walked


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), weeks, starts, st.integers(1, 900), marks, away)
def test_what_is_kept_with_the_clock_explains_it_whatever_the_roster_has_later(
    zone, week, start, minutes, found, absent
):
    clock = in_hours_of(
        clock_of(start, f"{minutes}m business", found, absent).but(calendar="owner"), roster(zone, week)
    )
    due = standing(clock, calendar_of(clock, AGREEMENT)).due_at
    assume(due is not None)
    ended = with_verdict(clock.but(touched_at=due), calendar_of(clock, AGREEMENT))[0]
    later = Clock.read(in_hours_of(ended, roster("UTC", {"sun": [(0, 60)]})).text())
    assert (later.state, later.own_hours) == ("fulfilled", clock.own_hours)
    made = explain_clock(later, calendar_of(later, AGREEMENT), due)
    walk = Walk(zone, week, later)
    assert made.due_at == later.due_at
    for interval in made.intervals:
        assert interval.counted == (walk.counts(interval.from_) and walk.is_open(interval.from_)), interval


@settings(max_examples=60, deadline=None)
@given(st.datetimes(datetime(2026, 1, 12), datetime(2026, 3, 20)), st.integers(1, 900), st.sampled_from(["elin", None]))
def test_who_has_no_hours_and_nobody_are_measured_as_on_the_organisations_calendar(start, minutes, person):
    start = start.replace(second=0, microsecond=0, tzinfo=UTC)
    clock = clock_of(start, f"{minutes}m business", [], []).but(calendar="owner", person=person)
    own = in_hours_of(clock, roster("UTC", {}))
    named = in_hours_of(clock.but(policy="q", calendar="stockholm"), roster("UTC", {}))
    due = standing(own, calendar_of(own, AGREEMENT)).due_at
    assert named.own_hours is None and due == standing(named, calendar_of(named, AGREEMENT)).due_at
    assert due == Walk("Europe/Stockholm", OFFICE, clock).due(minutes, business=True)
