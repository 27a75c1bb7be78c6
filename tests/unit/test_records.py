"""What the history keeps of a decision."""

import json
import re

from routing.decide import decide
from routing.draft import Context
from services.router.records import history
from tests.setups import START, ruling, signal


def test_a_decision_is_recorded_with_all_that_decides_beside_the_agreement():
    rules, form = ruling(), signal(1, "form.submitted", form_id="demo")
    decision = decide(None, form, Context(rules.agreement, rules.roster, {}, None, START))
    said = json.loads(history(form, decision.lead.id, decision, rules, START).decision)
    assert (said["agreement"], said["roster"]) == (rules.agreement.hash, rules.roster.version)
    assert re.fullmatch(r"core \S+, tzdata 20\d\d\.\d+, holidays \d+\.\S+", said["made_by"])
