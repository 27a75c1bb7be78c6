"""What changed in Tryton, read in pages, and what it is to us."""

from datetime import UTC, datetime, timedelta

import pytest

from services.sinks.outcomes import Trouble
from services.sinks.reconciling.sightings import Reader, Sighting, Work
from services.sinks.vendors.tryton import Tryton
from services.sinks.vendors.tryton_reading import PAGE, Cursor, Place
from tests.recorded_tryton import SECRET, Answers, result, sink

AT = datetime(2026, 11, 30, 9, 30, 15, 123456, tzinfo=UTC)
SINCE = AT - timedelta(minutes=5)


def stamp(at):
    names = ("year", "month", "day", "hour", "minute", "second", "microsecond")
    return {"__class__": "datetime", **{name: getattr(at, name) for name in names}}


def row(ident=3, state="lead", at=AT, by=2, **more):
    written = {"write_date": stamp(at), "write_uid": by, "create_date": stamp(AT - timedelta(days=1)), "create_uid": 6}
    return {"id": ident, "state": state, "employee": 1, "lost_reason": None, **written, **more}


def note(ident=5, by=2, at=AT, opportunity=3):
    return {"id": ident, "resource": f"sale.opportunity,{opportunity}", "create_date": stamp(at), "create_uid": by}


USERS = [{"id": 2, "employees": [1]}, {"id": 3, "employees": [2, 9]}, {"id": 8, "employees": []}]


def reading(rows=(), notes=(), open_ones=(3,)):
    """Opportunities are asked for twice: those that were written, and those that are open, in pages."""
    ids = [{"id": ident} for ident in open_ones]
    pages = [result(ids[begun : begun + PAGE]) for begun in range(0, len(ids) + 1, PAGE)]
    answers = Answers(
        {
            "sale.opportunity.search_read": [result(list(rows)), *pages] * 2,
            "ir.note.search_read": [result(list(several)) for several in notes] or [result([])],
            "res.user.search_read": [result(USERS)],
        }
    )
    return Tryton(sink(), answers, SECRET), answers


def written(answers):
    """The domains of what was asked of opportunities that were written since."""
    return [asked[1] for asked in answers.asked if asked[0] == "sale.opportunity.search_read" and len(asked[1]) == 2]


def test_it_is_a_vendor_that_reads_back():
    assert isinstance(reading()[0], Reader)


async def test_an_opportunity_is_told_with_its_owner_and_who_wrote_it_by_their_employees():
    vendor, _ = reading([row(state="opportunity", employee=2)])
    page = await vendor.changes(None, SINCE)
    assert page.sightings == [Sighting("3", "opportunity", "2", None, AT, "1")] and page.is_last


@pytest.mark.parametrize(
    ("state", "stage", "outcome"),
    [
        ("won", "won", "won"),
        ("lost", "lost", "lost"),
        ("cancelled", "cancelled", None),
        ("converted", "opportunity", None),
    ],
)
async def test_what_it_came_to_is_told(state, stage, outcome):
    vendor, _ = reading([row(state=state, lost_reason="too\n dear" if state == "lost" else None)])
    (seen,) = await vendor.look(["3"])
    assert (seen.stage, seen.outcome, seen.reason) == (stage, outcome, "too dear" if state == "lost" else None)


async def test_one_that_nobody_wrote_since_is_of_its_maker_and_our_own_writing_is_nobodys():
    vendor, _ = reading([row(write_date=None, write_uid=None, create_uid=3), row(by=6), row(by=8, employee=None)])
    made, ours, of_nobody = await vendor.look(["3", "4", "5"])
    assert (made.changed_at, made.changed_by) == (AT - timedelta(days=1), "2")
    assert ours.changed_by is None and of_nobody.changed_by is None and of_nobody.owner is None


async def test_a_note_is_a_step_of_whoever_wrote_it():
    vendor, _ = reading(notes=[[note(), note(6, by=6)]])
    page = await vendor.changes(None, SINCE)
    assert page.works == [
        Work("note/5", "3", "note", "1", AT, AT), Work("note/6", "3", "note", None, AT, AT),
    ]  # fmt: skip


async def test_notes_are_asked_for_by_the_opportunities_that_are_open():
    vendor, answers = reading(open_ones=range(1, PAGE + 3), notes=[[note(5)], [note(4)]])
    page = await vendor.changes(None, SINCE)
    asked = [domain[0] for method, domain, *_ in answers.asked if method == "ir.note.search_read"]
    assert [len(of) for _, _, of in asked] == [PAGE, 2] and asked[1][2] == [
        "sale.opportunity,101",
        "sale.opportunity,102",
    ]
    assert [work.vendor_id for work in page.works] == ["note/4", "note/5"] and page.is_last


async def test_where_one_part_has_more_notes_than_a_page_younger_ones_wait_for_the_next_page():
    full = [note(ident, at=AT + timedelta(seconds=ident)) for ident in range(1, PAGE + 1)]
    younger, older = note(900, at=AT + timedelta(hours=1)), note(901, at=AT)
    vendor, _ = reading(open_ones=range(1, PAGE + 3), notes=[full, [older, younger]])
    page = await vendor.changes(None, SINCE)
    assert [work.vendor_id for work in page.works] == ["note/901", *(f"note/{row['id']}" for row in full)]
    assert not page.is_last and Cursor.read(page.cursor, AT).notes == Place(AT + timedelta(seconds=PAGE), PAGE)


async def test_where_nothing_is_open_no_note_is_asked_for():
    vendor, answers = reading(open_ones=())
    assert (await vendor.changes(None, SINCE)).is_last
    assert not [asked for asked in answers.asked if asked[0] == "ir.note.search_read"]


async def test_a_look_goes_on_within_itself_at_instant_and_id_for_many_that_were_written_at_once():
    rows = [row(ident) for ident in range(1, PAGE + 1)]
    vendor, answers = reading(rows)
    page = await vendor.changes(None, SINCE)
    assert not page.is_last
    await vendor.changes(page.cursor, SINCE)
    domain = written(answers)[-1]
    at = stamp(AT)
    assert domain[-1] == ["OR", ["write_date", ">", at], [["write_date", "=", at], ["id", ">", PAGE]]]


async def test_a_new_look_begins_before_the_end_of_the_last_since_what_began_earlier_may_be_committed_later():
    vendor, answers = reading([row()])
    page = await vendor.changes(None, SINCE)
    await vendor.changes(page.cursor, SINCE)
    domain = written(answers)[-1]
    assert domain[-1][1] == ["write_date", ">", stamp(SINCE)]


async def test_after_an_outage_it_goes_on_from_where_it_was():
    vendor, answers = reading()
    await vendor.changes(str(Cursor(Place(AT, 3), Place(AT, 5))), AT + timedelta(days=2))
    notes = next(asked[1] for asked in answers.asked if asked[0] == "ir.note.search_read")
    assert written(answers)[0][-1][1][2] == notes[-1][1][2] == stamp(AT)


async def test_without_anything_new_the_place_stays():
    vendor, _ = reading()
    cursor = str(Cursor(Place(SINCE, 3), Place(SINCE, 5)))
    assert (await vendor.changes(cursor, AT)).cursor == cursor


@pytest.mark.parametrize("cursor", ["2026-11-30 09:30:15|2026-11-30 09:30:15", "", "x;y", "2026-11-30T09:30:15/x;"])
async def test_a_place_of_another_vendor_is_told(cursor):
    with pytest.raises(Trouble, match="cursor_of_another_vendor"):
        await reading()[0].changes(cursor, SINCE)


def test_a_place_is_read_as_it_is_written():
    for made in (Cursor(Place(AT, 3), Place(SINCE, 5), goes_on=True), Cursor(Place(SINCE, 3), Place(SINCE, 5))):
        assert Cursor.read(str(made), AT) == made
