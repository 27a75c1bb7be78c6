"""Hand-overs into a real Tryton while our process and Tryton are killed and answers are lost after the commit.

HANDOVERS and HANDOVERS_SEED say how many, and which. Most of its time nobody computes: what a killed process had claimed waits.
"""

import asyncio
import os
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from schemas.envelope import Envelope
from schemas.events import (
    HandoverAccepted,
    HandoverFollowedUp,
    HandoverOffered,
    HandoverRejected,
    LeadOwnerChanged,
    SlaFulfilled,
)
from tests.handing_over import HandingOver, last_line, standings
from tests.parts.databases import migrated_database
from tests.parts.dropping_proxy import DroppingProxy, seeded_plan
from tests.parts.tryton import DATABASE, INTEGRATION, TrytonServer, TrytonUser
from tests.parts.tryton_files import PEOPLE, password
from tests.setups import setup_on

HANDOVERS = int(os.environ.get("HANDOVERS", "200"))
SEED = int(os.environ.get("HANDOVERS_SEED", "1"))
KILLS = max(2, HANDOVERS // 25)
"""Of each of the two."""
STATES = {"offered": "lead", "accepted": "opportunity", "returned": "cancelled"}
FAULTS = {
    "lost_answer": 0.06,
    "lost_request": 0.03,
    "cut_answer": 0.02,
    "bad_gateway": 0.02,
    "bad_gateway_after": 0.02,
    "slow": 0.02,
}
"""Shares of the requests that write."""
WRITES = (b".create", b".write", b".delete", b"sale.opportunity.opportunity", b"sale.opportunity.lead", b".cancel")


@pytest.fixture(scope="module")
def tryton():
    server = TrytonServer().start()
    yield server
    server.close()


@pytest.fixture
async def proxy(tryton):
    plan = seeded_plan(SEED, lambda request: any(word in request.body for word in WRITES), **FAULTS)
    # Slower than a call may take, so that it is given up on and done all the same.
    async with DroppingProxy(tryton.port, plan, slow=1.5) as made:
        yield made


@pytest.fixture
async def work(tryton, proxy, postgres, tmp_path):
    async with migrated_database(postgres) as url, setup_on(url) as running:
        made = HandingOver(running, url, tmp_path, SEED)
        (user,) = await tryton.rows("SELECT id FROM res_user WHERE login = :login", login=INTEGRATION)
        sink = {
            "kind": "tryton", "name": "tryton", "mode": "live", "base_url": proxy.url, "allow_private": True,
            "secret": "STAFETT_SECRET_TRYTON", "database": DATABASE, "login": INTEGRATION, "user": f"user/{user['id']}",
            "timeout_seconds": 1, "settle_seconds": 3, "reconcile": {"every": "2s", "overlap": "1m", "audit_every": "1h"},
        }  # fmt: skip
        employees = {login: str(number) for number, login in enumerate(PEOPLE, 1)}
        made.configure(sink, {"STAFETT_SECRET_TRYTON": password(INTEGRATION)}, employees)
        made.begin()
        await made.until_begun()
        yield made
        made.close()


@pytest.mark.timeout(240 + 6 * HANDOVERS)
async def test_each_hand_over_is_one_opportunity_with_its_owner_and_one_dossier_whatever_is_killed(tryton, proxy, work):
    killed = []

    async def kill_tryton():
        killed.append(time.monotonic())
        tryton.kill()
        tryton.begin()
        await asyncio.to_thread(tryton.wait_ready)

    begun = time.monotonic()
    await asyncio.gather(work.give(HANDOVERS), work.break_things(KILLS, [work.kill_delivery, kill_tryton], (0.5, 4)))
    await work.until_written(120 + 4 * HANDOVERS)
    print(
        f"{HANDOVERS} hand-overs in {time.monotonic() - begun:.0f} s; {work.kills} kills of ours, {len(killed)} of Tryton"
    )
    print(proxy.counts())
    wanted = standings(await work.running.events())
    made = await tryton.opportunities()
    assert Counter(one.reference for one in made) == Counter(dict.fromkeys(wanted, 1))
    assert {one.reference: (one.owner, one.state) for one in made} == {
        handover: (standing.owner, STATES[standing.stage]) for handover, standing in wanted.items()
    }
    # Of one that is cancelled Tryton makes the end date today.
    assert {one.reference: one.due.isoformat() for one in made if one.state != "cancelled"} == {
        handover: standing.due for handover, standing in wanted.items() if standing.stage != "returned"
    }
    assert {one.reference: [last_line(note) for note in one.notes] for one in made} == {
        handover: [f"Stafett {handover}/dossier"] for handover in wanted
    }
    assert set(Counter(row["value"] for row in await tryton.rows(PARTIES)).values()) == {1}
    assert await work.learn() == {one.reference: [str(one.id)] for one in made}
    assert standings(await work.running.events()) == wanted, "who reads our own writing back learns nothing"
    assert len(wanted) == HANDOVERS and work.kills == len(killed) == KILLS
    assert {"lost_answer", "bad_gateway", "lost_request"} <= proxy.counts().keys()


PARTIES = "SELECT c.value FROM party_contact_mechanism c JOIN party_party p ON p.id = c.party"
"""Addresses of people, and domains of companies."""


@pytest.mark.timeout(300)
async def test_what_sales_does_in_tryton_comes_back_by_reading_alone(tryton, work):
    """No webhook tells of it. The router's clock goes with the machine's, since Tryton's does."""
    before = {one.reference for one in await tryton.opportunities()}
    work.number, work.running.at = 10_000, datetime.now(UTC) - timedelta(minutes=10)
    await work.give(2 * len(DOINGS), stories=[("waits", 1, ())])
    await work.until_written(120)
    made = [one for one in await tryton.opportunities() if one.reference not in before]
    done = dict(zip((one.reference for one in made), (*DOINGS, *DOINGS), strict=True))
    for one in made:
        async with TrytonUser(tryton, one.owner) as salesperson:
            await DOINGS[done[one.reference]](salesperson, one)
    expected = {one.reference: COMES_TO[done[one.reference]](one) for one in made}
    until = time.monotonic() + 90
    while (told := work_of_sales(await work.read_back())) != expected and time.monotonic() < until:
        await asyncio.sleep(0.5)
    assert {(done[handover], *sorted(what)) for handover, what in told.items()} == {
        (done[handover], *sorted(what)) for handover, what in expected.items()
    }
    assert told == expected


def work_of_sales(events):
    """By hand-over, what our events say that sales did."""
    told, of_lead = {}, {}
    for envelope in map(Envelope.model_validate_json, events):
        match said := envelope.body():
            case HandoverOffered():
                of_lead[envelope.subject] = told.setdefault(said.handover_id, set())
            case HandoverAccepted() | HandoverFollowedUp():
                told[said.handover_id].add((envelope.type.split(".")[2], said.owner.person))
            case HandoverRejected():
                told[said.handover_id].add(("rejected", said.reason or ""))
            case SlaFulfilled() if said.metric == "follow_up" and envelope.subject in of_lead:
                of_lead[envelope.subject].add(("kept", "follow_up"))
            case LeadOwnerChanged() if said.to_owner is not None and envelope.subject in of_lead:
                of_lead[envelope.subject].add(("owner", said.to_owner.person))
            case _:
                pass
    return told


async def accept(salesperson, one):
    await salesperson.call("sale.opportunity.opportunity", [one.id])


async def convert(salesperson, one):
    await accept(salesperson, one)
    await salesperson.call("sale.opportunity.convert", [one.id])


async def write_note(salesperson, one):
    await salesperson.call(
        "ir.note.create", [{"resource": f"sale.opportunity,{one.id}", "message": "Called: wants an offer"}]
    )


async def give(salesperson, one):
    await salesperson.call("sale.opportunity.write", [one.id], {"employee": 4})


async def lose(salesperson, one):
    await salesperson.call("sale.opportunity.write", [one.id], {"lost_reason": "too dear"})
    await salesperson.call("sale.opportunity.lost", [one.id])


async def cancel(salesperson, one):
    await salesperson.call("sale.opportunity.cancel", [one.id])


DOINGS = {"accepts": accept, "converts": convert, "notes": write_note, "gives": give, "loses": lose, "cancels": cancel}
COMES_TO = {
    "accepts": lambda one: {("accepted", one.owner)},
    "converts": lambda one: {("accepted", one.owner)},
    "notes": lambda one: {("accepted", one.owner), ("followed_up", one.owner), ("kept", "follow_up")},
    "gives": lambda one: {("owner", "maja")},
    # Nobody has accepted it, so that whoever ends it gives it back.
    "loses": lambda one: {("rejected", "too dear")},
    "cancels": lambda one: {("rejected", "")},
}
