"""Which audiences follow from an event, without a platform in sight."""

import pytest

from schemas.agreement import AgreementFile
from schemas.yamlfile import load
from services.sinks.audiences import Audience, Membership, Who
from services.sinks.planning.memberships import (
    Enter,
    Identify,
    Leave,
    MarketingSettings,
    all_audiences,
    marketing_problems,
    memberships_plan,
)
from tests.marketing import COLD, NEWS, PUMPS, QUIET, WARM, marketing_sink, nurture_left, nurtured, released, started
from tests.setups import EXAMPLES
from tests.sinks import event, offered

NO_NEWS = Audience("tag", "no-news")
HELD = [
    Membership("eva", QUIET, "suppression", was="out", holders={"lead_1": "deal"}),
    Membership("eva", NEWS, "exempt", was="out", holders={"lead_1": "deal"}),
    Membership("eva", COLD, "nurture", was="out", holders={"lead_1": "rejected"}),
]


def plan(happened, held=(), account=None, **values):
    return memberships_plan(
        happened, happened.body(), MarketingSettings(marketing_sink(**values), "memory", account), held
    )


def short(operations):
    """What is done with which audience."""
    return [
        (type(one).__name__, one.membership.audience if isinstance(one, Leave) else getattr(one, "audience", None))
        for one in operations
    ]


def test_a_suppression_finds_the_contact_and_lets_exceptions_in_first():
    assert short(plan(started(exempt=["newsletter"]))) == [("Identify", None), ("Enter", NEWS), ("Enter", QUIET)]


def test_a_change_takes_out_of_exceptions_that_are_none_any_more():
    assert short(plan(started(kind="changed"), HELD)) == [("Identify", None), ("Enter", QUIET), ("Leave", NEWS)]


def test_a_release_leaves_what_suppression_brought_and_asks_for_nobody():
    assert short(plan(released(), HELD)) == [("Leave", QUIET), ("Leave", NEWS)]


def test_a_track_leaves_the_one_before_and_stays_where_both_are_the_same():
    assert short(plan(nurtured(track="warm_up", programme="pumps"), HELD)) == [
        ("Identify", None),
        ("Leave", COLD),
        ("Enter", WARM),
        ("Enter", PUMPS),
    ]
    assert short(plan(nurtured(track="recycle"), HELD)) == [("Identify", None), ("Enter", COLD)]
    assert short(plan(nurture_left(), HELD)) == [("Leave", COLD)]


@pytest.mark.parametrize(
    "happened",
    [nurtured(track="growth"), released(), offered(), event("list.stopped", lists=["other"]), nurture_left()],
    ids=lambda happened: happened.type,
)
def test_what_the_file_names_no_audience_for_asks_nobody(happened):
    assert plan(happened) == ()


def test_without_a_suppression_in_the_file_no_mail_is_stopped():
    assert plan(started(), suppression=None) == ()


def test_hard_adds_the_platforms_own_stop_and_a_dry_list_of_all_names_it():
    operations = plan(started(), suppression={"segment": "1", "hard": True})
    assert short(operations)[1:] == [("Enter", QUIET), ("Enter", Audience("unsubscribed"))]
    sink = marketing_sink(suppression={"hard": True})
    assert set(all_audiences(sink)) == {WARM, COLD, PUMPS, NO_NEWS, Audience("unsubscribed")}


def test_names_of_operations_are_their_own():
    names = [operation.name for operation in plan(nurtured(track="warm_up", programme="pumps"), HELD)]
    assert names == ["contact", "leave automation/4@eva", "enter segment/3", "enter tag/pumps"]


def test_who_it_is_about_is_the_last_id_of_this_platform_and_the_address_in_small_letters():
    references = [
        {"system": "other", "object": "person", "id": "1"},
        {"system": "memory", "object": "company", "id": "2"},
        {"system": "memory", "object": "person", "id": "3", "account": "a"},
        {"system": "memory", "object": "person", "id": "4", "account": "b"},
        {"system": "memory", "object": "person", "id": "5", "account": "a"},
    ]
    personal = {"person": {"email": " Eva@Kund.Example ", "first_name": "Eva"}, "answers": {}}
    happened = event("suppression.started", reason="deal", references=references, personal=personal)
    (identify, _) = plan(happened, account="b")
    assert isinstance(identify, Identify) and not identify.create
    assert identify.who == Who("lead_1", email="eva@kund.example", known_id="4", first_name="Eva")
    assert plan(happened)[0].who.known_id == "5"


def test_of_somebody_erased_only_the_id_is_known():
    references = [{"system": "memory", "object": "person", "id": "3"}]
    happened = event("suppression.started", reason="deal", references=references, personal=None)
    assert plan(happened)[0].who == Who("lead_1", known_id="3")
    assert isinstance(plan(happened)[1], Enter)


def test_who_was_erased_leaves_what_nurtures_them_and_stays_where_mail_is_stopped():
    erased = event("lead.erased", reason="asked", references=[], records=[], personal=None)
    *leaves, end = plan(erased, HELD)
    assert short(leaves) == [("Leave", NEWS), ("Leave", COLD)] and type(end).__name__ == "EraseContact"


def test_what_means_nothing_by_the_agreement_is_told():
    file = load((EXAMPLES / "agreement.yaml").read_text(), AgreementFile, "agreement.yaml")
    sink = marketing_sink(brands=["nord"], programmes={"wrong-timming": {"tag": "a"}}, suppression=None)
    problems = list(marketing_problems(sink, ("default",), file.nurturing))
    assert problems[0] == "brands: `nord` is no brand of the agreement (default)"
    assert problems[1] == "programmes: `wrong-timming` is none of the agreement; did you mean `wrong-timing`?"
    assert problems[2].startswith("suppression: none is named") and len(problems) == 3
    right = marketing_sink(programmes={"wrong-timing": {"tag": "a"}})
    assert list(marketing_problems(right, ("default",), file.nurturing)) == []
