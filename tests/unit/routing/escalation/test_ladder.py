"""Steps of a ladder: each does what it says, and one that nobody knows does nothing at all."""

from typing import get_args

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from routing.agreement.agreement import check_against, compile_agreement
from routing.escalation import ladder
from routing.people.roster import Roster
from routing.people.roster_changes import ChangeRefused, apply
from schemas.events import SlaEscalated
from schemas.export import schema
from schemas.roster import Member, RosterChange, RosterFile, circle_above
from schemas.sla import Rung
from schemas.words import Action, Telling
from schemas.yamlfile import FileError, load
from tests.setups import EXAMPLES, START
from tests.stories import DAY, Story, rules

DOCS = EXAMPLES.parents[1] / "docs"
FOLLOW_UP = {"name": "follow-up", "metric": "follow_up", "starts": "hand_over", "target": "24h elapsed"}


class _Sheet:
    """A draft that nothing may be written on."""


def test_a_step_that_nobody_knows_is_an_error_and_never_a_reassignment():
    with pytest.raises(AssertionError):
        ladder._carry_out_step(_Sheet(), None, Rung.model_construct(do="page_the_ceo", to=()))


def test_the_actions_are_the_same_in_the_agreement_and_in_the_event_and_are_all_described():
    assert set(get_args(Telling)) < set(get_args(Action))
    assert SlaEscalated.__annotations__["action"] == "Action" and Rung.model_fields["do"].annotation == Action
    table = (DOCS / "sla.md").read_text()
    assert all(f"| `{action}` |" in table for action in get_args(Action))


@pytest.mark.parametrize("action", get_args(Action))
def test_each_action_is_told_by_its_own_name_and_only_two_of_them_move_the_lead(action):
    told = Story(rules([{**FOLLOW_UP, "ladder": [{"do": action}]}])).offered().tell("sales.accepted")
    before = told.lead.owner
    told.wait(2 * DAY)
    (step,) = [data for data in told.all("sla.escalated") if data.policy == "follow-up"]
    assert step.action == action
    moved = told.lead.owner != before
    assert moved == (action in ("reassign", "take_back"))


# --- managers ---------------------------------------------------------------------------------------------------------
LED = """
version: 1
people:
  - {id: elin, roles: [sales], team: north}
  - {id: johan, roles: [sales], team: north, manager: vera}
  - {id: nora, roles: [sales], team: north}
  - {id: vera, roles: [sales], manager: maja}
  - {id: maja, roles: [manager]}
  - {id: alva, roles: [manager]}
teams: [{name: north, manager: nora}]
pools: [{name: field, seats: [{person: elin}]}]
"""


def led(text=LED, *gone, **away):
    """The roster; who is `away` is so all the time, who is `gone` left."""
    file = load(text, RosterFile, "roster.yaml")
    for person in away:
        file = apply(file, RosterChange(change="absent", at=START, person=person, since=START))
    for person in gone:
        file = apply(file, RosterChange(change="left", at=START, person=person))
    return Roster(file)


@pytest.mark.parametrize(
    ("person", "roster", "told"),
    [
        ("johan", led(), ("vera",)),
        ("elin", led(), ("nora",)),
        ("nora", led(), ("maja", "alva")),
        ("vera", led(), ("maja",)),
        ("johan", led(vera=1), ("maja",)),
        ("johan", led(LED, "vera"), ("maja",)),
        ("johan", led(vera=1, maja=1), ("maja", "alva")),
        ("elin", led(nora=1), ("maja", "alva")),
        ("nobody", led(), ("maja", "alva")),
        (None, led(), ("maja", "alva")),
    ],
    ids=[
        "their own",
        "the team's",
        "leads the team herself",
        "above",
        "away",
        "left",
        "all away",
        "no more above",
        "unknown",
        "nobody has it",
    ],
)
def test_the_team_manager_is_ones_own_else_the_teams_else_who_is_above_them(person, roster, told):
    assert roster.above(person, START) == told


@pytest.mark.parametrize(
    ("old", "new", "rule"),
    [
        ("manager: vera", "manager: vega", "`vega` is not among `people`; did you mean `vera`?"),
        ("manager: vera", "manager: johan", "nobody is their own manager"),
        (
            "{id: vera, roles: [sales], manager: maja}",
            "{id: vera, roles: [sales], manager: johan}",
            "in a circle: johan -> vera -> johan",
        ),
        (
            "{id: nora, roles: [sales], team: north}",
            "{id: nora, roles: [sales], team: north, manager: elin}",
            "in a circle: elin -> nora -> elin",
        ),
        (
            "{id: vera, roles: [sales], manager: maja}",
            "{id: vera, roles: [sales], active: false}",
            "`vera` is not active",
        ),
        ("manager: nora}", "manager: nore}", "`nore` is not among `people`; did you mean `nora`?"),
        ("{id: alva", "{id: team_manager", "`team_manager` is a word of the agreement's ladders"),
    ],
)
def test_a_manager_who_is_none_is_refused_with_the_fix(old, new, rule):
    assert old in LED
    with pytest.raises(FileError, match=r"roster\.yaml:") as refused:
        load(LED.replace(old, new, 1), RosterFile, "roster.yaml")
    assert rule in str(refused.value)


@pytest.mark.parametrize("manager", ["nils", "nobody", "elin"])
def test_who_joins_under_nobody_or_closes_a_circle_is_refused(manager):
    file = led().file
    file = apply(
        file,
        RosterChange(
            change="joined", at=START, person="elin", member=Member(id="elin", roles=("sales",), manager="johan")
        ),
    )
    nils = Member(id="vera", roles=("sales",), manager=manager)
    with pytest.raises(ChangeRefused):
        apply(file, RosterChange(change="joined", at=START, person="vera", member=nils))


@given(st.dictionaries(st.sampled_from("abcdef"), st.sampled_from("abcdef"), max_size=6))
def test_a_circle_is_found_exactly_where_one_comes_back_to_oneself(managers):
    for person in "abcdef":
        above, steps = managers.get(person), 0
        while above not in (None, person) and steps < 10:
            above, steps = managers.get(above), steps + 1
        assert bool(circle_above(person, managers)) == (above == person)


def escalated(rung, people=None, **more):
    """The story of a lead that Elin accepted and forgot."""
    ruling = rules([{**FOLLOW_UP, "ladder": [rung]}], **more)
    if people is not None:
        ruling = ruling._replace(roster=Roster(RosterFile.model_validate(people(ruling.roster.file))))
    return Story(ruling).offered().tell("sales.accepted").wait(2 * DAY)


def managed(file):
    people = file.model_dump(by_alias=True)
    for member in people["people"]:
        if member["id"] == "elin":
            member["manager"] = "karin"
    return people


@pytest.mark.parametrize(
    "rung",
    [
        {"escalate": "team_manager"},
        {"do": "escalate", "to": ["team_manager"]},
        {"do": "escalate", "to": "team_manager"},
        {"escalate": ["team_manager", "karin"]},
    ],
)
def test_escalating_to_the_team_manager_tells_the_manager_of_who_has_the_lead(rung):
    (step,) = escalated(rung, managed).all("sla.escalated")
    assert (step.action, [owner.person for owner in step.to]) == ("escalate", ["karin"])


def test_where_the_manager_is_away_the_finding_says_who_was_told_instead():
    def away(file):
        people = managed(file)
        karin = next(member for member in people["people"] if member["id"] == "karin")
        return people | {
            "people": [
                member | ({"absences": [{"from": START - DAY}]} if member is karin else {})
                for member in people["people"]
            ]
        }

    told = escalated({"escalate": "team_manager"}, away)
    (step,) = told.all("sla.escalated")
    assert [owner.person for owner in step.to] == ["maja"]
    assert told.decision.evidence["findings"] == ["no manager of elin is at work: maja was told"]


def checked(policies=(), volumes=(), people=None, **more):
    """The problems of an agreement with these promises, and of it with the roster."""
    file = yaml.load((EXAMPLES / "agreement.yaml").read_text(), yaml.BaseLoader)
    text = yaml.safe_dump(file | {"sla": {"policies": list(policies), "volumes": list(volumes)}} | more)
    roster = load((EXAMPLES / "roster.yaml").read_text(), RosterFile, "roster.yaml")
    roster = Roster(RosterFile.model_validate(people(roster)) if people else roster)
    try:
        return check_against(compile_agreement(text), roster, text, "agreement.yaml")
    except FileError as error:
        return error.problems


VOLUME = {
    "name": "many",
    "side": "sales",
    "counts": "accepted",
    "at_least": "4",
    "per": "week",
    "calendar": "stockholm",
    "ladder": [{"escalate": "team_manager"}],
}


def test_a_team_manager_whom_nobody_has_is_refused():
    policy = {**FOLLOW_UP, "ladder": [{"escalate": "team_manager"}]}
    (problem,) = checked([policy])
    assert "nobody of the roster has a `manager`, nor has their team, so `team_manager` is nobody" in problem
    assert checked([policy], people=managed) == []
    (problem,) = checked(volumes=[{**VOLUME, "subject": {"person": "johan"}}], people=managed)
    assert "sla.volumes.0.subject: `johan` has no `manager`" in problem
    assert checked(volumes=[{**VOLUME, "subject": {"person": "elin"}}], people=managed) == []
    (problem,) = checked(volumes=[VOLUME], people=managed)
    assert "the whole organisation has no `team_manager`" in problem


# --- channels ---------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("rung", [{"notify": {"channel": "slack-sales"}}, {"do": "notify", "channel": "slack-sales"}])
def test_a_step_says_by_its_event_over_which_channel_to_tell(rung):
    (step,) = escalated(rung, channels=["slack-sales"]).all("sla.escalated")
    assert (step.channel, [owner.person for owner in step.to]) == ("slack-sales", ["elin"])


def test_a_step_without_a_channel_names_none():
    assert escalated({"do": "notify"}).all("sla.escalated")[0].channel is None


@pytest.mark.parametrize("part", ["policies", "volumes"])
def test_a_channel_that_is_not_declared_is_refused_with_the_likely_one(part):
    step = {"notify": {"channel": "slack-sale"}}
    promise = {**FOLLOW_UP, "ladder": [step]} if part == "policies" else {**VOLUME, "ladder": [step]}
    (problem,) = checked(**{part: [promise]}, channels=["slack-sales"])
    assert f"sla.{part}.0.ladder.0.channel: channel `slack-sale` is not among `channels`; did you mean" in problem


@pytest.mark.parametrize(
    ("rung", "rule"),
    [
        (
            {"do": "reassign", "channel": "room"},
            "`channel` is where people are told; `reassign` goes by the routing rules",
        ),
        ({"notify": "maja", "do": "escalate"}, "say one thing that is done"),
        ({"notify": "maja", "escalate": "maja"}, "say one thing that is done"),
        ({"notify": {"to": "maja"}, "to": ["maja"]}, "`to` is said twice"),
        ({"after": "1h elapsed"}, "do"),
        ({"escalate": {"whom": "maja"}}, "whom"),
    ],
)
def test_a_step_that_says_it_wrongly_is_refused(rung, rule):
    (problem, *_) = checked([{**FOLLOW_UP, "ladder": [rung]}], channels=["room"])
    assert rule in problem


@pytest.mark.parametrize(
    ("rung", "fits"),
    [
        ({"do": "notify"}, True),
        ({"after": "4h elapsed", "do": "escalate", "to": "team_manager"}, True),
        ({"escalate": "team_manager"}, True),
        ({"escalate": ["maja", "team_manager"], "after": "1h business"}, True),
        ({"notify": {"channel": "slack-sales", "to": "maja"}}, True),
        ({"reassign": "maja"}, False),
        ({"notify": {"chanel": "slack-sales"}}, False),
        ({"to": "maja"}, False),
    ],
)
def test_an_editor_and_the_check_agree_on_both_forms(rung, fits):
    document = schema("agreement")
    editor = Draft202012Validator({"$ref": "#/$defs/Rung", "$defs": document["$defs"]})
    assert editor.is_valid(rung) is fits
    if fits:
        assert Rung.model_validate(rung).do in get_args(Action)
    else:
        with pytest.raises(ValidationError):
            Rung.model_validate(rung)
