"""What the forum reads of the store, and keeps there, on both engines."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from routing.forum.entries import EntryRecord
from routing.forum.figures import to_json
from routing.forum.frame import frame_of
from routing.forum.report import report_of
from routing.forum.tally import Query
from schemas.forum import Action, Cost, Lesson
from services.adapters.sql.forum import SqlForum
from services.adapters.sql.stories import SqlStories
from services.forum.desk import ForumDesk, NoSuchEntry
from services.forum.reports import list_behind, to_story
from tests.forum import agreement, rows
from tests.golden_report import NOW, REPORT, golden_entries
from tests.golden_story import whole_story
from tests.setups import ruling, setup_on

AT = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture
async def running(migrated_url):
    """A set-up on which the golden story has happened."""
    async with setup_on(migrated_url) as made:
        await whole_story(made)
        yield made


async def stories(running, limit):
    reading, found, after = SqlStories(running.store.engines), [], ""
    while page := await reading.stories(after, limit):
        found += page
        after = page[-1].subject
    return found


async def test_the_stories_of_the_store_give_the_golden_report(running):
    found = [to_story(one) for one in await stories(running, 2)]
    assert [one.subject for one in found] == sorted(one.subject for one in found)
    told = [one._replace(signals=()) for one in found]
    report = report_of(told, frame_of(agreement(), "2026-W48", NOW), golden_entries())
    assert to_json(report) == REPORT.read_bytes()


async def test_a_story_has_the_signals_that_did_what_they_mean_in_the_order_of_recording(running):
    heard = [signal for one in await stories(running, 100) for signal in to_story(one).signals]
    assert {signal.facts.form_id for signal in heard if signal.kind == "form.submitted"} == {"demo"}
    assert {signal.facts.amount for signal in heard if signal.kind == "sales.won"} == {1000.0}


async def test_who_sees_one_brand_gets_its_leads_and_no_promises_by_number(running):
    reading = SqlStories(running.store.engines)
    everybody = {one.subject for one in await reading.stories("", 100)}
    assert any(subject.startswith("promise:") for subject in everybody)
    default = {one.subject for one in await reading.within({"default"}).stories("", 100)}
    assert default == {subject for subject in everybody if subject.startswith("lead_")}
    assert await reading.within({"other"}).stories("", 100) == []


async def test_the_desk_gives_the_same_bytes_again_and_the_ids_behind_a_figure(running):
    async def rules():
        return ruling()

    desk = ForumDesk(SqlStories(running.store.engines), SqlForum(running.store.engines), ruling=rules, now=lambda: NOW)
    frame = await desk.frame("2026-W48")
    made = await desk.report(frame)
    assert rows(made, "definitions", "precision_by_content")["demo",]["taken"] == 1
    again = ForumDesk(SqlStories(running.store.engines), SqlForum(running.store.engines), ruling=rules, now=lambda: NOW)
    assert to_json(await again.report(frame)) == to_json(made)
    behind = list_behind(SqlStories(running.store.engines), frame, Query("leads_in", "2026-W48"))
    ids = [ident async for _, found in behind for ident in found]
    assert len(ids) == 3 and all(ident.startswith("evt_") for ident in ids)


ENTRIES = [
    EntryRecord("ent_1", Action(what="call", who="elin", by=date(2026, 12, 1)), "maja", AT),
    EntryRecord("ent_2", Lesson(about="question", name="price", words="Nobody answers it."), "lena", AT),
    EntryRecord(
        "ent_3",
        Cost.model_validate(
            {"side": "sales", "amount": "10.55", "currency": "SEK", "from": "2026-11-01", "to": "2026-11-30"}
        ),
        "maja",
        AT,
    ),
]


async def test_entries_come_back_as_they_were_entered_in_their_order(store):
    forum = SqlForum(store.engines)
    await forum.add_entries(ENTRIES)
    await forum.add_entries([])
    await forum.add_entries(ENTRIES[:1])
    assert await forum.entries() == [*ENTRIES, ENTRIES[0]]
    assert ENTRIES[2].entry.amount == Decimal("10.55")


async def test_an_entry_that_is_sent_twice_is_one_and_an_action_point_can_be_closed(store):
    async def rules():
        return ruling()

    desk = ForumDesk(SqlStories(store.engines), SqlForum(store.engines), ruling=rules, now=lambda: AT)
    entries = [record.entry for record in ENTRIES]
    first, second = [await desk.enter(entries, "maja") for _ in range(2)]
    assert [record.id for record in first] == [record.id for record in second]
    action = first[0].id
    await desk.close(action, lambda a: a.model_copy(update={"state": "done"}), "elin")
    current = {record.id: record for record in await desk.entries()}
    assert (len(current), current[action].entry.state, current[action].by) == (3, "done", "elin")
    with pytest.raises(NoSuchEntry):
        await desk.close(first[1].id, lambda a: a, "elin")
    with pytest.raises(ValueError, match="`majja` is not in the roster; did you mean `maja`"):
        await desk.enter([Action(what="x", who="majja", by=date(2026, 12, 1))], "maja")


async def test_the_last_week_that_is_over_is_reported_under_the_agreement_of_its_end(store):
    old, new = agreement(), agreement(("pipeline_factor: 3", "pipeline_factor: 4"))

    async def rules():
        return ruling()._replace(agreement=old, timeline=((AT - timedelta(days=60), old), (AT, new)))

    desk = ForumDesk(
        SqlStories(store.engines), SqlForum(store.engines), ruling=rules, now=lambda: AT + timedelta(days=7)
    )
    assert (await desk.frame()).week.name == "2026-W48"
    assert (await desk.frame()).agreement is new
    assert (await desk.frame("2026-W47")).agreement is old


async def test_a_mail_is_claimed_by_one_at_a_time_until_it_is_sent(store):
    forum, hour = SqlForum(store.engines), timedelta(hours=1)
    assert await forum.claim_mail("2026-W48", "maja", AT, AT + hour)
    assert not await forum.claim_mail("2026-W48", "maja", AT, AT + hour)
    assert await forum.claim_mail("2026-W48", "elin", AT, AT + hour)
    assert await forum.claim_mail("2026-W48", "maja", AT + hour, AT + 2 * hour), "the claim ran out"
    await forum.finish_mail("2026-W48", "maja", state="pending", now=AT + hour, next_at=AT + 3 * hour)
    assert not await forum.claim_mail("2026-W48", "maja", AT + 2 * hour, AT + 3 * hour), "it waits"
    assert await forum.claim_mail("2026-W48", "maja", AT + 3 * hour, AT + 4 * hour)
    await forum.finish_mail("2026-W48", "maja", state="sent", now=AT, next_at=AT)
    assert not await forum.claim_mail("2026-W48", "maja", AT + 9 * hour, AT + 10 * hour)
    assert await forum.mails("2026-W48") == {"maja": "sent", "elin": "pending"}
    assert await forum.mails("2026-W49") == {}
