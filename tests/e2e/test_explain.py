"""`stafett explain` on a folder that `stafett new` made, after a story that the router decided."""

import asyncio
import json
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO

import pytest

from services.cli import main as cli
from tests.setups import setup, signal
from tests.unit.routing.assignment.test_queue import SELLERS, holding


def said(*words):
    out, err = StringIO(), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = cli.main(list(words))
    return status, out.getvalue(), err.getvalue()


@pytest.fixture
async def story(tmp_path, request, monkeypatch):
    async with setup("sqlite-embedded", request, tmp_path) as running:
        await running.give(signal(1, "email.sent", "anna"), signal(2, "form.submitted", "anna", form_id="demo"))
        (lead,) = await running.reading.leads()
        clocks = await running.reading.clocks(lead_id=lead.id)
        ids = {clock.policy: clock.id for clock in clocks}
        offer = json.loads(lead.state)["handover"]["offers"][0]["id"]
    assert said("new", str(tmp_path / "folder"))[0] == 0
    monkeypatch.setenv("STAFETT_DATABASE_URL", f"sqlite:///{tmp_path}/s.db")
    return lead.id, ids, offer, str(tmp_path / "folder")


async def explain(folder, *words):
    return await asyncio.to_thread(said, "explain", *words, "--config", folder)


async def test_what_came_to_nothing_is_listed_as_a_table_and_as_json_and_explained(tmp_path, request, monkeypatch):
    async with setup("sqlite-embedded", request, tmp_path) as running:
        await running.give(
            signal(1, "sales.won", "nobody"),
            signal(2, "sales.accepted", "nobody", offer_id="ho_elsewhere.1"),
            signal(3, "page.visited", "anna"),
        )
    folder = str(tmp_path / "folder")
    assert said("new", folder)[0] == 0
    monkeypatch.setenv("STAFETT_DATABASE_URL", f"sqlite:///{tmp_path}/s.db")

    async def signals(*words):
        return await asyncio.to_thread(said, "signals", *words, "--config", folder)

    status, text, _ = await signals()
    assert status == 0 and len(text.splitlines()) == 3
    assert "no_such_offer" in text and "no such offer" in text and "nobody@" not in text
    status, text, _ = await signals(
        "--json", "--outcome", "no_lead", "--source", "web", "--since", "2020-01-01T00:00:00Z"
    )
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["signal_id"], line["reason"]) for line in lines] == [
        ("sig_1", "nobody_known"),
        ("sig_2", "no_such_offer"),
    ]
    assert (await signals("--limit", "1", "--json"))[1].count("\n") == 1
    assert (await signals("--source", "crm"))[:2] == (0, "")
    assert (await signals("--since", "yesterday"))[0] == 2
    status, text, _ = await explain(folder, "signal", "sig_2")
    assert "came to nothing: no_lead, no_such_offer" in text


async def test_who_waits_is_listed_by_queue_as_a_table_and_as_json(tmp_path, request, monkeypatch):
    async with setup("sqlite-embedded", request, tmp_path) as running:
        running.ruling = holding("hand_over", SELLERS)
        await running.give(
            signal(1, "form.submitted", "anna", form_id="demo"), signal(2, "form.submitted", "bo", form_id="demo")
        )
        anna, bo = sorted(await running.reading.leads(), key=lambda row: row.queued_at)
    folder = str(tmp_path / "folder")
    assert said("new", folder)[0] == 0
    monkeypatch.setenv("STAFETT_DATABASE_URL", f"sqlite:///{tmp_path}/s.db")

    async def queues(*words):
        return await asyncio.to_thread(said, "queues", *words, "--config", folder)

    status, text, _ = await queues()
    assert status == 0 and text.splitlines()[1].split()[:2] == ["hand_over/field", "2"]
    status, text, _ = await queues("hand_over/field", "--json")
    assert {json.loads(line)["lead"] for line in text.splitlines()} == {anna.id, bo.id}
    status, text, _ = await queues("hand_over/field")
    assert len(text.splitlines()) == 3 and "elin: away then" in text
    assert (await queues("hand_over/nobody"))[:2] == (0, "")


async def test_a_lead_a_clock_and_an_assignment_are_explained_in_words_and_as_json(story):
    lead, clocks, offer, folder = story
    status, text, _ = await explain(folder, "lead", lead)
    assert status == 0 and "definition `sales_qualified` was met" in text and "signal.form_id = demo" in text
    assert "given to elin by rule `everybody` of pool field" in text
    status, text, _ = await explain(folder, "clock", clocks["lead-waits"])
    assert status == 0 and "outside the week's hours" in text and "day 2  open" in text
    status, text, _ = await explain(folder, "assignment", offer, "--json")
    made = json.loads(text)
    assert (made["person"], made["runner_up"], made["offer_id"]) == ("elin", "johan", offer)
    assert made == json.loads((await explain(folder, "assignment", "sig_2", "--json"))[1])
    status, text, _ = await explain(folder, "lead", lead, "--json")
    assert json.loads(text)["assignment"] == made


@pytest.mark.parametrize("what", ["lead", "clock", "assignment"])
async def test_what_is_not_there_is_said(story, what):
    status, _, error = await explain(story[3], what, "lead_none")
    assert status == 1 and error == f"there is no {what} lead_none\n"
