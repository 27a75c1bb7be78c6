"""Hand-overs into a stand-in for Dynamics 365 Sales that does all that Dataverse may do on a bad day."""

import random
from datetime import timedelta

import pytest

from schemas.sinks.vendors import DynamicsSink
from services.adapters.sql.store import SqlStore
from services.sinks.vendors.dynamics import Dynamics
from tests.parts.sqlite import migrated_file
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.dynamics import CLIENT, DIRECTORY, SECRET, WE, DynamicsApi
from tests.parts.vendors.dynamics_answers import PLUG_IN, passing_faults
from tests.parts.vendors.dynamics_tables import Tables
from tests.parts.vendors.erasures import check_erasure
from tests.parts.vendors.faults import Fault, Limit, Plan
from tests.parts.vendors.server import serve
from tests.parts.vendors.storm import Storm, differences, tell_story
from tests.parts.vendors.touches import check_touches

IDS = {name: f"aaaaaaaa-0000-4000-8000-00000000000{n}" for n, name in enumerate(("anna", "bo", "cia"))}
STAGES = {"offered": "100000001", "accepted": "100000002", "returned": "100000003", "won": "3", "lost": "4"}


@pytest.fixture
async def store(tmp_path):
    made = SqlStore(await migrated_file(tmp_path / "s.db"))
    await made.start()
    yield made
    await made.close()


@pytest.fixture
def api():
    made = DynamicsApi(tables=Tables(users={**dict.fromkeys(IDS.values(), True), WE: True}, keys={"new_stafettid"}))
    with serve(made) as url:
        made.url = url
        yield made
    assert made.violations == []


def storm(store, api, seed=1, key_column=None, erased="clear", **more):
    values = {"name": "crm", "kind": "dynamics", "mode": "live", "secret": "STAFETT_SECRET_DYNAMICS", "stages": STAGES}
    values |= {
        "base_url": api.url,
        "authority": api.url,
        "directory": DIRECTORY,
        "client_id": CLIENT,
        "key_column": key_column,
        "erased": erased,
    }
    sink = DynamicsSink.model_validate({**values, "allow_private": True, "timeout_seconds": 5})
    made = Storm(
        store, sink, lambda caller: Dynamics(sink, caller, SECRET, lambda: made.now), seed=seed, ids=IDS, **more
    )
    api.now = api.tables.now = lambda: made.now
    api.burst = Limit(100_000, 300, lambda: made.now.timestamp())
    return made


@pytest.mark.timeout(300)
async def test_two_hundred_hand_overs_arrive_once_each_whatever_fails_on_the_way(store, api):
    story = tell_story(seed=23, count=200, ids=IDS)
    api.plan = Plan(23, passing_faults(0.02))
    lots = random.Random(23)

    def happen():
        """Now and then a person merges a contact of ours into another of theirs, and all tokens are withdrawn."""
        if lots.random() < 0.05:
            api.tokens.clear()
        ours = [ident for ident, row in api.tables.rows["contact"].items() if not row["merged"]]
        if ours and lots.random() < 0.02:
            left = f"bbbbbbbb-0000-4000-8000-{len(api.tables.rows['contact']):012}"
            api.tables.insert("contact", left, {"firstname": "Somebody"})
            api.merge("contact", left, lots.choice(ours))

    running = storm(store, api, seed=23, deaths=0.005, meanwhile=happen, caller=StandInCaller(api))
    await running.begin(story.events)
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []
    assert len(api.tables.rows["account"]) == 60
    assert len(api.tables.rows["contact"]) - len(_merged(api)) == 200
    assert len(api.plan.came) == 7 and running.kills > 3 and _merged(api)
    assert [entry for entry in api.log if entry.status == 401]


def _merged(api):
    return [row for row in api.tables.rows["contact"].values() if row["merged"]]


async def test_what_a_lead_did_is_one_note_beside_the_dossier(store, api):
    await check_touches(storm(store, api), api.truth)


@pytest.mark.parametrize("erased", ["clear", "delete", "leave"])
async def test_who_is_erased_is_named_by_no_record_that_we_made(store, api, erased):
    def dump():
        return repr(api.tables.rows)

    await check_erasure(storm(store, api, erased=erased), api.truth, dump, api.tables.now)


async def test_an_alternate_key_does_as_well_as_ids_of_our_own(store, api):
    story = tell_story(seed=24, count=12, ids=IDS)
    api.plan = Plan(24, passing_faults(0.04))
    running = storm(store, api, seed=24, key_column="new_stafettid", deaths=0.01)
    await running.begin(story.events)
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []
    assert {row["new_stafettid"] for row in api.tables.rows["opportunity"].values()} == story.expected.keys()


async def test_a_limit_is_waited_for_in_silence(store, api):
    story = tell_story(seed=6, count=15, ids=IDS)
    running = storm(store, api)
    api.burst = Limit(40, 300, lambda: running.now.timestamp())
    await running.begin(story.events)
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []
    refused = [entry for entry in api.log if entry.status == 429]
    assert refused and api.scoldings <= running.sink.concurrency * len(refused) / 2, "only what was on its way already"


async def test_a_plug_in_that_objects_holds_one_hand_over_and_no_other(store, api):
    story = tell_story(seed=3, count=5, ids=IDS)
    running = storm(store, api)
    api.plan.once(Fault("plug-in", "instead", PLUG_IN), "upsert")
    await running.begin(story.events)
    with pytest.raises(AssertionError, match="still wait"):
        await running.carry_on(rounds=300)
    (refused,) = await running.book.list_steps(running.sink.target, refused=True)
    assert (refused.outcome, refused.code, refused.field) == ("refused_data", "0x80040265", None)
    assert len(api.truth()) == 4
    await running.book.retry(running.sink.target, running.now)
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []


async def test_a_secret_that_ended_pauses_the_sink_and_nothing_is_lost(store, api):
    story = tell_story(seed=4, count=5, ids=IDS)
    running = storm(store, api)
    api.is_secret_over = True
    await running.begin(story.events)
    await running.carry_on()
    (state,) = await running.deliveries.states()
    assert state.disabled == "refused_setup: AADSTS7000222 (secret)" and state.pending > 0
    api.is_secret_over = False
    await running.deliveries.disable(running.sink.target, None)
    running.now += timedelta(hours=2)
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []
