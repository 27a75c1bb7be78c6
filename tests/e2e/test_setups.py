"""One acceptance suite on three set-ups: the same signals give the bytes of tests/golden/story.ndjson."""

import json
from datetime import timedelta

import pytest

from schemas.envelope import Envelope
from tests.golden_story import CALLED, expected_events, whole_story
from tests.setups import SETUPS, START, setup, signal
from tests.stories import changed as rules_with


@pytest.fixture(params=SETUPS)
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


def types(events):
    return [json.loads(event)["type"].removeprefix("stafett.").removesuffix(".v1") for event in events]


async def test_the_same_signals_give_byte_equal_events_in_every_setup(running):
    await whole_story(running)
    events = await running.events()
    assert events == expected_events(), "`make golden` writes the file again where the change is meant"
    assert {"handover.offered", "handover.accepted", "handover.rejected", "handover.expired", "handover.won"} <= set(
        types(events)
    )


async def test_every_event_is_a_cloudevent_whose_data_its_type_takes_and_whose_sequence_has_no_gap(running):
    await whole_story(running)
    seen: dict[str, int] = {}
    for text in await running.events():
        envelope = Envelope.model_validate_json(text)
        envelope.body()
        assert int(envelope.sequence) == seen.get(envelope.subject, 0) + 1
        seen[envelope.subject] = int(envelope.sequence)
    assert sorted(subject.partition("_")[0] for subject in seen) == [
        *["lead"] * 3,
        "promise:not-rejected",
        "promise:qualified-leads",
    ]


async def test_a_delivery_given_twice_has_no_second_effect(running):
    once = signal(1, "form.submitted", form_id="demo")
    await running.give(once)
    before = await running.events()
    await running.give(once)
    assert await running.events() == before
    assert len(await running.reading.history_of_signal("sig_1")) == 1


async def test_a_breach_is_at_its_due_instant_and_happens_once(running):
    await running.give(signal(1, "form.submitted", form_id="demo"), signal(2, "sales.accepted"))
    await running.later(days=2)
    await running.later(days=2)
    breaches = [json.loads(e) for e in await running.events() if "sla.breached" in e]
    steps = [b for b in breaches if b["data"]["metric"] == "follow_up"]
    assert [b["data"]["policy"] for b in steps][:2] == ["follow-up", "lead-waits"]
    assert len({b["data"]["clock_id"] for b in breaches}) == len(breaches)
    assert steps[0]["data"]["due_at"] == "2026-11-25T09:00:00Z"


async def test_a_follow_up_accepted_before_the_due_instant_counts_while_the_router_is_behind(running):
    await running.give(signal(1, "form.submitted", form_id="demo"), signal(2, "sales.accepted"))
    due = START + timedelta(hours=24)
    follow_up = signal(3, "sales.follow_up", at=due - timedelta(seconds=1), sales=CALLED)
    from tests.setups import record

    await running.log.append([record(follow_up, running.topic)])
    running.at = due
    assert await running.watcher.sweep(), "the watcher waits for the router to pass the log's end"
    await running.route(1)
    await running.watcher.sweep()
    assert "sla.breached" not in types(await running.events())


async def test_what_fails_is_set_aside_and_what_comes_after_it_waits_in_order(running, monkeypatch):
    from services.router.deciding import one_lead

    real = one_lead.decide

    def fails(lead, item, context):
        if item.id == "sig_2" and item.attempt == 0:
            raise ZeroDivisionError
        return real(lead, item, context)

    monkeypatch.setattr(one_lead, "decide", fails)
    await running.give(
        signal(1, "email.sent"), signal(2, "form.submitted", form_id="demo"), signal(3, "sales.accepted")
    )
    letters = await running.reading.dead_letters()
    assert [(x.signal_id, x.state) for x in letters] == [("sig_2", "dead"), ("sig_3", "queued")]
    lead = letters[0].lead_id
    again = signal("redrive", "lead.redrive", lead_id=lead)
    await running.give(again.but(identities=()))
    assert [x.state for x in await running.reading.dead_letters()] == ["redriven", "redriven"]
    assert types(await running.events())[-1] == "lead.released"
    assert "handover.accepted" in types(await running.events())


async def test_bytes_that_are_no_signal_become_a_dead_letter_and_stop_nobody(running):
    from services.ports.rows import RecordOut

    await running.log.append([RecordOut(running.topic, b"x", b"\xff not json")])
    await running.route(1)
    await running.give(signal(1, "email.sent"))
    assert [x.error_class for x in await running.reading.dead_letters()] == ["Undecodable"]
    assert types(await running.events()) == ["lead.created"]


async def test_who_left_the_roster_leaves_nobody_in_limbo_unseen(running):
    from services.sla.limbo import LimboWatch

    await running.give(signal(1, "form.submitted", "anna", form_id="demo"), signal(2, "form.submitted", "bo"))
    rules, counts = running.ruling, []

    async def roster():
        return running.ruling.roster

    watch = LimboWatch(running.store, running.log, running.topic, roster, lambda: running.at, on_count=counts.append)
    assert await watch.sweep() == 0
    people = [p.model_copy(update={"active": p.id != "elin"}) for p in rules.roster.file.people]
    roster = type(rules.roster)(rules.roster.file.model_copy(update={"people": tuple(people)}))
    running.ruling = rules._replace(roster=roster)
    assert await watch.sweep() == 1
    await running.route(1)
    assert await watch.sweep() == 0, "what was told is counted, not asked again"
    assert counts == [0, 0, 1]
    assert types(await running.events()).count("lead.in_limbo") == 1


async def test_open_clocks_are_computed_again_when_that_is_asked_for(running):
    from services.sla.recheck import ask

    await running.give(signal(1, "form.submitted", "anna", form_id="demo"))
    closed = running.ruling.agreement.file.calendars["stockholm"].model_dump(mode="json")
    closed["closed_days"] = ["2026-11-25"]
    running.ruling = rules_with(calendars={"stockholm": closed})
    assert await ask(running.reading, running.log, running.topic, running.at, adopt=False, key="holiday") == 1
    await running.route(1)
    corrected = [json.loads(e)["data"] for e in await running.events() if "sla.corrected" in e]
    assert [(d["policy"], d["reason"]) for d in corrected] == [("lead-waits", "policy")]
    assert corrected[0]["old_due_at"] < corrected[0]["due_at"]
