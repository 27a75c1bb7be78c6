"""The forum's figures are sums: of whatever leads, in whatever order, and the same bytes each time."""

from hypothesis import given, settings
from hypothesis import strategies as st

from routing.forum.counts import counts_of, ids_behind
from routing.forum.figures import to_json
from routing.forum.report import Forum, report_of
from routing.forum.tally import Query, Tally
from schemas.events import STAGES
from tests.forum import Life, frame

FRAME = frame()
HOURS = st.integers(-60 * 24, 10 * 24)
STEPS = st.one_of(
    st.tuples(st.just("move"), st.sampled_from(STAGES), HOURS),
    st.tuples(st.just("offer"), HOURS, st.sampled_from(["elin", "johan"])),
    st.tuples(st.just("accept"), HOURS),
    st.tuples(st.just("reject"), HOURS, st.sampled_from(["no time", "not qualified"]), st.sampled_from([None, "need"])),
    st.tuples(st.just("win"), HOURS, st.sampled_from([None, 0.1, 1234.565]), st.sampled_from([None, "SEK", "EUR"])),
    st.tuples(st.just("meet"), st.sampled_from(["opportunity", "marketing_qualified"]), HOURS),
    st.tuples(st.just("keep"), HOURS, HOURS),
    st.tuples(st.just("break_"), HOURS),
    st.tuples(st.just("correct"), st.sampled_from(["fulfilled", "running"]), HOURS, HOURS, HOURS),
    st.tuples(st.just("hear"), st.sampled_from(["note.added", "sales.meeting_booked", "form.submitted"]), HOURS),
)


@st.composite
def stories(draw):
    lives = []
    for number in range(draw(st.integers(0, 5))):
        life = Life(f"n{number}").begin(draw(HOURS), draw(st.sampled_from(["web", "ads"])))
        for name, *values in draw(st.lists(STEPS, max_size=8)):
            getattr(life, name)(*values)
        lives.append(life.story())
    return lives


@settings(max_examples=25, deadline=None)
@given(stories(), st.randoms(use_true_random=False))
def test_the_order_of_the_leads_changes_no_byte_and_neither_does_a_second_time(lives, random):
    made = to_json(report_of(lives, FRAME))
    shuffled = random.sample(lives, len(lives))
    assert to_json(report_of(shuffled, FRAME)) == made == to_json(report_of(lives, FRAME))


def cells(tally):
    """What a tally comes to, so that two can be compared."""
    return {
        query: (cell.amount, sorted(cell.seconds), cell.trail.count, cell.trail.checksum, cell.trail.first)
        for query, cell in tally.cells.items()
    }


def tally_of(lives):
    forum = Forum(FRAME)
    for life in lives:
        forum.add(life)
    return forum.tally


@settings(max_examples=25, deadline=None)
@given(stories(), st.integers(0, 5))
def test_the_figures_of_two_groups_of_leads_add_up_to_those_of_all(lives, at):
    both = Tally()
    both.merge(tally_of(lives[:at]))
    both.merge(tally_of(lives[at:]))
    assert cells(both) == cells(tally_of(lives))


@settings(max_examples=25, deadline=None)
@given(stories())
def test_the_ids_behind_every_figure_are_found_again_by_its_query(lives):
    tally = tally_of(lives)
    for query, cell in tally.cells.items():
        ids = sorted(ids_behind(lives, FRAME, query))
        whole = [q for q in tally.cells if q[:2] == query[:2] and q.labels[: len(query.labels)] == query.labels]
        assert len(ids) == sum(tally.cells[q].trail.count for q in whole)
        if whole == [query]:
            assert ids[: len(cell.trail.first)] == cell.trail.first


@settings(max_examples=25, deadline=None)
@given(stories())
def test_nothing_is_counted_twice_for_one_week(lives):
    for life in lives:
        seen = life.as_of(FRAME.week.end, FRAME.known_on)
        week = [c for c in counts_of(seen, FRAME) if c.query == Query("leads_in", FRAME.week.name)]
        assert len(week) <= 1
