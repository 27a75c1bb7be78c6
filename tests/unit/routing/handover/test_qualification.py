"""Why a lead was handed over, as its offers say it."""

from datetime import timedelta

from routing.handover.qualification import LONGEST_REASON, REASONS_KEPT
from routing.model.bounds import MARK
from schemas.signals import Company
from tests.setups import START
from tests.stories import HOUR, Kept, Story, rules

SCORING = {
    "half_life": "14d",
    "fit": [{"name": "nordic", "when": "company.country == 'SE'", "points": 30}],
    "intent": [{"name": "form", "on": "form.submitted", "points": 15}],
}
NO_POINTS = {"sales_qualified": "signal.form_id == 'demo'", "marketing_qualified": "false"}


def qualification(story):
    return story.all("handover.offered")[-1].qualification


def test_a_definition_is_told_with_its_words_and_what_was_known():
    told = Story(rules(scoring=SCORING, definitions={"sales_qualified": "signal.form_id == 'demo' &&\n  fit() >= 30"}))
    told.tell("form.submitted", timedelta(0), form_id="demo", company=Company(country="SE"))
    made = qualification(told)
    assert (made.fact, made.at, made.signal_id, made.signal_kind) == (
        "sales_qualified",
        START,
        "sig_1",
        "form.submitted",
    )
    assert made.reasons == (
        "`sales_qualified` is met: signal.form_id == 'demo' && fit() >= 30",
        "signal.form_id = demo",
        "fit() = 30",
        "points: nordic 30, form 15",
    )


def test_points_are_those_of_when_the_hand_over_began_also_where_no_definition_asked_for_them():
    told = Story(rules(scoring=SCORING, definitions=NO_POINTS))
    told.tell("form.submitted", timedelta(0)).tell("form.submitted", 14 * 24 * HOUR, form_id="demo")
    made = qualification(told)
    assert (made.fit, made.intent, made.score) == (0, 22, 22), "the older form counts half by then"
    assert made.reasons[-1] == "points: form 22.5"
    assert "points" not in told.decision.evidence, "evidence is what decided, and nothing asked for points"


def test_an_agreement_without_points_gives_none():
    nothing = {"scoring": {"fit": None, "intent": None}, "nurturing": {"recycle": {"purpose": "Wait."}}}
    told = Story(rules(definitions=NO_POINTS, **nothing))
    made = qualification(told.offered())
    assert (made.fit, made.intent, made.score) == (None, None, None)


def test_a_booked_meeting_and_a_persons_tag_are_said_in_words():
    met = Story(rules()).tell("form.submitted").tell("sales.meeting_booked")
    assert (qualification(met).fact, qualification(met).reasons[0]) == (
        "meeting_booked",
        "a meeting with sales was booked",
    )
    tagged = Story(rules()).tell("form.submitted").tell("tag.added", tags=("sales-ready",))
    assert qualification(tagged).fact == "sales_ready" and "ready for sales" in qualification(tagged).reasons[0]


def test_it_is_what_the_explanation_says():
    told = Kept(rules()).tell("form.submitted", timedelta(0), form_id="demo")
    stage, made = told.explained().stage, qualification(told)
    assert (stage.fact, stage.signal_id, stage.signal_kind) == (made.fact, made.signal_id, made.signal_kind)
    known_inputs = {
        k: v for d in stage.definitions if d.name == made.fact for k, v in d.inputs.items() if v is not None
    }
    assert known_inputs and all(any(line.startswith(f"{name} = ") for line in made.reasons) for name in known_inputs)


def test_what_is_kept_is_bounded_and_what_was_cut_is_marked():
    names = [f"a{n}" for n in range(30)]
    attributes = {name: {"type": "text", "from": [name]} for name in names}
    expression = " || ".join([*[f"text('{name}') == '{'x' * 20}'" for name in names], "signal.form_id == 'demo'"])
    told = Story(rules(attributes=attributes, definitions={"sales_qualified": expression}))
    told.tell("form.submitted", timedelta(0), form_id="demo", fields=dict.fromkeys(names, "y" * 20))
    reasons = qualification(told).reasons
    assert len(reasons) == REASONS_KEPT
    assert max(map(len, reasons)) == LONGEST_REASON and reasons[0].endswith(f" {MARK}")
