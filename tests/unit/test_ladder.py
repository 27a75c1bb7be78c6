"""Steps of a ladder: each does what it says, and one that nobody knows does nothing at all."""

from typing import get_args

import pytest

from routing import ladder
from schemas.events import SlaEscalated
from schemas.sla import Rung
from schemas.words import Action, Telling
from tests.setups import EXAMPLES
from tests.stories import DAY, Story, rules

DOCS = EXAMPLES.parents[1] / "docs"
FOLLOW_UP = {"name": "follow-up", "metric": "follow_up", "starts": "hand_over", "target": "24h elapsed"}


class _Sheet:
    """A draft that nothing may be written on."""


def test_a_step_that_nobody_knows_is_an_error_and_never_a_reassignment():
    with pytest.raises(AssertionError):
        ladder._take(_Sheet(), None, Rung.model_construct(do="page_the_ceo", to=()))


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
