"""What a CRM says of a sale is a fact, whatever the stage and the order of arrival."""

from datetime import timedelta

from schemas.signals import Actor, Reference, Sales
from tests.setups import START
from tests.stories import DONE, HOUR, MINUTE
from tests.tales import Tale, fact

OFFERED = fact(timedelta(0), "form.submitted", form_id="demo")
ACCEPTED = fact(10 * MINUTE, "sales.accepted")
CALLED = fact(30 * MINUTE, "sales.follow_up", sales=DONE)
JOHAN = {"sales": Sales(owner_id="johan"), "actor": Actor(kind="person", reference="johan")}
DEAL = (Reference(system="crm", object="deal", id="5"),)


def is_customer(outcome, seller, manager="olof"):
    lead = outcome.lead
    assert (lead.stage, lead.track, lead.owner) == ("nurturing", "growth", manager)
    (won,) = outcome.all("handover.won")
    assert (won.owner.person if won.owner else None) == seller
    assert outcome.all("nurture.entered")[-1].track == "growth"
    assert not [c for c in lead.clocks.values() if c.open], "nothing is waited for any more"
    assert lead.suppressed is None
    return won


def won_as_agreed(outcome):
    won = is_customer(outcome, "elin")
    assert not won.outside_process and won.amount == 10.0
    assert outcome.clocks("follow-up") == [("fulfilled", START + 30 * MINUTE)]
    assert [offer.state for offer in outcome.lead.handover.offers] == ["accepted"]


def won_without_answer(outcome):
    is_customer(outcome, "elin")
    assert [offer.state for offer in outcome.lead.handover.offers] == ["accepted"]
    assert len(outcome.all("handover.accepted")) == 1, "the share of what was accepted counts it"
    assert outcome.clocks("answer") == [("fulfilled", START + HOUR)]
    assert outcome.clocks("follow-up") == [("fulfilled", START + HOUR)], "nobody wins without a step"
    assert outcome.clocks("lead-waits") == [("fulfilled", START + HOUR)]


def won_after_lost(outcome):
    won = is_customer(outcome, "elin")
    lost = outcome.all("handover.lost")
    # A loss that is known only after the sale says nothing any more.
    assert (won.outside_process, won.corrects) == ((True, "lost") if lost else (False, None))
    assert won.handover_id == outcome.all("handover.offered")[0].handover_id
    assert outcome.lead.handover.outcome == "won"


def won_without_a_handover(outcome):
    won = is_customer(outcome, None)
    assert won.outside_process and won.corrects is None
    assert outcome.all("handover.offered") == []


def won_in_qualification(outcome):
    won = is_customer(outcome, "johan")
    assert won.outside_process
    assert outcome.all("handover.offered") == []
    assert {state for state, _ in outcome.clocks("judged")} <= {"fulfilled"}, "the SDR's clock is over"


def won_by_a_colleague(outcome):
    is_customer(outcome, "johan")
    assert outcome.lead.former["hand_over"] == "johan"


def a_colleague_won_the_deal(outcome):
    is_customer(outcome, "johan")
    assert outcome.lead.former["hand_over"] == "johan"
    assert outcome.clocks("follow-up")[0] == ("fulfilled", START + 30 * MINUTE)


def lost_before_acceptance(outcome):
    lead = outcome.lead
    assert (lead.stage, lead.track, lead.owner) == ("nurturing", "recycle", None)
    (rejected,) = outcome.all("handover.rejected")
    assert (rejected.reason, rejected.owner.person) == ("no budget", "elin")
    assert outcome.all("handover.lost") == []
    assert [offer.state for offer in lead.handover.offers] == ["rejected"]
    assert (lead.handover.offers[0].reason, lead.handover.outcome) == ("no budget", "rejected")
    assert [m.to_stage for m in outcome.all("lead.stage_changed")] == ["qualification", "hand_over", "nurturing"]
    assert outcome.clocks("answer") == [("fulfilled", START + HOUR)]
    assert not [c for c in lead.clocks.values() if c.open]
    assert lead.programme == "wrong-timing", "by the reason of the CRM"


def lost_after_acceptance(outcome):
    lead = outcome.lead
    assert (lead.stage, lead.track, lead.handover.outcome) == ("nurturing", "recycle", "lost")
    assert [said.reason for said in outcome.all("handover.lost")] == ["no budget"]
    assert [offer.state for offer in lead.handover.offers] == ["accepted"]
    assert "deal" not in [moved.to_stage for moved in outcome.all("lead.stage_changed")]
    assert outcome.clocks("follow-up") == [("cancelled", START + HOUR)]


def rejected_after_the_first_call(outcome):
    lead = outcome.lead
    assert (lead.stage, lead.track, lead.owner) == ("nurturing", "recycle", None)
    (rejected,) = outcome.all("handover.rejected")
    assert (rejected.reason, rejected.criterion) == ("not qualified", "budget")
    assert lead.handover.offers[-1].state == "rejected" and lead.handover.offers[-1].criterion == "budget"
    assert lead.suppressed is None and outcome.all("suppression.released")
    assert {state for state, _ in outcome.clocks("silent-deal")} <= {"cancelled"}
    assert outcome.clocks("follow-up") == [("fulfilled", START + 30 * MINUTE)]


def one_sale(outcome):
    is_customer(outcome, "elin")
    assert len(outcome.lead.sales) == 1 and outcome.lead.sales[0].deals == ("crm:5",)


ORDERS = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 1, 3, 2))
TALES = [
    Tale("won", (OFFERED, ACCEPTED, CALLED, fact(HOUR, "sales.won", amount=10.0)), ORDERS, won_as_agreed),
    Tale(
        "won-without-an-answer",
        (OFFERED, fact(MINUTE, "page.visited"), fact(HOUR, "sales.won"), fact(2 * HOUR, "email.opened")),
        ORDERS,
        won_without_answer,
    ),
    Tale(
        "won-after-lost",
        (OFFERED, ACCEPTED, CALLED, fact(HOUR, "sales.lost", reason="no budget"), fact(2 * HOUR, "sales.won")),
        ((0, 1, 2, 3, 4), (0, 1, 2, 4, 3), (0, 1, 3, 4, 2)),
        won_after_lost,
    ),
    Tale(
        "won-without-a-hand-over",
        (fact(timedelta(0), "email.sent"), fact(MINUTE, "email.opened"), fact(HOUR, "sales.won")),
        ((0, 1, 2), (0, 2, 1), (1, 2, 0)),
        won_without_a_handover,
    ),
    Tale(
        "won-in-qualification",
        (
            fact(timedelta(0), "email.sent"),
            fact(MINUTE, "form.submitted", form_id="news"),
            fact(HOUR, "sales.won", **JOHAN),
            fact(2 * HOUR, "page.visited"),
        ),
        ((0, 1, 2, 3), (0, 2, 1, 3), (1, 0, 2, 3)),
        won_in_qualification,
    ),
    Tale(
        "won-by-a-colleague",
        (OFFERED, fact(MINUTE, "page.visited"), fact(HOUR, "sales.won", **JOHAN)),
        ((0, 1, 2), (0, 2, 1), (1, 0, 2)),
        won_by_a_colleague,
    ),
    Tale(
        "a-colleague-won-the-deal",
        (OFFERED, ACCEPTED, CALLED, fact(HOUR, "sales.won", **JOHAN)),
        ((0, 1, 2, 3), (0, 2, 1, 3), (0, 1, 3, 2)),
        a_colleague_won_the_deal,
    ),
    Tale(
        "lost-before-acceptance",
        (OFFERED, fact(MINUTE, "page.visited"), fact(HOUR, "sales.lost", reason="no budget")),
        ((0, 1, 2), (0, 2, 1), (1, 0, 2)),
        lost_before_acceptance,
    ),
    Tale(
        "lost-after-acceptance",
        (OFFERED, ACCEPTED, fact(20 * MINUTE, "page.visited"), fact(HOUR, "sales.lost", reason="no budget")),
        ((0, 1, 2, 3), (0, 1, 3, 2), (0, 2, 1, 3)),
        lost_after_acceptance,
    ),
    Tale(
        "rejected-after-the-first-call",
        (OFFERED, ACCEPTED, CALLED, fact(HOUR, "sales.rejected", reason="not qualified", criterion="budget")),
        ORDERS,
        rejected_after_the_first_call,
    ),
    Tale(
        "one-sale-told-three-times",
        (
            OFFERED,
            ACCEPTED,
            CALLED,
            fact(HOUR, "sales.won"),
            fact(HOUR + MINUTE, "sales.won", references=DEAL),
            fact(2 * HOUR, "sales.won", references=DEAL),
        ),
        ((0, 1, 2, 3, 4, 5), (0, 1, 2, 4, 3, 5), (0, 1, 2, 5, 4, 3)),
        one_sale,
    ),
]
