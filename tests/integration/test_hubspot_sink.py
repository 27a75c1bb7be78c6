"""Hand-overs into a stand-in for HubSpot that does all that HubSpot may do on a bad day."""

import random
from datetime import timedelta

import pytest

from schemas.sinks.vendors import HubspotSink
from services.sinks.vendors.hubspot import KEY, Hubspot
from tests.parts.vendors.erasures import check_erasure
from tests.parts.vendors.faults import Limit, Plan
from tests.parts.vendors.hubspot import HubSpotApi
from tests.parts.vendors.hubspot_account import Owner
from tests.parts.vendors.hubspot_answers import DAILY, OWN_RULE, UNAUTHORISED, passing_faults
from tests.parts.vendors.hubspot_records import Property, Records
from tests.parts.vendors.published import from_environment
from tests.parts.vendors.server import serve
from tests.parts.vendors.storm import PEOPLE, Storm, differences, tell_story
from tests.parts.vendors.storm_store import storm_store
from tests.parts.vendors.touches import check_touches

STAGES = {
    "offered": "offered",
    "accepted": "accepted",
    "returned": "returned",
    "won": "closedwon",
    "lost": "closedlost",
}
SECRET = "pat-eu1-stand-in"


@pytest.fixture(params=["sqlite", "real-postgres"])
async def store(request, tmp_path):
    async with storm_store(request, tmp_path) as made:
        yield made


@pytest.fixture
def api():
    owners = {ident: Owner(ident, f"{person}@firma.example") for person, ident in PEOPLE.items()}
    made = HubSpotApi(owners=owners, oracle=from_environment("2026-09"), records=Records(lag=timedelta(seconds=30)))
    made.add_property("deals", Property(KEY, is_unique=True))
    made.add_property("leads", Property(KEY, is_unique=True))
    with serve(made) as url:
        made.url = url
        yield made
    assert made.violations == []


def storm(store, api, seed=1, opportunity="deal", erased="clear", **more):
    values = {"name": "crm", "kind": "hubspot", "mode": "live", "secret": "STAFETT_SECRET_HUBSPOT", "stages": STAGES}
    values |= {"opportunity": opportunity, "erased": erased}
    sink = HubspotSink.model_validate({**values, "base_url": api.url, "allow_private": True, "timeout_seconds": 5})
    made = Storm(store, sink, lambda caller: Hubspot(sink, caller, SECRET, lambda: made.now), seed=seed, **more)
    clock = lambda: made.now.timestamp()  # noqa: E731 - it is the clock of three limits
    api.records.now = lambda: made.now
    api.burst, api.searches = Limit(100_000, 10, clock), Limit(100_000, 1, clock)
    return made


# One engine is enough for what a vendor does: that of Salesforce is on PostgreSQL, and the role is tried on both.
@pytest.mark.timeout(900)
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_two_hundred_hand_overs_arrive_once_each_whatever_fails_on_the_way(store, api):
    story = tell_story(seed=17, count=200)
    api.plan = Plan(17, passing_faults(0.02))
    lots = random.Random(17)

    def merge_somebody():
        """Now and then a person merges a contact of ours into another of theirs."""
        ours = [r for r in api.records.objects["contacts"].values() if r.merged_into is None and not r.is_archived]
        if ours and lots.random() < 0.02:
            theirs = api.records.create("contacts", {"firstname": "Somebody"}, by="7")
            api.records.merge("contacts", theirs.id, lots.choice(ours).id)

    running = storm(store, api, seed=17, deaths=0.005, meanwhile=merge_somebody)
    await running.begin(story.events)
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []
    companies = [r.properties["domain"] for r in api.records.objects["companies"].values()]
    assert sorted(companies) == sorted({f"kund{n % 60}.example" for n in range(200)})
    people = [r for r in api.records.objects["contacts"].values() if r.merged_into is None]
    assert len(people) == 200
    assert len(api.plan.came) == 9 and running.kills > 5
    assert any(r.merged_into for r in api.records.objects["contacts"].values())


@pytest.mark.timeout(600)
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_hand_overs_arrive_as_one_lead_each_whatever_fails_on_the_way(store, api):
    story = tell_story(seed=18, count=60)
    api.plan = Plan(18, passing_faults(0.02))
    running = storm(store, api, seed=18, opportunity="lead", deaths=0.005)
    await running.begin(story.events)
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []
    leads = list(api.records.objects["leads"].values())
    assert len(leads) == 60 and api.records.objects["deals"] == {}
    assert all(api.records.beside(lead, "companies") for lead in leads)
    # No batch is sent, so its own fault never comes.
    assert len(api.plan.came) == 8 and running.kills > 1


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_what_a_lead_did_is_one_note_beside_the_dossier(store, api):
    await check_touches(storm(store, api), api.truth)


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
@pytest.mark.parametrize("erased", ["clear", "delete", "leave"])
async def test_who_is_erased_is_named_by_no_record_that_we_made(store, api, erased):
    def dump():
        return repr(
            [r.properties for table in api.records.objects.values() for r in table.values() if not r.is_archived]
        )

    await check_erasure(storm(store, api, erased=erased), api.truth, dump, api.records.now)


async def test_a_rule_of_the_account_holds_one_hand_over_and_says_which_property(store, api):
    story = tell_story(seed=3, count=5)
    running = storm(store, api)
    api.plan.once(OWN_RULE, "upsert")
    await running.begin(story.events)
    with pytest.raises(AssertionError, match="still wait"):
        await running.carry_on(rounds=300)
    (refused,) = await running.book.list_steps(running.sink.target, refused=True)
    assert (refused.outcome, refused.code, refused.field) == ("refused_data", "REQUIRED_PROPERTY", "budget_band")
    waits = next(key for key in story.expected if key not in api.truth())
    others = {key: value for key, value in story.expected.items() if key != waits}
    assert differences(api.truth(), others, STAGES) == []
    await running.book.retry(running.sink.target, running.now)
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []


async def test_a_key_that_is_refused_pauses_the_sink_and_nothing_is_lost(store, api):
    story = tell_story(seed=4, count=5)
    running = storm(store, api)
    await running.begin(story.events)
    api.plan.once(UNAUTHORISED, "upsert")
    await running.carry_on()
    (state,) = await running.deliveries.states()
    assert state.disabled.startswith("refused_setup: INVALID_AUTHENTICATION") and state.pending > 0
    sent = len(api.log)
    await running.carry_on()
    assert len(api.log) == sent, "a sink that is paused calls nobody"
    await running.deliveries.disable(running.sink.target, None)
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []


async def test_a_day_that_is_spent_is_waited_for_and_no_try_of_a_hand_over(store, api):
    story = tell_story(seed=5, count=5)
    running = storm(store, api)
    await running.begin(story.events)
    api.plan.once(DAILY, times=3)
    begun = running.now
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []
    assert running.now - begun > timedelta(hours=1)
