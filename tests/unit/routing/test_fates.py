"""A signal that comes to nothing says why in a word of a closed set; one that comes to something says none."""

import re
from pathlib import Path
from typing import get_args

import pytest

from routing.decide import decide
from routing.draft import Context
from schemas.fates import FATES, REASONS, Fate, Reason, fate_of
from schemas.signals import OWN_QUESTIONS, Actor, Company, IdentityKey, Sales
from services.router.deciding.records import history
from tests.setups import signal
from tests.stories import DONE, HOUR, Story, rules

ROOT = Path(__file__).parents[3]
RULES = rules()

UNKNOWN = "ho_" + "a" * 26


def alone(kind, names=(), **more):
    """Decided on with nobody known."""
    said = signal(1, kind, **more).but(identities=tuple(names))
    return decide(None, said, Context(RULES.agreement, RULES.roster, {}, None, said.received_at))


EMAIL, PHONE = IdentityKey(kind="email", digest="d"), IdentityKey(kind="phone", digest="p", verified=False)
COMPANY = IdentityKey(kind="domain", digest="c")


@pytest.mark.parametrize(
    ("reason", "decision"),
    [
        ("test_delivery", alone("form.submitted", [EMAIL], mode="test")),
        ("names_nobody", alone("form.submitted")),
        ("names_nobody", alone("page.visited", [COMPANY])),
        ("nobody_known", alone("sales.won", [EMAIL])),
        ("nobody_known", alone("unclassified", [EMAIL])),
        ("by_a_program", alone("email.replied", [EMAIL], automated=True)),
        ("no_such_lead", alone("lead.parked", lead_id="lead_x")),
        ("no_such_handover", alone("sales.accepted", handover_id=UNKNOWN)),
        ("no_such_handover", alone("sales.won", [EMAIL], handover_id=UNKNOWN)),
        ("no_such_offer", alone("sales.accepted", offer_id=f"{UNKNOWN}.1")),
        ("no_such_offer", alone("sales.rejected", offer_id="nonsense", handover_id=UNKNOWN)),
        ("no_such_offer", alone("sales.follow_up", fields={"(offer_id)": "anna@example.com"})),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_about_nobody_known_says_what_it_lacks(reason, decision):
    assert (decision.outcome, decision.reason, decision.lead) == ("no_lead", reason, None)
    assert decision.note


def test_a_hand_over_or_an_offer_that_is_not_there_is_called_so():
    assert alone("sales.accepted", offer_id=f"{UNKNOWN}.1").note == "no such offer"
    assert alone("sales.accepted", handover_id=UNKNOWN).note == "no such hand-over"


class Kept(Story):
    def offered(self):
        return self.tell("form.submitted", HOUR, form_id="demo")

    def offer(self, number=1):
        return f"{self.lead.handover.id}.{number}"


def offered():
    return Kept(RULES).offered()


def contact():
    return Kept(RULES).tell("email.sent", HOUR)


def closed():
    told = offered().tell("sales.accepted", 2 * HOUR).tell("sales.follow_up", 3 * HOUR, sales=DONE)
    return told.tell("sales.lost", 4 * HOUR)


IGNORED = {
    "no_open_handover": lambda: contact().tell("sales.accepted", 2 * HOUR),
    "not_in_dialogue": lambda: contact().tell("sales.lost", 2 * HOUR),
    "no_such_offer": lambda: offered().tell("sales.accepted", 2 * HOUR, offer_id=f"{UNKNOWN}.1"),
    "no_such_handover": lambda: offered().tell("sales.accepted", 2 * HOUR, handover_id=UNKNOWN),
    "not_by_a_person": lambda: offered().tell("sales.follow_up", 2 * HOUR, automated=True, sales=DONE),
    "our_own_write": lambda: offered().tell("sales.accepted", 2 * HOUR, automated=True, echo="value"),
    "not_done_yet": lambda: offered().tell("sales.follow_up", 2 * HOUR, sales=Sales(activity_type="call", done=False)),
    "unknown_colleague": lambda: offered().tell("sales.owner_changed", 2 * HOUR, sales=Sales(owner_id="nobody")),
    "older_fact": lambda: offered().tell("sales.owner_changed", 0 * HOUR, sales=Sales(owner_id="karin")),
    "no_change": lambda: contact().tell("disposition.set", 2 * HOUR, sales=Sales(to="active")),
    "lead_inactive": lambda: (
        contact().tell("disposition.set", 2 * HOUR, sales=Sales(to="spam")).tell("page.visited", 3 * HOUR)
    ),
    "not_by_an_sdr": lambda: contact().tell(
        "tag.added", 2 * HOUR, tags=("sales-ready",), actor=Actor(kind="automation")
    ),
    "unclassified": lambda: contact().tell("unclassified", 2 * HOUR),
}


@pytest.mark.parametrize("reason", IGNORED)
def test_what_does_not_do_what_it_means_is_ignored_with_a_reason(reason):
    decision = IGNORED[reason]().decision
    assert (decision.outcome, decision.reason) == ("recorded", reason)
    row = history(signal(9, "page.visited"), decision.lead.id, decision, RULES, signal(9, "page.visited").received_at)
    assert (row.fate, row.reason, row.source) == ("ignored", reason, "web")


def test_an_offer_of_this_hand_over_that_was_never_made_is_no_offer():
    told = offered()
    assert told.tell("sales.accepted", 2 * HOUR, offer_id=told.offer(7)).decision.reason == "no_such_offer"
    assert told.lead.handover.accepted_at is None


def test_the_offer_that_was_made_is_answered_and_one_of_an_earlier_pass_is_an_earlier_one():
    told = closed()
    first = told.lead.handover.id
    told.tell("form.submitted", 30 * HOUR, form_id="demo")
    assert told.lead.pass_number == 2 and told.lead.handover.id != first
    late = told.tell("sales.accepted", 31 * HOUR, offer_id=f"{first}.1").decision
    assert late.reason == "earlier_offer"
    now = told.tell("sales.accepted", 32 * HOUR, offer_id=told.offer()).decision
    assert (now.outcome, now.reason) == ("changed", None)


def test_a_command_without_the_right_to_it_is_refused_with_its_reason():
    told = offered()
    other = next(p for p in ("elin", "karin") if p != told.lead.owner)
    decision = told.ask("accept", by=other).decision
    assert decision.reason == "not_allowed"
    row = history(signal(9, "page.visited"), told.lead.id, decision, RULES, told.at)
    assert row.fate == "refused"


def test_what_comes_to_something_has_no_reason_and_neither_has_a_fact_that_is_taken_in():
    assert offered().decision.reason is None
    assert contact().tell("contact.updated", 2 * HOUR, company=Company(name="Acme")).decision.reason is None
    assert contact().tell("page.visited", 2 * HOUR).decision.reason is None


@pytest.mark.parametrize("kind", sorted(OWN_QUESTIONS))
def test_what_the_router_asks_of_itself_is_told_to_nobody(kind):
    decision = alone("sales.won", [EMAIL])
    row = history(signal(1, kind), None, decision, RULES, signal(1, kind).received_at)
    assert (row.fate, row.reason) == (None, None)


def test_every_reason_has_one_fate_and_a_meaning_and_the_docs_list_them_all():
    assert set(REASONS) == set(get_args(Reason)) and set(FATES) == set(get_args(Fate))
    assert {meaning.fate for meaning in REASONS.values()} == set(FATES)
    assert (
        fate_of("no_such_offer", has_lead=True) == "ignored" and fate_of("no_such_offer", has_lead=False) == "no_lead"
    )
    table = (ROOT / "docs" / "operations.md").read_text()
    for reason, meaning in REASONS.items():
        assert f"| {meaning.fate} | `{reason}` | {meaning.text} |" in table, reason


def test_a_note_is_only_made_with_a_reason():
    """So that nothing comes to nothing without a word for it."""
    for path in (ROOT / "routing").glob("**/*.py"):
        found = re.findall(r"\b_notes\b", path.read_text())
        assert not found or path.name == "draft.py", path.name
