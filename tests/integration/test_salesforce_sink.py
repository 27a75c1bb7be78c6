"""Hand-overs into a stand-in for Salesforce that does all that Salesforce may do on a bad day."""

import random

import pytest

from schemas.sinks.vendors import SalesforceSink
from services.sinks.vendors.salesforce import KEY, Salesforce
from tests.parts.vendors.erasures import check_erasure
from tests.parts.vendors.faults import Plan
from tests.parts.vendors.salesforce import OWN_RULE, SalesforceApi, passing_faults
from tests.parts.vendors.salesforce_records import Field
from tests.parts.vendors.server import serve
from tests.parts.vendors.storm import PEOPLE, Storm, differences, tell_story
from tests.parts.vendors.storm_store import storm_store
from tests.parts.vendors.touches import check_touches

STAGES = {
    "offered": "Offered",
    "accepted": "Accepted",
    "returned": "Returned",
    "won": "Closed Won",
    "lost": "Closed Lost",
}


# One engine: what a sink keeps is tried on both with HubSpot.
@pytest.fixture(params=["sqlite"])
async def store(request, tmp_path):
    async with storm_store(request, tmp_path) as made:
        yield made


@pytest.fixture
def api():
    made = SalesforceApi()
    made.records.fields["Opportunity"][KEY] = Field(KEY, most=80, is_external_id=True, is_unique=True)
    for ident in PEOPLE.values():
        made.records.add_user(ident)
    with serve(made) as url:
        made.url = url
        yield made
    assert made.violations == []


def storm(store, api, seed=1, erased="clear", **more):
    values = {
        "name": "crm",
        "kind": "salesforce",
        "mode": "live",
        "secret": "STAFETT_SECRET_SF",
        "client_id": "client",
        "stages": STAGES,
        "erased": erased,
    }
    sink = SalesforceSink.model_validate({**values, "base_url": api.url, "allow_private": True, "timeout_seconds": 5})
    made = Storm(
        store, sink, lambda caller: Salesforce(sink, caller, api.client[1], lambda: made.now), seed=seed, **more
    )
    api.records.now = lambda: made.now
    return made


# One engine is enough for what a vendor does: that of HubSpot is on SQLite, and the role is tried on both.
@pytest.mark.timeout(900)
@pytest.mark.parametrize("store", ["real-postgres"], indirect=True)
async def test_two_hundred_hand_overs_arrive_once_each_whatever_fails_on_the_way(store, api):
    story = tell_story(seed=23, count=200)
    api.plan = Plan(23, passing_faults(0.02))
    lots, merged = random.Random(23), []

    def merge_somebody():
        """Now and then a person merges a contact of ours into another of theirs."""
        ours = [row["Id"] for row in api.records.objects["Contact"].values() if not row["IsDeleted"]]
        if ours and lots.random() < 0.02:
            theirs = api.records.create("Contact", {"LastName": "Somebody"})
            api.records.merge("Contact", theirs, lots.choice(ours))
            merged.append(theirs)

    running = storm(store, api, seed=23, deaths=0.005, meanwhile=merge_somebody)
    await running.begin(story.events)
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []
    live = {noun: [row for row in rows.values() if not row["IsDeleted"]] for noun, rows in api.records.objects.items()}
    assert sorted(row["Website"] for row in live["Account"]) == sorted({f"kund{n % 60}.example" for n in range(200)})
    assert len(live["Contact"]) == 200
    assert len(api.plan.came) == 8 and running.kills > 5 and merged


async def test_what_a_lead_did_is_one_note_beside_the_dossier(store, api):
    await check_touches(storm(store, api), api.truth)


@pytest.mark.parametrize("erased", ["clear", "delete", "leave"])
async def test_who_is_erased_is_named_by_no_record_that_we_made(store, api, erased):
    def dump():
        return repr([row for table in api.records.objects.values() for row in table.values() if not row["IsDeleted"]])

    await check_erasure(storm(store, api, erased=erased), api.truth, dump, api.records.now)


async def test_a_rule_of_the_org_holds_one_hand_over_and_says_which_field(store, api):
    story = tell_story(seed=3, count=5)
    running = storm(store, api)
    api.plan.once(OWN_RULE, "upsert")
    await running.begin(story.events)
    with pytest.raises(AssertionError, match="still wait"):
        await running.carry_on(rounds=300)
    (refused,) = await running.book.list_steps(running.sink.target, refused=True)
    assert (refused.outcome, refused.code, refused.field) == (
        "refused_data",
        "FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "Budget__c",
    )
    await running.book.retry(running.sink.target, running.now)
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []


async def test_an_app_that_is_refused_pauses_the_sink_and_nothing_is_lost(store, api):
    story = tell_story(seed=4, count=5)
    running = storm(store, api)
    await running.begin(story.events)
    right, api.client = api.client, ("client", "another")
    running._make_vendor = lambda caller: Salesforce(running.sink, caller, right[1], lambda: running.now)
    await running.carry_on()
    (state,) = await running.deliveries.states()
    assert state.disabled.startswith("refused_setup: invalid_client") and api.truth() == {}
    api.client = right
    await running.deliveries.disable(running.sink.target, None)
    await running.carry_on()
    assert differences(api.truth(), story.expected, STAGES) == []
