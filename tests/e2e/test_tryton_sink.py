"""Hand-overs into a real Tryton while our process and Tryton are killed and answers are lost after the commit.

`make handovers` does the same with two hundred of them; HANDOVERS and HANDOVERS_SEED say how many, and which.
"""

import asyncio
import os
import time
from collections import Counter

import pytest

from tests.handing_over import HandingOver, last_line, standings
from tests.parts.dropping_proxy import DroppingProxy, seeded_plan
from tests.parts.postgres import migrated_database
from tests.parts.tryton import DATABASE, INTEGRATION, TrytonServer
from tests.parts.tryton_files import PEOPLE, password
from tests.setups import setup_on

HANDOVERS = int(os.environ.get("HANDOVERS", "40"))
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
            "secret": "STAFETT_SECRET_TRYTON", "database": DATABASE, "login": INTEGRATION, "user": str(user["id"]),
            "timeout_seconds": 1, "settle_seconds": 3,
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
    assert len(wanted) == HANDOVERS and work.kills == len(killed) == KILLS
    assert {"lost_answer", "bad_gateway", "lost_request"} <= proxy.counts().keys()


PARTIES = "SELECT c.value FROM party_contact_mechanism c JOIN party_party p ON p.id = c.party"
"""Addresses of people, and domains of companies."""
