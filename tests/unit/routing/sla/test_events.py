"""What SLA events say beside the clock: whose lead it is, which hand-over, whose team, in which queue."""

from datetime import timedelta

import pytest

from routing.model.records import LeadPersonal
from routing.people.roster import Roster
from schemas.roster import RosterFile
from schemas.signals import Company, Person
from tests.stories import DAY, HOUR, MINUTE, Story, rules
from tests.unit.routing.assignment.test_queue import SELLERS, holding

FOLLOW = {
    "name": "follow-up", "metric": "follow_up", "starts": "hand_over", "target": "4h elapsed", "warnings": ["1h elapsed"],
    "ladder": [{"do": "notify"}], "pause_on": ["tag.added"], "resume_on": ["tag.removed"],
}  # fmt: skip
ANSWER = {"name": "answer", "metric": "acceptance", "starts": "offer", "target": "2h elapsed"}
JUDGED = {"name": "judged", "metric": "qualification", "starts": "qualification", "target": "4h elapsed"}
ANNA = Person(email="anna@example.com", full_name="Anna Ek", phone="+46701234567")


def offered(*policies, ruling=None, **more):
    given = {"form_id": "demo", "person": ANNA, "company": Company(name="Ek AB")} | more
    return Story(ruling or rules(policies)).tell("form.submitted", timedelta(0), **given)


@pytest.mark.parametrize("name", ["sla.warned", "sla.breached", "sla.escalated", "sla.corrected"])
def test_an_alert_can_say_whose_lead_it_is(name):
    told = offered(FOLLOW).wait(DAY).tell("sales.follow_up", HOUR, now=DAY)
    (said,) = told.all(name)
    assert said.personal.person == Person(email="anna@example.com", full_name="Anna Ek"), "no more than it takes"
    assert (said.personal.company_name, said.personal.answers) == ("Ek AB", {})


def test_what_ends_or_stops_a_clock_says_it_too():
    told = offered(FOLLOW, ANSWER).tell("tag.added", HOUR, tags=("x",)).tell("tag.removed", 2 * HOUR, tags=("x",))
    told.tell("sales.rejected", 2 * HOUR + MINUTE, reason="wrong timing")
    for name in ("sla.paused", "sla.resumed", "sla.cancelled"):
        assert {said.personal.person.full_name for said in told.all(name)} == {"Anna Ek"}, name
    kept = offered(ANSWER).tell("sales.accepted", HOUR)
    assert [said.personal.company_name for said in kept.all("sla.fulfilled")] == ["Ek AB"]


def test_a_start_names_no_person():
    assert [said.personal for said in offered(FOLLOW, ANSWER).all("sla.started")] == [None, None]


def test_of_a_lead_whose_personal_half_was_emptied_nothing_is_said():
    told = offered(ANSWER, company=Company())
    told.lead.personal = LeadPersonal()
    told.tell("sales.accepted", HOUR, person=Person())
    assert [said.personal for said in told.all("sla.fulfilled")] == [None]


def test_the_hand_over_is_named_by_what_belongs_to_it_and_by_nothing_else():
    told = Story(rules([JUDGED, FOLLOW, ANSWER])).tell("form.submitted", timedelta(0), person=ANNA)
    told.tell("form.submitted", HOUR, form_id="demo").wait(DAY)
    ident = told.lead.handover.id
    assert {said.handover_id for said in told.all("sla.started", "judged")} == {None}
    named = [
        said
        for policy in ("follow-up", "answer")
        for said in (*told.all("sla.started", policy), *told.all("sla.breached", policy))
    ]
    assert len(named) >= 4 and {said.handover_id for said in named} == {ident}


def test_what_comes_late_of_an_earlier_hand_over_names_that_one():
    told = offered(FOLLOW).wait(5 * HOUR)
    first = told.lead.handover.id
    told.tell("sales.rejected", 6 * HOUR, reason="wrong timing").tell("form.submitted", 30 * HOUR, form_id="demo")
    assert told.lead.handover.id != first
    told.tell("sales.follow_up", HOUR, now=31 * HOUR)
    assert [said.handover_id for said in told.all("sla.corrected")] == [first]


def test_a_step_of_a_deal_names_the_hand_over_of_its_pass():
    silent = {"name": "silent", "metric": "follow_up", "starts": "deal", "target": "5h elapsed", "recurs": True}
    told = Story(rules([silent])).dealt()
    (started,) = told.all("sla.started")
    assert started.handover_id == told.lead.handover.id


def test_the_team_is_the_owners():
    ruling = rules([FOLLOW])
    file = ruling.roster.file.model_dump(by_alias=True)
    people = [person | {"team": "north"} for person in file["people"]]
    roster = Roster(RosterFile.model_validate(file | {"people": people, "teams": [{"name": "north"}]}))
    told = offered(ruling=ruling._replace(roster=roster)).wait(DAY)
    assert [said.team for said in told.all("sla.breached")] == ["north"]
    assert [said.team for said in offered(FOLLOW).wait(DAY).all("sla.breached")] == [None]


def test_a_lead_that_waits_says_in_which_queue_and_one_that_is_given_away_does_not():
    held = holding("hand_over", SELLERS)
    told = offered(ruling=held._replace(agreement=_with(held, FOLLOW))).wait(6 * HOUR)
    (breach,) = told.all("sla.breached")
    assert (breach.queue, breach.owner, breach.team) == ("hand_over/field", None, None)
    told.wait(2 * DAY).tell("sales.rejected", 2 * DAY, reason="wrong timing")
    assert told.all("handover.offered")
    later = [said.queue for said in told.said if said.topic == "sla" and said.owner is not None]
    assert set(later) <= {None}


def _with(ruling, policy):
    """The same agreement with this one promise."""
    routing = ruling.agreement.file.routing.model_dump(by_alias=True, mode="json")
    return rules([policy], routing=routing).agreement
