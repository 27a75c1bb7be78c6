"""Merged and parted while the router runs: whatever names the one that is gone finds the right lead, in every set-up."""

from datetime import timedelta

import pytest

from routing.model.records import Lead
from routing.people.commands import to_signal
from routing.people.permissions import Principal
from schemas.commands import Command
from schemas.signals import IdentityKey
from services.adapters.sql.batch import SqlBatch
from services.ports.errors import StoreRejected
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
    (entry,) = await running.reading.history_of_signal(merge.id)
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


async def handed_over(running, *names):
    for number, name in enumerate(names):
        running.at += timedelta(minutes=1)
        await running.give(signal(f"demo{number}", "form.submitted", lead=name, form_id="demo", at=running.at))
    return await leads(running)


def handover_of(row):
    return Lead.read(row.state).handover.id


async def answer(running, handover, number):
    """A CRM's answer that names the hand-over and nobody else."""
    running.at += timedelta(minutes=1)
    named = IdentityKey(kind="handover", digest=handover)
    told = signal(number, "sales.accepted", lead="crm", at=running.at, handover_id=handover)
    await running.give(told.but(identities=(named,)))


async def test_two_handed_over_leads_that_were_merged_are_parted_again(running):
    found = await handed_over(running, "anna", "bo")
    anna, bo = found["anna"], found["bo"]
    assert anna.stage == bo.stage == "hand_over"
    ours, theirs = handover_of(anna), handover_of(bo)
    await running.give(ask(running, "merge", anna, bo, "k1"))
    await answer(running, theirs, "while-merged")
    await running.give(ask(running, "unmerge", anna, bo, "k2"))
    after = await leads(running)
    assert (after["anna"].owner, after["bo"].owner) == (anna.owner, bo.owner)
    assert {row.disposition for row in after.values()} == {"active"}
    await answer(running, theirs, "to-bo")
    await answer(running, ours, "to-anna")
    assert "sig_to-bo" in await came(running, bo) and "sig_while-merged" not in await came(running, bo)
    assert {"sig_to-anna", "sig_while-merged"} <= set(await came(running, anna))
    assert not await running.reading.dead_letters()


async def test_what_is_merged_and_parted_over_and_over_is_parted_in_the_end(running):
    found = await handed_over(running, "anna", "bo")
    for number in range(3):
        await running.give(ask(running, "merge", found["anna"], found["bo"], f"m{number}"))
        await running.give(ask(running, "unmerge", found["anna"], found["bo"], f"u{number}"))
    await answer(running, handover_of(found["bo"]), "to-bo")
    assert "sig_to-bo" in await came(running, found["bo"])
    assert not await running.reading.dead_letters()


def broken_for(monkeypatch, ident):
    """The store fails for what follows from this signal, until `monkeypatch.undo()`."""
    write = SqlBatch.write

    async def broken(self, writes):
        if ident in {row.signal_id for row in writes.history}:
            raise StoreRejected
        await write(self, writes)

    monkeypatch.setattr(SqlBatch, "write", broken)


async def redriven(running, monkeypatch, lead):
    monkeypatch.undo()
    await running.give(signal("again", "lead.redrive", lead="anna", lead_id=lead.id, at=running.at))
    assert {letter.state for letter in await running.reading.dead_letters()} == {"redriven"}


async def test_a_merge_that_was_set_aside_is_carried_out_by_the_redrive(running, monkeypatch):
    await written(running, "anna", 1)
    await written(running, "bo", 2)
    found = await leads(running)
    merge = ask(running, "merge", found["anna"], found["bo"], "k1")
    broken_for(monkeypatch, merge.id)
    await running.give(merge)
    assert (await running.reading.lead(found["anna"].id)).held
    await redriven(running, monkeypatch, found["anna"])
    assert (await running.reading.lead(found["bo"].id)).disposition == "merged"
    assert not (await running.reading.lead(found["anna"].id)).held


async def test_what_was_set_aside_and_names_two_leads_is_redriven_to_the_first_and_proposes_the_other(
    running, monkeypatch
):
    await written(running, "anna", 1)
    await written(running, "bo", 2)
    found = await leads(running)
    both = signal(3, "form.submitted", lead="anna", at=running.at)
    theirs = IdentityKey(kind="person", digest="crm-bo")
    await running.give(signal(4, "form.submitted", lead="bo", at=running.at).but(identities=(IdentityKey(kind="email", digest="digest-bo"), theirs)))  # fmt: skip
    broken_for(monkeypatch, both.id)
    await running.give(both.but(identities=(*both.identities, theirs)))
    await redriven(running, monkeypatch, found["anna"])
    proposed = [e for e in await running.events() if '"stafett.lead.merge_proposed.v1"' in e]
    assert len(proposed) == 1 and found["bo"].id in proposed[0]
    assert "sig_3" in await came(running, found["anna"])
