"""Merged and parted while the router runs: whatever names the one that is gone finds the right lead, in every set-up."""

from datetime import timedelta

import pytest

from routing.commands import Principal, to_signal
from routing.model import Lead
from schemas.commands import Command
from schemas.signals import IdentityKey
from tests.setups import setup, signal

SETUPS = ["sqlite-embedded", "real-postgres-embedded", "real-postgres-kafka"]


@pytest.fixture(params=SETUPS)
async def running(request, tmp_path):
    async with setup(request.param, request, tmp_path) as made:
        yield made


async def leads(running):
    """By the name in their story."""
    rows = await running.reading.leads()
    return {Lead.read(row.state).partition_key.removeprefix("key-"): row for row in rows}


def ask(running, name, kept, gone, key):
    command = Command.model_validate({"command": name, "reason": "same", "lead": kept.id, "other": gone.id}).root
    return to_signal(command, Principal("operator"), running.at, key, "default", "key-anna")


async def written(running, name, number):
    running.at += timedelta(minutes=1)
    await running.give(signal(number, "form.submitted", lead=name, form_id="news", at=running.at))


async def came(running, lead):
    return [entry.row.signal_id for entry in await running.reading.history(lead.id)]


async def test_what_names_the_one_that_is_gone_goes_to_the_kept_one_until_they_are_parted(running):
    await written(running, "anna", 1)
    await written(running, "bo", 2)
    found = await leads(running)
    anna, bo = found["anna"], found["bo"]
    merge = ask(running, "merge", anna, bo, "k1")
    # In one batch: what comes after it in its partition is judged by the link that it made.
    await running.give(merge, merge)
    await written(running, "bo", 3)
    assert await came(running, anna) == ["sig_1", merge.id, "sig_3"]
    assert await came(running, bo) == ["sig_2", merge.id]
    row = (await leads(running))["bo"]
    assert (row.owner, row.disposition) == (None, "merged")
    assert [r.id for r in await running.reading.leads(email_digest="digest-bo")] == [anna.id]
    assert bo.id not in [r.id for r in await running.reading.leads(stage=bo.stage)]
    part = ask(running, "unmerge", anna, bo, "k2")
    await running.give(part)
    await written(running, "bo", 4)
    await written(running, "anna", 5)
    assert await came(running, bo) == ["sig_2", merge.id, part.id, "sig_4"]
    assert await came(running, anna) == ["sig_1", merge.id, "sig_3", part.id, "sig_5"]
    assert [r.id for r in await running.reading.leads(email_digest="digest-bo")] == [bo.id]


async def test_merged_a_second_time_into_another_it_follows_there(running):
    for number, name in enumerate(("anna", "bo", "cia")):
        await written(running, name, number)
    found = await leads(running)
    await running.give(ask(running, "merge", found["anna"], found["bo"], "k1"))
    await running.give(ask(running, "unmerge", found["anna"], found["bo"], "k2"))
    await running.give(ask(running, "merge", found["cia"], found["bo"], "k3"))
    await written(running, "bo", 9)
    assert "sig_9" in await came(running, found["cia"])


async def test_a_deal_of_the_one_that_is_gone_finds_the_kept_one(running):
    await written(running, "anna", 1)
    running.at += timedelta(minutes=1)
    deal = IdentityKey(kind="deal", digest="d21")
    told = signal(2, "form.submitted", lead="bo", at=running.at)
    await running.give(told.but(identities=(*told.identities, deal)))
    found = await leads(running)
    await running.give(ask(running, "merge", found["anna"], found["bo"], "k1"))
    running.at += timedelta(minutes=1)
    later = signal(3, "deal.updated", lead="nobody", at=running.at)
    await running.give(later.but(identities=(deal,)))
    assert "sig_3" in await came(running, found["anna"])


async def test_a_merge_of_what_is_not_there_is_recorded_as_refused(running):
    await written(running, "anna", 1)
    anna = (await leads(running))["anna"]
    nobody = anna._replace(id="lead_aaaaaaaaaaaaaaaaaaaaaaaaaa")
    merge = ask(running, "merge", anna, nobody, "k1")
    await running.give(merge)
    (entry,) = await running.reading.recorded(merge.id)
    assert "not there" in entry.row.note


async def test_events_of_both_have_ids_of_their_own_and_sequences_without_a_gap(running):
    await written(running, "anna", 1)
    await written(running, "bo", 2)
    found = await leads(running)
    await running.give(ask(running, "merge", found["anna"], found["bo"], "k1"))
    events = await running.reading.events(limit=500)
    ids = [event.row.event_id for event in events]
    assert len(ids) == len(set(ids)) and ids
    for lead in found.values():
        told = [event.row.sequence for event in events if event.row.lead_id == lead.id]
        assert told == list(range(1, len(told) + 1))
        assert "stafett.lead.merged.v1" in [event.row.type for event in events if event.row.lead_id == lead.id]
