"""A plan carried out, whatever fails on the way."""

from datetime import timedelta

import pytest

from services.ports.written import is_echo
from services.sinks.calls import Shown
from services.sinks.carrying import Carrier
from services.sinks.kept import newest_handover
from services.sinks.limits import LEFT_TO_OTHERS, Allowance, Bucket
from services.sinks.outcomes import Trouble
from services.sinks.planning.plan import plan_of
from services.sinks.remaining import Remaining
from tests.sinks import NOW, Killed, MemoryBook, MemoryCrm, event, offered, settings, sink, target

LONG = timedelta(hours=1)


class World:
    """A CRM, a book and a clock; a carrier that begins again after each kill."""

    def __init__(self, of=None, owners=None, shown=None):
        self.now = NOW
        self.crm, self.book = MemoryCrm(lambda: self.now), MemoryBook()
        self.of, self.owners, self.shown = of, owners, shown

    async def carry(self, happened, until=None):
        made = Carrier(target(self.crm, self.of, self.owners, self.shown), self.book, lambda: self.now)
        await made.carry(happened, until or self.now + LONG)

    async def insist(self, happened):
        """Again and again, some seconds apart, as the role does; returns how often."""
        for tries in range(1, 40):
            try:
                await self.carry(happened)
            except (Trouble, Killed):
                self.now += timedelta(seconds=10)
            else:
                return tries
        raise AssertionError("never done")

    def counts(self):
        return {kind: len(self.crm.of(kind)) for kind in ("contact", "company", "opportunity", "note", "task")}


ONE_EACH = dict.fromkeys(("contact", "company", "opportunity", "note", "task"), 1)


async def test_a_hand_over_is_a_contact_a_company_an_opportunity_a_note_and_a_task_for_the_owner():
    world = World()
    await world.carry(offered())
    assert world.counts() == ONE_EACH
    (opportunity,), (task,), (note,) = (world.crm.of(kind) for kind in ("opportunity", "task", "note"))
    assert opportunity["owner"] == "ANNA" and opportunity["stage"] == "new"
    assert task["owner"] == "ANNA" and task["state"] == "open" and task["due_at"].startswith("2026-06-08T13:00")
    assert note["text"].endswith("Stafett ho_1/dossier") and "pumps" in note["text"]
    assert len(world.crm.links) == 2


async def test_ids_are_told_once_and_with_the_step_that_made_them():
    world = World()
    await world.carry(offered())
    told = list(world.book.signals)
    assert [kind for kind, _ in told] == ["company", "contact", "opportunity", "note", "task"]
    await world.carry(offered())
    assert world.book.signals == told


async def test_carried_out_again_it_writes_nothing():
    world = World()
    await world.carry(offered())
    before = list(world.crm.writes)
    world.book.done.clear()
    await world.carry(offered())
    assert world.crm.writes == before


@pytest.mark.parametrize("fault", ["drop", "lose", "kill"])
@pytest.mark.parametrize("at", range(5))
async def test_an_answer_that_never_came_makes_nothing_twice(fault, at):
    world = World()
    world.crm.faults = [None] * at + [fault]
    tries = await world.insist(offered())
    assert tries == 2 if fault != "lose" else tries > 2, "what nothing is seen of may still be on its way"
    assert world.counts() == ONE_EACH


@pytest.mark.parametrize("commits", range(13))
async def test_a_kill_before_any_commit_makes_nothing_twice(commits):
    world = World()
    world.book.kill_at = commits
    await world.insist(offered())
    assert world.counts() == ONE_EACH
    assert {kind for kind, _ in world.book.signals} == set(ONE_EACH)


@pytest.mark.parametrize("fault", ["drop", "kill", "lose"])
async def test_a_look_up_that_lags_is_not_believed_before_it_has_settled(fault):
    world = World()
    world.crm.settle = world.crm.lag = timedelta(seconds=25)
    world.crm.faults = [None, None, fault]
    assert await world.insist(offered()) > 2
    assert world.counts() == ONE_EACH


async def test_what_the_vendor_itself_keeps_single_is_sent_again_at_once():
    world = World()
    world.crm.settle = world.crm.lag = timedelta(hours=1)
    world.crm.repeatable = frozenset(ONE_EACH)
    world.crm.faults = ["drop"]
    assert await world.insist(offered()) == 2
    assert world.counts() == ONE_EACH


async def test_a_contact_that_somebody_made_is_taken_over_and_only_its_blanks_are_filled():
    world = World()
    world.crm.records["x"] = {"kind": "contact", "key": "theirs", "email": "eva@kund.example", "first_name": "Ewa",
                              "made_at": NOW}  # fmt: skip
    await world.carry(offered())
    assert world.crm.records["x"]["first_name"] == "Ewa" and world.crm.records["x"]["last_name"] == "Ek"
    assert world.book.kept["contact", "lead_1"].adopted
    assert len(world.crm.of("contact")) == 1


async def test_a_field_that_is_ours_is_overwritten():
    world = World(of=sink(owns=["first_name"]))
    world.crm.records["x"] = {"kind": "contact", "key": "theirs", "email": "eva@kund.example", "first_name": "Ewa",
                              "made_at": NOW}  # fmt: skip
    await world.carry(offered())
    assert world.crm.records["x"]["first_name"] == "Eva"


async def test_a_second_offer_gives_the_same_opportunity_to_another_and_leaves_what_sales_wrote():
    world = World()
    await world.carry(offered())
    (opportunity,) = world.crm.of("opportunity")
    opportunity["name"] = "Pumps for Kund"
    await world.carry(event("handover.rejected", 2, handover_id="ho_1", pass_number=1, offer_id="ho_1.1"))
    await world.carry(offered(3, offer=2, owner="bo"))
    assert world.counts() == ONE_EACH | {"task": 2}
    assert opportunity["owner"] == "BO" and opportunity["name"] == "Pumps for Kund"
    assert sorted(task["state"] for task in world.crm.of("task")) == ["cancelled", "open"]


async def test_the_note_is_edited_where_the_dossier_has_changed_and_only_then():
    world = World()
    await world.carry(offered())
    await world.carry(offered(2, offer=2, owner="bo"))
    edits = [write for write in world.crm.writes if write[:2] == ("update", "note")]
    assert edits == []
    await world.carry(offered(3, offer=3, next_step="call on Monday"))
    assert len([write for write in world.crm.writes if write[:2] == ("update", "note")]) == 1
    assert "call on Monday" in world.crm.of("note")[0]["text"]


async def test_an_edit_of_the_note_comes_last_and_leaves_a_short_bucket_to_owners_and_offers():
    world = World()
    await world.carry(offered())
    allowance = Allowance(Bucket(100, timedelta(seconds=1000)), None)
    allowance.believe(Remaining(burst=10), world.now)
    write, calls = world.crm.update, []

    async def update(kind, vendor_id, fields):
        allowance.reserve(1, world.now)
        calls.append(kind)
        await write(kind, vendor_id, fields)

    world.crm.update = update
    again = offered(2, offer=2, owner="bo", campaign="spring")
    with pytest.raises(Trouble, match=LEFT_TO_OTHERS):
        await world.carry(again)
    assert calls == ["opportunity", "task"] and len(world.crm.of("task")) == 2
    assert world.crm.of("opportunity")[0]["owner"] == "BO"
    world.now += timedelta(seconds=400)
    await world.carry(again)
    assert calls == ["opportunity", "task", "note"]


async def test_an_acceptance_moves_the_stage_and_sales_own_stage_is_never_moved_back():
    world = World()
    await world.carry(offered())
    (opportunity,) = world.crm.of("opportunity")
    accepted = {"handover_id": "ho_1", "pass_number": 1, "offer_id": "ho_1.1"}
    await world.carry(event("handover.accepted", 2, **accepted))
    assert opportunity["stage"] == "working"
    opportunity["stage"] = "their proposal stage"
    await world.carry(event("handover.accepted", 3, **accepted))
    await world.carry(offered(4, offer=2, owner="bo"))
    assert opportunity["stage"] == "their proposal stage" and opportunity["owner"] == "BO"


async def test_a_closed_opportunity_is_not_opened_again_and_somebody_is_told():
    world = World()
    await world.carry(offered())
    world.crm.of("opportunity")[0]["stage"] = "lost"
    with pytest.raises(Trouble, match="opportunity_is_closed_there") as caught:
        await world.carry(offered(2, offer=2, owner="bo"))
    assert caught.value.kind == "refused_data"
    assert world.book.done["evt_2", "opportunity"].state == "refused"


async def test_an_opportunity_that_somebody_deleted_is_not_made_again_before_somebody_says_so():
    world = World()
    await world.carry(offered())
    ident = next(ident for ident, row in world.crm.records.items() if row["kind"] == "opportunity")
    del world.crm.records[ident]
    with pytest.raises(Trouble, match="gone"):
        await world.carry(offered(2, offer=2, owner="bo"))
    del world.book.kept["opportunity", "ho_1"]
    await world.carry(offered(2, offer=2, owner="bo"))
    assert len(world.crm.of("opportunity")) == 1


async def test_an_opportunity_of_which_somebody_made_another_record_with_our_key_is_followed_and_its_id_told():
    world = World()
    await world.carry(offered())
    (old,) = [ident for ident, row in world.crm.records.items() if row["kind"] == "opportunity"]
    world.crm.records["deal"] = world.crm.records.pop(old)
    told = len(world.book.signals)
    owner = {"person": "bo", "ids": {}}
    await world.carry(event("handover.transferred", 2, handover_id="ho_1", pass_number=1, owner=owner, reason="manual"))
    assert world.crm.records["deal"]["owner"] == "BO"
    assert world.book.signals[told:] == [("opportunity", "deal")] and world.book.kept["opportunity", "ho_1"].adopted


def merged(number, subject, kept="lead_1", gone="lead_2"):
    return event("lead.merged", number, lead=subject, kept=kept, gone=gone, by="person")


async def test_of_two_leads_that_are_one_the_open_opportunity_of_the_other_hangs_on_the_contact_that_is_kept():
    world = World()
    await world.carry(offered())
    await world.carry(offered(2, lead="lead_2", handover="ho_2", email="other@kund.example"))
    contact, theirs = (world.book.kept[key].vendor_id for key in (("contact", "lead_1"), ("opportunity", "ho_2")))
    writes = list(world.crm.writes)
    await world.carry(merged(3, "lead_2"))
    assert (theirs, contact) not in world.crm.links, "told of both, carried out for one"
    await world.carry(merged(4, "lead_1"))
    assert (theirs, contact) in world.crm.links and world.crm.writes == writes, "nothing else is written or merged"


async def test_what_is_over_or_was_never_made_stays_where_it_is_when_leads_are_merged():
    world = World()
    await world.carry(offered(2, lead="lead_2", handover="ho_2", email="other@kund.example"))
    before = set(world.crm.links)
    await world.carry(merged(3, "lead_1"))
    assert world.crm.links == before, "the kept lead has no contact there"
    await world.carry(offered(4))
    await world.carry(event("handover.returned", 5, lead="lead_2", handover_id="ho_2", pass_number=1, offer_id=None))
    before = set(world.crm.links)
    await world.carry(merged(6, "lead_1"))
    assert world.crm.links == before


async def test_a_contact_that_a_person_gave_away_stays_theirs_and_one_that_is_as_we_left_it_follows_the_lead():
    world = World(of=sink(set_contact_owner=True))
    await world.carry(offered())
    (contact,) = world.crm.of("contact")
    await world.carry(event("lead.owner_changed", 2, from_owner=None, to_owner={"person": "bo", "ids": {}}, rule="x"))
    assert contact["owner"] == "BO"
    contact["owner"] = "CIA"
    await world.carry(event("lead.owner_changed", 3, from_owner=None, to_owner={"person": "anna", "ids": {}}, rule="x"))
    assert contact["owner"] == "CIA"


@pytest.mark.parametrize(("source", "stage"), [("crm", "their own"), ("web", "lost")])
async def test_an_end_that_the_crm_told_itself_leaves_the_stage_where_sales_put_it(source, stage):
    world = World(of=sink(source="crm", user="7"))
    await world.carry(offered())
    (opportunity,) = world.crm.of("opportunity")
    opportunity["stage"] = "their own"
    world.book.sources = {"sig_1": source}
    await world.carry(event("handover.lost", 2, handover_id="ho_1", pass_number=1, offer_id="ho_1.1"))
    assert opportunity["stage"] == stage
    assert world.book.kept["opportunity", "ho_1"].is_over
    assert world.crm.of("task")[0]["state"] == "cancelled"


async def test_what_the_crm_has_no_place_for_is_not_even_read():
    world = World()
    await world.carry(offered())
    world.crm.render = lambda wanted: {"key": wanted.key.text}
    world.crm.read = None
    due = {"started_at": NOW, "target": "4h", "due_at": NOW, "noticed_at": NOW, "handover_id": "ho_1"}
    await world.carry(
        event(
            "sla.breached", 2, clock_id="c1", policy="p", metric="x", subject_kind="offer", subject_id="ho_1.1", **due
        )
    )
    assert world.book.done["evt_2", "hurry_task"].outcome == "not_known_there"


async def test_a_follow_up_does_the_task_and_a_rejection_cancels_it():
    world = World()
    await world.carry(offered())
    followed = {"handover_id": "ho_1", "pass_number": 1, "offer_id": "ho_1.1", "followed_up_at": "2026-06-08T10:00:00Z"}
    await world.carry(event("handover.followed_up", 2, **followed))
    assert world.crm.of("task")[0]["state"] == "done"


async def test_a_refused_create_is_nobodys_claim():
    world = World()
    world.crm.faults = [Trouble("refused_data", "PROPERTY_MISSING", field="city")]
    with pytest.raises(Trouble):
        await world.carry(offered())
    assert world.book.kept == {}
    step = world.book.done["evt_1", "company"]
    assert (step.state, step.outcome, step.code, step.field) == ("refused", "refused_data", "PROPERTY_MISSING", "city")


async def test_two_leads_of_one_company_make_it_once():
    world = World()
    world.crm.faults = ["lose"]
    with pytest.raises(Trouble):
        await world.carry(offered())
    with pytest.raises(Trouble, match="another_event_is_making_it"):
        await world.carry(offered(2, lead="lead_2", handover="ho_2", email="ola@kund.example"))
    await world.insist(offered())
    await world.insist(offered(2, lead="lead_2", handover="ho_2", email="ola@kund.example"))
    assert world.counts() == {"contact": 2, "company": 1, "opportunity": 2, "note": 2, "task": 2}


async def test_a_company_that_was_never_answered_is_made_by_whoever_needs_it_next_once_nobody_can_be_making_it():
    world = World(of=sink(timeout_seconds=30))
    world.crm.settle = timedelta(seconds=40)
    world.crm.faults = ["lose"]
    with pytest.raises(Trouble):
        await world.carry(offered())
    other = offered(2, lead="lead_2", handover="ho_2", email="ola@kund.example")
    world.now += timedelta(seconds=189)
    with pytest.raises(Trouble, match="another_event_is_making_it"):
        await world.carry(other)
    world.now += timedelta(seconds=1)
    await world.carry(other)
    assert world.crm.of("company") and world.book.kept["company", "kund.example"].made_by == "evt_2"
    await world.carry(offered())
    assert world.counts() == {"contact": 2, "company": 1, "opportunity": 2, "note": 2, "task": 2}


async def test_of_two_who_take_over_one_company_only_one_makes_it():
    world = World(of=sink(timeout_seconds=1))
    world.crm.faults = ["lose", "lose"]
    with pytest.raises(Trouble):
        await world.carry(offered())
    world.now += timedelta(seconds=6)
    with pytest.raises(Trouble, match="no_answer"):
        await world.carry(offered(2, lead="lead_2", handover="ho_2", email="ola@kund.example"))
    with pytest.raises(Trouble, match="another_event_is_making_it"):
        await world.carry(offered(3, lead="lead_3", handover="ho_3", email="bo@kund.example"))


async def test_tries_that_do_not_count_are_no_tries_of_the_step():
    world = World()
    world.crm.faults = [Trouble("locked", "busy"), Trouble("throttled", "slower"), Trouble("transient", "http_502")]
    tries = []
    for _ in range(3):
        with pytest.raises(Trouble) as caught:
            await world.carry(offered())
        tries.append(caught.value.tries)
    assert tries == [0, 0, 1]
    step = world.book.done["evt_1", "company"]
    assert (step.attempts, step.spared) == (3, 2)


async def test_another_owner_gets_the_task_that_is_open_as_well():
    world = World()
    await world.carry(offered())
    await world.carry(offered(2, offer=2, owner="anna"))
    bo = {"person": "bo", "ids": {}}
    await world.carry(event("lead.owner_changed", 3, from_owner=None, to_owner=bo, rule="pool"))
    assert world.crm.of("opportunity")[0]["owner"] == "BO"
    assert {task["state"]: task["owner"] for task in world.crm.of("task")} == {"cancelled": "ANNA", "open": "BO"}


async def test_a_task_that_was_done_stays_with_who_did_it():
    world = World()
    await world.carry(offered())
    answer = {"handover_id": "ho_1", "pass_number": 1, "offer_id": "ho_1.1"}
    await world.carry(event("handover.followed_up", 2, followed_up_at="2026-06-08T10:00:00Z", **answer))
    bo = {"person": "bo", "ids": {}}
    await world.carry(event("handover.transferred", 3, reason="left", owner=bo, handover_id="ho_1", pass_number=1))
    assert world.crm.of("task")[0]["owner"] == "ANNA" and world.crm.of("opportunity")[0]["owner"] == "BO"


async def test_nothing_is_made_once_the_claim_has_run_out():
    world = World()
    with pytest.raises(Trouble, match="claim_ran_out"):
        await world.carry(offered(), until=NOW)
    assert world.crm.writes == []


async def test_an_owner_without_an_id_there_holds_the_lead_until_the_roster_has_one():
    world = World(owners={})
    with pytest.raises(Trouble, match="owner_has_no_id_there"):
        await world.carry(offered())
    world.owners = {"anna": "ANNA"}
    await world.carry(offered())
    assert world.counts() == ONE_EACH


async def test_a_sink_that_only_shows_writes_and_remembers_nothing_but_the_requests():
    requests = []

    def shown():
        taken = "\n".join(requests)
        requests.clear()
        return taken

    world = World(shown=shown)

    async def create(key, fields, parents):
        requests.append(f"create {key.kind} {key.text}")
        raise Shown

    world.crm.create = create
    await world.carry(offered())
    assert world.crm.records == {} and world.book.kept == {} and world.book.signals == []
    assert world.book.done["evt_1", "opportunity"].request == "create opportunity ho_1"
    assert {step.state for step in world.book.done.values()} == {"planned", "skipped"}


async def test_a_task_that_was_done_is_not_cancelled_afterwards():
    world = World()
    await world.carry(offered())
    answer = {"handover_id": "ho_1", "pass_number": 1, "offer_id": "ho_1.1"}
    await world.carry(event("handover.followed_up", 2, followed_up_at="2026-06-08T10:00:00Z", **answer))
    await world.carry(event("handover.lost", 3, **answer))
    assert world.crm.of("task")[0]["state"] == "done"


async def test_what_was_given_up_on_at_the_last_moment_is_waited_for_from_then_on():
    world = World(of=sink(timeout_seconds=30))
    world.crm.settle = timedelta(seconds=40)

    async def create(key, fields, parents):
        world.now += timedelta(seconds=30)
        raise Trouble("unknown", "no_answer_in_time")

    honest, world.crm.create = world.crm.create, create
    with pytest.raises(Trouble):
        await world.carry(offered())
    world.crm.create = honest
    world.now += timedelta(seconds=69)
    with pytest.raises(Trouble, match="not_settled_yet"):
        await world.carry(offered())
    world.now += timedelta(seconds=2)
    await world.carry(offered())
    assert world.counts() == ONE_EACH


async def test_an_offer_that_comes_back_to_the_first_owner_is_theirs_again():
    world = World()
    await world.carry(offered())
    bo = {"person": "bo", "ids": {}}
    await world.carry(event("handover.transferred", 2, reason="left", owner=bo, handover_id="ho_1", pass_number=1))
    assert world.crm.of("opportunity")[0]["owner"] == "BO"
    await world.carry(offered(3, offer=2, owner="anna"))
    assert world.crm.of("opportunity")[0]["owner"] == "ANNA"


async def test_an_opportunity_that_was_returned_is_not_given_to_the_next_passes_owner():
    world = World()
    await world.carry(offered())
    returned = {"from_stage": "hand_over", "to_stage": "nurturing", "pass_number": 1, "reason": "rejected"}
    await world.carry(event("lead.stage_changed", 2, **returned))
    bo = {"person": "bo", "ids": {}}
    changed = event("lead.owner_changed", 3, from_owner=None, to_owner=bo, rule="pool")
    newest = newest_handover(list(world.book.kept.values()))
    assert newest is None and plan_of(changed, changed.body(), settings(), newest) == ()


async def test_a_company_that_somebody_took_away_is_made_again_for_the_next_hand_over():
    world = World()
    await world.carry(offered())
    ident = next(ident for ident, row in world.crm.records.items() if row["kind"] == "company")
    del world.crm.records[ident]
    await world.carry(offered(2, lead="lead_2", handover="ho_2", email="ola@kund.example"))
    assert len(world.crm.of("company")) == 1


async def test_what_webhooks_tell_of_is_marked_before_the_write_leaves():
    world = World()
    await world.carry(offered())
    record = world.book.kept["opportunity", "ho_1"]
    assert is_echo(record.written, "stage", "new", world.now) and is_echo(record.written, "owner", "ANNA", world.now)
    assert not is_echo(record.written, "stage", "working", world.now)
    world.crm.faults = ["kill"]
    with pytest.raises(Killed):
        await world.carry(event("handover.accepted", 2, handover_id="ho_1", pass_number=1, offer_id="ho_1.1"))
    kept = world.book.kept["opportunity", "ho_1"]
    assert is_echo(kept.written, "stage", "working", world.now) and is_echo(kept.written, "owner", "ANNA", world.now)


async def test_a_value_that_somebody_else_wrote_takes_our_mark_away():
    world = World()
    await world.carry(offered())
    world.crm.of("opportunity")[0]["stage"] = "working"
    await world.carry(event("handover.accepted", 2, handover_id="ho_1", pass_number=1, offer_id="ho_1.1"))
    kept = world.book.kept["opportunity", "ho_1"]
    assert not is_echo(kept.written, "stage", "new", world.now)
    assert not is_echo(kept.written, "stage", "working", world.now)


async def test_a_record_that_others_made_is_told_of_whatever_ends_us_before_it_is_kept():
    world = World()
    world.crm.records["x"] = {"kind": "opportunity", "key": "ho_1", "owner": "BO", "made_at": NOW}
    await world.insist(offered(lead="lead_1", company_domain=None))
    told = [kind for kind, _ in world.book.signals]
    assert told.count("opportunity") == 1


async def test_a_write_that_was_refused_leaves_no_mark_and_one_that_was_not_answered_does():
    for trouble, is_marked in (
        (Trouble("refused_data", "x"), False),
        (Trouble("transient", "x"), False),
        ("lose", True),
    ):
        world = World()
        await world.carry(offered())
        world.crm.faults = [trouble]
        with pytest.raises(Trouble):
            await world.carry(event("handover.accepted", 2, handover_id="ho_1", pass_number=1, offer_id="ho_1.1"))
        kept = world.book.kept["opportunity", "ho_1"]
        assert is_echo(kept.written, "stage", "working", world.now) is is_marked
        assert is_echo(kept.written, "owner", "ANNA", world.now)


PROMISE = {
    "due": "sla.due_at",
    "state": {"of": "sla.state", "words": {"running": "Open", "kept": "Kept", "breached": "Broken"}},
    "broken": "sla.breached_at",
}


def promise(number, kind, **more):
    fields = {"clock_id": "c1", "policy": "p", "metric": "follow_up", "subject_kind": "lead", "subject_id": "lead_1",
              "started_at": NOW, "target": "4h", "due_at": "2026-06-08T13:00:00Z", "handover_id": "ho_1"}  # fmt: skip
    return event(f"sla.{kind}", number, **{**fields, **more})


async def test_the_opportunity_shows_by_when_it_has_to_be_followed_up_and_what_became_of_it():
    world = World(of=sink(fields={"opportunity": PROMISE}))
    happened = offered()
    happened.data["follow_up_due_at"] = "2026-06-08T13:00:00Z"
    await world.carry(happened)
    (opportunity,) = world.crm.of("opportunity")
    assert opportunity["due"] == "2026-06-08T13:00:00.000000Z" and opportunity["state"] == "Open"
    opportunity["due"] = "what a person typed is ours all the same"
    await world.carry(promise(2, "breached", noticed_at=NOW))
    assert (
        opportunity["state"] == "Broken"
        and opportunity["broken"] == opportunity["due"] == "2026-06-08T13:00:00.000000Z"
    )
    kept = {"old": "breached", "new": "fulfilled", "cause": "s", "fulfilled_at": "2026-06-08T10:00:00Z"}
    await world.carry(promise(3, "corrected", **kept))
    assert opportunity["state"] == "Kept" and opportunity["broken"] is None
    writes = len(world.crm.writes)
    await world.carry(promise(4, "corrected", **kept))
    assert len(world.crm.writes) == writes, "what is there already is not written again"


async def test_a_second_offer_begins_the_promise_again():
    world = World(of=sink(fields={"opportunity": PROMISE}))
    await world.carry(offered())
    await world.carry(promise(2, "breached", noticed_at=NOW))
    again = offered(3, offer=2, owner="bo")
    again.data["follow_up_due_at"] = "2026-06-09T13:00:00Z"
    await world.carry(again)
    (opportunity,) = world.crm.of("opportunity")
    assert (opportunity["state"], opportunity["due"]) == ("Open", "2026-06-09T13:00:00.000000Z")


ERASED = {"reason": "asked"}


def all_texts(world):
    return repr([row for row in world.crm.records.values() if row["kind"] != "company"])


@pytest.mark.parametrize("erased", ["clear", "delete"])
async def test_who_is_erased_is_named_by_nothing_that_we_made(erased):
    world = World(of=sink(erased=erased, fields={"opportunity": {"need": "answers.need", "origin": "dossier.source"}}))
    await world.carry(offered())
    await world.carry(event("lead.erased", 2, **ERASED))
    assert not any(name in all_texts(world) for name in ("Eva", "Ek", "pumps"))
    assert world.counts() == (ONE_EACH if erased == "clear" else dict.fromkeys(ONE_EACH, 0) | {"company": 1}) | {
        "note": 0,
        "task": 0,
    }
    records = [record for record in world.book.kept.values() if record.kind != "company"]
    assert {(r.state, r.url, r.digest, r.written, r.before) for r in records} == {("erased", None, None, None, None)}
    outcomes = {name: step.outcome for (happened, name), step in world.book.done.items() if happened == "evt_2"}
    assert outcomes["erase_note_ho_1/dossier"] == outcomes["erase_task_ho_1.1"] == "deleted"
    assert outcomes["erase_contact_lead_1"] == {"clear": "emptied", "delete": "deleted"}[erased]


async def test_a_deal_that_stays_says_what_it_was_without_who_it_was():
    world = World(of=sink(fields={"opportunity": {"need": "answers.need", "origin": "dossier.source"}}))
    await world.carry(offered())
    await world.carry(event("lead.erased", 2, **ERASED))
    (opportunity,) = world.crm.of("opportunity")
    assert (opportunity["name"], opportunity["need"], opportunity["origin"]) == ("ho_1", None, "web")
    assert opportunity["owner"] == "ANNA" and opportunity["key"] == "ho_1"


async def test_a_closed_deal_is_never_deleted():
    world = World(of=sink(erased="delete"))
    await world.carry(offered())
    world.crm.of("opportunity")[0]["stage"] = "won"
    await world.carry(event("lead.erased", 2, **ERASED))
    (opportunity,) = world.crm.of("opportunity")
    assert opportunity["name"] == "ho_1" and opportunity["stage"] == "won"


@pytest.mark.parametrize("erased", ["clear", "delete"])
async def test_of_a_contact_of_others_only_what_we_wrote_into_it_goes(erased):
    world = World(of=sink(erased=erased))
    world.crm.records["x"] = {"kind": "contact", "key": "theirs", "email": "eva@kund.example", "first_name": "Ewa",
                              "last_name": None, "phone": None, "made_at": NOW}  # fmt: skip
    happened = offered()
    happened.data["personal"]["person"]["phone"] = "+46701112233"
    await world.carry(happened)
    assert world.crm.records["x"]["last_name"] == "Ek"
    world.crm.records["x"]["phone"] = "+46 8 1"
    await world.carry(event("lead.erased", 2, **ERASED))
    left = world.crm.records["x"]
    assert (left["email"], left["first_name"], left["last_name"], left["phone"]) == (
        "eva@kund.example",
        "Ewa",
        "[erased]",
        "+46 8 1",
    )


async def test_a_contact_that_was_merged_into_another_is_not_deleted_with_it():
    world = World(of=sink(erased="delete"))
    await world.carry(offered())
    ours = next(ident for ident, row in world.crm.records.items() if row["kind"] == "contact")
    world.crm.records["x"] = {**world.crm.records.pop(ours), "first_name": "Ewa"}
    read = world.crm.read

    async def read_merged(kind, vendor_id, names):
        return await read(kind, "x" if vendor_id == ours else vendor_id, names)

    world.crm.read = read_merged
    await world.carry(event("lead.erased", 2, **ERASED))
    assert world.crm.records["x"]["first_name"] == "Ewa" and world.crm.records["x"]["email"] is None


@pytest.mark.parametrize("erased", ["clear", "delete"])
async def test_a_deal_that_ours_was_merged_into_stays_theirs_whatever_we_changed_in_it_since(erased):
    world = World(of=sink(erased=erased, fields={"opportunity": {"need": "answers.need", "plan": "answers.plan"}}))
    await world.carry(offered())
    ours = next(ident for ident, row in world.crm.records.items() if row["kind"] == "opportunity")
    theirs = {**world.crm.records.pop(ours), "name": "Pumps for Kund", "key": "theirs", "plan": "by phone"}
    world.crm.records["x"] = theirs
    read = world.crm.read

    async def read_merged(kind, vendor_id, names):
        return await read(kind, "x" if vendor_id == ours else vendor_id, names)

    world.crm.read = read_merged
    await world.carry(event("handover.accepted", 2, handover_id="ho_1", pass_number=1, offer_id="ho_1.1"))
    assert world.book.kept["opportunity", "ho_1"].vendor_id == "x" and theirs["stage"] == "working"
    await world.carry(event("lead.erased", 3, **ERASED))
    left = world.crm.records["x"]
    assert (left["name"], left["plan"], left["need"]) == ("Pumps for Kund", "by phone", None)


async def test_what_may_not_be_deleted_is_emptied_and_the_step_says_why():
    world = World(of=sink(erased="delete"))
    await world.carry(offered())

    async def delete(kind, vendor_id, kept=world.crm.delete):
        if kind == "contact":
            raise Trouble("refused_data", "an_invoice_hangs_on_it")
        await kept(kind, vendor_id)

    world.crm.delete = delete
    await world.carry(event("lead.erased", 2, **ERASED))
    step = world.book.done["evt_2", "erase_contact_lead_1"]
    assert (step.state, step.outcome, step.code) == ("done", "emptied", "an_invoice_hangs_on_it")
    assert "Eva" not in all_texts(world)


async def test_a_sink_that_leaves_what_it_wrote_forgets_how_it_wrote_it():
    world = World(of=sink(erased="leave"))
    await world.carry(offered())
    await world.carry(event("lead.erased", 2, **ERASED))
    assert "Eva" in all_texts(world)
    assert {(r.digest, r.written) for r in world.book.kept.values() if r.kind != "company"} == {(None, None)}


@pytest.mark.parametrize("fault", ["drop", "lose", "kill"])
@pytest.mark.parametrize("at", range(4))
async def test_an_erasure_goes_on_whatever_ends_it(fault, at):
    world = World(of=sink(erased="delete"))
    await world.carry(offered())
    world.crm.faults = [None] * at + [fault]
    await world.insist(event("lead.erased", 2, **ERASED))
    assert not any(name in all_texts(world) for name in ("Eva", "Ek", "pumps"))
    assert {r.state for r in world.book.kept.values() if r.kind != "company"} == {"erased"}


async def test_what_comes_after_an_erasure_writes_nothing():
    world = World()
    await world.carry(offered())
    await world.carry(event("lead.erased", 2, **ERASED))
    writes = len(world.crm.writes)
    again = offered(3, offer=2, owner="bo")
    again.data["personal"] = None
    for happened in (
        again,
        event("handover.lost", 4, handover_id="ho_1", pass_number=1, offer_id="ho_1.1"),
        promise(5, "breached", noticed_at=NOW),
    ):
        await world.carry(happened)
    assert len(world.crm.writes) == writes


def nameless():
    """The offer as it is carried out once the person was erased."""
    happened = offered()
    happened.data["personal"] = None
    return happened


@pytest.mark.parametrize("fault", ["drop", "kill"])
@pytest.mark.parametrize("at", range(1, 5))
@pytest.mark.parametrize("erased", ["clear", "delete"])
async def test_what_a_create_made_that_nobody_answered_is_erased_as_ours(erased, at, fault):
    world = World(of=sink(erased=erased))
    world.crm.faults = [None] * at + [fault]
    with pytest.raises((Trouble, Killed)):
        await world.carry(offered())
    (left,) = [record for record in world.book.kept.values() if record.state == "making"]
    await world.carry(nameless())
    await world.carry(event("lead.erased", 2, **ERASED))
    assert not any(name in all_texts(world) for name in ("Eva", "Ek", "pumps"))
    kept = world.book.kept[left.kind, left.key]
    assert kept.state == "erased" and kept.vendor_id is not None and not kept.adopted


async def test_a_contact_that_only_its_address_would_find_is_somebodys_to_look_for_once_nobody_knows_the_address():
    world = World()
    find = world.crm.find

    async def find_by_address(key, names, parents):
        return await find(key, names, parents) if key.kind != "contact" or key.email is not None else None

    world.crm.find, world.crm.faults = find_by_address, [None, "drop"]
    with pytest.raises(Trouble):
        await world.carry(offered())
    await world.carry(nameless())
    world.now += timedelta(minutes=2)
    erased = event("lead.erased", 2, **ERASED)
    for _ in range(2):
        with pytest.raises(Trouble, match="create_was_never_answered") as caught:
            await world.carry(erased)
    assert caught.value.kind == "refused_data"
    assert world.book.done["evt_2", "erase_contact_lead_1"].state == "refused"
    assert world.book.kept["contact", "lead_1"].state == "making", "it is not told as erased"
    del world.book.kept["contact", "lead_1"]
    await world.carry(erased)


class Listing(MemoryCrm):
    """It finds contacts by their address alone, and says which were made at a time."""

    async def find(self, key, names, parents):
        return await super().find(key, names, parents) if key.kind != "contact" or key.email is not None else None

    async def contacts_made(self, span, names):
        return [self._match(i, r) for i, r in self.records.items() if r["kind"] == "contact" and span.begin <= r["made_at"] <= span.end]  # fmt: skip


async def unanswered(fault):
    """The world once a contact's create was not answered, and its person is erased here."""
    world = World()
    world.crm = Listing(lambda: world.now)
    world.crm.records["x"] = {"kind": "contact", "key": "theirs", "email": "bo@kund.example", "first_name": "Eva", "made_at": NOW}  # fmt: skip
    world.crm.faults = [None, fault]
    with pytest.raises((Trouble, Killed)):
        await world.carry(offered(email="Eva@Kund.example"))
    await world.carry(nameless())
    world.now += timedelta(minutes=2)
    return world


@pytest.mark.parametrize("fault", ["drop", "kill"])
async def test_a_contact_whose_create_was_not_answered_is_known_by_what_we_wrote_among_those_of_that_time(fault):
    world = await unanswered(fault)
    made = next(row for row in world.crm.of("contact") if row["key"] == "lead_1")
    made["email"] = "eva@kund.example"  # as a CRM may write it
    await world.carry(event("lead.erased", 2, **ERASED))
    assert made["email"] is None and made["last_name"] == "[erased]"
    assert world.crm.records["x"]["first_name"] == "Eva", "somebody else of that name and time stays"
    assert world.book.kept["contact", "lead_1"].state == "erased"


async def test_where_none_of_that_time_is_ours_nothing_was_made_and_nobody_has_to_look():
    world = await unanswered("lose")
    await world.carry(event("lead.erased", 2, **ERASED))
    assert world.book.done["evt_2", "erase_contact_lead_1"].outcome == "nothing_there"
    assert world.crm.records["x"]["email"] == "bo@kund.example"


async def test_of_two_of_that_time_with_one_address_somebody_has_to_say_which():
    world = await unanswered("drop")
    world.crm.records["y"] = dict(next(row for row in world.crm.of("contact") if row["key"] == "lead_1"))
    with pytest.raises(Trouble, match="create_was_never_answered"):
        await world.carry(event("lead.erased", 2, **ERASED))


async def test_what_was_never_made_is_nothing_to_erase_once_a_look_up_would_see_it():
    world = World(of=sink(timeout_seconds=30))
    world.crm.settle = timedelta(seconds=40)
    world.crm.faults = [None, None, "lose"]
    with pytest.raises(Trouble):
        await world.carry(offered())
    await world.carry(nameless())
    world.now += timedelta(seconds=69)
    with pytest.raises(Trouble, match="not_settled_yet"):
        await world.carry(event("lead.erased", 2, **ERASED))
    world.now += timedelta(seconds=1)
    await world.carry(event("lead.erased", 2, **ERASED))
    assert world.book.done["evt_2", "erase_opportunity_ho_1"].outcome == "nothing_there"
    assert "Eva" not in all_texts(world)


@pytest.mark.parametrize("is_forgotten", [True, False])
async def test_where_a_look_up_that_finds_nothing_says_nothing_somebody_has_to_look(is_forgotten):
    world = World()
    world.crm.faults = [None, None, "lose"]
    with pytest.raises(Trouble):
        await world.carry(offered())
    if is_forgotten:
        del world.book.kept["contact", "lead_1"]
    else:
        world.crm.repeatable = frozenset({"opportunity"})
    world.now += timedelta(minutes=2)
    with pytest.raises(Trouble, match="create_was_never_answered"):
        await world.carry(event("lead.erased", 2, **ERASED))
