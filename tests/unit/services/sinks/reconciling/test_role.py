"""The two sweeps of a sink that reads back."""

from datetime import timedelta
from types import SimpleNamespace

import pytest

from routing.model.records import Handover, Lead, Offer
from schemas.sinks.base import Reconcile, Stages
from services.ports.rows import RecordOut
from services.ports.sinks import SinkRecord, Sweep
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.facts import Words
from services.sinks.reconciling.role import Reconciler, Subject
from services.sinks.reconciling.sightings import Change, Page, Sighting, Work
from tests.sinks import NOW, STAGES


class World:
    """Leads of ours by number, their opportunities at a vendor, and what sweeps brought."""

    def __init__(self, leads=1):
        self.now, self.pages, self.there, self.signals = NOW, [], {}, []
        self.reads, self.written, self.lost = 0, [], []
        self.cursors, self.due, self.waiting, self.counts, self.asked = {}, {}, set(), {}, []
        self.leads = {f"lead_{n}": self._lead(n) for n in range(leads)}
        subject = Subject("sink/crm", self, Reconcile(), self._words, self._record)
        self.reconciler = Reconciler(
            subject, self, self, lambda: self.now, on_audit=lambda _, counts: self.counts.update(counts)
        )

    def _lead(self, number):
        offer = Offer(id=f"ho_{number}.1", number=1, person="anna", offered_at=NOW)
        opened = Handover(id=f"ho_{number}", pass_number=1, opened_at=NOW, offers=(offer,))
        return Lead(
            id=f"lead_{number}", brand="default", partition_key="k", created_at=NOW, stage="hand_over", stage_since=NOW,
            pass_since=NOW, source="web", owner="anna", handover=opened,
        )  # fmt: skip

    async def _words(self):
        people = {"1": "anna", "2": "bo"}
        return Words(Stages(**STAGES).meaning, people.get, our_user="7", system="crm", account=None, target="sink/crm")

    def _record(self, fact):
        return RecordOut("signals", b"k", f"{fact.kind.value} {fact.handover_id}".encode())

    # the vendor
    async def changes(self, cursor, since):
        self.asked.append((cursor, since))
        page = self.pages.pop(0) if self.pages else Page([], [], cursor or "0", is_last=True)
        if isinstance(page, Trouble):
            raise page
        return page

    async def look(self, vendor_ids):
        if self.lost:
            raise self.lost.pop()
        return [self.there[ident] for ident in vendor_ids if ident in self.there]

    # the store
    async def claim_sweep(self, target, kind, now, next_at):
        if self.due.get(kind, now) > now:
            return None
        self.due[kind] = next_at
        return Sweep(self.cursors.get(kind))

    async def finish_sweep(self, target, kind, cursor, signals, *, next_at=None):
        self.cursors[kind] = cursor
        self.due[kind] = next_at or self.due[kind]
        self.signals += [signal.value.decode() for signal in signals]

    def _of(self, lead):
        number = lead.removeprefix("lead_")
        return SinkRecord("sink/crm", "opportunity", f"ho_{number}", lead, "present", "evt", vendor_id=number)

    async def records_by_vendor_id(self, target, kind, vendor_ids):
        return [self._of(lead) for lead in self.leads if lead.removeprefix("lead_") in vendor_ids]

    async def opportunities(self, target, after, limit):
        return [record for record in map(self._of, sorted(self.leads)) if record.key > after][:limit]

    async def waiting_leads(self, target, lead_ids):
        return frozenset(self.waiting) & frozenset(lead_ids)

    # what is asked of leads
    async def lead_of_handover(self, handover_id):
        return handover_id.replace("ho_", "lead_")

    async def leads_by_id(self, lead_ids):
        self.reads += 1
        found = [self.leads[ident] for ident in lead_ids if ident in self.leads]
        return [SimpleNamespace(id=lead.id, state=lead.text(), disposition="active") for lead in found]

    async def write_again(self, target, lead_id, now):
        self.written.append(lead_id)
        return "written_again"


def seen(number, *, owned_by_program=False, **values):
    if owned_by_program:
        values["of_owner"] = Change(NOW, None, is_program=True)
    sighting = Sighting(str(number), stage="new", owner="1", outcome=None, changed_at=NOW, changed_by="1")
    return sighting._replace(**values)


@pytest.fixture
def world():
    return World()


async def test_a_sweep_goes_on_where_the_last_one_got_to_and_reads_all_pages(world):
    world.pages = [Page([seen(0, stage="working")], [], "5", is_last=False), Page([], [], "6", is_last=True)]
    await world.reconciler.sweep()
    assert world.signals == ["sales.accepted ho_0"] and world.cursors["catch_up"] == "6"
    world.now += timedelta(minutes=10)
    await world.reconciler.sweep()
    assert [cursor for cursor, _ in world.asked] == [None, "5", "6"]
    assert world.asked[0][1] == NOW - timedelta(minutes=5)


async def test_what_is_not_due_is_not_read(world):
    await world.reconciler.sweep()
    world.now += timedelta(minutes=9)
    await world.reconciler.sweep()
    assert len(world.asked) == 1


async def test_records_that_are_not_ours_are_passed_over(world):
    work = Work("9", opportunity="99", kind="call", author="1", happened_at=NOW, recorded_at=NOW)
    world.pages = [Page([seen(99, stage="working")], [work], "5", is_last=True)]
    await world.reconciler.sweep()
    assert world.signals == []


async def test_a_step_of_sales_comes_back_as_a_follow_up(world):
    work = Work("9", opportunity="0", kind="call", author="1", happened_at=NOW, recorded_at=NOW)
    world.pages = [Page([], [work], "5", is_last=True)]
    await world.reconciler.sweep()
    assert world.signals == ["sales.follow_up ho_0"]


async def test_an_owner_that_we_were_about_to_write_over_is_looked_at_again(world):
    world.waiting = {"lead_0"}
    world.pages = [Page([seen(0, owner="2")], [], "5", is_last=True)]
    await world.reconciler.sweep()
    assert world.signals == []
    world.waiting, world.there = set(), {"0": seen(0, owner="2")}
    world.now += timedelta(minutes=10)
    await world.reconciler.sweep()
    assert world.signals == ["sales.owner_changed ho_0"]


async def test_trouble_leaves_the_place_where_it_was_and_the_next_sweep_begins_there(world):
    world.pages = [Page([], [], "5", is_last=False), Trouble("transient", "http_503")]
    await world.reconciler.sweep()
    assert world.cursors["catch_up"] == "5"
    world.now += timedelta(minutes=10)
    await world.reconciler.sweep()
    assert world.asked[-1][0] == "5"


async def test_a_place_that_does_not_move_is_not_read_for_ever(world):
    world.cursors["catch_up"] = "5"
    world.pages = [Page([], [], "5", is_last=False)] * 3
    await world.reconciler.sweep()
    assert len(world.asked) == 1


async def test_an_audit_compares_every_open_hand_over_and_tells_what_was_missed():
    world = World(leads=230)
    world.there = {str(n): seen(n) for n in range(230)}
    world.there["7"] = seen(7, stage="working")
    del world.there["8"]
    closed = world.leads["lead_9"].handover.but(closed_at=NOW, outcome="lost")
    world.leads["lead_9"].handover = closed
    await world.reconciler.sweep()
    assert world.counts == {"agrees": 227, "theirs_is_newer": 1, "missing": 1}
    assert world.signals == ["sales.accepted ho_7"]


async def test_an_audit_reads_the_leads_of_a_page_at_once():
    world = World(leads=230)
    await world.reconciler.sweep()
    assert world.reads == 3 + 1, "three pages, and what the catch-up saw"


async def test_an_audit_that_ended_on_its_way_goes_on_there_and_counts_all():
    world = World(leads=230)
    world.there = {str(n): seen(n) for n in range(230)}
    pages = []
    compare_page = world.reconciler._audit._compare_page

    async def compare_and_fail_once(records, counts):
        pages.append(records[0].key)
        if len(pages) == 2:
            world.lost.append(Trouble("transient", "http_503"))
        return await compare_page(records, counts)

    world.reconciler._audit._compare_page = compare_and_fail_once
    await world.reconciler.sweep()
    assert world.counts == {}
    world.now += timedelta(minutes=16)
    await world.reconciler.sweep()
    assert world.counts == {"agrees": 230}
    assert len(pages) == 4 and pages[1] == pages[2] and pages[0] != pages[2]
    world.now = NOW + timedelta(hours=23)
    await world.reconciler.sweep()
    assert len(pages) == 4
    world.now = NOW + timedelta(days=1)
    await world.reconciler.sweep()
    assert len(pages) == 7, "a day after it began"


async def test_what_we_wrote_and_is_not_there_is_written_again_and_a_persons_choice_is_not(world):
    world.there = {"0": seen(0, owner="99", owned_by_program=True)}
    await world.reconciler.sweep()
    assert world.written == ["lead_0"] and world.counts == {"ours_is_newer": 1}
    world.there, world.now = {"0": seen(0, owner="99")}, NOW + timedelta(days=1)
    await world.reconciler.sweep()
    assert world.written == ["lead_0"]
    assert world.signals == []
