"""Answers and steps of sales that are heard late keep the promises that they kept, and say whose they were."""

from datetime import timedelta
from functools import partial

from schemas.signals import Actor
from tests.setups import START
from tests.stories import DONE, HOUR, MINUTE, rules
from tests.tales import Tale, fact

ANSWER = {"name": "answer", "metric": "acceptance", "starts": "offer", "target": "90m elapsed"}
STEP = {"name": "step", "metric": "follow_up", "starts": "offer", "target": "24h elapsed"}
WAITS = {"name": "waits", "metric": "follow_up", "starts": "hand_over", "target": "24h elapsed"}
SILENT = {
    "name": "silent", "metric": "follow_up", "starts": "deal", "recurs": True, "target": "4h elapsed",
    "ladder": [{"after": "1h elapsed", "do": "reassign"}],
}  # fmt: skip
ELIN, JOHAN = ({"actor": Actor(kind="person", reference=person)} for person in ("elin", "johan"))
OFFERED = fact(timedelta(0), "form.submitted", form_id="demo")
READ = fact(3 * HOUR + 30 * MINUTE, "page.visited")
"""Half an hour after the offer was over, and went to Johan."""


def rules_with(*more, **handover):
    """The three promises above, and more; an offer expires after three hours."""
    given = {"offer_expires": "3h elapsed", "calendar": None, **handover}
    return rules([ANSWER, STEP, WAITS, *more], handover=given)


def breaches(outcome):
    return {(c.policy, c.person) for c in outcome.lead.clocks.values() if c.state == "breached"}


def told_breaches(outcome):
    """(policy, whose) of each breach that was told and not taken back."""
    taken_back = {said.clock_id for said in outcome.all("sla.corrected") if said.new == "fulfilled"}
    said = [data for data in outcome.all("sla.breached") if data.clock_id not in taken_back]
    return {(data.policy, data.owner.person if data.owner else None) for data in said}


def is_elins(outcome, stage, others=frozenset()):
    lead = outcome.lead
    assert (lead.stage, lead.owner, lead.handover.current.person) == (stage, "elin", "elin")
    assert lead.handover.current.state == "accepted"
    assert breaches(outcome) == told_breaches(outcome)
    assert breaches(outcome) <= others
    assert {said.owner.person for said in outcome.all("handover.accepted")} == {"elin"}


def accepted_in_time(outcome):
    # Whoever it was offered to meanwhile, and let it lie, did break their own promise.
    is_elins(outcome, "hand_over", {("answer", "johan")})
    assert [(c.policy, c.state) for c in outcome.lead.clocks.values() if c.person == "elin"] == [
        ("answer", "fulfilled"),
        ("step", "running"),
    ]
    assert outcome.lead.handover.accepted_at == START + HOUR


def rejected_in_time(outcome):
    lead = outcome.lead
    assert (lead.stage, lead.owner) == ("hand_over", "johan")
    assert [(said.owner.person, said.reason) for said in outcome.all("handover.rejected")] == [("elin", "no time")]
    assert (lead.handover.offers[0].state, lead.handover.offers[0].decided_at) == ("rejected", START + HOUR)
    assert "elin" not in {person for _, person in breaches(outcome)}


def lost_after_both(outcome):
    lead = outcome.lead
    assert (lead.stage, lead.track, breaches(outcome), told_breaches(outcome)) == ("nurturing", "recycle", set(), set())
    assert {(c.policy, c.state) for c in lead.clocks.values() if c.person == "elin"} == {
        ("answer", "fulfilled"),
        ("step", "fulfilled"),
    }


def reassigned_in_a_deal(outcome):
    lead = outcome.lead
    assert (lead.stage, lead.owner) == ("deal", "johan")
    assert [(o.person, o.state) for o in lead.handover.offers] == [("elin", "withdrawn"), ("johan", "open")]
    assert [said.owner.person for said in outcome.all("handover.offered")] == ["elin", "johan"]
    assert [said.reason for said in outcome.all("handover.withdrawn")] == ["sla_breached"]


def waits_for_johans_step(outcome):
    lead = outcome.lead
    assert (lead.stage, lead.owner, lead.handover.current.state) == ("hand_over", "johan", "accepted")
    assert outcome.lead.handover.followed_up_at is None
    (said,) = outcome.all("handover.followed_up")
    assert (said.owner.person, said.offer_id) == ("elin", lead.handover.offers[0].id)
    assert outcome.clocks("waits") == [("fulfilled", START + 40 * MINUTE)], "the lead's own promise"


def called_in_time(outcome):
    is_elins(outcome, "deal")
    (said,) = outcome.all("handover.followed_up")
    assert (said.offer_id, said.owner.person) == (outcome.lead.handover.offers[0].id, "elin")
    assert outcome.lead.handover.accepted_at == START + 40 * MINUTE


def booked_by_its_owner(outcome):
    is_elins(outcome, "deal")
    assert outcome.clocks("waits") == [("fulfilled", START + HOUR + 10 * MINUTE)]


def nobody_answered(outcome):
    assert breaches(outcome) == told_breaches(outcome) == {("answer", "elin")}
    (breach,) = outcome.all("sla.breached")
    assert breach.due_at == START + HOUR, "when the offer was over"
    assert outcome.lead.owner == "johan"


def johan_keeps_it(outcome):
    lead = outcome.lead
    assert (lead.stage, lead.owner, lead.handover.current.person) == ("deal", "johan", "johan")
    assert breaches(outcome) == told_breaches(outcome) == {("answer", "elin")}
    (said,) = outcome.all("handover.accepted_late")
    assert (said.owner.person, said.in_time, said.kept_by.person) == ("elin", False, "johan")


ACCEPTED = fact(HOUR, "sales.accepted", **ELIN)
CALLED = fact(40 * MINUTE, "sales.follow_up", sales=DONE, **ELIN)
JOHAN_TAKES_IT = (
    fact(3 * HOUR + 10 * MINUTE, "sales.accepted", **JOHAN),
    fact(3 * HOUR + 20 * MINUTE, "sales.follow_up", sales=DONE, **JOHAN),
)
THREE = ((0, 1, 2), (0, 2, 1))
TALES = [
    Tale("02-accepted-in-time", (OFFERED, ACCEPTED, READ), THREE, accepted_in_time, rules_with),
    Tale(
        "02-accepted-in-time-before-two-others",
        (OFFERED, ACCEPTED, READ, fact(6 * HOUR + 30 * MINUTE, "page.visited")),
        ((0, 1, 2, 3), (0, 2, 3, 1), (0, 3, 2, 1)),
        accepted_in_time,
        rules_with,
    ),
    Tale(
        "03-rejected-in-time",
        (OFFERED, fact(HOUR, "sales.rejected", reason="no time", **ELIN), READ),
        THREE,
        rejected_in_time,
        rules_with,
    ),
    Tale(
        "04-lost-is-heard-first",
        (OFFERED, ACCEPTED, fact(80 * MINUTE, "sales.follow_up", sales=DONE, **ELIN), fact(2 * HOUR, "sales.lost")),
        ((0, 1, 2, 3), (0, 1, 3, 2), (0, 2, 3, 1), (0, 3, 2, 1)),
        lost_after_both,
        rules_with,
    ),
    Tale(
        "05-silent-in-a-deal",
        (OFFERED, fact(10 * MINUTE, "sales.accepted", **ELIN), CALLED),
        ((0, 1, 2), (0, 2, 1)),
        reassigned_in_a_deal,
        partial(rules_with, SILENT),
        5 * HOUR + 41 * MINUTE,
    ),
    Tale(
        "06-called-by-one-and-accepted-by-another",
        (OFFERED, CALLED, fact(3 * HOUR + 20 * MINUTE, "sales.accepted", **JOHAN)),
        ((0, 1, 2), (0, 2, 1)),
        waits_for_johans_step,
        partial(rules_with, follow_up_accepts=False),
    ),
    Tale("10-called-in-time", (OFFERED, CALLED, READ), THREE, called_in_time, rules_with),
    Tale(
        "called-and-then-accepted-in-words",
        (OFFERED, CALLED, ACCEPTED, READ),
        ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 2, 1)),
        called_in_time,
        rules_with,
    ),
    Tale(
        "booked-by-its-owner",
        (OFFERED, ACCEPTED, fact(HOUR + 10 * MINUTE, "sales.meeting_booked", **ELIN), READ),
        ((0, 1, 2, 3), (0, 2, 1, 3), (0, 3, 2, 1)),
        booked_by_its_owner,
        rules_with,
    ),
    Tale(
        "expired-is-the-receivers-breach",
        (OFFERED, fact(HOUR + MINUTE, "page.visited"), fact(HOUR + 2 * MINUTE, "email.opened")),
        ((0, 1, 2), (0, 2, 1)),
        nobody_answered,
        partial(rules_with, offer_expires="1h elapsed"),
    ),
    Tale(
        "accepted-too-late",
        (OFFERED, *JOHAN_TAKES_IT, fact(3 * HOUR + 25 * MINUTE, "sales.accepted", **ELIN)),
        ((0, 1, 2, 3), (0, 2, 1, 3), (0, 1, 3, 2)),
        johan_keeps_it,
        rules_with,
    ),
]
