"""A lead's story: lines a salesperson understands, and what followed from each."""

import json
from datetime import timedelta
from typing import get_args

import msgspec
import pytest

from routing.handover.handover import Withdrawal
from schemas import events as e
from schemas.events import EVENT_TYPES, Disposition, Owner
from schemas.signals import Kind
from services.console.language.reader import reader_of
from services.console.lead.effects import QUIET, WITHDRAWALS, Effect, effect_of, effects_of
from services.console.lead.story import Listener, story_days
from services.console.lead.tellings import TELLINGS
from services.ports.console import StoryPage
from services.ports.reading import HistoryEntry
from services.ports.rows import EventRow, HistoryRow, OutboxRow
from tests.setups import START

READER = reader_of("en", "Europe/Stockholm", START)
DAY = timedelta(days=1)
CLOCK = {
    "clock_id": "clk_a", "policy": "first-call", "metric": "follow_up", "subject_kind": "lead", "subject_id": "x", "started_at": START,
    "target": "2h elapsed", "due_at": START + DAY,
}  # fmt: skip
HANDOVER = {"handover_id": "ho_a", "pass_number": 1}
ELIN = Owner(person="elin")


def judged(number, kind, at=START, personal=None, **facts):
    facts = {"kind": kind, "source": "web-form", **facts}
    return HistoryEntry(
        number,
        HistoryRow(f"sig_{number}", 0, "lead_a", kind, "live", at, at, at, json.dumps(facts), json.dumps(personal) if personal else None, None,
                   None, "recorded", "", "{}"),
    )  # fmt: skip


def told(*entries, caused=None, notes=True, language="en"):
    reader = reader_of(language, "Europe/Stockholm", START)
    page = StoryPage(entries, caused or {}, None)
    return story_days(page, Listener(reader, "Anna Ek", notes), {"elin": "elin", "9101": "elin", "johan": "johan"})


def lines(*entries, **more):
    return [item.line for day in told(*entries, **more) for item in day.items]


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_signal_is_told_in_both_languages(kind):
    telling = TELLINGS[kind]
    for language in ("en", "sv"):
        reader = reader_of(language, "Europe/Stockholm", START)
        for text in {telling.plain, telling.with_what}:
            line = reader.say(text, lead="Anna Ek", who="Elin", source="web", what="demo")
            assert line and "%(" not in line and "." not in line.rstrip("."), line


def example(kind):
    """An event of this type with what it has to have."""
    more = {
        "signal_kind": "form.submitted", "from_stage": "contact", "to_stage": "qualification", "reason": "why", "from_owner": None,
        "to_owner": ELIN, "rule": "r", "owner": ELIN, "definition": "opportunity", "from_disposition": "active", "to_disposition": "spam",
        "offer_number": 1, "missing": ("need",), "accepted_at": START, "in_time": True, "kept_by": ELIN, "expired_at": START,
        "followed_up_at": START, "fulfilled_at": START, "noticed_at": START, "warning": 1, "before": "1h elapsed", "warned_at": START,
        "paused_at": START, "cause": "c", "resumed_at": START, "rung": 1, "action": "notify", "outcome": "done", "escalated_at": START,
        "old": "running", "new": "breached", "kept": "lead_a", "gone": "lead_b", "other": "lead_b", "by": "maja", "route": "hand_over",
        "pool": "field", "since": START, "until": START, "processed": 1, "dead_letter_id": "d", "error_class": "E", "purpose": "email",
        "state": "asked_for", "lists": ("news",), "source": "mautic", "track": "warm_up", "stage": "contact", "matched": "email",
        "kind": "person", "addresses": 2, "evidence": "like_name", **CLOCK, **HANDOVER,
    }  # fmt: skip
    fields = {name: more[name] for name in kind.__struct_fields__ if name in more}
    if kind is e.SlaPaused:
        fields["reason"] = "signal"
    if kind is e.SlaCorrected:
        fields["reason"] = "late_fact"
    return kind(**fields)


@pytest.mark.parametrize("kind", EVENT_TYPES.values(), ids=EVENT_TYPES)
def test_every_type_of_event_says_something_or_is_known_to_say_nothing(kind):
    effect = effect_of(example(kind), READER)
    assert (effect is None) == (kind in QUIET), kind
    if effect is not None:
        assert effect.text and "%(" not in effect.text and "stafett" not in effect.text and "_" not in effect.text
        swedish = effect_of(example(kind), reader_of("sv", "Europe/Stockholm", START))
        assert swedish.text != effect.text


@pytest.mark.parametrize(
    ("data", "effect"),
    [
        (e.HandoverOffered(**HANDOVER, owner=ELIN, offer_number=1), Effect("Offered to Elin", "good")),
        (e.HandoverOffered(**HANDOVER, owner=ELIN, offer_number=2), Effect("Offered to Elin, as number 2")),
        (e.HandoverRejected(**HANDOVER, reason="wrong_timing"), Effect("The hand-over was turned down: wrong timing", "bad")),
        (e.HandoverWon(**HANDOVER, amount=125000.0, currency="SEK"), Effect("Won: 125,000 SEK", "good")),
        (e.HandoverWon(**HANDOVER), Effect("Won", "good")),
        (e.SlaBreached(**CLOCK, noticed_at=START), Effect("Promise “first call” broken: it was due Wed 25 Nov, 10:00 CET", "bad")),
        (e.SlaEscalated(**CLOCK, rung=1, action="escalate", outcome="done", to=(ELIN, Owner(person="maja")), escalated_at=START),
         Effect("Told about the broken promise: Elin and Maja", "bad")),
        (e.SlaEscalated(**CLOCK, rung=1, action="reassign", outcome="nobody_left", escalated_at=START), None),
        (e.LeadStageChanged(from_stage="deal", to_stage="nurturing", pass_number=2, reason="lost", track="recycle"),
         Effect("Now: Being nurtured, came back from sales")),
        (e.LeadOwnerChanged(from_owner=ELIN, to_owner=None, rule="r"), Effect("Elin has it no more")),
    ],
)  # fmt: skip
def test_what_an_event_says(data, effect):
    assert effect_of(data, READER) == effect


@pytest.mark.parametrize("reason", [*get_args(Withdrawal), *get_args(Disposition)])
@pytest.mark.parametrize("language", ["en", "sv"])
def test_why_an_offer_was_taken_back_is_never_said_by_its_code(reason, language):
    reader = reader_of(language, "Europe/Stockholm", START)
    bare = reader.say("The offer was taken back")
    said = effect_of(e.HandoverWithdrawn(**HANDOVER, owner=ELIN, reason=reason), reader).text
    assert said.startswith(bare) and "_" not in said
    assert reason in WITHDRAWALS or reason in get_args(Disposition)
    assert said.removeprefix(bare).removeprefix(": ") != reason or reason in ("active", "spam", "erased")
    unknown = e.HandoverWithdrawn(**HANDOVER, owner=ELIN, reason="of_tomorrow")
    assert effect_of(unknown, reader).text == bare


def event(number, data):
    body = json.loads(json.dumps(msgspec.to_builtins(data)))
    envelope = {
        "specversion": "1.0", "id": f"evt_{number}", "source": "/stafett/x", "type": data.type_name, "subject": "lead_a",
        "time": START.isoformat(), "datacontenttype": "application/json", "dataschema": "urn:x", "partitionkey": "k",
        "sequence": f"{number}", "correlationid": "c", "causationid": "sig_1", "recordedtime": START.isoformat(), "agreementversion": "a",
        "mode": "live", "data": {name: value for name, value in body.items() if name != "personal"},
    }  # fmt: skip
    text = json.dumps(envelope)[:-2] + ', "personal": '
    return EventRow(number, OutboxRow(f"evt_{number}", "leads", "lead_a", number, data.type_name, "k", text, None))


def test_what_was_so_for_no_longer_than_one_signal_took_is_not_told():
    events = [
        e.LeadStageChanged(from_stage=None, to_stage="qualification", pass_number=1, reason="engaged"),
        e.SlaStarted(**CLOCK),
        e.SlaFulfilled(**CLOCK, fulfilled_at=START),
        e.SlaFulfilled(**CLOCK | {"clock_id": "clk_b", "policy": "older"}, fulfilled_at=START),
        e.LeadStageChanged(from_stage="qualification", to_stage="hand_over", pass_number=1, reason="qualified"),
        e.LeadOwnerChanged(from_owner=None, to_owner=ELIN, rule="everybody"),
        e.HandoverOffered(**HANDOVER, owner=ELIN, offer_number=1),
    ]
    rows = [event(n, data) for n, data in enumerate(events, 1)]
    unknown = rows[0]._replace(
        row=rows[0].row._replace(head=rows[0].row.head.replace("lead.stage_changed.v1", "lead.to_come.v9"))
    )
    assert [effect.text for effect in effects_of([unknown, *rows], READER)] == [
        "Promise “older” kept", "Now: Handed over", "Offered to Elin",
    ]  # fmt: skip


def test_days_are_those_of_the_reader_and_what_happened_first_comes_first():
    days = told(judged(1, "form.submitted", START + DAY, form_id="demo"), judged(2, "email.opened", START))
    assert [(day.title, [item.line for item in day.items]) for day in days] == [
        ("Tuesday 24 November", ["Anna Ek opened a mail"]),
        ("Wednesday 25 November", ["Anna Ek filled in the form “demo”"]),
    ]


def test_who_did_it_is_named_where_the_roster_knows_them():
    assert lines(
        judged(1, "sales.accepted", source="command", command={"person": "elin", "name": "accept"}, reason="on the page"),
        judged(2, "sales.follow_up", actor={"kind": "person", "reference": "9101"}, sales={"activity_type": "Call"}),
        judged(3, "sales.follow_up", actor={"kind": "automation"}, sales={"activity_type": "fax_sent"}),
        judged(4, "sales.owner_changed", command={"person": "elin"}, sales={"owner_id": "johan"}),
        judged(5, "sales.owner_changed", sales={"owner_id": "somebody-else's-id"}),
    ) == [
        "Elin accepted the lead: on the page",
        "Elin followed up with Anna Ek: a call",
        "A program followed up with Anna Ek: fax sent",
        "Elin gave the lead to Johan",
        "Somebody gave the lead to somebody",
    ]  # fmt: skip


def test_the_same_again_and_again_is_one_line_unless_something_was_written_or_followed():
    opens = [judged(n, "email.opened") for n in range(1, 6)]
    (day,) = told(*opens, judged(6, "page.visited"), judged(7, "email.opened", personal={"fields": {"note": "hi"}}))
    assert [(item.line, item.times) for item in day.items] == [
        ("Anna Ek opened a mail", 5), ("Anna Ek looked at our web site", 1), ("Anna Ek opened a mail", 1),
    ]  # fmt: skip


def test_questions_that_stafett_asks_itself_are_told_only_where_something_followed():
    due = [judged(1, "clock.due"), judged(2, "clock.due"), judged(3, "lead.check")]
    caused = {"sig_2": [event(1, e.SlaBreached(**CLOCK, noticed_at=START))]}
    (day,) = told(*due, caused=caused)
    assert [(item.line, item.source, len(item.effects)) for item in day.items] == [("Time passed", "", 1)]


def test_words_are_bounded_and_those_of_salespeople_are_for_who_may_read_them():
    words = {f"field {n}": "x" * 1000 for n in range(50)} | {"nested": {"a": 1}}
    (day,) = told(judged(1, "form.submitted", personal={"fields": words}))
    (item,) = day.items
    assert len(item.quotes) == 12 and all(len(quote.text) == 601 for quote in item.quotes)
    note = judged(1, "note.added", personal={"fields": {"note": "wants a discount"}}, actor={"reference": "9101"})
    (day,) = told(note, notes=False)
    assert (day.items[0].quotes, day.items[0].hidden, day.items[0].line) == ([], True, "Elin wrote a note")
    assert told(note)[0].items[0].quotes[0].text == "wants a discount"
    reject = judged(
        1, "sales.rejected", reason="not_qualified", criterion="budget", personal={"fields": {"note": "rude"}}
    )
    assert lines(reject, notes=False) == ["Somebody gave the lead back: not qualified, budget"]
    step = judged(1, "sales.follow_up", sales={"activity_type": "call"})
    assert lines(step, notes=False) == ["Somebody followed up with Anna Ek"]


def test_erased_words_are_not_there():
    (day,) = told(judged(1, "form.submitted"))
    assert (day.items[0].quotes, day.items[0].hidden) == ([], False)
