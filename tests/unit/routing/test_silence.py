"""When marketing's automated mail stops, when it may go on, and which mail violates that."""

from datetime import timedelta

import pytest
from pydantic import ValidationError

from routing.draft import Context
from routing.people.commands import to_signal
from routing.people.permissions import Principal
from routing.upkeep.merging import join
from schemas.commands import Command
from schemas.signals import Actor, Consent, Reference, Sales
from schemas.suppression import Suppression
from tests.stories import DAY, DONE, HOUR, MINUTE, Kept, changed, rules

RULES = rules()
JOHAN = Actor(kind="person", reference="johan")
MACHINE = Actor(kind="automation")


def contact(ruling=RULES):
    return Kept(ruling).tell("email.sent", timedelta(0))


def reached(kind="outreach.logged", **more):
    return contact().tell(kind, MINUTE, actor=JOHAN, **more)


def in_dialogue():
    return reached().tell("email.clicked", 2 * MINUTE).tell("sales.meeting_held", HOUR, actor=JOHAN)


def asked(told, name, **more):
    ask = Command.model_validate({"command": name, "lead": told.lead.id, "reason": "asked", **more}).root
    return told.take(to_signal(ask, Principal("desk", "maja"), told.at, f"k{len(told.steps)}", "default", "p"))


@pytest.mark.parametrize("kind", ["email.replied", "message.received", "call.received", "sales.meeting_held"])
def test_a_salespersons_step_and_an_answer_after_it_stop_automated_mail(kind):
    told = reached().tell(kind, 2 * MINUTE)
    assert told.lead.suppressed == "dialogue"
    assert len(told.all("suppression.started")) == 1


def test_the_dialogue_needs_no_hunter():
    told = contact().tell("sales.owner_changed", MINUTE, sales=Sales(owner_id="karin"))
    told.tell("sales.follow_up", 2 * MINUTE, sales=DONE).tell("email.replied", 3 * MINUTE)
    assert told.lead.hunter is None and told.lead.suppressed == "dialogue"


def test_an_answer_to_marketings_mail_alone_is_no_dialogue():
    assert contact().tell("email.replied", MINUTE).lead.suppressed is None
    after = contact().tell("email.replied", MINUTE).tell("outreach.logged", HOUR, actor=JOHAN)
    assert after.lead.suppressed is None, "the answer came before the step"


def test_a_step_that_is_told_of_late_makes_it_a_dialogue():
    told = contact().tell("email.replied", HOUR).tell("outreach.logged", MINUTE, now=2 * HOUR, actor=JOHAN)
    assert told.lead.suppressed == "dialogue"


@pytest.mark.parametrize(
    "more",
    [
        {"actor": Actor(kind="person", reference="sara")},
        {"actor": Actor(kind="automation", reference="johan")},
        {"actor": JOHAN, "automated": True},
        {"actor": JOHAN, "sales": Sales(done=False)},
    ],
)
def test_what_no_salesperson_did_begins_no_dialogue(more):
    told = contact().tell("outreach.logged", MINUTE, **more).tell("email.replied", HOUR)
    assert told.lead.suppressed is None


def test_an_automatic_reply_is_no_answer():
    assert reached().tell("email.replied", HOUR, automated=True).lead.suppressed is None


def test_a_dialogue_in_which_nobody_says_anything_for_the_agreed_time_is_over():
    told = in_dialogue().wait(30 * DAY)
    assert told.lead.suppressed == "dialogue"
    told.wait(31 * DAY)
    (released,) = told.all("suppression.released")
    assert (released.reason, told.lead.suppressed, told.lead.talk) == ("dialogue_over", None, None)
    assert told.tell("email.replied", 32 * DAY).lead.suppressed is None, "a step has to come again"


def test_each_step_and_answer_carries_the_dialogue_on():
    told = in_dialogue().wait(20 * DAY).tell("sales.follow_up", 20 * DAY, actor=JOHAN, sales=DONE).wait(49 * DAY)
    assert told.lead.suppressed == "dialogue"
    assert told.wait(51 * DAY).lead.suppressed is None


def test_how_long_is_agreed():
    told = Kept(changed(suppression={"dialogue_ends": "2d elapsed"})).tell("outreach.logged", MINUTE, actor=JOHAN)
    told.tell("email.replied", HOUR).wait(3 * DAY)
    assert told.lead.suppressed is None


def test_a_hand_over_goes_on_where_the_dialogue_was_and_its_end_releases():
    told = in_dialogue().tell("form.submitted", 2 * HOUR, form_id="demo").wait(2 * HOUR + MINUTE)
    assert (told.lead.stage, len(told.all("suppression.started"))) == ("hand_over", 1)
    assert not [c for c in told.lead.clocks.values() if c.policy == "dialogue_end" and c.open]
    told.tell("sales.rejected", 3 * HOUR, reason="wrong timing")
    assert [e.reason for e in told.all("suppression.released")] == ["rejected"]


def test_going_back_to_nurturing_ends_the_dialogue_and_its_clock():
    told = reached().tell("email.replied", HOUR).tell("form.submitted", 2 * HOUR, form_id="not-now")
    assert (told.lead.stage, told.lead.suppressed, told.lead.talk) == ("nurturing", None, None)
    assert told.wait(60 * DAY).all("suppression.released")[1:] == []


def test_a_lead_that_was_spam_meanwhile_is_not_silent_for_ever():
    told = in_dialogue().tell("disposition.set", 2 * HOUR, sales=Sales(to="spam"))
    told.tell("disposition.set", 3 * HOUR, sales=Sales(to="active"))
    assert told.lead.suppressed is None


def test_a_brand_list_in_a_dialogue_is_told_to_the_platform():
    told = asked(Kept(RULES).offered(), "brand_list", lists=["newsletter"])
    (said,) = told.all("suppression.changed")
    assert (said.reason, said.exempt_lists) == ("hand_over", ("service-notices", "newsletter"))
    asked(told, "brand_list", lists=["newsletter"])
    assert len(told.all("suppression.changed")) == 1, "nothing changed"
    asked(told, "brand_list", lists=[])
    assert told.all("suppression.changed")[-1].exempt_lists == ("service-notices",)


def test_a_brand_list_before_a_dialogue_is_told_when_it_begins_and_never_against_the_persons_no():
    told = asked(contact(), "brand_list", lists=["newsletter"])
    assert told.all("suppression.changed") == []
    told.tell("form.submitted", HOUR, form_id="demo")
    assert told.all("suppression.started")[0].exempt_lists == ("service-notices", "newsletter")
    told.tell("consent.withdrawn", 2 * HOUR)
    asked(told, "brand_list", lists=["other"])
    assert [said.reason for said in told.all("suppression.changed")] == ["consent_withdrawn"], "no list of theirs"


def test_consent_given_again_in_a_dialogue_brings_its_exceptions_back():
    told = Kept(RULES).offered().tell("consent.withdrawn", HOUR).tell("consent.given", 2 * HOUR)
    (_, said) = told.all("suppression.changed")
    assert (said.reason, said.exempt_lists, told.all("suppression.released")) == ("hand_over", ("service-notices",), [])


@pytest.mark.parametrize("kind", ["consent.withdrawn", "list.unsubscribed"])
@pytest.mark.parametrize(
    ("purpose", "stops"), [("sms", False), ("profiling", False), ("email", True), ("Marketing", True), ("all", True)]
)
def test_only_a_withdrawal_of_mail_stops_mail(kind, purpose, stops):
    told = contact().tell(kind, MINUTE, consents=(Consent(purpose=purpose, state="withdrawn"),))
    assert (told.lead.suppressed == "consent_withdrawn") is stops


def test_a_withdrawal_without_a_purpose_stops_mail_and_which_purposes_are_mail_is_agreed():
    assert contact().tell("consent.withdrawn", MINUTE).lead.suppressed == "consent_withdrawn"
    told = contact(changed(suppression={"mail_purposes": ["utskick"]}))
    told.tell("consent.withdrawn", MINUTE, consents=(Consent(purpose="email", state="withdrawn"),))
    assert told.lead.suppressed is None
    told.tell("consent.withdrawn", HOUR, consents=(Consent(purpose="utskick", state="withdrawn"),))
    assert told.lead.suppressed == "consent_withdrawn"


def test_a_withdrawn_text_message_takes_no_exemption_away():
    told = Kept(RULES).offered().tell("consent.withdrawn", HOUR, consents=(Consent(purpose="sms", state="withdrawn"),))
    told.tell("email.sent", 2 * HOUR, campaign="service-notices", actor=MACHINE)
    assert told.all("suppression.violated") == []


def test_a_dialogue_ends_in_elapsed_time_only():
    with pytest.raises(ValidationError, match="elapsed"):
        Suppression.model_validate({"dialogue_ends": "3 business days"})


@pytest.mark.parametrize(
    "kinds", [["email.delivered"], ["email.sent", "email.delivered"], ["email.delivered", "email.sent"]]
)
@pytest.mark.parametrize("more", [{"campaign": "spring"}, {}])
def test_one_message_violates_once_however_it_is_told(kinds, more):
    told = Kept(RULES).offered()
    for kind in kinds:
        told.tell(kind, actor=MACHINE, **more)
    assert len(told.all("suppression.violated")) == 1


def test_two_messages_of_one_campaign_violate_twice():
    told = Kept(RULES).offered()
    for number, kind in enumerate(["email.sent", "email.delivered", "email.sent", "email.delivered"]):
        message = Reference(system="web", object="activity", id=str(number // 2))
        told.tell(kind, actor=MACHINE, campaign="spring", references=(message,))
    assert len(told.all("suppression.violated")) == 2


def test_a_mail_sent_before_it_had_to_stop_is_delivered_without_fault():
    told = contact().tell("email.sent", MINUTE, campaign="spring").tell("form.submitted", 2 * MINUTE, form_id="demo")
    told.tell("email.delivered", 3 * MINUTE, campaign="spring")
    assert told.all("suppression.violated") == []


def test_a_dialogue_goes_on_where_it_was_when_a_merge_is_taken_back():
    told = in_dialogue().tell("sales.follow_up", 5 * DAY, actor=JOHAN, sales=DONE)
    before = told.lead.clocks
    kept = Kept(RULES).tell("email.sent", timedelta(0))
    kept.lead = kept.lead.but(id="lead_" + "a" * 26, stage="qualification", owner="sara")
    for hours, command in enumerate(("merge", "unmerge"), 1):
        ask = Command.model_validate(
            {"command": command, "reason": "x", "lead": kept.lead.id, "other": told.lead.id}
        ).root
        at = told.at + hours * HOUR
        item = to_signal(ask, Principal("desk"), at, command, "default", "p")
        context = Context(RULES.agreement, RULES.roster, {}, None, at)
        joined = join(kept.lead, told.lead, item, (context, context))
        kept.lead, told.lead = joined.kept.lead, joined.gone.lead
    (clock,) = [c for c in told.lead.clocks.values() if c.policy == "dialogue_end"]
    assert clock.due_at == before[clock.id].due_at + HOUR, "it stood still for an hour"
    assert (clock.state, clock.next_at) == ("running", clock.due_at)


def test_consent_withdrawn_in_a_deal_and_each_new_reason_is_one_change_told_to_all():
    told = Kept(rules()).offered().tell("sales.accepted").tell("sales.follow_up", sales=DONE)
    (to_deal,) = told.all("suppression.changed")
    assert (to_deal.reason, to_deal.exempt_lists) == ("deal", ("service-notices",))
    told.tell("consent.withdrawn", HOUR)
    assert [(d.reason, d.exempt_lists) for d in told.all("suppression.changed")[1:]] == [("consent_withdrawn", ())]
    assert len(told.all("suppression.started")) == 1
    told.tell("sales.lost", 2 * HOUR)
    assert told.lead.suppressed == "consent_withdrawn" and told.all("suppression.released") == []
    assert len(told.all("suppression.changed")) == 2, "it was told already"


NO = (Consent(purpose="email", state="withdrawn"),)
YES = (Consent(purpose="email", state="given"),)


def answer_for_nothing(told, hours, said):
    return told.tell("sales.accepted", hours * HOUR, handover_id="ho_of_nobody", consents=said)


def news(told, hours, said):
    return told.tell("contact.updated", hours * HOUR, consents=said)


@pytest.mark.parametrize("tell", [answer_for_nothing, news])
def test_a_consent_counts_beside_an_answer_that_answers_nothing(tell):
    assert tell(contact(), 1, NO).lead.suppressed == "consent_withdrawn"
    assert tell(tell(contact(), 1, NO), 2, YES).lead.suppressed is None


@pytest.mark.parametrize("tell", [answer_for_nothing, news])
@pytest.mark.parametrize("disposition", ["not_a_buyer", "spam"])
def test_who_is_no_lead_to_be_worked_is_heard_when_they_want_no_mail(tell, disposition):
    told = tell(asked(contact(), "disposition", disposition=disposition), 1, NO)
    assert told.lead.suppressed == "consent_withdrawn"
    asked(told, "disposition", disposition="active")
    assert told.lead.suppressed == "consent_withdrawn"
    assert tell(told, 2, YES).lead.suppressed is None
