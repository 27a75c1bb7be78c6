"""The vendor's list of webhooks against what our source needs."""

import json
from datetime import timedelta

import pytest

from services.ports.sinks import Sweep
from services.sinks.outcomes import Trouble
from services.sinks.reconciling.webhooks import EVERY, Hook, Webhook, WebhookWatch, ask_for_problems, webhook_problems
from tests.sinks import NOW

HOOK = Hook("/v1/hooks/crm", "https://leads.example.com")
OURS = "https://leads.example.com/v1/hooks/crm"
NEEDED = frozenset({("deal", "change"), ("activity", "change")})
EVERYTHING = frozenset({("*", "*")})
SECRET = "https://leads.example.com/v1/hooks/crm?token=geheim"


def problems(*webhooks, hook=HOOK):
    return webhook_problems(webhooks, NEEDED, hook)


@pytest.mark.parametrize(
    "tells",
    [{("*", "*")}, {("deal", "*"), ("activity", "*")}, {("*", "change")}, {("deal", "change"), ("activity", "change")}],
)
def test_nothing_is_wrong_where_all_that_is_needed_is_told(tells):
    assert problems(Webhook(OURS, frozenset(tells))) == []


@pytest.mark.parametrize(
    ("webhooks", "words"),
    [
        ([], "none there goes to https://leads.example.com/v1/hooks/crm"),
        ([Webhook("https://old.example.com/v1/hooks/crm", EVERYTHING)], "none there goes to"),
        ([Webhook("https://leads.example.com/v1/hooks/other", EVERYTHING)], "none there goes to"),
        ([Webhook("https://[", EVERYTHING)], "none there goes to"),
        ([Webhook(OURS, EVERYTHING, is_active=False)], "is switched off there"),
        ([Webhook(OURS, frozenset({("deal", "*")}))], "tells of activity change"),
        ([Webhook(OURS, EVERYTHING, refused=503)], "was answered 503"),
    ],
)
def test_each_thing_that_is_wrong_is_told(webhooks, words):
    (problem,) = problems(*webhooks)
    assert words in problem


def test_several_webhooks_are_one_telling_and_one_that_is_off_tells_nothing():
    deals, activities = frozenset({("deal", "*")}), frozenset({("activity", "change")})
    assert problems(Webhook(OURS, deals), Webhook(f"{OURS}/", activities)) == []
    (problem,) = problems(Webhook(OURS, deals), Webhook(OURS, activities, is_active=False))
    assert "activity change" in problem


def test_a_url_of_theirs_is_shown_to_nobody():
    (problem,) = problems(Webhook(SECRET, EVERYTHING, is_active=False))
    assert "geheim" not in problem


def test_without_a_public_url_the_path_decides():
    hook = Hook("/v1/hooks/crm", None)
    assert problems(Webhook("https://any.example.com/behind/v1/hooks/crm", EVERYTHING), hook=hook) == []
    assert problems(Webhook("https://any.example.com/v1/hooks/erp", EVERYTHING), hook=hook) != []


class Desk:
    """A vendor, and the store."""

    needed = NEEDED

    def __init__(self):
        self.list, self.trouble, self.kept, self.next_at, self.asked = [], None, None, NOW, 0

    async def webhooks(self):
        self.asked += 1
        if self.trouble:
            raise self.trouble
        return self.list

    async def claim_sweep(self, target, kind, now, next_at):
        assert (target, kind) == ("sink/crm", "webhooks")
        if now < self.next_at:
            return None
        self.next_at = next_at
        return Sweep(self.kept)

    async def finish_sweep(self, target, kind, cursor, signals):
        assert not signals
        self.kept = cursor


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def clock():
    return [NOW]


@pytest.fixture
def watch(desk, clock):
    return WebhookWatch("sink/crm", desk, HOOK, sweeps=desk, now=lambda: clock[0])


async def test_what_is_wrong_is_kept_until_it_is_right_and_asked_for_once_an_hour(desk, watch, clock, caplog):
    await watch.look()
    await watch.look()
    assert desk.asked == 1 and "none there goes to" in json.loads(desk.kept)[0]
    assert "webhooks are not as they should be" in caplog.text
    desk.list = [Webhook(OURS, EVERYTHING)]
    clock[0] += EVERY - timedelta(seconds=1)
    await watch.look()
    assert desk.asked == 1
    clock[0] += timedelta(seconds=1)
    await watch.look()
    assert json.loads(desk.kept) == []


async def test_a_vendor_that_is_away_changes_nothing_of_what_is_known(desk, watch, clock):
    await watch.look()
    before, desk.trouble = desk.kept, Trouble("transient", "http_503")
    clock[0] += EVERY
    await watch.look()
    assert desk.asked == 2 and desk.kept == before


async def test_who_sets_it_up_is_told_that_it_cannot_be_asked(desk):
    desk.trouble = Trouble("refused_setup", "http_403")
    (problem,) = await ask_for_problems(desk, HOOK)
    assert "http_403" in problem and OURS in problem
