"""Whose a new customer is: chosen by the rules, or who sold to them keeps them."""

import pytest
import yaml

from routing.model.records import Account
from routing.people.roster import Roster
from routing.people.roster_changes import apply
from schemas.roster import RosterChange
from schemas.signals import Sales
from schemas.yamlfile import FileError
from tests.setups import EXAMPLES, START
from tests.stories import DAY, DONE, HOUR, Kept, rules

GROWTH = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)["routing"]["growth"]
AWAY = [("2026-11-24T00:00:00+00:00", "2027-01-01T00:00:00+00:00")]


def kept(keeps="owner", **more):
    return Kept(rules(routing={"growth": {**GROWTH, "keeps": keeps}}, **more))


def sold(story):
    return story.offered().tell("sales.accepted").tell("sales.follow_up", sales=DONE)


def without(story, person):
    change = RosterChange(change="left", at=START, person=person)
    story.rules = story.rules._replace(roster=Roster(apply(story.rules.roster.file, change)))
    return story


@pytest.mark.parametrize(("keeps", "owner", "rule"), [("owner", "elin", "seller"), ("rules", "olof", "customers")])
def test_the_seller_keeps_the_customer_where_the_agreement_says_so(keeps, owner, rule):
    story = sold(kept(keeps)).tell("sales.won")
    assert (story.lead.track, story.lead.owner, story.assigned()[-1].rule) == ("growth", owner, rule)
    assert ("account-managers" in story.ledgers) is (keeps == "rules"), "what is kept takes nobody's turn"
    assert story.all("nurture.entered")[-1].owner.person == owner


def test_the_explanation_says_why_and_what_would_have_changed_it():
    said = sold(kept()).tell("sales.won").assigned()[-1]
    assert "(they sold to the customer, and the agreement lets the seller keep it)" in said.text
    assert said.smallest_change == (
        "the rules would have decided, had the agreement not let the seller keep the customer"
    )


def test_a_seller_on_leave_keeps_the_customer_and_one_who_left_does_not():
    story = sold(kept())
    story.rules = story.rules._replace(roster=rules(absences={"elin": AWAY}).roster)
    assert story.tell("sales.won").lead.owner == "elin"
    assert without(sold(kept()), "elin").tell("sales.won").lead.owner == "olof"


def test_who_had_the_deal_last_is_the_seller():
    story = sold(kept()).tell("sales.owner_changed", sales=Sales(owner_id="karin")).tell("sales.won")
    assert story.lead.owner == "karin"


def test_a_colleague_of_the_customer_is_offered_to_the_seller():
    story = kept()
    story.account = Account(id="acc_1", brand="default")
    sold(story).tell("sales.won")
    assert story.account.customers == {story.lead.id: "elin"}


def test_a_customer_who_comes_back_from_spam_is_the_sellers_again_and_no_finding_is_made_of_their_role():
    story = sold(kept()).tell("sales.won")
    story.tell("disposition.set", sales=Sales(to="spam")).tell("disposition.set", sales=Sales(to="active"))
    assert (story.lead.owner, story.assigned()[-1].rule) == ("elin", "former_owner")
    story.tell("sales.owner_changed", DAY, sales=Sales(owner_id="johan"))
    assert story.lead.owner == "johan" and "findings" not in story.decision.evidence


def test_without_it_a_salesperson_who_is_given_a_customer_is_a_finding():
    story = sold(kept("rules")).tell("sales.won").tell("sales.owner_changed", HOUR, sales=Sales(owner_id="johan"))
    assert story.decision.evidence["findings"] == ["johan was made the owner by hand and has no role for growth"]


def test_another_word_is_refused():
    with pytest.raises(FileError, match=r"routing\.growth\.keeps"):
        kept("seller")
