"""How far a look got: lists one after the other, and where the next look begins."""

from datetime import UTC, datetime, timedelta

from services.sinks.vendors.looks import Place, read_look

AT = datetime(2026, 11, 30, 9, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
LISTS = ("deals", "calls")


def test_a_look_reads_one_list_after_the_other_and_ends():
    look = read_look(None, LISTS, AT)
    assert look.current == "deals"
    look = look.move(Place(AT, "2", AT + MINUTE), is_over=False)
    assert look.place == Place(AT, "2", AT + MINUTE)
    look = read_look(str(look), LISTS, AT + 9 * MINUTE)
    assert look.place == Place(AT, "2", AT + MINUTE), "one that was left goes on where it was"
    look = look.move(look.place, is_over=True)
    assert (look.current, look.places["deals"]) == ("calls", Place(AT + MINUTE))
    assert look.move(Place(AT), is_over=True).current is None


def test_the_next_look_begins_where_the_last_one_ended_or_at_the_overlap_if_that_is_earlier():
    over = read_look(None, LISTS, AT).move(Place(AT), is_over=True).move(Place(AT + 9 * MINUTE), is_over=True)
    following = read_look(str(over), LISTS, AT + 5 * MINUTE)
    assert following.places == {"deals": Place(AT), "calls": Place(AT + 5 * MINUTE)}


def test_a_list_that_is_asked_for_since_begins_at_the_overlap():
    over = read_look(None, ("deals",), AT).move(Place(AT), is_over=True)
    following = read_look(str(over), LISTS, AT + MINUTE)
    assert following.places == {"deals": Place(AT), "calls": Place(AT + MINUTE)}
