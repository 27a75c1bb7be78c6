"""What would be written is shown; nothing is written, and nothing kept."""

from datetime import timedelta

from services.ports.sinks import SinkRecord
from services.sinks.calls import Call
from services.sinks.carrying import Target
from services.sinks.http import ShowingCaller
from services.sinks.showing import UnaskedVendor, show_plan
from tests.sinks import NOW, MemoryBook, MemoryCrm, event, offered, settings


class CallingCrm(MemoryCrm):
    """The same over a caller, as a vendor's file is."""

    def __init__(self, caller):
        super().__init__(lambda: NOW)
        self.caller, self.asked = caller, []

    async def find(self, key, names, parents):
        self.asked.append(("find", key.kind))
        return await super().find(key, names, parents)

    async def read(self, kind, vendor_id, names):
        self.asked.append(("read", kind))
        return await super().read(kind, vendor_id, names)

    async def create(self, key, fields, parents):
        await self.caller(Call("POST", f"/{key.kind}", key.text.encode(), is_write=True))

    async def update(self, kind, vendor_id, fields):
        await self.caller(Call("PATCH", f"/{kind}/{vendor_id}", ",".join(sorted(fields)).encode(), is_write=True))


def shown_target(owners=None, *, asks):
    caller = ShowingCaller()
    crm = CallingCrm(caller)
    return crm, Target(settings(owners=owners), crm if asks else UnaskedVendor(crm), lambda *_: (), caller.take)


async def plan(happened, book, target):
    steps, trouble = await show_plan(happened, target, book, lambda: NOW + timedelta(minutes=1))
    return {step.name: (step.state, (step.request or "").partition("\n")[0]) for step in steps}, trouble


async def test_an_offer_is_shown_request_by_request_and_nothing_is_kept():
    book = MemoryBook()
    crm, target = shown_target(asks=True)
    steps, trouble = await plan(offered(), book, target)
    assert trouble is None
    for kind in ("contact", "company", "opportunity", "note", "task"):
        assert steps[kind] == ("planned", f"POST /{kind}")
    assert ("find", "opportunity") in crm.asked
    assert (book.kept, book.done, book.signals) == ({}, {}, [])


async def test_what_is_known_is_not_made_again_and_past_steps_do_not_hide_anything():
    book = MemoryBook()
    crm, target = shown_target(asks=True)
    crm.records["9"] = {"kind": "opportunity", "key": "ho_1", "made_at": NOW, "stage": "new"}
    record = SinkRecord("sink/crm", "opportunity", "ho_1", "lead_1", "present", "evt_1", vendor_id="9")
    book.kept["opportunity", "ho_1"] = record
    accepted = event("handover.accepted", 2, handover_id="ho_1", pass_number=1, offer_id="ho_1.1")
    for _ in range(2):
        steps, _ = await plan(accepted, book, target)
        assert steps == {"opportunity": ("planned", "PATCH /opportunity/9")}
    assert book.kept == {("opportunity", "ho_1"): record}


async def test_a_vendor_that_nobody_asks_has_nothing_and_what_is_known_is_changed_in_full():
    book = MemoryBook()
    crm, target = shown_target(asks=False)
    steps, _ = await plan(offered(), book, target)
    assert steps["contact"] == ("planned", "POST /contact") and crm.asked == []
    book.kept["opportunity", "ho_1"] = SinkRecord(
        "sink/crm", "opportunity", "ho_1", "lead_1", "present", "evt_1", vendor_id="9"
    )
    steps, _ = await plan(offered(), book, target)
    assert steps["opportunity"] == ("planned", "PATCH /opportunity/9") and crm.asked == []


async def test_trouble_ends_the_plan_and_is_told_with_what_was_shown_before():
    _, target = shown_target(owners={}, asks=True)
    steps, trouble = await plan(offered(), MemoryBook(), target)
    assert steps == {} and trouble.code == "owner_has_no_id_there"
    crm, target = shown_target(asks=True)
    crm.records["9"] = {"kind": "opportunity", "key": "ho_1", "made_at": NOW, "stage": "lost"}
    steps, trouble = await plan(offered(), MemoryBook(), target)
    assert trouble.code == "opportunity_is_closed_there"
    assert steps["contact"][0] == "planned" and steps["opportunity"][0] == "refused"


async def test_an_event_that_nothing_follows_from_has_no_step():
    _, target = shown_target(asks=True)
    moved = event(
        "lead.stage_changed", 5, from_stage="contact", to_stage="qualification", pass_number=1, reason="engaged"
    )
    assert await plan(moved, MemoryBook(), target) == ({}, None)
