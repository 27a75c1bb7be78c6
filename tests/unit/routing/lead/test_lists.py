"""Who leaves one list leaves that one: in every kind of source, and in the process."""

import json
from datetime import timedelta
from urllib.parse import urlencode

import pytest

from routing.lead.lists import MOST, left_lists
from schemas.signals import Actor, Consent, Kind
from services.ingest.parsers.registry import parse
from tests.memory import Memory
from tests.setups import START, ruling, signal
from tests.stories import HOUR, MINUTE, Kept, rules

MACHINE = Actor(kind="automation")
RULES = rules()


def contact(ruling=RULES):
    return Kept(ruling).tell("email.sent", timedelta(0))


def tell_mail(told, at, name):
    return told.tell("email.sent", at, lists=(name,), actor=MACHINE)


# --- in the process ---------------------------------------------------------------------------------------------------
def test_who_leaves_one_list_gets_no_more_of_it_and_goes_on_getting_the_rest():
    told = contact().tell("list.unsubscribed", HOUR, lists=("news",))
    assert (told.lead.suppressed, left_lists(told.lead)) == (None, {"news"})
    assert [said.lists for said in told.all("list.stopped")] == [("news",)]
    assert tell_mail(told, 2 * HOUR, "offers").all("suppression.violated") == []
    assert len(tell_mail(told, 3 * HOUR, "news").all("suppression.violated")) == 1


def test_who_joins_a_list_again_gets_it_again():
    told = contact().tell("list.unsubscribed", HOUR, lists=("news",)).tell("list.subscribed", 2 * HOUR, lists=("news",))
    assert left_lists(told.lead) == set()
    assert [said.lists for said in told.all("list.released")] == [("news",)]
    assert tell_mail(told, 3 * HOUR, "news").all("suppression.violated") == []


def test_the_later_word_of_a_list_counts_whatever_arrives_first():
    told = contact().tell("list.subscribed", 2 * HOUR, lists=("news",)).tell("list.unsubscribed", HOUR, lists=("news",))
    assert left_lists(told.lead) == set() and told.all("list.stopped") == []


def test_a_word_without_a_list_means_all_mail():
    assert contact().tell("list.unsubscribed", HOUR).lead.suppressed == "consent_withdrawn"


def test_a_withdrawn_purpose_of_mail_stops_all_of_it_though_a_list_is_named():
    no = (Consent(purpose="email", state="withdrawn"),)
    told = contact().tell("list.unsubscribed", HOUR, lists=("news",), consents=no)
    assert told.lead.suppressed == "consent_withdrawn"


def test_exempt_lists_stay_exempt_but_the_one_that_was_left():
    told = Kept(RULES).offered().tell("list.unsubscribed", HOUR, lists=("news",))
    assert told.all("suppression.changed") == []
    assert tell_mail(told, 2 * HOUR, "service-notices").all("suppression.violated") == []
    told.tell("list.unsubscribed", 3 * HOUR, lists=("service-notices",))
    assert [said.exempt_lists for said in told.all("suppression.changed")] == [()]
    assert len(tell_mail(told, 4 * HOUR, "service-notices").all("suppression.violated")) == 1


def test_mail_that_was_sent_before_the_list_was_left_violates_nothing():
    told = contact().tell("list.unsubscribed", HOUR, lists=("news",))
    assert tell_mail(told, 30 * MINUTE, "news").all("suppression.violated") == []


def test_who_is_not_worked_leaves_a_list_all_the_same():
    told = contact().tell("disposition.set", MINUTE, reason="spam").tell("list.unsubscribed", HOUR, lists=("news",))
    assert left_lists(told.lead) == {"news"}


def test_of_one_lead_so_many_lists_are_remembered():
    told = contact().tell("list.unsubscribed", HOUR, lists=tuple(f"l{n}" for n in range(MOST + 5)))
    assert len(left_lists(told.lead)) == MOST
    assert any("lists" in finding for finding in told.decision.evidence["findings"])


# --- as senders say it ------------------------------------------------------------------------------------------------
ADDRESS = "eva@firma.example"
BODIES = [
    ("mailchimp", {"type": "unsubscribe", "fired_at": "2026-03-26 21:40:57", "data[id]": "8a25", "data[list_id]": "a6b5",
                   "data[email]": ADDRESS}, ("a6b5",)),
    ("activecampaign", {"type": "unsubscribe", "date_time": "2026-03-26T21:40:57Z", "contact[id]": "4", "list": "3",
                        "contact[email]": ADDRESS}, ("3",)),
    ("activecampaign", {"type": "unsubscribe", "contact[id]": "4", "contact[email]": ADDRESS, "list[id]": "3",
                        "list[name]": "News"}, ("3", "News")),
    ("generic", {"event": "unsubscribed", "email": ADDRESS, "list_id": "abc"}, ("abc",)),
    ("generic", {"event": "unsubscribe", "contact": {"email": ADDRESS}, "list": {"id": 3, "name": "News"}}, ("3", "News")),
    ("generic", {"event": "subscriber.unsubscribed", "subscriber": {"email": ADDRESS}, "newsletter": "News"}, ("News",)),
    ("generic", {"event": "group_unsubscribe", "email": ADDRESS, "asm_group_id": 7}, ("7",)),
    ("generic", {"event": "unsubscribed", "email": ADDRESS, "audience": {"id": "a1"}}, ("a1",)),
    ("crm", {"fact": "list.unsubscribed", "email": ADDRESS, "lists": ["News"]}, ("News",)),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "body", "lists"), BODIES)
def test_the_list_is_read_in_every_kind(kind, body, lists):
    form = kind in ("mailchimp", "activecampaign")
    written = urlencode(body) if form else json.dumps(body)
    kinds = "application/x-www-form-urlencoded" if form else "application/json"
    (found,) = parse(kind, written.encode(), kinds, {})
    assert (found.kind, found.lists) == (Kind.LIST_UNSUBSCRIBED, lists)
    # Mailchimp's list is the whole audience, to which all of its sender's mail goes.
    whole = ["email"] if kind == "mailchimp" else []
    assert [consent.purpose for consent in found.consents if consent.state == "withdrawn"] == whole


@pytest.mark.parametrize("said", ["all", "ALL", "everything", ["news", "all"]])
def test_who_leaves_all_lists_leaves_no_single_one(said):
    body = json.dumps({"event": "unsubscribed", "email": ADDRESS, "list": said}).encode()
    (found,) = parse("generic", body, "application/json", {})
    assert (found.kind, found.lists) == (Kind.LIST_UNSUBSCRIBED, ())


def test_a_header_with_the_way_to_unsubscribe_is_no_list():
    body = json.dumps(
        {"event": "unsubscribed", "email": ADDRESS, "headers": {"List-Unsubscribe": "<mailto:a@b.example>"}}
    )
    (found,) = parse("generic", body.encode(), "application/json", {})
    assert found.lists == ()


# --- of somebody unknown, and without proof ---------------------------------------------------------------------------
def test_a_list_that_somebody_unknown_left_waits_for_them():
    memory = Memory(ruling()).give(signal(1, "list.unsubscribed", lists=("news",)))
    assert not memory.leads
    memory.give(signal(2, "form.submitted", at=START + HOUR))
    (lead,) = [memory.lead(ident) for ident in memory.leads]
    assert (lead.suppressed, left_lists(lead)) == (None, {"news"})
    assert [said["lists"] for said in memory.said("list.stopped")] == [["news"]]


def test_who_proves_nothing_joins_nobody_to_a_list_again():
    told = contact().tell("list.unsubscribed", HOUR, lists=("news",))
    assert left_lists(told.tell("list.subscribed", 2 * HOUR, lists=("news",), proof="none").lead) == {"news"}
