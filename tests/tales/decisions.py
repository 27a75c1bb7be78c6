"""What was decided where the documents were silent, and defect 09."""

from datetime import datetime, timedelta

from schemas.signals import Actor
from tests.setups import START
from tests.stories import DAY, DONE, HOUR, MINUTE, rules
from tests.tales import Tale, fact

OFFERED = fact(timedelta(0), "form.submitted", form_id="demo")
REPLY = {
    "name": "reply", "metric": "custom", "starts": "signal", "start_on": ["message.received"], "fulfil_on": ["outreach.logged"],
    "target": "4h elapsed",
}  # fmt: skip


def message(after):
    return fact(after, "message.received")


# 6: a second start.
def one_promise(outcome):
    assert outcome.clocks("reply") == [("fulfilled", START + 3 * HOUR)]
    assert len(outcome.all("sla.started", "reply")) == 1


def each_message_starts_anew(outcome):
    assert outcome.clocks("reply") == [
        ("cancelled", START + 2 * HOUR),
        ("fulfilled", START + 4 * HOUR),
    ]
    assert outcome.all("sla.breached", "reply") == []


def breached_before_it_started_anew(outcome):
    assert [state for state, _ in outcome.clocks("reply")] == ["breached", "fulfilled"]
    assert len(outcome.all("sla.breached", "reply")) == 1


# 9 and 1: absences are pauses of that person's promises.
AWAY = {"elin": [("2026-11-25T00:00:00+01:00", "2026-11-26T00:00:00+01:00")]}
SILENT = {
    "name": "silent-deal", "metric": "follow_up", "starts": "deal", "recurs": True, "target": "2 business days",
    "calendar": "stockholm", "absences": True,
}  # fmt: skip


def due_on_monday_evening(outcome):
    """Of a step on Tuesday evening, or on the Wednesday that is wholly away, Thursday is the first day that can count."""
    (clock,) = [clock for clock in outcome.lead.clocks.values() if clock.policy == "silent-deal" and clock.open]
    assert clock.due_at == datetime.fromisoformat("2026-11-30T17:00:00+01:00")


def steps_in_a_deal(step):
    return (
        OFFERED,
        fact(10 * MINUTE, "sales.accepted"),
        fact(20 * MINUTE, "sales.follow_up", sales=DONE),
        fact(step, "sales.follow_up", sales=DONE),
    )


# 12: whoever set the tag.
def handed_over(outcome):
    assert outcome.lead.stage == "hand_over" and outcome.lead.sales_ready


def not_handed_over(outcome):
    assert outcome.lead.stage == "contact" and not outcome.lead.sales_ready


def sales_ready_tag(**more):
    return (
        fact(timedelta(0), "email.sent"),
        fact(HOUR, "email.opened"),
        fact(2 * HOUR, "tag.added", tags=("sales-ready",), **more),
    )


THREE = ((0, 1, 2), (0, 2, 1), (1, 0, 2))
FOUR = ((0, 1, 2, 3), (0, 2, 1, 3), (0, 1, 3, 2))
TALES = [
    Tale(
        "6-a-second-start-starts-none",
        (OFFERED, message(HOUR), message(2 * HOUR), fact(3 * HOUR, "outreach.logged")),
        FOUR,
        one_promise,
        lambda: rules([REPLY]),
    ),
    Tale(
        "6-restarts",
        (OFFERED, message(HOUR), message(2 * HOUR), fact(4 * HOUR, "outreach.logged")),
        FOUR,
        each_message_starts_anew,
        lambda: rules([{**REPLY, "restarts": True}]),
    ),
    Tale(
        "6-restarts-after-a-breach",
        (OFFERED, message(HOUR), message(7 * HOUR), fact(8 * HOUR, "outreach.logged")),
        FOUR,
        breached_before_it_started_anew,
        lambda: rules([{**REPLY, "restarts": True}]),
    ),
    *[
        Tale(f"09-a-step-{name}", steps_in_a_deal(after), FOUR, due_on_monday_evening, lambda: rules([SILENT], AWAY))
        for name, after in [("on-the-evening-before", 9 * HOUR), ("on-a-day-wholly-away", DAY), ("late-on-that-day", DAY + 9 * HOUR)]
    ],
    *[
        Tale(f"12-a-tag-by-{name}", sales_ready_tag(**more), THREE, check)
        for name, more, check in [
            ("nobody-known", {}, handed_over),
            ("an-sdr", {"actor": Actor(kind="person", reference="sara")}, handed_over),
            ("a-salesperson", {"actor": Actor(kind="person", reference="elin")}, handed_over),
            ("marketing", {"actor": Actor(kind="person", reference="lena")}, handed_over),
            ("an-automation", {"actor": Actor(kind="automation")}, not_handed_over),
            ("somebody-unproven", {"proof": "none"}, not_handed_over),
        ]
    ],
]  # fmt: skip
