"""A record that is deleted in the CRM ends the dialogue; who comes back is a lead again."""

from datetime import timedelta

import pytest

from schemas.signals import Consent
from tests.stories import DAY, HOUR, MINUTE, Story, rules

RULES = rules()


def deleted_contact():
    return Story(RULES).offered().tell("contact.deleted", HOUR)


def test_consent_that_is_given_again_lets_mail_go_on():
    told = deleted_contact()
    assert told.lead.suppressed == "contact_deleted"
    told.tell("consent.given", 2 * HOUR, consents=(Consent(purpose="email", state="given"),))
    assert told.lead.suppressed is None and len(told.all("suppression.released")) == 1


def test_who_comes_back_is_handed_over_and_mail_goes_on_after_that():
    told = deleted_contact().tell("form.submitted", DAY, form_id="demo")
    assert (told.lead.stage, told.lead.suppressed) == ("hand_over", "hand_over")
    assert told.tell("sales.rejected", DAY + HOUR, reason="wrong timing").lead.suppressed is None


@pytest.mark.parametrize("more", [{"proof": "none"}, {"at_once": True}])
def test_who_proves_nothing_and_what_is_older_than_the_stage_delete_nobody(more):
    told = Story(RULES).offered()
    after = -MINUTE if more.pop("at_once", False) else HOUR
    assert told.tell("contact.deleted", after, now=HOUR, **more).lead.stage == "hand_over"


def test_before_the_hand_over_a_deleted_record_changes_no_stage():
    told = Story(RULES).tell("email.sent", timedelta(0)).tell("contact.deleted", HOUR)
    assert (told.lead.stage, told.decision.reason) == ("contact", "not_in_dialogue")
