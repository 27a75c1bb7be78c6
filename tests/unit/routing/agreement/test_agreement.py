"""The agreement file: what is refused, with line, path, rule and likely fix; what the rest of it means for a lead."""

from datetime import timedelta

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.agreement import facts
from routing.agreement.agreement import check_against, compile_agreement, content_hash
from routing.agreement.definitions import Judge
from routing.agreement.expressions import VARIABLES, DefinitionError, compile_expression
from routing.agreement.literals import most_counted
from routing.agreement.scoring import compile_standards, intent_of
from routing.decide import decide
from routing.draft import Context
from routing.lead.absorb import new_lead
from routing.people.roster import Roster
from schemas.agreement import AgreementFile
from schemas.roster import RosterFile
from schemas.signals import Actor, Company
from schemas.yamlfile import FileError, load, plain_data
from tests.setups import EXAMPLES, START, ruling, signal

TEXT = (EXAMPLES / "agreement.yaml").read_text()
RULES = ruling()
DAY = timedelta(days=1)
FITTING = Company(name="Acme", domain="acme.example", industry="Software", country="SE", employees=120)


def problems(text):
    with pytest.raises(FileError) as caught:
        compile_agreement(text)
    return caught.value.problems


def changed(**parts):
    """The example with top-level keys replaced (None: removed), as text."""
    data = plain_data(TEXT)
    for path, value in parts.items():
        *above, last = path.split("__")
        inner = data
        for step in above:
            inner = inner[int(step) if step.isdigit() else step]
        if value is None:
            del inner[last]
        else:
            inner[last] = value
    return yaml.safe_dump(data, sort_keys=False)


def judge(company=FITTING, lead=None, at=START, rules=RULES, **more):
    item = signal(1, "form.submitted", at=at, company=company, **more)
    lead = lead or new_lead(item, "contact")
    lead.company_domain, lead.company_industry = company.domain, company.industry
    lead.company_country, lead.company_employees = company.country, company.employees
    return Judge(lead, item, at, rules.agreement.standards)


# --- errors -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("written", "instead", "said"),
    [
        ("sales_qualified: >-", "sales_qualifid: >-", "definitions.sales_qualifid: unknown key; did you mean `sales_qualified`?"),
        ("max_offers: 3", "max_ofers: 3", "handover.max_ofers: unknown key; did you mean `max_offers`?"),
        ("metric: acceptance", "metric: acceptence", "did you mean `acceptance`?"),
        ("fit() >= 30 && intent() >= 15", "fitt() >= 30", "at 1:5: `fitt` is not known"),
        ("\"in_segment('enterprise')\"", "\"in_segment('entreprise')\"", "not among `segments`; did you mean `enterprise`?"),
        ("count('sales.follow_up', ", "count('sales.folow_up', ", "did you mean `sales.follow_up`?"),
        ("'enterprise' in lead.tags", "lead.tgas == 'x'", "`lead.tgas` is not known; did you mean `lead.tags`?"),
        ("count('sales.follow_up', duration('720h')) +", "count('sales.follow_up', 720) +", "duration('168h')"),
        ("calendar: stockholm", "calendar: stokholm", "did you mean `stockholm`?"),
        ("ltv_to_cac: 3", "ltv_cac: 3", "goals.ltv_cac: unknown key; did you mean `ltv_to_cac`?"),
        ("half_life: 30d}", "half_life: 0d}", "a half-life is longer than nothing"),
        ("country: SE", "country: SE", None),
    ],
)  # fmt: skip
def test_an_error_names_line_path_rule_and_the_likely_fix(written, instead, said):
    assert written in TEXT
    if said is None:
        assert compile_agreement(TEXT.replace(written, instead, 1)) is not None
        return
    found = problems(TEXT.replace(written, instead, 1))
    line = 1 + TEXT[: TEXT.index(written)].count("\n")
    assert any(said in problem for problem in found), found
    assert any(abs(int(p.split(":")[1]) - line) <= 1 for p in found if said in p), (line, found)


def test_every_problem_is_named_at_once():
    text = TEXT.replace("max_offers: 3", "max_ofers: 3").replace("ltv_to_cac: 3", "ltv_cac: 3")
    assert len(problems(text)) == 2


@pytest.mark.parametrize(
    "text",
    ["lead.tags", "1 +", "lead.pass == 'x'", "lead.pass >= 1.5", "count(lead.stage) > 1", "count('tag.added') > 1"],
)
def test_what_does_not_type_check_is_refused_at_load_with_its_place(text):
    with pytest.raises(DefinitionError, match=r"at 1:\d+|gives LIST"):
        compile_expression(text)


@pytest.mark.parametrize("name", ["lead . stage", "(lead).stage", "lead .stage", "lead\n.stage"])
def test_a_name_that_is_written_in_parts_is_refused_with_the_way_to_write_it(name):
    """CEL would take it; what the expression depends on would not be seen, and one lead's answer be kept for all."""
    with pytest.raises(DefinitionError, match=r"at 1:\d+: write the name in one, as `lead.stage`"):
        compile_expression(f"{name} == 'contact'")


@given(st.text(max_size=60) | st.text("lead.companysignal()'\"<>=&|! 0123456789", max_size=60))
def test_any_text_compiles_or_is_refused_and_nothing_else(text):
    try:
        compile_expression(text)
    except DefinitionError:
        return
    assert compile_expression(text).compiled.return_type().name() == "BOOL"


# --- limbo ------------------------------------------------------------------------------------------------------------
ANY = [{"name": "everybody", "pool": "field"}]


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ({"routing__hand_over__fallback": None}, "`fallback` is missing, and it is needed"),
        ({"routing__hand_over__rules": [*ANY, {"name": "late", "pool": "field", "when": "lead.pass > 1"}]}, "unreachable"),
        ({"routing__hand_over__rules": [{"name": "never", "pool": "field", "when": "1 > 2"}]}, "can never hold"),
        ({"routing__hand_over__rules": [{**ANY[0], "pool": "key-accounts", "overflow": {"pool": "field"}}, {"name": "late", "pool": "field"}]}, "unreachable"),
        ({"routing__hand_over__rules": [{**ANY[0], "overflow": {"hold": "40000h business", "calendar": "stockholm"}}]}, "overflow.hold: `40000h business` is longer"),
        ({"sla__policies__2__ladder": [{"after": "40000h business", "do": "notify"}]}, "ladder.0.after: `40000h business` is longer"),
        ({"sla__policies__5__warnings": ["40000h business"]}, "sla.policies.5.warnings.0: `40000h business` is longer"),
        ({"sla__volumes__0__warnings": ["40000h business"]}, "sla.volumes.0.warnings.0: `40000h business` is longer"),
        ({"sla__volumes__0__ladder": [{"after": "40000h business", "do": "notify"}]}, "sla.volumes.0.ladder.0.after"),
        ({"definitions__cold": "count('sales.follow_up') >= 201"}, "201 signals of a kind are asked for, and 200 are kept"),
        ({"scoring__intent": [{"name": "x", "on": "page.visited", "points": 1, "most": 500}]}, "500 signals of a kind"),
        ({"definitions__not_now": "signal.kind == 'form.submited'"}, "at 1:16: `signal.kind` is never 'form.submited'; did you mean `form.submitted`?"),
        ({"definitions__cold": "'dael' != lead.stage"}, "did you mean `deal`?"),
        ({"definitions__cold": "lead.track in ['growth', 'recycled']"}, "`lead.track` is never 'recycled'; did you mean `recycle`?"),
        ({"routing__growth__rules": [{"name": "b", "pool": "account-managers", "when": "lead.brand == 'nordlys'"}]}, "`lead.brand` is never 'nordlys'"),
        ({"definitions__sales_qualified": "false"}, "can never be met"),
        ({"definitions__engaged": "1 == 2"}, "can never be met"),
        ({"calendars__stockholm__week": {"mon": []}}, "no open time"),
        ({"handover__offer_expires": "30000h business"}, "longer than calendar"),
        ({"handover__offer_expires": None, "handover__calendar": None, "sla": {}}, "could lie there unnoticed"),
        ({"nurturing__recycle__exit": "false"}, "nobody would leave the track"),
        ({"nurturing__growth__entry": [{"name": "x", "reasons": ["lost"]}]}, "`lost` never leads to growth"),
        ({"nurturing__warm_up__entry": [{"name": n, "reasons": ["later"]} for n in "ab"]}, "leads to `a` already"),
        ({"segments__enterprise": {"purpose": "all"}}, "the segment says nothing"),
        ({"segments__enterprise__when": "in_segment('not-for-us')"}, "cannot ask for segments"),
        ({"scoring__fit": [{"name": "loop", "when": "score() > 1", "points": 1}]}, "points cannot ask for points"),
        ({"scoring": {}}, "`scoring` gives none"),
    ],
)  # fmt: skip
def test_an_agreement_that_can_leave_a_lead_in_limbo_is_refused(parts, said):
    compile_agreement(changed())
    found = problems(changed(**parts))
    assert any(said in problem for problem in found), found


def test_a_pool_in_which_nobody_is_left_and_a_last_resort_who_left_are_refused():
    text = (EXAMPLES / "roster.yaml").read_text()
    data = yaml.safe_load(text)
    for person in data["people"]:
        person["active"] = person["id"] not in ("olof", "maja")
    roster = Roster(load(yaml.safe_dump(data), RosterFile, "roster.yaml"))
    found = check_against(RULES.agreement, roster, TEXT, "agreement.yaml")
    assert any("pool `account-managers` is empty" in p for p in found)
    assert sum("the last resort has to be" in p for p in found) == 3


def fitting(**changes):
    """The example's roster with some people's entries changed, and what the agreement has against it."""
    data = yaml.safe_load((EXAMPLES / "roster.yaml").read_text())
    for person in data["people"]:
        person |= changes.get(person["id"], {})
    roster = Roster(load(yaml.safe_dump(data), RosterFile, "roster.yaml"))
    return check_against(RULES.agreement, roster, TEXT, "agreement.yaml")


def test_the_last_resort_is_somebody_whose_role_takes_leads():
    assert fitting() == []
    found = fitting(maja={"roles": ["marketing"]})
    assert len(found) == 3 and all("`maja` has none of the roles that take leads" in problem for problem in found)


def test_a_pool_in_which_nobody_has_the_role_of_the_route_is_refused():
    found = fitting(olof={"roles": ["sales"]})
    assert len(found) == 1 and "nobody in pool `account-managers` has a role for growth" in found[0]


@pytest.mark.parametrize(
    ("text", "most"),
    [
        ("count('form.submitted') >= 40", 40),
        ("40 <= count('form.submitted', duration('720h')) && company.employees > 5000", 40),
        ("count('email.opened') + count('email.clicked') > 60 || lead.pass == 300", 60),
        ("lead.pass >= 3", 0),
        ("'count 70' in lead.tags", 0),
    ],
)
def test_what_a_count_is_held_against_is_read_off_the_expression(text, most):
    assert most_counted(text) == most


def test_as_many_signals_are_kept_as_the_agreement_counts():
    asked = changed(
        definitions__cold="count('email.clicked') >= 40", definitions__engaged="count('email.clicked') >= 40"
    )
    agreement, lead = compile_agreement(asked), None
    for number in range(50):
        click = signal(number, "email.clicked", at=START + timedelta(minutes=number))
        lead = decide(lead, click, Context(agreement, RULES.roster, {}, None, START + DAY)).lead
    assert agreement.kept == 40 and len(lead.recent["email.clicked"]) == 40
    assert lead.stage == "qualification"
    assert RULES.agreement.kept == 32


# --- the hash that both sides approve ---------------------------------------------------------------------------------
def test_the_hash_is_of_what_is_said_not_of_how_it_is_laid_out():
    assert content_hash(TEXT) == content_hash("# another comment\n" + TEXT) == content_hash(changed())
    assert content_hash(TEXT) != content_hash(TEXT.replace("max_offers: 3", "max_offers: 4"))


def test_norway_is_a_country():
    assert "NO" in RULES.agreement.file.segments["enterprise"].countries


# --- segments, points, unknown facts ----------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("company", "inside"),
    [
        (FITTING, True),
        (FITTING.but(employees=1000), False),
        (FITTING.but(employees=50), True),
        (FITTING.but(country="DE"), False),
        (FITTING.but(employees=None), None),
        (FITTING.but(employees=None, country="DE"), False),
        (Company(), None),
    ],
)
def test_a_company_is_in_a_segment_when_all_that_is_said_holds_and_unknown_is_said(company, inside):
    assert judge(company).is_in("nordic-midmarket") is inside
    finding = judge(company).asks(compile_expression("in_segment('nordic-midmarket')"))
    assert finding.met is (inside is True)
    assert (finding.unknown is not None) is (inside is None) and finding.fault is None


@pytest.mark.parametrize(("domain", "inside"), [("lakrits.example", True), ("se.lakrits.example", True), ("xlakrits.example", False)])  # fmt: skip
def test_named_accounts_are_found_by_their_domain(domain, inside):
    assert judge(Company(domain=domain)).is_in("named-accounts") is inside


def test_an_unknown_fact_is_not_met_because_unknown_and_names_the_fact():
    finding = judge(Company()).asks(compile_expression("company.employees > 10 && lead.pass == 1"))
    assert (finding.met, finding.unknown, finding.fault) == (False, "company.employees", None)


def test_an_error_in_the_data_of_one_lead_is_a_finding_on_it_and_stops_nothing():
    engaged = "int(signal.campaign) > 2"
    agreement = compile_agreement(changed(definitions__engaged=engaged))
    item = signal(1, "form.submitted", campaign="spring")
    decision = decide(None, item, Context(agreement, RULES.roster, {}, None, START))
    assert decision.lead.stage == "contact"
    assert any("could not be judged" in text for text in decision.evidence["findings"])
    met = decide(None, signal(2, "form.submitted", campaign="3"), Context(agreement, RULES.roster, {}, None, START))
    assert met.lead.stage != "contact" and "findings" not in met.evidence


def points(instants, at, half_life="10d", most=None):
    rule = {"name": "visit", "on": "page.visited", "points": 8, "half_life": half_life, "most": most}
    data = plain_data(changed(scoring={"intent": [rule]}, definitions__marketing_qualified="intent() > 1"))
    standards = compile_standards(AgreementFile.model_validate(data))
    lead = new_lead(signal(1, "page.visited"), "contact")
    lead.recent = {"page.visited": tuple(int((START + i * DAY).timestamp()) for i in instants)}
    return intent_of(lead, standards, int((START + at * DAY).timestamp())).total


def test_points_halve_every_half_life():
    assert [points([0], at) for at in (0, 10, 20, 30, 40)] == [8, 4, 2, 1, 0]
    assert points([0, 10], 10) == 12
    assert points([0] * 9, 0, most=20) == 20


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 60), max_size=30), st.integers(0, 90))
def test_points_are_the_same_in_any_order_and_never_more_than_undecayed(instants, at):
    total = points(sorted(instants), at)
    assert total == points(sorted(instants, reverse=True), at)
    assert 0 <= total <= 8 * len(instants)
    assert points(instants, max([at, *instants]) + 10) <= points(instants, max([at, *instants]))


def story(*told, company=FITTING, rules=RULES):
    lead, said = None, []
    for i, (kind, more) in enumerate(told):
        at = START + timedelta(minutes=i)
        item = signal(i, kind, at=at, company=company, **more)
        decision = decide(lead, item, Context(rules.agreement, rules.roster, {}, None, at))
        lead = decision.lead
        said += [emission.data for emission in decision.emissions]
    return lead, said


def test_fit_and_intent_qualify_a_lead_of_a_segment_and_nobody_else():
    told = [("form.submitted", {"form_id": "news"}), ("email.replied", {}), ("event.attended", {})]
    assert story(*told)[0].stage == "hand_over"
    assert story(*told, company=Company(domain="x.example"))[0].stage == "qualification"


def test_marketing_qualified_is_told_once_a_pass_with_its_points():
    _, said = story(("form.submitted", {"form_id": "news"}), ("email.clicked", {}), ("email.clicked", {}))
    told = [x for x in said if x.type_name == "stafett.lead.definition_met.v1"]
    assert [(x.definition, x.fit, x.intent) for x in told] == [("marketing_qualified", 30, 15)]


def test_a_condition_on_a_scoring_rule_is_asked_when_the_signal_comes():
    lead, _ = story(("page.visited", {}), ("form.submitted", {"form_id": "pricing"}), company=Company())
    assert list(lead.scored) == ["pricing-form"]


# --- nurturing and suppression ----------------------------------------------------------------------------------------
def test_the_reason_chooses_the_programme():
    lead, said = story(("form.submitted", {"form_id": "demo"}), ("sales.rejected", {"reason": "Wrong_Timing"}))
    entered = [x for x in said if x.type_name == "stafett.nurture.entered.v1"]
    assert (lead.track, lead.programme) == ("recycle", "wrong-timing")
    assert entered[0].purpose == "Ask again next quarter, with what changed since."


def test_an_unforeseen_reason_is_on_the_track_without_a_programme():
    lead, said = story(("form.submitted", {"form_id": "demo"}), ("sales.rejected", {"reason": "bad data"}))
    assert (lead.track, lead.programme) == ("recycle", None)
    assert said[-1].type_name != "stafett.nurture.entered.v1" or said[-1].purpose.startswith("Came back")


def test_a_track_is_left_by_its_own_definition():
    back = [("form.submitted", {"form_id": "demo"}), ("sales.rejected", {"reason": "no budget"})]
    clicks = [("email.clicked", {})] * 4
    assert story(*back, *clicks)[0].stage == "nurturing", "three clicks engage, but do not leave `recycle`"
    lead, _ = story(*back, *clicks, ("email.replied", {}))
    assert (lead.stage, lead.programme) == ("qualification", None)


OFFERED = ("form.submitted", {"form_id": "demo"})
SERVICE = ("email.sent", {"campaign": "service-notices", "automated": True})


def violations(said):
    return [x for x in said if x.type_name == "stafett.suppression.violated.v1"]


def test_mail_of_an_agreed_list_goes_on_in_a_dialogue_but_never_after_consent_was_withdrawn():
    assert not violations(story(OFFERED, SERVICE)[1])
    assert len(violations(story(OFFERED, ("consent.withdrawn", {}), SERVICE)[1])) == 1


def test_consent_withdrawn_in_a_dialogue_is_told_anew_without_exempt_lists():
    _, said = story(OFFERED, ("consent.withdrawn", {}))
    told = [x for x in said if x.type_name.startswith("stafett.suppression.")]
    assert [(x.type_name.split(".")[2], x.reason, bool(x.exempt_lists)) for x in told] == [
        ("started", "hand_over", True),
        ("changed", "consent_withdrawn", False),
    ]


def test_a_mail_that_was_sent_before_it_had_to_stop_violates_nothing():
    lead, _ = story(("email.opened", {}), OFFERED)
    late = signal(9, "email.sent", at=START, automated=True).but(received_at=START + DAY)
    decision = decide(lead, late, Context(RULES.agreement, RULES.roster, {}, None, START + DAY))
    assert not violations([e.data for e in decision.emissions])


def test_a_persons_own_mail_is_no_violation():
    personal = ("email.sent", {"actor": Actor(kind="person", reference="elin")})
    assert not violations(story(OFFERED, personal)[1])


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from([
    OFFERED, SERVICE, ("sales.accepted", {}), ("sales.follow_up", {}), ("sales.won", {}), ("sales.rejected", {}),
    ("consent.withdrawn", {}), ("consent.given", {}), ("email.sent", {"campaign": "spring"}), ("email.replied", {}),
]), min_size=1, max_size=12))  # fmt: skip
def test_whoever_withdrew_gets_no_automated_mail_unnoticed(told):
    lead = None
    for i, (kind, more) in enumerate(told):
        at = START + timedelta(minutes=i)
        decision = decide(lead, signal(i, kind, at=at, **more), Context(RULES.agreement, RULES.roster, {}, None, at))
        before, lead = lead, decision.lead or lead
        if kind == "email.sent" and before is not None and "withdrawn" in before.consents.values():
            assert violations([e.data for e in decision.emissions])


def test_every_variable_has_a_value_to_be_kept_by():
    assert {*facts.FACTS, "now"} == set(VARIABLES)


@pytest.mark.parametrize(
    ("text", "calls"),
    [
        ("fit() >= 30 && intent() >= 15", [("fit", "", None), ("intent", "", None)]),
        ("in_segment('enterprise')", [("in_segment", "enterprise", None)]),
        ("count('email.clicked', duration('1h30m')) > 1", [("count", "email.clicked", timedelta(minutes=90))]),
        ("lead.pass == 1", []),
    ],
)
def test_calls_with_plain_arguments_are_foreseen(text, calls):
    assert compile_expression(text).foreseen == tuple(calls)


@pytest.mark.parametrize(
    "text", ["now > lead.created_at", "count('email.clicked', duration('1h') + duration('2h')) > 1"]
)
def test_what_depends_on_more_than_its_words_say_is_asked_each_time(text):
    assert compile_expression(text).foreseen is None


def test_an_answer_is_kept_by_the_values_it_depends_on():
    expression = compile_expression("company.employees > 10 && count('email.clicked') == 0")
    answers = [judge(Company(employees=n)).answer(expression) for n in (5, 50, 5)]
    assert [answer.finding.met for answer in answers] == [False, True, False]
    assert answers[0] is answers[2]
    assert len(expression.answers) == 2
