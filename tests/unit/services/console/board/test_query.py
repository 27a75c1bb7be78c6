"""What a page's address asks for."""

from datetime import timedelta

import pytest

from services.console.board.query import BoardQuery, place_after, read_query
from services.console.language.reader import reader_of
from services.ports.console import Wanted
from services.ports.reading import Place
from services.ports.rows import ClockRow
from tests.setups import START

READER = reader_of("en", "Europe/Stockholm", START)


def test_the_address_of_a_view_leads_back_to_it():
    query = BoardQuery(owner="elin", queue="hand_over/key-accounts", due="today")
    assert query.url() == "/?owner=elin&queue=hand_over%2Fkey-accounts&due=today"
    assert read_query({"owner": "elin", "queue": "hand_over/key-accounts", "due": "today", "other": "1"}) == query
    assert query.url(owner="", queue="", due="") == "/"
    assert query.is_filtered and not BoardQuery(after="1.clk").is_filtered


def test_what_is_asked_for_is_bounded_by_the_readers_own_day():
    tonight = START.replace(hour=23)
    assert BoardQuery(due="today").for_store(READER) == Wanted(since=START, before=tonight)
    assert BoardQuery(due="overdue", owner="-").for_store(READER) == Wanted(owner="", before=START)
    assert BoardQuery(promise="first-call", stage="deal").for_store(READER) == Wanted(stage="deal", policy="first-call")
    assert BoardQuery(due="yesterday").for_store(READER) == Wanted()


@pytest.mark.parametrize("text", ["", "x", "1", ".clk", "-1.clk", "1e5.clk", "²3.clk", "9" * 40 + ".clk"])
def test_a_place_that_we_did_not_write_is_the_beginning(text):
    assert BoardQuery(after=text).place() is None


def test_a_page_goes_on_behind_its_last_row():
    clock = ClockRow("clk_a", "lead_a", "p", "running", 1, START, None, "k", "{}", act_by=START + timedelta(seconds=1))
    assert BoardQuery(after=place_after(clock)).place() == Place(1_795_510_801_000_000, "clk_a")


@pytest.mark.parametrize("value", ["a\x00b", "line\nbreak", "x" * 321])
def test_what_nothing_can_be_compared_with_is_not_asked_for(value):
    assert read_query({"owner": value}) == BoardQuery()
