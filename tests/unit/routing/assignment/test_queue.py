"""A lead that waits for somebody is in a queue that is seen: an event, a clock, no owner, since when and why."""

import pytest
import yaml

from routing.assignment import queue
from routing.draft import Context
from routing.upkeep.merging import join
from schemas.signals import ClockDue, Sales
from tests.setups import EXAMPLES, START, signal
from tests.stories import DAY, HOUR, MINUTE, Kept, changed, rules
from tests.unit.routing.upkeep.test_merging import asked

AWAY = [("2026-11-01T00:00:00Z", "2026-11-25T09:00:00Z")]
SELLERS, JUDGES = ("elin", "johan", "karin"), ("sara", "anders")
HOLD = {"hold": "2 business days", "calendar": "stockholm"}


def holding(route, people, overflow=HOLD):
    """The example's rules, where the last rule of the route makes a lead wait while these people are away."""
    file = yaml.safe_load((EXAMPLES / "agreement.yaml").read_text())
    file["routing"][route]["rules"][-1]["overflow"] = overflow
    away = dict.fromkeys(people, AWAY)
    return changed(routing=file["routing"])._replace(roster=rules([], away).roster)


def judged(route="hand_over", people=SELLERS):
    """Sara judges a lead that asks for a demo on Tuesday at ten; nobody can take it."""
    told = Kept(holding(route, people))
    told.tell("form.submitted", 30 * MINUTE, form_id="news")
    return told.tell("form.submitted", HOUR, form_id="demo")


def test_whoever_had_it_has_it_no_more_and_the_event_says_so():
    told = judged()
    (said,) = told.all("lead.queued")
    assert said.owner is None and said.from_owner.person == "sara"
    assert (said.stage, said.route, said.rule, said.pool) == ("hand_over", "hand_over", "everybody", "field")
    assert said.since == START + HOUR and said.until == told.clock("queue").due_at
    assert {c["person"] for c in said.why["held"]["candidates"]} == set(SELLERS)
    assert (told.lead.owner, told.lead.unowned_reason, told.lead.limbo) == (None, "waiting: everybody", None)
    assert queue.place(told.lead) == ("hand_over/field", START + HOUR)
    assert {(p.person, p.codes) for p in told.lead.queue.passed} == {(p, ("absent",)) for p in SELLERS}


def test_it_is_told_once_however_often_the_pool_is_looked_at_and_the_end_by_the_usual_events():
    told = judged().wait(DAY - HOUR)
    assert len(told.all("lead.queued")) == 1 and told.lead.owner is None
    told.wait(DAY + HOUR)
    assert told.lead.owner in SELLERS and told.lead.queue is None and queue.place(told.lead) is None
    assert len(told.all("lead.queued")) == 1 and len(told.all("handover.offered")) == 1
    last = told.all("lead.owner_changed")[-1]
    assert (last.from_owner, last.to_owner.person) == (None, told.lead.owner)


def test_custody_ends_when_the_waiting_begins():
    told = judged().wait(DAY + HOUR)
    turns = told.explained().custody
    assert [turn.person for turn in turns] == ["sara", told.lead.owner]
    assert turns[0].to == START + HOUR and turns[0].seconds == 30 * 60
    assert turns[1].from_ >= START + DAY - HOUR, "nobody's time lies between"


def claim(told):
    told.tell("sales.owner_changed", 2 * HOUR, sales=Sales(owner_id="karin"))


def spam(told):
    told.tell("disposition.set", 2 * HOUR, sales=Sales(to="spam"))


@pytest.mark.parametrize("end", [claim, spam])
def test_whatever_ends_the_waiting_the_lead_stands_in_line_no_more(end):
    told = judged()
    end(told)
    assert told.lead.queue is None and queue.place(told.lead) is None
    assert told.lead.owner == ("karin" if end is claim else None)


def test_an_owner_by_an_import_ends_the_waiting_for_a_judge():
    told = Kept(holding("qualification", JUDGES)).tell("form.submitted", HOUR, form_id="news")
    assert queue.place(told.lead)[0].startswith("qualification/") and told.lead.owner is None
    told.tell("contact.updated", 2 * HOUR, mode="import", sales=Sales(to="qualification", owner_id="elin"))
    assert told.lead.owner == "elin" and queue.place(told.lead) is None


def test_who_waits_for_a_judge_and_is_handed_over_waits_in_a_line_of_its_own():
    file = holding("qualification", JUDGES)
    told = Kept(file).tell("form.submitted", HOUR, form_id="news")
    first = told.lead.queue
    assert first.route == "qualification"
    told.tell("form.submitted", 2 * HOUR, form_id="demo")
    assert told.lead.stage == "hand_over" and told.lead.queue is None and told.lead.owner in SELLERS
    assert not [c for c in told.lead.clocks.values() if c.policy == "queue" and c.open]


def test_a_lead_that_is_merged_away_stands_in_no_line_until_it_is_parted():
    told, other = judged(), Kept(rules()).take(signal("o1", "form.submitted", lead="other", form_id="demo"))
    context = Context(told.rules.agreement, told.rules.roster, {}, None, START + 2 * HOUR)
    ask = asked("merge", other.lead, told.lead, 2 * HOUR)
    merged = join(other.lead, told.lead, ask, (context, context))
    assert queue.place(merged.gone.lead) is None
    apart = join(
        merged.kept.lead, merged.gone.lead, asked("unmerge", other.lead, told.lead, 3 * HOUR), (context, context)
    )
    assert queue.place(apart.gone.lead) == ("hand_over/field", START + HOUR)


def test_of_a_lead_that_waits_since_before_lines_were_kept_the_pool_is_known_at_the_next_look():
    told = judged()
    told.lead = told.lead.but(queue=None)
    assert queue.place(told.lead) == ("hand_over/", START + HOUR)
    told.said.clear()
    clock = told.clock("queue")
    due = ClockDue(clock_id=clock.id, revision=clock.revision, lead_id=told.lead.id, due_at=told.at, noticed_at=told.at)
    told.tell("clock.due", 2 * HOUR, clock=due)
    assert queue.place(told.lead) == ("hand_over/field", START + HOUR)
    assert [said.since for said in told.all("lead.queued")] == [START + HOUR]
