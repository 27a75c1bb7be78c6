"""Contacts put into audiences of ours and taken out again, whatever fails on the way, and nobody else's ever."""

from contextlib import suppress
from datetime import timedelta

import pytest

from services.sinks.audiences import Audience, Membership, membership_of
from services.sinks.calls import Shown
from services.sinks.memberships import MembershipCarrier
from services.sinks.outcomes import Trouble
from tests.marketing import (
    COLD,
    EVA,
    NEWS,
    PUMPS,
    QUIET,
    WARM,
    MemoryPlatform,
    marketing_sink,
    marketing_target,
    nurture_left,
    nurtured,
    released,
    started,
)
from tests.marketing_storm import Stage, Storm
from tests.sinks import NOW, Killed, MemoryBook, event

LONG = timedelta(hours=1)
LIMIT = 7 * timedelta(seconds=30)
"""So long after a membership was begun nobody can be changing it any more: seven time-outs."""


class World:
    """A platform with Eva on it, a book and a clock; a carrier of its own after each kill."""

    def __init__(self, sink=None, shown=None, **emails):
        self.now = NOW
        self.platform, self.book = MemoryPlatform(**(emails or {"eva": EVA})), MemoryBook()
        self.sink, self.shown = sink, shown

    async def carry(self, happened, until=None):
        target = marketing_target(self.platform, self.sink, self.shown)
        carrier = MembershipCarrier(target, self.book, lambda: self.now)
        await carrier.carry(happened, until or self.now + LONG)

    async def insist(self, happened):
        """Again and again, some seconds apart, as the role does; returns how often."""
        for tries in range(1, 60):
            try:
                await self.carry(happened)
            except (Trouble, Killed):
                self.now += timedelta(seconds=10)
            else:
                return tries
        raise AssertionError("never done")

    def outcomes(self, number):
        return {name: step.outcome for (ident, name), step in self.book.done.items() if ident == f"evt_{number}"}


async def test_who_is_suppressed_is_in_our_audience_until_it_is_released():
    world = World()
    await world.carry(started())
    assert world.platform.of("eva") == {QUIET}
    await world.carry(released())
    assert world.platform.of("eva") == set()
    assert world.outcomes(2) == {"leave segment/1@eva": "left"}


async def test_a_contact_is_found_by_the_platforms_own_id_before_the_address():
    world = World(eva="new@kund.example", other=EVA)
    await world.carry(started(known_id="eva"))
    assert world.platform.of("eva") == {QUIET} and world.platform.of("other") == set()


async def test_an_id_that_is_no_longer_there_is_given_up_for_the_address():
    world = World()
    await world.carry(started(known_id="gone"))
    assert world.platform.of("eva") == {QUIET}


async def test_nobody_is_made_a_contact_unless_it_is_said():
    world = World(ola="ola@kund.example")
    await world.carry(started())
    assert world.outcomes(1) == {"contact": "nobody_there", "enter segment/1": "nobody_there"}
    assert list(world.platform.contacts) == ["ola"]
    await world.carry(released())
    assert world.outcomes(2) == {}


@pytest.mark.parametrize("fault", [None, "drop", "lose", "kill"])
async def test_with_create_a_person_is_made_a_contact_once(fault):
    world = World(sink=marketing_sink(create=True), ola="ola@kund.example")
    world.platform.faults = [fault]
    await world.insist(started())
    assert list(world.platform.contacts.values()) == ["ola@kund.example", EVA]
    assert world.platform.of("c2") == {QUIET}


async def test_whom_the_platform_has_to_forget_is_not_made():
    world = World(sink=marketing_sink(create=True))
    await world.carry(started(email="forgotten@kund.example"))
    assert world.outcomes(1)["contact"] == "nobody_there"


async def test_who_was_in_the_audience_before_stays_in_it():
    world = World()
    world.platform.ins.add(("eva", QUIET))
    await world.carry(started())
    await world.carry(released())
    assert world.platform.of("eva") == {QUIET} and world.platform.changes == []
    assert world.outcomes(1)["enter segment/1"] == "adopted"
    assert world.outcomes(2) == {"leave segment/1@eva": "was_in_before_us"}


async def test_what_others_took_out_meanwhile_is_left_out_and_no_finding():
    world = World()
    await world.carry(started())
    world.platform.ins.clear()
    await world.carry(released())
    assert world.outcomes(2) == {"leave segment/1@eva": "unchanged"}


async def test_what_others_changed_to_something_else_is_left_as_it_is_and_told(caplog):
    world = World()
    await world.carry(started())
    world.platform.words["eva", QUIET] = "bounced"
    await world.carry(released())
    step = world.book.done["evt_2", "leave segment/1@eva"]
    assert (step.outcome, step.code) == ("changed_there", "bounced")
    assert world.platform.changes == [("enter", "eva", QUIET)]
    assert "changed by others" in caplog.text and EVA not in caplog.text


async def test_what_the_platform_takes_back_for_nobody_is_told_and_holds_up_nothing():
    world = World()
    await world.carry(started())
    world.platform.faults = [Trouble("refused_data", "compliance")]
    await world.carry(released())
    assert world.outcomes(2) == {"leave segment/1@eva": "not_taken_back"}
    world.platform.ins.clear()
    await world.carry(started(3))
    assert world.platform.of("eva") == {QUIET}


async def test_who_was_taken_out_while_mail_has_to_stop_is_put_in_again_by_the_next_change():
    world = World()
    await world.carry(started())
    world.platform.ins.clear()
    await world.carry(started(2, kind="changed", reason="deal"))
    assert world.platform.of("eva") == {QUIET}
    await world.carry(released(3))
    assert world.platform.of("eva") == set()


async def test_lists_that_are_exempt_are_audiences_that_come_and_go():
    world = World()
    await world.carry(started(exempt=["newsletter", "unknown"]))
    assert world.platform.of("eva") == {QUIET, NEWS}
    await world.carry(started(2, kind="changed"))
    assert world.platform.of("eva") == {QUIET}
    await world.carry(started(3, kind="changed", exempt=["newsletter"]))
    await world.carry(released(4))
    assert world.platform.of("eva") == set()


async def test_a_track_is_left_for_another_and_a_programme_goes_with_it():
    world = World()
    await world.carry(nurtured(1, track="recycle", programme="pumps"))
    assert world.platform.of("eva") == {COLD, PUMPS}
    await world.carry(nurtured(2, track="warm_up"))
    assert world.platform.of("eva") == {WARM}
    await world.carry(nurture_left(3))
    assert world.platform.of("eva") == set()


async def test_an_own_track_counts_before_the_one_that_it_is_within():
    world = World(sink=marketing_sink(tracks={"recycle": {"tag": "a"}, "partners": {"tag": "b"}}))
    await world.carry(nurtured(1, own_track="partners"))
    assert world.platform.of("eva") == {Audience("tag", "b")}
    await world.carry(nurtured(2, own_track="others"))
    assert world.platform.of("eva") == {Audience("tag", "a")}


async def test_a_lead_leaves_what_the_file_no_longer_names():
    world = World()
    await world.carry(nurtured(1, programme="pumps"))
    world.sink = marketing_sink(programmes={})
    await world.carry(nurture_left(2))
    assert world.platform.of("eva") == set()


async def test_who_left_a_list_is_in_its_audience_until_they_join_it_again():
    world = World()
    about = {"references": [], "personal": {"person": {"email": EVA}, "answers": {}}}
    await world.carry(event("list.stopped", 1, lists=["newsletter", "other"], **about))
    assert world.platform.of("eva") == {Audience("tag", "no-news")}
    await world.carry(event("list.released", 2, lists=["other"], **about))
    assert world.platform.of("eva") == {Audience("tag", "no-news")}
    await world.carry(event("list.released", 3, lists=["newsletter"], **about))
    assert world.platform.of("eva") == set()


async def test_two_leads_of_one_contact_hold_it_until_neither_needs_it():
    world = World()
    await world.carry(started(1))
    await world.carry(started(2, lead="lead_2"))
    await world.carry(released(3))
    assert world.platform.of("eva") == {QUIET} and world.outcomes(3) == {"leave segment/1@eva": "needed_by_others"}
    await world.carry(released(4, lead="lead_2"))
    assert world.platform.of("eva") == set()


async def test_a_lead_that_was_merged_into_another_keeps_their_contact_quiet_no_longer_than_that_one():
    world = World()
    await world.carry(started(1, lead="lead_2", reason="merged"))
    await world.carry(started(2))
    await world.carry(released(3))
    assert world.platform.of("eva") == set()
    await world.carry(released(4, lead="lead_2", reason="unmerged"))
    assert world.platform.changes == [("enter", "eva", QUIET), ("restore", "eva", QUIET)]


async def test_a_duplicate_contact_of_a_lead_that_was_merged_is_quiet_by_itself():
    world = World(eva=EVA, twin="e@kund.example")
    await world.carry(started(1, lead="lead_2", email="e@kund.example", reason="merged"))
    assert world.platform.of("twin") == {QUIET}
    await world.carry(released(2, lead="lead_2", email="e@kund.example", reason="unmerged"))
    assert world.platform.of("twin") == set()


async def test_a_contact_that_was_merged_there_is_followed():
    world = World(eva=EVA, twin="e@kund.example")
    await world.carry(started(1, email="e@kund.example"))
    world.platform.merged["twin"] = "eva"
    del world.platform.contacts["twin"]
    await world.carry(started(2, kind="changed", email="e@kund.example"))
    assert world.platform.of("eva") == {QUIET}
    await world.carry(released(3))
    assert world.platform.of("eva") == set()
    assert world.outcomes(3) == {"leave segment/1@twin": "nobody_there", "leave segment/1@eva": "left"}


@pytest.mark.parametrize("fault", ["drop", "lose", "kill", "kill_before"])
@pytest.mark.parametrize("at", range(3))
async def test_an_answer_that_never_came_leaves_nothing_behind(fault, at):
    world = World()
    happened = [started(1, exempt=["newsletter"]), released(2)]
    world.platform.faults = [None] * at + [fault]
    for one in happened:
        await world.insist(one)
    assert world.platform.of("eva") == set()
    assert all(record.state != "making" for record in world.book.kept.values())


@pytest.mark.parametrize("commits", range(12))
async def test_a_kill_before_any_commit_leaves_nothing_behind(commits):
    world = World()
    world.book.kill_at = commits
    for one in (started(1, exempt=["newsletter"]), released(2)):
        await world.insist(one)
    assert world.platform.of("eva") == set()
    assert all(record.state != "making" for record in world.book.kept.values())


async def test_a_refused_change_is_nobodys_claim_and_is_tried_again():
    world = World()
    world.platform.faults = [Trouble("refused_setup", "no_such_audience")]
    with pytest.raises(Trouble):
        await world.carry(started(1))
    assert not any(record.kind == "membership" for record in world.book.kept.values())
    await world.carry(started(2, lead="lead_2"))
    await world.carry(started(1))
    assert world.platform.of("eva") == {QUIET}


async def test_two_leads_of_one_contact_wait_for_each_other():
    world = World()
    world.platform.faults = ["lose"]
    with pytest.raises(Trouble):
        await world.carry(started(1))
    with pytest.raises(Trouble, match="another_event_is_changing_it"):
        await world.carry(started(2, lead="lead_2"))
    await world.carry(started(1))
    await world.carry(started(2, lead="lead_2"))
    await world.carry(released(3))
    assert world.platform.of("eva") == {QUIET}


@pytest.mark.parametrize("commits", range(6))
@pytest.mark.parametrize("fault", [None, "kill", "kill_before"])
async def test_what_a_worker_left_half_changed_is_the_next_leads_once_nobody_can_be_changing_it(commits, fault):
    world = World()
    world.book.kill_at, world.platform.faults = commits if fault is None else None, [fault]
    with suppress(Killed):
        await world.carry(started(1))
    # The first worker never comes back; the clock moves by ten seconds a try.
    world.book.kill_at = None
    await world.insist(started(2, lead="lead_2"))
    assert world.now - NOW <= LIMIT + timedelta(seconds=10)
    assert world.platform.of("eva") == {QUIET}
    (record,) = (record for record in world.book.kept.values() if record.kind == "membership")
    assert record.state == "present" and "lead_2" in membership_of(record.before).holders
    # What it was before is known whoever put it in: once nobody holds it, it is as it was.
    await world.insist(started(1))
    await world.insist(released(3, lead="lead_2"))
    assert world.platform.of("eva") == {QUIET}
    await world.insist(released(4))
    assert world.platform.of("eva") == set()


@pytest.mark.parametrize("commits", range(3))
@pytest.mark.parametrize("fault", [None, "kill", "kill_before"])
async def test_a_release_that_never_ended_is_taken_over_by_who_needs_it(commits, fault):
    world = World()
    await world.carry(started(1))
    world.book.kill_at, world.platform.faults = commits if fault is None else None, [fault]
    with suppress(Killed):
        await world.carry(released(2))
    world.book.kill_at = None
    await world.insist(started(3, lead="lead_2"))
    assert world.platform.of("eva") == {QUIET}
    await world.insist(released(2))
    assert world.platform.of("eva") == {QUIET}
    await world.insist(released(4, lead="lead_2"))
    assert world.platform.of("eva") == set()


async def test_what_somebody_may_still_be_changing_is_left_to_them():
    world = World()
    world.platform.faults = ["kill_before"]
    with pytest.raises(Killed):
        await world.carry(started(1))
    world.now += LIMIT - timedelta(seconds=1)
    with pytest.raises(Trouble, match="another_event_is_changing_it"):
        await world.carry(started(2, lead="lead_2"))
    world.now += timedelta(seconds=1)
    await world.carry(started(2, lead="lead_2"))
    assert world.platform.of("eva") == {QUIET}


async def test_nothing_is_changed_after_a_look_that_took_as_long_as_a_claim_may():
    world = World()
    looked = world.platform.presence

    async def slow(contact, audience):
        world.now += timedelta(seconds=91)
        return await looked(contact, audience)

    world.platform.presence = slow
    with pytest.raises(Trouble, match="look_took_too_long"):
        await world.carry(started(1))
    assert world.platform.changes == []


async def test_nothing_is_changed_once_the_claim_has_run_out():
    world = World()
    with pytest.raises(Trouble, match="claim_ran_out"):
        await world.carry(started(1), until=NOW)
    assert world.platform.changes == []


async def test_carried_out_again_it_changes_nothing():
    world = World()
    await world.carry(started(1))
    world.book.done.clear()
    await world.carry(started(1))
    assert world.platform.changes == [("enter", "eva", QUIET)] and world.outcomes(1)["enter segment/1"] == "unchanged"


async def test_a_sink_that_only_shows_changes_and_holds_nothing():
    requests = []

    def shown():
        taken = "\n".join(requests)
        requests.clear()
        return taken

    world = World(shown=shown)

    async def enter(contact, audience):
        requests.append(f"enter {contact} {audience}")
        raise Shown

    world.platform.enter = enter
    await world.carry(started(1))
    assert world.book.done["evt_1", "enter segment/1"].request == "enter eva segment/1"
    assert [record.kind for record in world.book.kept.values()] == ["contact"]


def test_a_membership_is_kept_and_read_as_it_is():
    membership = Membership("eva", QUIET, "suppression", was="out", holders={"lead_1": "deal"})
    assert membership_of(membership.to_json()) == membership
    assert membership_of(None) is None


ANYTHING = (None, None, "drop", "lose", "kill", "kill_before", Trouble("throttled", "x"), Trouble("transient", "y"))


@pytest.mark.parametrize("seed", range(40))
async def test_a_platform_whose_look_ups_come_late_is_not_believed_before_they_are_right(seed):
    await live_through(seed, settle=timedelta(seconds=25))


@pytest.mark.parametrize("seed", range(150))
async def test_any_order_of_events_with_any_faults_ends_in_the_right_audiences_and_nothing_of_others_is_released(seed):
    await live_through(seed)


async def live_through(seed, settle=timedelta(0)):
    storm = None
    platform = MemoryPlatform(settle, lambda: storm.now, eva=EVA, ola="ola@kund.example")

    def disturb(lots):
        platform.faults = [lots.choice(ANYTHING) for _ in range(lots.randrange(5))]

    stage = Stage(
        target=lambda: marketing_target(platform),
        contacts={EVA: "eva", "ola@kund.example": "ola"},
        audiences=platform.of,
        put=lambda contact, audience: platform.ins.add((contact, audience)),
        quiet=QUIET,
        news=NEWS,
        tracks={"warm_up": WARM, "recycle": COLD},
        pumps=PUMPS,
    )
    storm = Storm(stage, seed, disturb)
    await storm.live(24)
    undone = {(change[1], change[2]) for change in platform.changes if change[0] == "restore"}
    assert not undone & storm.others


ERASED = {"reason": "asked", "references": [], "records": []}


async def test_who_is_erased_leaves_the_platform_where_we_had_brought_them_in():
    world = World(sink=marketing_sink(create=True), ola="ola@kund.example")
    await world.carry(started())
    await world.carry(event("lead.erased", 2, **ERASED))
    assert list(world.platform.contacts) == ["ola"] and world.outcomes(2)["erase_contact"] == "deleted"
    assert world.book.kept["contact", "lead_1"].state == "erased"
    await world.carry(event("lead.erased", 2, **ERASED))
    assert list(world.platform.contacts) == ["ola"]


@pytest.mark.parametrize(
    ("values", "emails"),
    [({"create": True}, {"eva": EVA}), ({"create": True, "erased": "leave"}, {"ola": "o@x.example"})],
)
async def test_a_contact_of_others_stays_and_so_does_one_that_is_to_be_left(values, emails):
    world = World(sink=marketing_sink(**values), **emails)
    await world.carry(started())
    before = dict(world.platform.contacts)
    await world.carry(event("lead.erased", 2, **ERASED))
    assert world.platform.contacts == before and world.outcomes(2)["erase_contact"] == "left"


async def test_a_contact_that_was_merged_into_another_is_not_deleted_with_it():
    world = World(sink=marketing_sink(create=True), ola="ola@kund.example")
    await world.carry(started())
    (made,) = set(world.platform.contacts) - {"ola"}
    world.platform.merged[made] = "ola"
    await world.carry(event("lead.erased", 2, **ERASED))
    assert "ola" in world.platform.contacts and world.book.done["evt_2", "erase_contact"].code == "merged_into_another"


@pytest.mark.parametrize("is_merged", [True, False])
async def test_another_contact_that_stands_for_ours_since_is_theirs_whatever_came_in_between(is_merged):
    world = World(sink=marketing_sink(create=True), ola="ola@kund.example")
    await world.carry(started())
    (made,) = set(world.platform.contacts) - {"ola"}
    del world.platform.contacts[made]
    world.platform.contacts["theirs"] = EVA
    world.platform.merged = {made: "theirs"} if is_merged else {}
    await world.carry(started(2, kind="changed"))
    assert world.book.kept["contact", "lead_1"].vendor_id == "theirs"
    await world.carry(event("lead.erased", 3, **ERASED))
    assert "theirs" in world.platform.contacts and world.outcomes(3)["erase_contact"] == "left"


@pytest.mark.parametrize("fault", ["drop", "lose", "kill", "kill_before"])
async def test_a_contact_is_deleted_whatever_ends_it_on_the_way(fault):
    world = World(sink=marketing_sink(create=True), ola="ola@kund.example")
    await world.carry(started())
    world.platform.faults = [fault]
    await world.insist(event("lead.erased", 2, **ERASED))
    assert list(world.platform.contacts) == ["ola"] and world.book.kept["contact", "lead_1"].state == "erased"


@pytest.mark.parametrize("fault", ["drop", "kill"])
async def test_a_contact_that_we_made_without_an_answer_is_ours_and_goes_with_the_person(fault):
    world = World(sink=marketing_sink(create=True), ola="ola@kund.example")
    world.platform.faults = [fault]
    assert await world.insist(started()) == 2
    assert not world.book.kept["contact", "lead_1"].adopted
    await world.carry(event("lead.erased", 2, **ERASED))
    assert list(world.platform.contacts) == ["ola"] and world.outcomes(2)["erase_contact"] == "deleted"


async def test_a_contact_that_shows_late_is_ours_though_another_create_was_refused_meanwhile():
    world = World(sink=marketing_sink(create=True), ola="ola@kund.example")
    world.platform.faults = ["lose", Trouble("throttled", "slower")]
    for _ in range(2):
        with pytest.raises(Trouble):
            await world.carry(started())
    world.platform.contacts["late"] = EVA
    await world.carry(started())
    await world.carry(event("lead.erased", 2, **ERASED))
    assert list(world.platform.contacts) == ["ola"]


@pytest.mark.parametrize("kind", ["refused_data", "transient", "throttled"])
async def test_a_contact_that_the_platform_did_not_make_is_nobodys_and_whoever_makes_it_keeps_it(kind):
    world = World(sink=marketing_sink(create=True), ola="ola@kund.example")
    world.platform.faults = [Trouble(kind, "no")]
    with pytest.raises(Trouble):
        await world.carry(started())
    assert world.book.kept == {}
    world.platform.contacts["theirs"] = EVA
    await world.carry(started())
    await world.carry(event("lead.erased", 2, **ERASED))
    assert "theirs" in world.platform.contacts and world.outcomes(2)["erase_contact"] == "left"


@pytest.mark.parametrize("email", [EVA, "forgotten@kund.example"])
async def test_what_is_known_of_a_contact_that_is_gone_stays_where_no_other_is_made(email):
    world = World(sink=marketing_sink(create=True), eva=EVA, ola="ola@kund.example")
    await world.carry(started())
    known = world.book.kept["contact", "lead_1"]
    del world.platform.contacts["eva"]
    world.platform.faults = [Trouble("refused_data", "no")]
    with suppress(Trouble):
        await world.carry(started(2, kind="changed", email=email))
    assert world.book.kept["contact", "lead_1"] == known


async def test_whom_the_platform_has_to_forget_is_kept_as_nobody():
    world = World(sink=marketing_sink(create=True))
    await world.carry(started(email="forgotten@kund.example"))
    assert world.book.kept == {}


@pytest.mark.parametrize("erased", ["delete", "leave"])
async def test_a_contact_that_nobody_knows_of_whether_it_was_made_is_somebodys_to_look_for(erased):
    world = World(sink=marketing_sink(create=True, erased=erased), ola="ola@kund.example")
    world.platform.faults = ["drop"]
    with pytest.raises(Trouble):
        await world.carry(started())
    await world.carry(started(email=None))
    happened = event("lead.erased", 2, **ERASED)
    if erased == "leave":
        await world.carry(happened)
        assert world.outcomes(2)["erase_contact"] == "left"
        return
    with pytest.raises(Trouble, match="create_was_never_answered") as caught:
        await world.carry(happened)
    assert caught.value.kind == "refused_data" and world.book.kept["contact", "lead_1"].state == "making"
    del world.book.kept["contact", "lead_1"]
    await world.carry(happened)
