"""Who answers for a promise of marketing: never the salesperson who got the lead."""

from datetime import timedelta

import pytest

from routing.people.roster import Roster
from schemas.events import Answerable
from schemas.roster import RosterFile
from services.router.deciding.writes import clock_row
from tests.stories import DAY, HOUR, Story, rules
from tests.unit.routing.sla.test_volumes import COUNT, Promise, promised

JUDGED = {"name": "judged", "metric": "qualification", "starts": "qualification", "target": "4h elapsed"}
DOSSIER = {"name": "dossier", "metric": "dossier", "starts": "hand_over", "target": "1h elapsed", "ladder": [{"do": "escalate"}]}  # fmt: skip
FOLLOW = {"name": "follow-up", "metric": "follow_up", "starts": "hand_over", "target": "4h elapsed"}
LENA = {"marketing": ["lena"]}
FIELDS = ("person", "team")


def with_teams(ruling, **teams):
    file = ruling.roster.file.model_dump(by_alias=True)
    people = [person | {"team": teams.get(person["id"])} for person in file["people"]]
    named = [{"name": team} for team in sorted(set(teams.values()))]
    return ruling._replace(roster=Roster(RosterFile.model_validate(file | {"people": people, "teams": named})))


def judged_by_an_sdr(*policies, **more):
    """Engaged, given to an SDR, and two hours later handed over to a salesperson."""
    story = Story(with_teams(rules(policies, **more), sara="inside", anders="inside", elin="field"))
    story.tell("email.replied", timedelta(0))
    assert story.lead.owner in ("sara", "anders")
    judge = story.lead.owner
    story.tell("form.submitted", 2 * HOUR, form_id="demo")
    assert story.lead.stage == "hand_over"
    return story, judge


def test_a_lead_is_judged_by_who_had_it_then_and_the_row_says_so_although_a_salesperson_has_it_now():
    story, judge = judged_by_an_sdr(JUDGED)
    (kept,) = story.all("sla.fulfilled", "judged")
    assert kept.answerable == Answerable(person=judge, team="inside")
    (clock,) = (one for one in story.lead.clocks.values() if one.policy == "judged")
    assert clock_row(clock, "p", lead_id="l", owner=story.lead.owner).person == judge != story.lead.owner


@pytest.mark.parametrize(
    ("approvers", "person"),
    [({}, None), (LENA, Answerable(person="lena")), ({"marketing": ["lena", "maja"]}, None)],
)
def test_the_dossier_is_who_signs_alone_for_marketing_and_never_the_salespersons(approvers, person):
    story, _ = judged_by_an_sdr(DOSSIER, FOLLOW, approvers=approvers)
    story.wait(DAY)
    (broken,) = story.all("sla.breached", "dossier")
    assert broken.owner.person in ("elin", "johan", "karin") and broken.answerable == person
    assert {one.answerable for one in story.all("sla.escalated", "dossier")} == {person}
    (clock,) = (one for one in story.lead.clocks.values() if one.policy == "dossier")
    assert clock_row(clock, "p", owner=story.lead.owner).person == (person.person if person else None)
    (missed,) = story.all("sla.breached", "follow-up")
    assert missed.answerable is None and missed.owner is not None, "its owner answers for a promise of sales"


def test_what_passed_straight_through_was_judged_by_nobody():
    story = Story(rules([JUDGED], approvers=LENA)).tell("form.submitted", timedelta(0), form_id="demo")
    assert [one.answerable for one in story.all("sla.fulfilled", "judged")] == [None]


def test_a_breach_that_was_none_stays_with_who_answered_for_it():
    story, judge = judged_by_an_sdr({**JUDGED, "target": "1h elapsed"})
    story.wait(3 * HOUR)
    (broken,) = story.all("sla.breached", "judged")
    assert broken.answerable.person == judge


@pytest.mark.parametrize(
    ("changes", "answerable"),
    [
        ({}, None),
        ({"subject": {"team": "field"}}, Answerable(team="field")),
        ({"subject": {"person": "sara"}}, Answerable(person="sara", team="inside")),
    ],
)
def test_a_volume_is_its_subjects(changes, answerable):
    entry = COUNT | changes
    promise = Promise(entry, with_teams(promised(entry), sara="inside", elin="field"))
    promise.begin()
    assert [emission.data.answerable for emission in promise.said] == [answerable]


def test_a_volume_of_everybody_is_who_signs_alone_for_its_side():
    ruling = rules(sla={"policies": [], "volumes": [COUNT]}, approvers=LENA)
    promise = Promise(COUNT, ruling)
    promise.begin()
    assert [emission.data.answerable for emission in promise.said] == [Answerable(person="lena")]
