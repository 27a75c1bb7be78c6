"""The check after the chaos finds what it is there to find."""

from types import SimpleNamespace

import pytest

from tests.chaos.check import Checker
from tests.chaos.run import Given

PEOPLE = 3
OFFERED, BREACHED = "stafett.handover.offered.v1", "stafett.sla.breached.v1"


def given():
    return [
        Given(f"sig_{lead}_{number}", f"p{lead}@chaos.example", 10 * lead + number, 10 * lead + number + 0.5)
        for lead in range(1, PEOPLE + 1)
        for number in (1, 2)
    ]


def histories():
    return [[f"sig_{lead}_1", f"sig_{lead}_2"] for lead in range(1, PEOPLE + 1)]


def feed():
    """Everybody is created and offered; the third is not followed up."""
    said = [(lead, kind) for lead in range(1, PEOPLE + 1) for kind in ("stafett.lead.created.v1", OFFERED)]
    events = [event(f"lead_{lead}", 1 + number % 2, kind) for number, (lead, kind) in enumerate(said)]
    events.append(event("lead_3", 3, BREACHED, clock_id="clk_3"))
    return numbered(events)


def event(subject, sequence, kind, **data):
    return {"id": f"{subject}-{sequence}", "subject": subject, "sequence": str(sequence), "type": kind, "data": data}


def numbered(events):
    return [{"position": position, "event": said} for position, said in enumerate(events, 1)]


def on_topics(entries):
    return [("one", entry["event"]) for entry in entries]


def checker(**more):
    return Checker(None, SimpleNamespace(**{"given": given(), "leads": PEOPLE, "outages": []} | more))


def judged_histories(orders, **more):
    made = checker(**more)
    made.judge_histories(orders)
    return made.findings


def judged_feed(entries):
    made = checker()
    made.judge_feed(entries)
    return made.findings


def judged_topics(records, entries):
    made = checker()
    made.judge_topics(records, entries)
    return made.findings


def test_a_sound_outside_has_no_findings():
    assert judged_histories(histories()) == []
    assert judged_feed(feed()) == []
    assert judged_topics(on_topics(feed()), feed()) == []


def lost(orders):
    del orders[1][1]


def doubled(orders):
    orders[1].append("sig_2_2")


def swapped(orders):
    orders[1].reverse()


def invented(orders):
    orders[1].append("sig_9_9")


def split(orders):
    orders.append([orders[1].pop()])


@pytest.mark.parametrize(
    ("harm", "finding"),
    [
        (lost, "1 answered 202 and not in the history: ['sig_2_2']"),
        (doubled, "1 more than once in the history: ['sig_2_2']"),
        (swapped, "1 leads out of order"),
        (invented, "1 in the history that nobody sent: ['sig_9_9']"),
        (split, "3 people became 4 leads"),
    ],
)
def test_a_signal_is_found_that_was_lost_doubled_out_of_order_invented_or_somebody_elses(harm, finding):
    orders = histories()
    harm(orders)
    assert [found for found in judged_histories(orders) if found.startswith(finding)]


def test_order_is_not_asked_of_who_sent_during_an_outage():
    orders = histories()
    swapped(orders)
    assert judged_histories(orders, outages=[(21.2, 22.1)]) == []
    assert judged_histories(orders, outages=[(31.2, 32.1)]) != []


def without(kind):
    return numbered([entry["event"] for entry in feed() if entry["event"]["type"] != kind])


def again(kind, **more):
    said = next(entry["event"] for entry in feed() if entry["event"]["type"] == kind)
    return [*feed(), {"position": len(feed()) + 1, "event": said | more}]


@pytest.mark.parametrize(
    ("entries", "finding"),
    [
        (feed()[:2] + feed()[3:], "positions of the feed have a gap"),
        (numbered([entry["event"] for entry in feed()[1:]]), "1 subjects with gaps in sequence"),
        (again(OFFERED, sequence="3"), "1 leads were not offered exactly once"),
        (without(OFFERED), "3 leads were not offered exactly once"),
        (again(BREACHED, sequence="4"), "1 clocks breached more than once"),
        (without(BREACHED), "1 people were not followed up, 0 promises were broken"),
        (without("stafett.lead.created.v1"), "3 people, 0 leads created on the topics"),
    ],
)
def test_a_gap_a_double_offer_and_a_breach_too_many_or_too_few_are_found(entries, finding):
    assert [found for found in judged_feed(entries) if found.startswith(finding)]


def test_topics_that_lack_an_event_or_turn_two_around_are_found_and_repeats_are_not():
    records = on_topics(feed())
    assert judged_topics(records[:-1], feed()) == ["6 events on the topics, 7 in the feed"]
    assert judged_topics([records[1], records[0], *records[2:]], feed()) == ["lead_1 out of order on one"]
    assert judged_topics([*records[:3], *records], feed()) == []
