"""What the history keeps of a decision."""

import json
import re

from routing.decide import decide
from routing.draft import Context
from routing.explain.lead import Step, assignments
from services import __version__
from services.api.journey import journey_text
from services.observability.provenance import core_version, made_by
from services.ports.reading import HistoryEntry
from services.router.deciding.records import history
from tests.setups import START, ruling, signal


def test_a_decision_is_recorded_with_all_that_decides_beside_the_agreement():
    rules, form = ruling(), signal(1, "form.submitted", form_id="demo")
    decision = decide(None, form, Context(rules.agreement, rules.roster, {}, None, START))
    said = json.loads(history(form, decision.lead.id, decision, rules, START).decision)
    assert (said["agreement"], said["roster"]) == (rules.agreement.hash, rules.roster.version)
    assert re.fullmatch(r"core \d+\.\d+\.\d+\+[0-9a-f]{12}, tzdata 20\d\d\.\d+, holidays \d+\.\S+", said["made_by"])


def test_the_cores_version_is_the_releases_with_a_digest_of_the_source_that_decides(tmp_path):
    (tmp_path / "routing").mkdir()
    decide = tmp_path / "routing" / "decide.py"
    decide.write_text("A = 1\n")
    first = core_version([tmp_path])
    assert re.fullmatch(re.escape(__version__) + r"\+[0-9a-f]{12}", first)
    decide.write_text("A = 2\n")
    second = core_version([tmp_path])
    decide.rename(tmp_path / "routing" / "decided.py")
    assert len({first, second, core_version([tmp_path])}) == 3
    assert core_version([tmp_path / "nothing"]) == __version__
    assert f"core {core_version()}, " in made_by()


def test_explanations_name_what_decided_and_old_decisions_are_explained_without():
    rules, form = ruling(), signal(1, "form.submitted", form_id="demo")
    decision = decide(None, form, Context(rules.agreement, rules.roster, {}, None, START))
    row = history(form, decision.lead.id, decision, rules, START)
    older = row._replace(decision=json.dumps({k: v for k, v in json.loads(row.decision).items() if k != "made_by"}))
    lines = journey_text([HistoryEntry(1, row), HistoryEntry(2, older)])
    assert f"\n  decided by {made_by()}, agreement {rules.agreement.hash[:12]}" in lines
    assert "\n  decided by a version that is not known, agreement " in lines
    steps = [Step(r.signal_id, r.kind, START, START, json.loads(r.decision)) for r in (row, older)]
    given = assignments("lead_1", steps, lambda digest: None)
    assert given and {one.made_by for one in given} == {made_by(), None}
