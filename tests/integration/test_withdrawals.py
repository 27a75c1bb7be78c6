"""What somebody unknown withdrew holds through the router and the store, also where the batches follow one another closely; and
leads that were there before an agreement that asks for time are asked when that is asked for."""

import pytest

from routing.model.records import Lead
from routing.stages.waking import stages_of
from services.sla.recheck import ask
from tests.integration.test_in_a_row import given, small_batches
from tests.setups import signal
from tests.stories import DAY, rules
from tests.unit.routing.stages.test_waking import NURTURING


@pytest.fixture(params=["sqlite-embedded", "real-postgres-embedded"])
async def made(request, tmp_path, monkeypatch):
    async with small_batches(request, tmp_path, monkeypatch, few=1, size=1) as made:
        yield made


PLAIN = {"marketing_qualified": "false", "sales_qualified": "signal.form_id == 'demo'"}
"""Asks for no points, which fade."""


def story():
    """Anna and Bo withdraw; Anna again, for more; Bo gives consent again; both ask for something, and Anna opts in later."""
    kinds = [
        ("list.unsubscribed", "anna"), ("list.unsubscribed", "bo"), ("consent.withdrawn", "anna"), ("consent.given", "bo"),
        ("form.submitted", "anna"), ("form.submitted", "bo"), ("list.unsubscribed", "cia"), ("form.submitted", "anna"),
    ]  # fmt: skip
    return [
        signal(f"{number:02d}", kind, lead=who).but(
            occurred_at=signal(0, kind).occurred_at + number * DAY / 100,
            received_at=signal(0, kind).occurred_at + number * DAY / 100,
        )
        for number, (kind, who) in enumerate(kinds)
    ]


async def test_each_batch_finds_what_the_one_before_it_left_waiting(made):
    made.at = story()[-1].received_at
    await made.router.handle(await given(made, story()), made.consumer)
    leads = {row.partition_key: row.consents for row in await leads_of(made)}
    assert leads == {"key-anna": {"email": "withdrawn"}, "key-bo": {}}
    async with made.store.batch() as batch:
        keys = [("default", "email", f"digest-{who}") for who in ("anna", "bo", "cia")]
        links, waiting = await batch.links(keys), await batch.withdrawals(keys)
    assert set(waiting) == {keys[2]} and links[keys[2]] == "waiting/"
    assert all(links[key].startswith("lead_") for key in keys[:2])


async def leads_of(made):
    return [Lead.read(row.state) for row in await made.reading.leads(limit=10)]


async def test_leads_that_were_there_before_an_agreement_that_asks_for_time_are_asked(made):
    await made.give(signal(1, "form.submitted", form_id="other"), signal(2, "prospect.listed", lead="bo"))
    timed = rules(
        definitions={"not_now": "now - lead.stage_since > duration('1h')", **PLAIN},
        nurturing={**NURTURING, "recycle": {**NURTURING["recycle"], "exit": "signal.form_id == 'in'"}},
    )
    assert stages_of(timed.agreement) == ("qualification",)
    made.ruling, made.at = timed, made.at + DAY
    count = await ask(
        made.reading, made.log, made.topic, made.at, adopt=False, key="timed", stages=stages_of(timed.agreement)
    )
    assert count == 1
    await made.route(1)
    found = {
        lead.partition_key: [c for c in lead.clocks.values() if c.policy == "wake"] for lead in await leads_of(made)
    }
    assert len(found["key-anna"]) == 1 and found["key-bo"] == []
