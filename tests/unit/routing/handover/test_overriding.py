"""What people do by hand: obeyed where that person is here, counted, and a finding where the role does not fit."""

import asyncio
from datetime import timedelta

import pytest

from routing.agreement.agreement import check_against
from routing.people.commands import to_signal
from routing.people.permissions import Principal
from routing.people.roster import Roster
from routing.people.roster_changes import apply_all
from schemas.commands import Command
from schemas.roster import RosterChange
from schemas.signals import Actor, Sales
from services.api.commanding import Commanding, Refused, carry
from tests.setups import EXAMPLES, START
from tests.stories import HOUR, Kept, changed, rules

RULES = rules()
AWAY = [("2026-11-01T00:00:00+00:00", "2027-01-01T00:00:00+00:00")]
EVERYBODY = dict.fromkeys(("elin", "johan", "karin"), AWAY)


def without(*people, ruling=RULES):
    left = [RosterChange(change="left", at=START, person=person) for person in people]
    return ruling._replace(roster=Roster(apply_all(ruling.roster.file, left)))


def with_role(person, *roles, ruling=RULES):
    file = ruling.roster.file
    people = tuple(m.model_copy(update={"roles": roles}) if m.id == person else m for m in file.people)
    return ruling._replace(roster=Roster(file.model_copy(update={"people": people})))


def offered(ruling=RULES):
    return Kept(ruling).offered()


def by(person):
    return Actor(kind="person", reference=person)


def findings(told):
    return told.explained().findings


@pytest.mark.parametrize("more", [{"command": "assign"}, {"command": "delegate"}])
def test_a_command_that_gives_to_who_left_is_refused_before_and_when_it_is_carried_out(more):
    told = offered(without("karin"))
    ask = Command.model_validate({"lead": told.lead.id, "person": "karin", "reason": "hers", **more}).root
    told.take(to_signal(ask, Principal("desk", "maja"), told.at, "k", "default", "p"))
    assert told.decision.note == "refused: karin left, and can be given nothing"
    assert (told.lead.owner, told.lead.limbo) == ("elin", None)

    async def roster():
        return told.rules.roster

    world = Commanding(roster, lead=None, accept=None, now=None, unfit=None)
    with pytest.raises(Refused, match="karin left"):
        asyncio.run(carry(world, ask, Principal("desk", "maja"), "k"))


def test_who_left_cannot_claim():
    told = offered(without("karin"))
    ask = Command.model_validate({"command": "claim", "lead": told.lead.id, "reason": "mine"}).root
    told.take(to_signal(ask, Principal("key", "karin"), told.at, "k", "default", "p"))
    assert told.decision.note.startswith("refused: karin left")


def test_a_change_in_the_crm_to_who_left_is_a_finding_and_the_rules_choose_another():
    told = offered(without("karin")).tell("sales.owner_changed", sales=Sales(owner_id="karin"))
    assert [(o.person, o.state) for o in told.lead.handover.offers] == [("elin", "withdrawn"), ("johan", "open")]
    assert "it was given to karin, who left" in findings(told)
    assert told.lead.limbo is None


def test_a_deal_or_a_qualification_given_to_who_left_goes_on_with_another():
    told = Kept(without("karin")).dealt().tell("sales.owner_changed", sales=Sales(owner_id="karin"))
    assert (told.lead.stage, told.lead.owner, told.lead.limbo) == ("deal", "johan", None)
    judged = Kept(without("karin")).tell("form.submitted", form_id="news")
    judged.tell("sales.owner_changed", sales=Sales(owner_id="karin"))
    assert (judged.lead.owner, judged.lead.limbo) == ("anders", None)


def test_who_left_is_no_owner_of_a_contact_or_of_an_import():
    told = Kept(without("karin")).tell("email.sent").tell("sales.owner_changed", sales=Sales(owner_id="karin"))
    assert (told.lead.owner, told.lead.limbo) == (None, None)
    placed = Sales(to="deal", owner_id="karin")
    imported = Kept(without("karin")).tell("contact.created", mode="import", sales=placed)
    assert (imported.lead.owner, imported.lead.limbo) == (None, None)


def test_a_salesperson_who_accepts_anothers_offer_takes_it_over():
    told = offered().tell("sales.accepted", actor=by("karin"))
    assert [(o.person, o.state) for o in told.lead.handover.offers] == [("elin", "withdrawn"), ("karin", "accepted")]
    assert told.lead.owner == "karin" and told.assigned()[-1].rule == "manual"
    assert told.ledgers["field"].entries["karin"].given == 1
    assert [e.owner.person for e in told.all("handover.accepted")] == ["karin"]
    assert told.tell("sales.follow_up", actor=by("karin")).lead.stage == "deal"


@pytest.mark.parametrize(
    "actor", [by("elin"), by("maja"), by("9999"), Actor(), Actor(kind="system", reference="karin")]
)
def test_the_holder_a_manager_or_nobody_known_accepts_for_the_holder(actor):
    told = offered().tell("sales.accepted", actor=actor)
    assert [(o.person, o.state) for o in told.lead.handover.offers] == [("elin", "accepted")]


def test_an_acceptance_by_who_has_no_role_for_it_is_none():
    told = offered().tell("sales.accepted", actor=by("sara"))
    assert [(o.person, o.state) for o in told.lead.handover.offers] == [("elin", "open")]
    assert told.all("handover.accepted") == []
    assert any("sara accepted what was offered to elin" in finding for finding in findings(told))


def test_a_late_acceptance_by_a_former_holder_takes_nothing_over():
    told = offered().tell("sales.owner_changed", 3 * HOUR, sales=Sales(owner_id="karin"))
    told.tell("sales.accepted", HOUR, actor=by("elin"))
    assert (told.lead.owner, told.lead.handover.accepted_at) == ("karin", None)
    (said,) = told.all("handover.accepted_late")
    assert (said.offer_id, said.in_time, said.kept_by.person) == (told.lead.handover.offers[0].id, True, "karin")


def test_an_owner_by_hand_without_the_role_is_obeyed_and_is_a_finding():
    told = offered().tell("sales.owner_changed", sales=Sales(owner_id="sara"))
    assert told.lead.owner == "sara"
    assert "sara was made the owner by hand and has no role for hand_over" in findings(told)
    fits = offered().tell("sales.owner_changed", sales=Sales(owner_id="maja"))
    assert not any("no role" in finding for finding in findings(fits))


def test_who_stands_in_a_pool_without_the_role_is_passed_over():
    told = offered(with_role("elin", "marketing"))
    assert told.lead.owner == "johan"
    assert any(c.code == "role" for c in told.assigned()[-1].candidates)


def test_a_pool_in_which_nobody_has_the_role_is_refused():
    ruling = with_role("olof", "sales")
    text = (EXAMPLES / "agreement.yaml").read_text()
    (problem,) = check_against(ruling.agreement, ruling.roster, text, "agreement.yaml")
    assert "nobody in pool `account-managers` has a role for growth (account_manager)" in problem


def test_a_last_resort_who_is_away_still_gets_it_and_managers_are_told():
    told = offered(rules(absences={**EVERYBODY, "maja": AWAY}))
    assert told.lead.handover.offers[0].person == "maja"
    (said,) = told.all("lead.escalated")
    assert (said.reason, said.why, said.stage, [m.person for m in said.to]) == (
        "fallback_away", "absent", "hand_over", ["maja"],
    )  # fmt: skip
    assert "maja was away then; the managers were told" in told.assigned()[-1].text
    assert any("the last resort maja is away" in finding for finding in findings(told))


def test_a_last_resort_who_is_there_alarms_nobody():
    told = offered(rules(absences=EVERYBODY))
    assert told.lead.owner == "maja" and told.all("lead.escalated") == []


def test_a_second_offer_to_a_last_resort_who_is_away_is_told_too():
    second = [{"reasons": ["no time"], "to": "fallback"}]
    ruling = changed(
        handover={"offer_expires": "24h elapsed", "second_offer": second, "reasons": [{"name": "no time"}]}
    )
    ruling = ruling._replace(roster=rules(absences={"maja": AWAY}).roster)
    told = offered(ruling).tell("sales.rejected", timedelta(hours=1), reason="no time")
    assert told.lead.owner == "maja" and len(told.all("lead.escalated")) == 1
