"""Leaving one list, joining it again, and withdrawing all."""

from datetime import timedelta

from schemas.signals import Actor, Consent
from tests.stories import HOUR, MINUTE
from tests.tales import Tale, fact

KNOWN = fact(timedelta(0), "email.sent")
LEFT = fact(HOUR, "list.unsubscribed", lists=("news",))
JOINED = fact(2 * HOUR, "list.subscribed", lists=("news",))
MAILED = {"actor": Actor(kind="automation")}


def only_that_list_stops(outcome):
    assert outcome.lead.suppressed is None
    assert [said.lists for said in outcome.all("list.stopped")] == [("news",)]
    assert [said.campaign for said in outcome.all("suppression.violated")] == ["news"]


def joined_again(outcome):
    assert outcome.lead.suppressed is None and outcome.lead.consents == {"list:news": "given"}
    assert len(outcome.all("list.stopped")) == len(outcome.all("list.released"))


def all_mail_stops(outcome):
    assert outcome.lead.suppressed == "consent_withdrawn"
    assert [said.reason for said in outcome.all("suppression.started")] == ["consent_withdrawn"]


TALES = [
    Tale(
        "one-list-was-left",
        (
            KNOWN,
            LEFT,
            fact(2 * HOUR, "email.sent", campaign="offers", **MAILED),
            fact(3 * HOUR, "email.sent", campaign="news", **MAILED),
        ),
        ((0, 1, 2, 3), (0, 1, 3, 2), (0, 2, 1, 3)),
        only_that_list_stops,
    ),
    Tale("a-list-was-left-and-joined", (KNOWN, LEFT, JOINED), ((0, 1, 2), (0, 2, 1), (2, 1, 0)), joined_again),
    Tale(
        "a-list-was-left-and-mail-withdrawn",
        (
            KNOWN,
            LEFT,
            fact(HOUR + MINUTE, "consent.withdrawn", consents=(Consent(purpose="marketing", state="withdrawn"),)),
        ),
        ((0, 1, 2), (0, 2, 1)),
        all_mail_stops,
    ),
]
