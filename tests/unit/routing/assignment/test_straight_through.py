"""A lead that passes straight through qualification takes nobody's turn, and nobody is credited with having judged it."""

from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.decide import decide
from routing.draft import Context
from routing.model.records import Load
from routing.people.roster import Roster
from schemas.roster import Capacity
from tests.setups import START, signal
from tests.stories import DAY, HOUR, Kept, rules

JUDGED = {"name": "judged", "metric": "qualification", "starts": "qualification", "target": "24h elapsed"}
NOW = timedelta(0)
BLOCK = {"dossier": {"requires": ["need"], "incomplete": "block"}}
DOSSIER = {
    "name": "dossier",
    "metric": "dossier",
    "starts": "hand_over",
    "target": "4h elapsed",
    "ladder": [{"do": "take_back"}],
}


def told(form_id, **more):
    return Kept(rules([JUDGED], **more)).tell("form.submitted", NOW, form_id=form_id)


def test_no_turn_of_the_sdrs_is_taken_and_none_of_them_is_remembered():
    story = told("demo")
    assert story.lead.stage == "hand_over" and set(story.ledgers) == {"field"}
    assert [data.to_owner.person for data in story.all("lead.owner_changed")] == ["elin"]
    assert story.lead.former == {}


def test_no_load_is_put_on_an_sdr_with_a_capacity():
    ruling = rules()
    people = tuple(m.model_copy(update={"capacity": Capacity(open=9)}) for m in ruling.roster.file.people)
    roster = Roster(ruling.roster.file.model_copy(update={"people": people}))
    loads = {m.id: Load(person=m.id) for m in people}
    item = signal(1, "form.submitted", form_id="demo")
    decision = decide(None, item, Context(ruling.agreement, roster, {}, None, START, loads=loads))
    assert [load.person for load in decision.loads] == ["elin"]


def test_the_promise_to_judge_is_kept_and_nobody_has_the_merit():
    (kept,) = told("demo").all("sla.fulfilled", "judged")
    assert (kept.fulfilled_at, kept.owner) == (START, None)


def test_a_hunter_whose_contact_is_qualified_at_once_has_no_merit_for_judging_it():
    story = Kept(rules([JUDGED])).tell("email.sent").tell("sales.owner_changed", sales={"owner_id": "karin"})
    (kept,) = story.tell("form.submitted", HOUR, form_id="demo").all("sla.fulfilled", "judged")
    assert (story.lead.owner, kept.owner) == ("karin", None)


def test_who_judges_what_stayed_has_the_merit():
    story = told("news").tell("form.submitted", HOUR, form_id="demo")
    (kept,) = story.all("sla.fulfilled", "judged")
    assert kept.owner.person == "sara" and story.ledgers["sdr"].entries["sara"].given == 1


def test_a_lead_that_is_sent_back_at_once_takes_no_turn_either():
    story = told("not-now")
    assert story.lead.stage == "nurturing" and story.ledgers == {} and story.lead.former == {}


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"handover": BLOCK}, "waiting: the dossier"),
        (
            {
                "routing": {
                    "hand_over": {
                        "rules": [{"name": "held", "pool": "key-accounts", "overflow": {"hold": "9h elapsed"}}],
                        "fallback": "maja",
                    }
                }
            },
            "waiting: held",
        ),
    ],
)
def test_what_then_has_to_wait_is_nobodys_with_a_reason_and_not_in_limbo(more, reason):
    away = [("2026-11-24T00:00:00+01:00", "2026-11-24T15:00:00+01:00")]
    story = Kept(rules([JUDGED, DOSSIER], {"elin": away}, **more)).tell("form.submitted", NOW, form_id="demo")
    assert story.lead.stage == "hand_over"
    assert (story.lead.owner, story.lead.unowned_reason, story.lead.limbo) == (None, reason, None)
    assert "sdr" not in story.ledgers
    assert story.wait(DAY).all("lead.in_limbo") == []


def test_the_explanation_says_that_nobody_was_asked():
    story = told("demo")
    assert story.explained().stage.straight
    assert (
        "it passed straight through qualification: the rules judged it, and no SDR was asked" in story.explained().text
    )
    assert not told("news").explained().stage.straight


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(["demo", "news", "not-now", "pricing", "guide"]), max_size=25))
def test_the_ledger_of_the_sdrs_counts_the_leads_that_stopped_in_qualification_and_no_others(forms):
    ruling, ledgers, stopped = rules(), {}, 0
    for number, form in enumerate(forms):
        item = signal(number, "form.submitted", form_id=form, lead=f"lead{number}")
        decision = decide(None, item, Context(ruling.agreement, ruling.roster, ledgers, None, START))
        ledgers |= {ledger.pool: ledger for ledger in decision.ledgers}
        stopped += decision.lead.stage == "qualification"
        assert (decision.lead.owner in ("sara", "anders")) == (decision.lead.stage == "qualification")
    given_out = sum(entry.given for entry in ledgers["sdr"].entries.values()) if "sdr" in ledgers else 0
    assert given_out == stopped == (ledgers["sdr"].seq if "sdr" in ledgers else 0)
