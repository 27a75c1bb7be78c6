"""Tracks of a name of one's own within the three: who comes to them, what lets them leave, and what is refused."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from routing.agreement.agreement import compile_agreement, own_track
from routing.lifecycle import TABLE
from schemas.agreement import OwnTrack
from schemas.export import schema
from schemas.signals import Sales
from schemas.yamlfile import FileError
from tests.setups import EXAMPLES
from tests.stories import DAY, HOUR, Kept, rules

NURTURING = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)["nurturing"]
WIN_BACK = {"within": "recycle", "reasons": ["lost", "too dear"], "purpose": "What changed since, once a quarter."}
PARTNERS = {"within": "recycle", "when": "yes('partner')", "purpose": "Together with the partner manager."}


def story(**tracks):
    return Kept(rules(nurturing={**NURTURING, "tracks": tracks}))


def rejected(told, reason="no need", **more):
    told.tell("form.submitted", form_id="demo", **more)
    return told.tell("sales.rejected", reason=reason)


def entered(told):
    return told.all("nurture.entered")[-1]


def test_a_lead_comes_to_the_track_of_its_reason_and_the_purpose_stays_on_the_wire():
    said = entered(rejected(story(**{"win-back": WIN_BACK}), "Too dear"))
    assert (said.track, said.own_track, said.purpose) == ("recycle", "win-back", WIN_BACK["purpose"])
    said = entered(rejected(story(**{"win-back": WIN_BACK}), "no need"))
    assert (said.track, said.own_track) == ("recycle", None)


def test_the_lifecycles_own_reasons_count_too():
    told = story(**{"win-back": WIN_BACK}).tell("form.submitted", form_id="demo").tell("sales.accepted")
    told.tell("sales.follow_up", sales=Sales(done=True)).tell("sales.lost", reason="chose another")
    assert (told.lead.track, told.lead.own_track) == ("recycle", "win-back")


def test_the_first_track_that_fits_takes_the_lead_by_its_condition_too():
    both = {"partners": PARTNERS, "win-back": WIN_BACK}
    assert entered(rejected(story(**both), "too dear", fields={"partner": "ja"})).own_track == "partners"
    assert entered(rejected(story(**both), "too dear", fields={"partner": "nej"})).own_track == "win-back"


def test_a_condition_on_what_is_unknown_takes_nobody_and_the_explanation_shows_what_was_asked():
    told = rejected(story(partners=PARTNERS))
    assert told.lead.own_track is None
    asked = {d.name: d for d in told.explained().stage.definitions}
    assert (asked["track:partners"].met, asked["track:partners"].expression) == (False, "yes('partner')")


def test_the_explanation_and_expressions_know_the_track_by_its_name():
    left = {**WIN_BACK, "exit": "lead.own_track == 'win-back' && signal.form_id == 'back'"}
    told = rejected(story(**{"win-back": left}), "too dear")
    assert "nurturing (recycle, win-back)" in told.explained().text
    assert told.tell("form.submitted", DAY, form_id="news").lead.stage == "nurturing", "its own exit counts"
    told.tell("form.submitted", 2 * DAY, form_id="back")
    assert told.lead.stage == "qualification" and told.lead.own_track is None
    assert (told.all("nurture.left")[-1].track, told.all("nurture.left")[-1].own_track) == ("recycle", "win-back")


def test_without_an_exit_and_programmes_of_its_own_those_of_its_track_count():
    told = rejected(story(**{"win-back": {**WIN_BACK, "reasons": ["wrong timing"]}}), "wrong timing")
    assert (entered(told).own_track, entered(told).programme) == ("win-back", "wrong-timing")
    assert entered(told).purpose == "Ask again next quarter, with what changed since."
    assert told.tell("email.clicked", DAY).lead.stage == "nurturing"
    assert told.tell("message.received", DAY + HOUR, fields={"text": "hi"}).lead.stage == "nurturing", (
        "by recycle's exit"
    )
    assert told.tell("form.submitted", DAY + 2 * HOUR).lead.stage == "qualification"


def test_programmes_of_its_own_are_chosen_within_it():
    own = {
        **WIN_BACK,
        "reasons": ["too dear"],
        "entry": [{"name": "dear", "reasons": ["too dear"], "purpose": "An offer.", "exit": "false || yes('partner')"}],
    }
    told = rejected(story(**{"win-back": own}), "too dear")
    assert (entered(told).programme, entered(told).purpose) == ("dear", "An offer.")
    assert told.tell("form.submitted", DAY).lead.stage == "nurturing"
    assert told.tell("form.submitted", DAY + HOUR, fields={"partner": "ja"}).lead.stage == "qualification"


def test_a_track_that_a_later_agreement_does_not_have_is_left_as_the_one_it_was_within():
    told = rejected(story(**{"win-back": {**WIN_BACK, "exit": "yes('partner')"}}), "too dear")
    told.rules = rules()
    assert told.tell("form.submitted", DAY).lead.stage == "qualification"


PLAIN = rules()
REASONS = ["lost", "cold", "rejected", "returned", "too dear", "no need"]
own_tracks = st.dictionaries(
    st.sampled_from(["one", "two", "three"]),
    st.builds(
        OwnTrack,
        within=st.sampled_from(["recycle", "recycle", "warm_up"]),
        purpose=st.just("p"),
        reasons=st.lists(st.sampled_from(REASONS[:5]), unique=True, max_size=2),
        when=st.sampled_from(["true", "yes('partner')"]),
    ),
    max_size=3,
)


@settings(max_examples=60, deadline=None)
@given(own_tracks, st.sampled_from(REASONS[4:]), st.booleans())
def test_whatever_tracks_there_are_a_lead_is_on_the_first_that_fits_and_always_within_its_purpose(
    tracks, reason, partner
):
    compiled = tuple(own_track(name, track) for name, track in tracks.items())
    told = Kept(PLAIN._replace(agreement=PLAIN.agreement._replace(own_tracks=compiled)))
    rejected(told, reason, fields={"partner": "ja" if partner else "nej"})
    fits = [
        name
        for name, track in tracks.items()
        if track.within == "recycle"
        and (not track.reasons or {"rejected", reason} & set(track.reasons))
        and (track.when == "true" or partner)
    ]
    assert told.lead.track == "recycle" and told.lead.own_track == next(iter(fits), None)
    assert told.lead.limbo is None


@pytest.mark.parametrize(
    ("tracks", "rule"),
    [
        ({"recycle": WIN_BACK}, "nurturing.tracks.recycle: `recycle` is one of the three tracks"),
        ({"back": {**WIN_BACK, "within": "recycled"}}, "nurturing.tracks.back.within"),
        (
            {"back": {**WIN_BACK, "reasons": ["won"]}},
            "tracks.back.reasons.0: `won` never leads to recycle; it has cold",
        ),
        ({"back": {**WIN_BACK, "when": "false"}}, "tracks.back.when: can never hold, so nobody would be on the track"),
        (
            {"back": {**WIN_BACK, "exit": "false"}},
            "tracks.back.exit: can never be met, so nobody would leave the track",
        ),
        (
            {"a": {**WIN_BACK, "reasons": []}, "b": PARTNERS},
            "tracks.b: nobody comes here: `a` before it takes everybody",
        ),
        ({"a": WIN_BACK, "b": WIN_BACK}, "tracks.b.reasons.0: `lost` leads to `a` already; say it once"),
        (
            {"back": {**WIN_BACK, "entry": [{"name": "dear", "reasons": ["too dear"]}]}},
            "recycle.entry.2.reasons.0: `lost` leads to `back` already",
        ),
        ({"back": {**WIN_BACK, "when": "lead.own_track == 'bakc'"}}, "did you mean `back`?"),
        ({"back": {k: v for k, v in WIN_BACK.items() if k != "within"}}, "tracks.back.within"),
    ],
)
def test_tracks_that_can_never_be_are_refused_with_the_fix(tracks, rule):
    text = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)
    with pytest.raises(FileError) as refused:
        compile_agreement(yaml.safe_dump({**text, "nurturing": {**NURTURING, "tracks": tracks}}))
    assert rule in str(refused.value)


def test_the_purposes_are_those_that_the_lifecycle_leads_to():
    document = schema("agreement")["$defs"]["OwnTrack"]["properties"]["within"]
    assert set(document["enum"]) == {row.track for row in TABLE if row.track}
