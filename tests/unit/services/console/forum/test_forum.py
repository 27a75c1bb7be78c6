"""The forum's screen without a store: what takes long, amounts as people write them, places of figures."""

import asyncio

import pytest

from routing.forum.figures import Figure
from services.console.forum.entries import entry_of, plain_amount
from services.console.forum.query import find_spot
from services.console.forum.view import forum_view
from services.console.waiting import MOST, Waiting
from services.forum.places import place_of
from tests.forum import Life, frame
from tests.golden_report import golden_report


async def test_what_takes_long_goes_on_and_is_done_once():
    waiting, begun, gate = Waiting(patience=0.01), [], asyncio.Event()

    async def make():
        begun.append(1)
        await gate.wait()
        return "figures"

    assert await waiting.result("w48", make) is None and await waiting.result("w48", make) is None
    gate.set()
    assert await waiting.result("w48", make) == "figures" and begun == [1]
    assert await waiting.result("w48", make) == "figures" and begun == [1, 1], "it was fetched"


async def test_a_failure_is_told_to_whoever_asks_and_the_next_try_begins_again():
    waiting, tries = Waiting(patience=1), []

    async def make():
        tries.append(1)
        if len(tries) == 1:
            raise OSError("away")
        return 1

    with pytest.raises(OSError, match="away"):
        await waiting.result("a", make)
    assert await waiting.result("a", make) == 1


async def test_where_it_is_full_nothing_is_begun_and_nobody_loses_what_they_asked_for():
    waiting, begun, gate = Waiting(patience=0.001), [], asyncio.Event()

    def maker(number):
        async def make():
            begun.append(number)
            await gate.wait()
            return number

        return make

    for _ in range(3):  # each page asks again, in turn
        for number in range(MOST + 3):
            assert await waiting.result(number, maker(number)) is None
    assert begun == list(range(MOST))
    gate.set()
    await asyncio.sleep(0)
    assert [await waiting.result(number, maker(number)) for number in range(MOST + 3)] == list(range(MOST + 3))
    assert begun == list(range(MOST + 3)), "each was done once"


async def test_what_is_done_and_never_fetched_keeps_nobody_out():
    waiting, gate = Waiting(patience=0.001), asyncio.Event()

    async def make():
        await gate.wait()
        return "figures"

    for number in range(MOST):
        assert await waiting.result(number, make) is None
    gate.set()
    await asyncio.sleep(0)
    assert [await waiting.result(("next", number), make) for number in range(3 * MOST)] == ["figures"] * 3 * MOST
    assert await waiting.result(0, make) == "figures"


async def test_what_was_ended_is_computed_again_and_is_nobodys_failure():
    waiting = Waiting(patience=5)

    async def end_itself():
        asyncio.current_task().cancel()
        await asyncio.sleep(5)

    async def make():
        return "figures"

    assert await waiting.result("w48", end_itself) is None
    assert await waiting.result("w48", make) == "figures"


@pytest.mark.parametrize(
    ("written", "amount"),
    [("31 000,50", "31000.50"), ("31,000.50", "31000.50"), ("31\xa0000", "31000"), ("31,000", "31000"), ("12,5", "12.5"), ("1,000,000", "1000000"), ("x", "x")],
)  # fmt: skip
def test_amounts_are_read_as_people_write_them(written, amount):
    assert plain_amount(written) == amount


def test_a_form_enters_what_it_says_and_nothing_else():
    form = {"what": " Call ", "who": "elin", "by": "2026-12-04", "note": "", "state": "done", "csrf": "x"}
    entry = entry_of("action", form)
    assert (entry.what, entry.state, entry.note) == ("Call", "open", None)
    with pytest.raises(ValueError):
        entry_of("cost", form)


def test_every_figure_that_has_ids_is_found_again_by_its_place():
    report = golden_report()
    count = 0
    for section in report.sections:
        for table in section.tables:
            for number, row in enumerate(table.rows):
                for column, figure in enumerate(row.figures):
                    spot = find_spot(report, place_of(section, table, number, column))
                    assert spot is not None and spot.figure is figure
                    count += 1
    assert count > 300


def test_the_page_shows_the_figures_of_the_report_and_links_those_that_have_ids():
    report = golden_report()
    view = forum_view(report, "sv", lambda at: f"/x?at={at}")
    for section, shown in zip(report.sections, view.sections, strict=True):
        for table, its in zip(section.tables, shown.tables, strict=True):
            assert len(table.rows) == len(its.rows)
            figures: list[Figure] = [figure for row in table.rows for figure in row.figures]
            cells = [cell for _, cells in its.rows for cell in cells]
            linked = [figure.behind is not None and figure.behind.count > 0 for figure in figures]
            assert linked == [bool(cell.href) for cell in cells]


def test_what_people_wrote_is_text_in_a_chart():
    life = Life("a").begin(1, source='<b onload="x">').hear("form.submitted", 1, form_id="demo")
    from routing.forum.report import report_of

    view = forum_view(report_of([life.story()], frame()), "en", lambda at: at)
    charts = "".join(str(table.chart) for section in view.sections for table in section.tables if table.chart)
    assert "<b " not in charts and "&lt;b onload=" in charts
