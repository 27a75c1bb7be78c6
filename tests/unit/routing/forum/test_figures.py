"""Each figure of the report, computed by hand."""

from datetime import date
from decimal import Decimal

import pytest

from routing.forum.entries import EntryRecord
from routing.forum.report import report_of
from schemas.events import (
    Answerable,
    HandoverExpired,
    LeadDispositionChanged,
    LeadMerged,
    LeadOwnerChanged,
    LeadQueued,
    Owner,
)
from schemas.forum import Action, Cost, Lesson
from tests.forum import WEEK, Life, frame, hours, rows

NO_BUDGET = ("  sales_budget: {amount: 12000000, currency: SEK, from: 2026-01-01, to: 2026-12-31}\n", "")
COMPANY = {"industry": "software", "country": "SE", "employees": 120}


def report(*lives, changes=(), records=(), known_on=None):
    return report_of([life.story() for life in lives], frame(*changes, known_on=known_on), records)


def test_leads_in_are_counted_by_the_week_of_the_zone_by_source_and_by_segment():
    made = report(
        Life("a").begin(1).hear("form.submitted", 1, company=COMPANY),
        Life("b").begin(2, source="ads").hear("form.submitted", 2, company={"domain": "shop.lakrits.example"}),
        Life("sunday").begin(-0.5),  # half past midnight on Monday in Stockholm
        Life("before").begin(-2),
        Life("after").begin(7 * 24 - 0.5),
    )
    weeks = rows(made, "leads_in", "by_week")
    assert (weeks["2026-W47",], weeks[WEEK,]) == ({"leads": 1}, {"leads": 3})
    assert rows(made, "leads_in", "by_source") == {("web",): {"leads": 2}, ("ads",): {"leads": 1}}
    segments = {labels[0]: row["leads"] for labels, row in rows(made, "leads_in", "by_segment").items()}
    assert segments == {"enterprise": 0, "named-accounts": 1, "nordic-midmarket": 1, "not-for-us": 0, "-": 1}


def test_a_segment_that_asks_for_more_than_the_company_says_so_instead_of_nought():
    asks = ("    employees: {from: 1000}\n", "    employees: {from: 1000}\n    when: \"'big' in lead.tags\"\n")
    assert rows(report(changes=(asks,)), "leads_in", "by_segment")["enterprise",] == {"leads": "segment_asks_more"}


def test_tests_trials_and_imports_are_no_leads_in():
    lives = [Life(mode).begin(1, mode=mode) for mode in ("test", "observe", "import")]
    assert rows(report(*lives), "leads_in", "by_week")[WEEK,] == {"leads": 0}


def test_a_lead_that_was_merged_away_is_counted_once_with_the_other():
    gone = Life("gone").begin(1).tell(LeadMerged(kept="lead_kept", gone="lead_gone", by="sara"), 2)
    kept = Life("kept").begin(1).tell(LeadMerged(kept="lead_kept", gone="lead_gone", by="sara"), 2)
    assert rows(report(gone, kept), "leads_in", "by_week")[WEEK,] == {"leads": 1}


def test_the_journey_of_a_week_gives_conversion_and_the_time_of_each_step():
    far = Life("far").begin(1).move("qualification", 3).move("hand_over", 4).move("deal", 10)
    near = Life("near").begin(1).move("qualification", 9)
    back = Life("back").begin(1).move("qualification", 2).move("nurturing", 3).move("qualification", 50)
    made = report(far, near, back, Life("still").begin(5))
    assert rows(made, "journey", "reached")[WEEK,] == {
        "leads": 4,
        "qualification": 3,
        "hand_over": 1,
        "deal": 1,
        "nurturing": 1,
    }
    assert rows(made, "journey", "conversion")[WEEK,]["qualification"] == "0.7500"
    times = rows(made, "journey", "times")
    assert times[WEEK, "contact", "qualification"] == {"median": 2 * 3600, "nine_of_ten": 8 * 3600}
    assert times[WEEK, "hand_over", "deal"] == {"median": 6 * 3600, "nine_of_ten": 6 * 3600}


def test_hand_overs_are_counted_by_outcome_person_and_reason():
    first = (
        Life("a").begin(1).offer(2).reject(3, "Not qualified", "budget").offer(4, "johan", number=2).accept(5, "johan")
    )
    expired = HandoverExpired(handover_id="ho_b_1", pass_number=1, owner=Owner(person="elin"), expired_at=hours(6))
    made = report(first, Life("b").begin(1).offer(2).tell(expired, 6))
    week = rows(made, "hand_overs", "by_week")[WEEK,]
    assert {name: value for name, value in week.items() if value} == {
        "offered": 2,
        "offered_again": 1,
        "accepted": 1,
        "rejected": 1,
        "expired": 1,
    }
    assert rows(made, "hand_overs", "by_person")["johan",]["accepted"] == 1
    assert rows(made, "hand_overs", "by_person")["elin",]["offered"] == 2
    assert rows(made, "hand_overs", "reasons") == {("not_qualified", "budget"): {"rejected": 1}}


def test_promises_are_counted_by_the_last_word_on_each_clock():
    made = report(
        Life("a").keep(5, due=24),
        Life("b").break_(20, clock="clk_2"),
        Life("c").break_(20, clock="clk_3").correct("fulfilled", 19, 20, recorded=30, clock="clk_3"),
        Life("d").break_(20, clock="clk_4").correct("running", 19, 300, recorded=30, clock="clk_4"),
        Life("e").break_(10, clock="clk_5", side="marketing", person=None, team=None, policy="judged"),
    )
    sides = rows(made, "promises", "by_side")
    assert sides[WEEK, "sales"] == {"kept": 2, "broken": 1, "share": "0.6667"}
    assert sides[WEEK, "marketing"] == {"kept": 0, "broken": 1, "share": "0.0000"}
    assert sides["2026-W47", "sales"]["share"] == "nothing_to_compare"
    people = rows(made, "promises", "by_person")
    assert people["sales", "field", "elin", "follow-up"]["kept"] == 2
    assert people["marketing", "-", "-", "judged"]["broken"] == 1


def test_a_promise_of_marketing_is_who_answers_for_it_and_never_the_owner_of_its_lead():
    sara = Answerable(person="sara", team="inside")
    made = report(
        Life("a").keep(5, due=24, side="marketing", policy="judged", answerable=sara),
        Life("b").break_(20, clock="clk_2", side="marketing", policy="dossier"),
        Life("c").break_(20, clock="clk_3"),
        Life("d").break_(20, clock="clk_4", person=None, team=None),
    )
    assert set(rows(made, "promises", "by_person")) == {
        ("marketing", "inside", "sara", "judged"),
        ("marketing", "-", "-", "dossier"),
        ("sales", "field", "elin", "follow-up"),
        ("sales", "-", "-", "follow-up"),
    }


@pytest.mark.parametrize(
    ("kind", "subject", "answerable", "labels"),
    [
        ("person", "sara", Answerable(person="sara", team="inside"), ("inside", "sara")),
        ("team", "field", Answerable(team="field"), ("field", "-")),
        ("organisation", "nordlys", Answerable(person="lena"), ("-", "lena")),
        ("organisation", "nordlys", None, ("-", "-")),
        ("person", "sara", None, ("-", "sara")),
        ("team", "field", None, ("field", "-")),
    ],
)
def test_a_volume_is_its_subjects_also_where_the_event_is_of_an_earlier_version(kind, subject, answerable, labels):
    who = {"person": None, "team": subject if kind == "team" else None, "answerable": answerable}
    life = Life("a").keep(5, due=24, side="marketing", policy="many", subject_kind=kind, subject_id=subject, **who)
    assert set(rows(report(life), "promises", "by_person")) == {("marketing", *labels, "many")}


def test_meetings_are_counted_by_what_became_of_them_and_against_the_leads_of_the_week():
    one = Life("a").begin(1).hear("sales.meeting_booked", 5).hear("sales.meeting_held", 30)
    two = Life("b").begin(-200).hear("sales.meeting_booked", 6).hear("sales.meeting_cancelled", 7)
    assert rows(report(one, two, Life("c").begin(3)), "meetings", "by_week")[WEEK,] == {
        "booked": 2,
        "held": 1,
        "cancelled": 1,
        "lead_to_meeting": "0.5000",
    }


def test_opportunities_of_a_month_say_who_found_them_and_how_many_there_were_before():
    october = -30 * 24
    made = report(
        *(Life(f"o{n}").begin(october).meet("opportunity", october) for n in range(2)),
        Life("a").begin(1, source="ads").meet("opportunity", 2),
        Life("b").begin(1, kind="sales.follow_up").meet("opportunity", 2),
        Life("c")
        .begin(1)
        .tell(LeadOwnerChanged(from_owner=None, to_owner=None, rule="hunter"), 1)
        .meet("opportunity", 2),
    )
    months = rows(made, "opportunities", "by_month")
    assert months["2026-11",] == {
        "opportunities": 3,
        "marketing": 1,
        "sales": 2,
        "marketing_share": "0.3333",
        "change": "0.5000",
    }
    assert rows(made, "opportunities", "by_source") == {("web",): {"opportunities": 4}, ("ads",): {"opportunities": 1}}


def test_without_a_definition_there_are_no_opportunities_and_it_says_why():
    text = "  opportunity: >-\n    lead.accepted && lead.followed_up && (count('sales.meeting_held') >= 1 || signal.amount > 0.0)\n"
    made = report(changes=[(text, "")])
    assert rows(made, "opportunities", "by_month")["2026-11",] == {"opportunities": "no_definition"}


def test_the_pipeline_is_the_last_amount_of_what_is_open_against_what_is_left_of_the_budget():
    open_one = Life("a").begin(1).move("hand_over", 2).move("deal", 3)
    open_one.hear("deal.updated", 3, amount=1_000_000.0, currency="SEK").hear(
        "deal.updated", 9, amount=2_500_000.5, currency="SEK"
    )
    won = Life("b").begin(1).win(4, 2_000_000.0, "SEK")
    made = report(
        open_one, won, Life("c").begin(1).move("hand_over", 2), Life("d").begin(1).hear("deal.updated", 1, amount=5.0)
    )
    assert rows(made, "pipeline", "by_currency") == {
        ("SEK",): {
            "open": 1,
            "amount": "2500000.50",
            "left_of_budget": "10000000.00",
            "coverage": "0.2500",
            "factor": "3.00",
        }
    }
    assert rows(made, "pipeline", "without_amount") == {(): {"open": 1}}


def test_without_a_budget_what_is_held_against_it_says_so():
    won = Life("a").begin(1).move("deal", 2).hear("deal.updated", 2, amount=10.0, currency="EUR").win(3, 10.0, "EUR")
    made = report(won, changes=[NO_BUDGET])
    assert rows(made, "pipeline", "by_currency")["EUR",]["coverage"] == "no_budget"
    assert set(rows(made, "customers", "against_budget")["revenue",].values()) == {"no_budget"}


def test_an_amount_in_another_currency_is_not_held_against_the_budget():
    made = report(Life("a").begin(1).move("deal", 2).hear("deal.updated", 2, amount=10.0, currency="EUR"))
    assert rows(made, "pipeline", "by_currency")["EUR",]["coverage"] == "other_currency"


def test_customers_are_counted_once_and_every_sale_brings_revenue():
    life = Life("a").begin(1).win(2, 100.25, "SEK").win(50, 50.0, "SEK")
    made = report(life, Life("b").begin(1).win(3), changes=[("to: 2026-12-31}", "to: 2026-12-31, customers: 10}")])
    assert rows(made, "customers", "by_month")["2026-11",] == {
        "customers": 2,
        "revenue:SEK": "150.25",
        "without_amount": 1,
    }
    against = rows(made, "customers", "against_budget")
    assert against["customers",] == {"budget": 10, "so_far": 2, "share": "0.2000", "even_pace": "9.1"}  # day 333 of 365
    assert against["revenue",]["even_pace"] == "10947945.21"


def cost(amount, since, by, currency="SEK", ident="ent_1"):
    spent = Cost.model_validate({"side": "marketing", "amount": amount, "currency": currency, "from": since, "to": by})
    return EntryRecord(ident, spent, "maja", hours(0))


def test_the_cost_of_a_customer_takes_the_days_of_each_cost_that_lie_in_the_quarter():
    """13 weeks to 29 November begin on 31 August: 1 of the 31 days of August."""
    value = ("  ltv_to_cac: 3", "  ltv_to_cac: 3\n  customer_value: {years: 4, margin: 0.5}")
    records = [
        cost(Decimal(31000), "2026-08-01", "2026-08-31"),
        cost(Decimal(9000), "2026-11-01", "2026-11-30", ident="ent_2"),
    ]
    made = report(
        Life("a").begin(1).win(2, 15_000.0, "SEK"),
        Life("b").begin(1).win(2, 5_000.0, "SEK"),
        changes=[value],
        records=records,
    )
    assert rows(made, "economy", "by_currency") == {
        ("SEK",): {
            "costs": "9700.00",
            "customers": 2,
            "cac": "4850.00",
            "ltv": "20000.00",
            "ltv_to_cac": "4.1237",
            "target": "3.00",
        }
    }


def test_without_costs_or_the_value_of_a_customer_there_is_a_reason_and_no_number():
    made = rows(report(Life("a").begin(1).win(2, 5.0, "SEK")), "economy", "by_currency")["SEK",]
    assert (made["cac"], made["ltv"], made["ltv_to_cac"]) == ("no_costs", "no_customer_value", "no_costs")


def test_a_cost_without_a_customer_has_nothing_to_be_divided_by():
    made = rows(report(records=[cost(Decimal(100), "2026-11-01", "2026-11-30")]), "economy", "by_currency")["SEK",]
    assert made["cac"] == "nothing_to_compare"


def test_a_goal_says_how_far_it_is_and_the_pace_that_it_needs():
    made = report(*(Life(f"c{n}").begin(1).win(2) for n in range(6)))
    assert rows(made, "goals", "goals")["new-customers", "customers", "2026-12-31"] == {
        "target": "10",
        "so_far": 6,
        "share": "0.6000",
        "pace": "0.1261",  # 6 in 333 days
        "pace_needed": "0.8750",  # 4 in 32 days
    }


@pytest.mark.parametrize(
    ("goal", "why"), [("from: 2026-12-01, by: 2026-12-31", "not_begun"), ("by: 2026-11-20", "over")]
)
def test_a_goal_that_has_not_begun_or_is_over_says_so(goal, why):
    change = ("metric: meetings, target: 120, by: 2026-12-31", f"metric: meetings, target: 120, {goal}")
    made = rows(report(changes=[change]), "goals", "goals")
    (needed,) = [row["pace_needed"] for labels, row in made.items() if labels[0] == "meetings"]
    assert needed == why


def test_a_lead_is_stuck_that_stands_in_a_stage_for_longer_than_agreed():
    long_ago = Life("a").begin(-20 * 24).move("qualification", -15 * 24)
    queued = LeadQueued(stage="hand_over", route="hand_over", rule="r", pool="field", since=hours(2), until=hours(99))
    waits = Life("b").begin(1).move("hand_over", 2).tell(queued, 2)
    spam = Life("c").begin(1).tell(LeadDispositionChanged(from_disposition="active", to_disposition="spam"), 2)
    made = report(long_ago, waits, spam, Life("d").begin(1).move("nurturing", 2))
    stages = rows(made, "stuck", "stages")
    assert stages["qualification",] == {
        "leads": 1,
        "stuck": 1,
        "median": 22 * 86400 - 3600,
        "longest": 22 * 86400 - 3600,
    }
    assert stages["hand_over",]["stuck"] == 0
    assert stages["contact",] == {
        "leads": 0,
        "stuck": 0,
        "median": "nothing_to_compare",
        "longest": "nothing_to_compare",
    }
    assert rows(made, "stuck", "queues") == {("hand_over/field",): {"leads": 1, "longest": 7 * 86400 - 3 * 3600}}


def test_the_definition_is_judged_by_what_sales_took_and_by_what_people_found():
    made = report(
        Life("a").begin(1).hear("form.submitted", 1, form_id="demo").offer(2).accept(3).move("deal", 4),
        Life("b").begin(1).hear("form.submitted", 1, form_id="news").offer(2).reject(3, "not_qualified", "budget"),
        Life("c")
        .begin(1)
        .hear("form.submitted", 1, form_id="demo")
        .offer(2)
        .accept(3)
        .reject(9, "not qualified", "need"),
        Life("d").begin(1).offer(2, fact="sales_ready").accept(3).move("deal", 4),
    )
    assert rows(made, "definitions", "precision") == {(): {"taken": 2, "rejected": 2, "precision": "0.5000"}}
    assert rows(made, "definitions", "recall") == {(): {"definition": 1, "people": 1, "recall": "0.5000"}}
    assert rows(made, "definitions", "criteria") == {
        ("budget",): {"rejected": 1, "share": "0.2500"},
        ("need",): {"rejected": 1, "share": "0.2500"},
    }
    by_content = rows(made, "definitions", "precision_by_content")
    assert by_content["demo",] == {"taken": 1, "rejected": 1, "precision": "0.5000"}
    assert by_content["news",]["precision"] == "0.0000"
    assert rows(made, "definitions", "precision_by_fact")["sales_ready",]["taken"] == 1
    assert rows(made, "definitions", "recall_by_content")["demo",]["recall"] == "1.0000"
    assert rows(made, "definitions", "found_by_people") == {("sales_ready",): {"leads": 1, "share": "0.5000"}}


def test_recall_is_told_by_the_criterion_that_a_lead_had_failed_before_sales_took_it_up_after_all():
    back = Life("a").begin(1).offer(2).reject(3, "not_qualified", "budget").move("nurturing", 3)
    back.offer(5, fact="meeting_booked", number=2).accept(6).move("deal", 7)
    new = Life("b").begin(1).offer(2).accept(3).move("deal", 4)
    own = Life("c").begin(1, kind="sales.prospect_added").offer(2).accept(3).move("deal", 4)
    made = report(back, new, own)
    assert rows(made, "definitions", "recall_by_criterion") == {
        ("-",): {"definition": 1, "people": 1, "recall": "0.5000"},
        ("budget",): {"definition": 0, "people": 1, "recall": "0.0000"},
    }
    assert rows(made, "definitions", "found_by_people") == {
        ("meeting_booked",): {"leads": 1, "share": "0.3333"},
        ("own_prospect",): {"leads": 1, "share": "0.3333"},
    }


def test_notes_are_counted_by_whose_stage_it_was_by_content_and_by_criterion():
    life = Life("a").begin(1).hear("form.submitted", 1, form_id="demo").move("qualification", 2).hear("note.added", 3)
    life.move("hand_over", 4).offer(4).reject(5, "not_qualified", "budget").move("nurturing", 5).hear("note.added", 6)
    assert rows(report(life), "learning", "notes") == {
        ("sdr", "demo", "-"): {"notes": 1},
        ("marketing", "demo", "budget"): {"notes": 1},
    }


def action(ident, by, state="open", at=0):
    return EntryRecord(
        ident, Action(what="call", who="elin", by=date.fromisoformat(by), state=state), "maja", hours(at)
    )


def test_action_points_are_asked_about_until_they_are_closed_and_once_after():
    known = hours(7 * 24)
    records = [
        action("ent_1", "2026-12-24"),
        action("ent_2", "2026-11-25"),
        action("ent_3", "2026-11-25", "done", at=-300),
        action("ent_4", "2026-11-26"),
        action("ent_4", "2026-11-26", "done", at=100),
        action("ent_5", "2026-11-26", at=200),
    ]
    made = report(records=records, known_on=known)
    assert [(entry.id, entry.state) for entry in made.actions] == [
        ("ent_2", "overdue"),
        ("ent_4", "done"),
        ("ent_1", "open"),
    ]


def test_what_was_learned_since_the_last_report_is_in_it():
    lesson = Lesson(about="content", name="demo", words="They ask for prices.")
    made = report(
        records=[EntryRecord("ent_1", lesson, "maja", hours(20)), EntryRecord("ent_2", lesson, "maja", hours(-20))]
    )
    assert [entry.id for entry in made.lessons] == ["ent_1"]


def test_what_came_out_late_about_an_earlier_week_is_a_correction():
    late = Life("a").break_(-30).correct("fulfilled", -31, -30, recorded=20)
    unknown = Life("b").begin(-40, recorded=10)
    same = Life("c").begin(-40).move("qualification", 3)
    made = report(late, unknown, same)
    assert rows(made, "corrections", "figures") == {
        ("2026-W47", "entered", "contact"): {"was": 1, "is": 2},
        ("2026-W47", "leads_in", ""): {"was": 1, "is": 2},
        ("2026-W47", "promises", "sales broken"): {"was": 1, "is": 0},
        ("2026-W47", "promises", "sales kept"): {"was": 0, "is": 1},
    }


def test_what_was_recorded_after_the_forum_met_is_not_known_to_it():
    life = Life("late").begin(1, recorded=7 * 24 + 8)
    assert rows(report(life), "leads_in", "by_week")[WEEK,] == {"leads": 0}
    assert rows(report(life, known_on=hours(200)), "leads_in", "by_week")[WEEK,] == {"leads": 1}
