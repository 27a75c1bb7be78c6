"""What a sighting says that we do not know yet, and how both sides compare."""

from datetime import timedelta

import pytest

from routing.model.records import Entry, Handover, Lead, Offer
from schemas.signals import Kind, Parsed, Sales
from schemas.sinks.base import Stages
from services.sinks.reconciling.facts import OurSide, Words, fact_of_deletion, fact_of_work, facts_of_sighting
from services.sinks.reconciling.sightings import Change, Deletion, Sighting, Work
from services.sinks.reconciling.verdicts import compare
from tests.sinks import NOW, STAGES

WORDS = Words(
    stage=Stages(**STAGES).meaning,
    person=lambda ident: {"1": "anna", "2": "bo"}.get(ident),
    our_user="7",
    system="crm",
    account=None,
    target="sink/crm",
)
SEEN = Sighting("42", stage="new", owner="1", outcome=None, changed_at=NOW, changed_by="1")


def ours(*, owner="anna", is_waiting=False, handover="ho_1", **values):
    offer = Offer(id="ho_1.1", number=1, person="anna", offered_at=NOW)
    opened = Handover(id="ho_1", pass_number=1, opened_at=NOW, offers=(offer,), **values)
    lead = Lead(
        id="lead_1", brand="default", partition_key="k", created_at=NOW, stage="hand_over", stage_since=NOW,
        pass_since=NOW, source="web", owner=owner, handover=opened,
    )  # fmt: skip
    return OurSide(lead, handover, is_waiting)


def since(at):
    """Our side, with the owner since then."""
    side = ours()
    side.lead.owner_since = at
    return side


def facts(seen, side=None):
    return list(facts_of_sighting(seen, side or ours(), WORDS))


def test_what_stands_as_we_have_it_is_no_news():
    assert facts(SEEN) == []


@pytest.mark.parametrize(
    ("seen", "kind"),
    [
        (SEEN._replace(stage="working"), Kind.SALES_ACCEPTED),
        (SEEN._replace(owner="2"), Kind.SALES_OWNER_CHANGED),
        (SEEN._replace(stage="back"), Kind.SALES_RETURNED),
        (SEEN._replace(stage="won"), Kind.SALES_WON),
        (SEEN._replace(stage="theirs", outcome="won"), Kind.SALES_WON),
        (SEEN._replace(stage=None, outcome="lost", reason="Too expensive"), Kind.SALES_LOST),
    ],
)
def test_what_sales_did_is_told_with_their_instant_and_by_them(seen, kind):
    (fact,) = facts(seen)
    assert fact.kind == kind and fact.occurred_at == NOW and fact.handover_id == "ho_1"
    assert (fact.actor.kind, fact.actor.reference) == ("person", "1")
    assert [(r.object, r.id) for r in fact.references] == [("deal", "42")]
    assert fact.reason == seen.reason


def test_a_fact_seen_twice_is_one_signal_and_one_that_comes_again_is_another():
    first, same = facts(SEEN._replace(stage="working")), facts(SEEN._replace(stage="working"))
    later = facts(SEEN._replace(stage="working", changed_at=NOW + timedelta(hours=1)))
    assert first[0].dedupe_key == same[0].dedupe_key != later[0].dedupe_key


@pytest.mark.parametrize(
    ("seen", "side"),
    [
        (SEEN._replace(stage="working"), ours(accepted_at=NOW)),
        (SEEN._replace(stage="won"), ours(closed_at=NOW, outcome="won")),
        (SEEN._replace(stage="back"), ours(closed_at=NOW, outcome="rejected")),
        (SEEN._replace(stage="lost"), ours(closed_at=NOW, outcome="rejected")),
        (SEEN._replace(owner="2"), ours(closed_at=NOW, outcome="lost")),
        (SEEN._replace(owner="99"), ours()),
        (SEEN._replace(owner="2"), ours(is_waiting=True)),
        (SEEN._replace(stage="working"), ours(is_waiting=True)),
        (SEEN._replace(stage="won"), ours(handover="ho_of_an_earlier_pass")),
    ],
)
def test_what_we_know_what_is_over_and_what_we_are_about_to_write_over_is_not_told(seen, side):
    assert facts(seen, side) == []


def test_an_owner_that_the_lead_had_before_is_not_told_as_a_new_one():
    assert facts(SEEN._replace(owner="2"), since(NOW + timedelta(hours=1))) == []


def test_a_change_of_a_person_is_told_though_we_wrote_another_field_after_it():
    (fact,) = facts(SEEN._replace(stage="working", changed_by="7"))
    assert fact.kind == Kind.SALES_ACCEPTED and fact.actor.reference is None


WORK = Work("9", opportunity="42", kind="call", author="1", happened_at=NOW, recorded_at=NOW)


def test_a_step_of_a_person_is_a_follow_up_at_the_instant_that_they_say():
    fact = fact_of_work(WORK, ours(), WORDS)
    assert fact is not None and fact.kind == Kind.SALES_FOLLOW_UP and fact.occurred_at == NOW
    assert fact.sales is not None and fact.sales.activity_type == "call" and fact.findings == ()
    assert {(r.object, r.id) for r in fact.references} == {("deal", "42"), ("activity", "9")}


def test_a_step_that_was_written_down_much_later_is_shown_as_such():
    fact = fact_of_work(WORK._replace(recorded_at=NOW + timedelta(hours=3)), ours(), WORDS)
    assert fact is not None and fact.findings == ("back-dated by 180 minutes",)


@pytest.mark.parametrize("work", [WORK._replace(author="7"), WORK._replace(author=None), WORK._replace(kind="note")])
def test_our_own_steps_nobodys_and_those_that_do_not_count_are_none(work):
    assert fact_of_work(work, ours(), WORDS._replace(follow_ups=("call", "meeting"))) is None


def test_a_change_is_told_with_its_own_instant_where_the_vendor_keeps_a_history():
    seen = SEEN._replace(stage="working", owner="2", changed_at=NOW + timedelta(hours=9), changed_by="7")
    of_stage, of_owner = Change(NOW, "1"), Change(NOW + timedelta(hours=1), "2")
    given, accepted = facts(seen._replace(of_stage=of_stage, of_owner=of_owner))
    assert (given.kind, given.occurred_at, given.actor.reference) == (Kind.SALES_OWNER_CHANGED, of_owner.at, "2")
    assert (accepted.kind, accepted.occurred_at, accepted.actor.reference) == (Kind.SALES_ACCEPTED, NOW, "1")


def read_as(kind, **values):
    """Words whose parser reads every body as this kind."""
    return WORDS._replace(read=lambda body: Parsed(kind=kind, dedupe_key="x", **values))


@pytest.mark.parametrize("kind", [Kind.SALES_FOLLOW_UP, Kind.SALES_MEETING_HELD])
def test_a_record_is_what_the_parser_of_the_webhooks_reads_of_it(kind):
    words = read_as(kind, sales=Sales(activity_type="CALL", done=True))
    fact = fact_of_work(WORK._replace(body={"id": "9"}), ours(), words)
    assert fact is not None and (fact.kind, fact.sales.activity_type) == (kind, "CALL")
    assert fact.actor.reference == "1" and fact.handover_id == "ho_1"


@pytest.mark.parametrize(
    "words",
    [
        read_as(Kind.OUTREACH_LOGGED),
        read_as(Kind.CALL_RECEIVED),
        read_as(Kind.SALES_FOLLOW_UP, automated=True),
        WORDS,
        read_as(Kind.SALES_FOLLOW_UP, sales=Sales(activity_type="email"))._replace(follow_ups=("meeting",)),
    ],
)
def test_a_record_that_the_parser_takes_for_no_step_that_counts_is_none(words):
    assert fact_of_work(WORK._replace(body={"id": "9"}), ours(), words) is None


def with_entry(at, by="anna", kind=Kind.SALES_FOLLOW_UP):
    side = ours()
    side.lead.record = (Entry(signal_id="sig_1", at=at, kind=kind, source="crm", by=by),)
    return side


@pytest.mark.parametrize(
    "side",
    [
        with_entry(NOW),
        with_entry(NOW + timedelta(seconds=4), by=None),
        with_entry(NOW + timedelta(hours=2)),
        with_entry(NOW, kind=Kind.SALES_MEETING_HELD),
    ],
)
def test_a_step_that_a_webhook_told_of_is_not_told_again(side):
    assert fact_of_work(WORK._replace(recorded_at=NOW + timedelta(hours=2)), side, WORDS) is None


@pytest.mark.parametrize(
    "side", [with_entry(NOW + timedelta(minutes=1)), with_entry(NOW, by="bo"), with_entry(NOW, kind=Kind.NOTE_ADDED)]
)
def test_another_step_of_the_lead_is_no_hindrance(side):
    assert fact_of_work(WORK, side, WORDS) is not None


def test_a_task_of_ours_counts_only_while_nobody_told_of_a_step():
    task = WORK._replace(is_our_task=True)
    assert fact_of_work(task, ours(), WORDS) is not None
    assert fact_of_work(task, ours(followed_up_at=NOW - timedelta(hours=1)), WORDS) is None
    assert fact_of_work(task, ours(closed_at=NOW, outcome="won"), WORDS) is None


def test_a_deal_that_was_deleted_is_told_while_its_hand_over_is_open():
    fact = fact_of_deletion(Deletion("42", NOW), ours(), WORDS)
    assert fact is not None and (fact.kind, fact.occurred_at) == (Kind.DEAL_DELETED, NOW)
    assert fact_of_deletion(Deletion("42", NOW), ours(closed_at=NOW, outcome="lost"), WORDS) is None


@pytest.mark.parametrize(
    ("seen", "side", "expected"),
    [
        (None, ours(), "missing"),
        (SEEN, ours(), "agrees"),
        (SEEN._replace(stage="working"), ours(), "theirs_is_newer"),
        (SEEN._replace(stage="won"), ours(is_waiting=True), "both_changed"),
        (SEEN._replace(owner="99"), ours(), "both_changed"),
        (SEEN._replace(owner="99", of_owner=Change(NOW, None, is_program=True)), ours(), "ours_is_newer"),
        (SEEN._replace(owner="99", changed_by="7"), ours(), "ours_is_newer"),
        (SEEN._replace(owner="2"), since(NOW + timedelta(minutes=2)), "ours_is_newer"),
        (SEEN._replace(owner="2"), since(NOW + timedelta(seconds=30)), "theirs_is_newer"),
        (SEEN._replace(owner="99"), since(NOW + timedelta(hours=1)), "ours_is_newer"),
        (SEEN._replace(owner=None), since(NOW - timedelta(hours=1)), "both_changed"),
        (SEEN._replace(owner="2"), ours(is_waiting=True), "agrees"),
        (SEEN._replace(outcome="lost"), ours(), "closed_without_us"),
        (SEEN._replace(outcome="lost"), ours(closed_at=NOW, outcome="lost"), "agrees"),
    ],
)
def test_both_sides_compare(seen, side, expected):
    assert compare(seen, side, WORDS) == expected
