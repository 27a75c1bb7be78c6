"""Teams' cards, Slack's blocks and PagerDuty's events: as the stand-ins hold them to be, however much there is to say."""

import json

import pytest
from jsonschema import Draft202012Validator

from services.alerts.channels.pagerduty import event_of
from services.alerts.channels.slack_blocks import blocks, fallback
from services.alerts.channels.teams import MOST_BYTES, card_bytes, escape
from services.alerts.messages.building import About
from tests.alerting import breached, fulfilled, warned
from tests.parts.vendors import pagerduty, slack, teams
from tests.unit.services.alerts.messages.test_building import message

LONG = {f"lead_{n}": About("Å<&>*" * 900, "[x](y)" * 500) for n in range(9)}
CASES = [
    ([warned(1)], "news", {}),
    ([breached(1), fulfilled(1)], "update", {}),
    ([breached(n) for n in range(9)], "summary", {}),
    ([breached(n) for n in range(9)], "late", LONG),
    ([breached(n) for n in range(3)], "held", LONG),
]


@pytest.fixture(params=CASES, ids=lambda case: case[1])
def told(request):
    events, kind, about = request.param
    return message(*events, kind=kind, about=about)


def test_cards_are_whole_and_small(told):
    body = card_bytes(told)
    assert len(body) <= MOST_BYTES
    Draft202012Validator(teams._BODY).validate(json.loads(body))


def test_blocks_are_within_their_bounds(told):
    body = {"channel": "C012", "text": fallback(told), "blocks": blocks(told, has_button=True)}
    Draft202012Validator(slack._POST).validate(body)


def test_events_are_within_their_bounds(told):
    Draft202012Validator(pagerduty._EVENT).validate(event_of(told, pagerduty.KEY))


def test_what_is_over_has_no_button():
    over = message(breached(1), fulfilled(1), kind="update")
    assert "actions" not in {block["type"] for block in blocks(over, has_button=True)}
    assert event_of(over, pagerduty.KEY)["event_action"] == "resolve"


def test_a_name_neither_links_nor_formats_nor_calls_everybody():
    hostile = message(breached(1), about={"lead_1": About("<!channel> [a](b) *c*", None)})
    assert "<!channel>" not in json.dumps(blocks(hostile, has_button=False))
    assert escape("[a](b)*") == r"\[a\]\(b\)\*"
