"""What is asked later is asked of the signal that brought the lead to its stage: after a hold, a queue, a second offer."""

from datetime import timedelta

import pytest

from schemas.yamlfile import FileError
from tests.setups import START
from tests.stories import DAY, DONE, HOUR, MINUTE, Story, changed, rules

WANTS_DEMO = "signal.form_id == 'demo'"
PROMISE = {"name": "demo", "metric": "follow_up", "starts": "offer", "target": "2h elapsed", "when": WANTS_DEMO}
AWAY = {p: [("2026-11-01T00:00:00Z", "2026-11-25T09:00:00Z")] for p in ("elin", "johan", "karin")}


def promised(absences=None, *, wait=False, **more):
    """One promise; with `wait` a lead waits for somebody of the pool."""
    file = rules([PROMISE | more], absences).agreement.file.model_dump(
        mode="json", by_alias=True, exclude_defaults=True
    )
    if wait:
        file["routing"]["hand_over"]["rules"][-1]["overflow"] = {"hold": "2 business days", "calendar": "stockholm"}
    made = changed(routing=file["routing"], sla=file["sla"])
    return made._replace(roster=rules([], absences).roster)


def started(told):
    return [clock.policy for clock in told.lead.clocks.values() if clock.policy == "demo"]


@pytest.mark.parametrize("when", [WANTS_DEMO, "lead.form_id == 'demo'", "signal.kind == 'form.submitted'"])
def test_a_promise_of_an_offer_sees_the_form_after_the_lead_waited_in_a_queue(when):
    told = Story(promised(AWAY, wait=True, when=when)).tell("email.sent").tell("form.submitted", form_id="demo")
    assert (told.lead.stage, told.lead.handover.offers, started(told)) == ("hand_over", (), [])
    told.tell("email.opened", HOUR).wait(DAY + HOUR)
    assert (told.lead.owner, started(told)) == ("elin", ["demo"])


def test_and_for_a_second_offer_and_the_one_after_a_rejection():
    told = Story(promised()).tell("form.submitted", form_id="demo")
    assert started(told) == ["demo"]
    told.wait(DAY)
    assert len(told.lead.handover.offers) > 1 and len(started(told)) == len(told.lead.handover.offers)
    told = Story(promised()).tell("form.submitted", form_id="demo").tell("sales.rejected", reason="no time")
    assert len(started(told)) == len(told.lead.handover.offers) == 2


def test_another_form_starts_no_such_promise_at_any_of_them():
    told = Story(promised()).tell("form.submitted", form_id="pricing").wait(DAY)
    assert len(told.lead.handover.offers) > 1 and started(told) == []


def test_the_rules_that_choose_an_owner_see_it_too():
    file = rules().agreement.file.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    demo = {
        "name": "demo",
        "when": WANTS_DEMO,
        "pool": "field",
        "overflow": {"hold": "2 business days", "calendar": "stockholm"},
    }
    file["routing"]["hand_over"]["rules"] = [demo, {"name": "rest", "pool": "key-accounts"}]
    ruling = changed(routing=file["routing"], sla={"policies": []})._replace(roster=rules([], AWAY).roster)
    told = Story(ruling).tell("form.submitted", form_id="demo").wait(DAY + HOUR)
    assert [why["rule"] for why in told.decision.evidence["owners"]] == ["demo"], "not the rule for whatever else comes"
    assert told.decision.evidence["owners"][0]["inputs"] == {"signal.form_id": "demo"}


@pytest.mark.parametrize(
    ("kind", "more"), [("sales.meeting_booked", {}), ("tag.added", {"tags": ("sales-ready",)})], ids=["meeting", "tag"]
)
def test_what_made_a_lead_ready_during_a_hold_is_what_brought_it_on(kind, more):
    told = Story(promised(when=f"signal.kind == '{kind}'")).tell("email.sent", timedelta(0)).ask("hold")
    told.tell(kind, 10 * MINUTE, **more).tell("page.visited", 20 * MINUTE).wait(31 * DAY)
    assert (told.lead.stage, started(told)[:1]) == ("hand_over", ["demo"])
    assert told.lead.brought.kind == kind


def test_the_form_stays_known_through_the_pass_and_ends_with_it():
    ruling = promised(starts="acceptance", when="lead.form_id == 'demo'")
    told = Story(ruling).tell("form.submitted", form_id="news").tell("form.submitted", form_id="demo")
    told.tell("form.submitted", HOUR, form_id="other")
    assert told.lead.form_id == "demo", "the one that brought it on"
    told.tell("sales.accepted", 2 * HOUR)
    assert started(told) == ["demo"]
    told.tell("sales.follow_up", 3 * HOUR, sales=DONE)
    assert (told.lead.stage, told.lead.form_id, told.lead.brought.kind) == ("deal", "demo", "sales.follow_up")
    told.tell("sales.lost", DAY)
    assert (told.lead.stage, told.lead.form_id, told.lead.brought) == ("nurturing", None, None)
    told.tell("email.replied", 2 * DAY)
    assert (told.lead.stage, told.lead.brought.at) == ("qualification", START + 2 * DAY)


@pytest.mark.parametrize("starts", ["acceptance", "deal"])
def test_a_condition_that_could_never_hold_is_refused_with_the_likely_fix(starts):
    with pytest.raises(FileError, match=r"sla\.policies\.0\.when: .*never known .* ask for `lead\.form_id`"):
        promised(starts=starts)
    promised(starts=starts, when="lead.form_id == 'demo'")
