"""How often open pages are told news: as often as the process and the machine have time for."""

from services.console.resting import LEAST, MOST, Rest


def rest_after(seconds, share, late=0.0, rest=None):
    """After so many seconds in which the process used this share of a core, with a pause each tenth of them."""
    rest = rest or Rest()
    rest.begin(100.0, 5.0)
    for step in range(1, round(seconds * 10) + 1):
        rest.measure(100.0 + step / 10, 5.0 + share * step / 10, late)
    return rest


def test_pages_are_told_less_often_while_the_process_is_busy_and_as_often_as_before_afterwards():
    rest = rest_after(60, 0.9)
    assert rest.seconds == MOST
    assert rest_after(60, 0.1, rest=rest).seconds == LEAST


def test_pages_are_told_less_often_where_others_have_the_machine():
    assert rest_after(60, 0.2, late=0.5).seconds == MOST


def test_a_burst_is_no_load():
    """Fifty pages that ask at once use the whole core for a third of a second, once in two."""
    rest = Rest()
    rest.begin(0.0, 0.0)
    used = 0.0
    for step in range(1, 400):
        used += 0.05 if step % 40 < 6 else 0.0
        rest.measure(step * 0.05, used, 0.0)
    assert rest.seconds == LEAST
