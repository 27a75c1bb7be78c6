"""Hand-overs into the stand-ins for vendors, while they do all that they may do on a bad day and we are killed on the way."""

import re
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from schemas.sinks.http import HttpSink
from schemas.sinks.vendors import CloseSink, EspoSink, PipedriveSink, UpsalesSink
from services.adapters.sql.store import SqlStore
from services.sinks.vendors.registry import vendor_of
from tests.parts.sqlite import migrated_file
from tests.parts.vendors import close, espo, pipedrive, plain, upsales
from tests.parts.vendors.calling import StandInCaller
from tests.parts.vendors.erasures import check_erasure, wall_clock
from tests.parts.vendors.espo_records import Field
from tests.parts.vendors.faults import Limit, Plan
from tests.parts.vendors.pipedrive_models import from_environment
from tests.parts.vendors.server import VendorApi, serve
from tests.parts.vendors.storm import PEOPLE, Storm, differences, tell_story
from tests.parts.vendors.touches import check_touches
from tests.parts.vendors.upsales_records import Records
from tests.sinks import NOW

SECRET = "STAFETT_SECRET_CRM"


class Vendor(NamedTuple):
    """A stand-in, the sink that writes to it, its key there, and what it may answer by itself."""

    api: VendorApi
    sink: type
    values: dict
    key: str
    faults: list
    stages: dict[str, str | None]
    hand_overs: int = 200


def _espo():
    api = espo.EspoApi()
    api.records.entities["Opportunity"][espo.KEY] = Field()
    for ident in PEOPLE.values():
        api.add_user(ident)
    stages = {"offered": "Offered", "accepted": "Accepted", "returned": "Returned", "won": "Closed Won", "lost": "Closed Lost"}  # fmt: skip
    values = {"kind": "espo", "mode": "live", "secret": SECRET, "stages": stages, "allow_private": True}
    return Vendor(api, EspoSink, values, "espo-stand-in", espo.passing_faults(0.02), stages)


def _close():
    api = close.CloseApi()
    api.add_custom("opportunity", close.KEY)
    stages = {name: f"stat_{name}" for name in ("offered", "accepted", "returned", "won", "lost")}
    values = {"kind": "close", "mode": "live", "secret": SECRET, "stages": stages, "key_field": close.KEY}
    return Vendor(api, CloseSink, values | {"allow_private": True}, api.key, close.passing_faults(0.02), stages)


def _upsales():
    api = upsales.UpsalesApi(records=Records(lag=timedelta(seconds=10)), burst=Limit(100_000, 10))
    for ident in PEOPLE.values():
        api.add_user(ident)
    fields = {"key_field": upsales.KEY, "task_key_field": upsales.TASK_KEY, "product": upsales.PRODUCT}
    values = {"kind": "upsales", "mode": "live", "secret": SECRET, "stages": upsales.STAGES, "allow_private": True}
    values |= fields | {"task": {"type": str(upsales.TYPE)}}
    return Vendor(api, UpsalesSink, values, upsales.TOKEN, upsales.passing_faults(0.02), upsales.STAGES)


def _pipedrive():
    users = {1: True, **{int(ident): True for ident in PEOPLE.values()}}
    api = pipedrive.PipedriveApi(users=users, oracle=from_environment())
    stages = {"offered": "1", "accepted": "2", "returned": "3", "won": "won", "lost": "lost"}
    values = {"kind": "pipedrive", "mode": "live", "secret": SECRET, "stages": stages, "allow_private": True}
    values |= {"key_field": pipedrive.KEY, "domain_field": pipedrive.DOMAIN}
    return Vendor(api, PipedriveSink, values, pipedrive.TOKEN, pipedrive.passing_faults(0.02), stages)


def _pipedrive_leads():
    """They have no stages there."""
    vendor = _pipedrive()
    values = {**vendor.values, "stages": {}, "opportunity": "lead"}
    return vendor._replace(values=values, stages=dict.fromkeys(vendor.stages), hand_overs=60)


def _plain(*, keeps_keys=False):
    """Of the page's own file; one that keeps keys is asked nothing."""
    api = plain.PlainApi(keeps_keys=keeps_keys)
    (block,) = re.findall(
        r"^```yaml\n(version: 1\nsinks:.*?)^```", Path("docs/crms/http.md").read_text(), re.MULTILINE | re.DOTALL
    )
    values = yaml.safe_load(block)["sinks"][0] | {"mode": "live", "allow_private": True}
    if keeps_keys:
        values["keeps_idempotency_key"] = True
        for record in values["records"].values():
            del record["find"]
    stages = {name: name for name in ("offered", "accepted", "returned", "won", "lost")}
    return Vendor(api, HttpSink, values, api.token, plain.passing_faults(0.02), stages)


def _keeping():
    return _plain(keeps_keys=True)._replace(hand_overs=60)


@pytest.fixture(
    params=[_espo, _close, _upsales, _pipedrive, _pipedrive_leads, _plain, _keeping],
    ids=["espo", "close", "upsales", "pipedrive", "pipedrive leads", "http", "http that keeps keys"],
)
def vendor(request):
    return request.param()


@pytest.fixture
def url(vendor):
    with serve(vendor.api) as address:
        yield address
    assert vendor.api.violations == []


@pytest.fixture
async def store(tmp_path):
    made = SqlStore(await migrated_file(tmp_path / "s.db"))
    await made.start()
    yield made
    await made.close()


def storm(store, vendor, url, seed, **more):
    sink = vendor.sink.model_validate({**vendor.values, "name": "crm", "base_url": url, "timeout_seconds": 5})
    made = Storm(
        store, sink, lambda caller: vendor_of(sink, caller, (vendor.key,), lambda: made.now), seed=seed, **more
    )
    if isinstance(vendor.api, close.CloseApi | pipedrive.PipedriveApi):
        vendor.api.now = lambda: made.now
    if isinstance(vendor.api, upsales.UpsalesApi):
        vendor.api.records.now = lambda: made.now
    return made


@pytest.mark.timeout(600)
async def test_hand_overs_arrive_once_each_whatever_fails_on_the_way(store, vendor, url):
    story = tell_story(seed=17, count=vendor.hand_overs)
    vendor.api.plan = Plan(17, vendor.faults)
    running = storm(store, vendor, url, seed=17, deaths=0.005, caller=StandInCaller(vendor.api))
    await running.begin(story.events)
    await running.carry_on()
    assert [state.disabled for state in await running.deliveries.states()] == [None]
    assert differences(vendor.api.truth(), story.expected, vendor.stages) == []
    assert len(vendor.api.plan.came) == len({rule.fault.name for rule in vendor.faults}) and running.kills > 2


async def test_what_a_lead_did_is_one_note_beside_the_dossier(store, vendor, url):
    await check_touches(storm(store, vendor, url, seed=5), vendor.api.truth)


def dump_of(api):
    """Everything there that is not deleted."""
    match api:
        case espo.EspoApi():
            tables = api.records.rows
        case close.CloseApi() | plain.PlainApi():
            tables = api.rows
        case upsales.UpsalesApi():
            tables = api.records.kept
        case pipedrive.PipedriveApi():
            tables = api.tables
    rows = [row for table in tables.values() for row in table.values()]
    gone = ("deleted", "is_deleted")
    return repr([row for row in rows if not any(row.get(name) for name in gone)])


@pytest.mark.parametrize("erased", ["clear", "delete", "leave"])
async def test_who_is_erased_is_named_by_no_record_that_we_made(store, vendor, url, erased):
    vendor = vendor._replace(values={**vendor.values, "erased": erased})
    # Where the stand-in has the clock of the storm, its contact was made when that began.
    clock = (lambda: NOW) if hasattr(vendor.api, "now") else wall_clock
    await check_erasure(storm(store, vendor, url, seed=6), vendor.api.truth, lambda: dump_of(vendor.api), clock)


async def test_a_key_that_is_refused_pauses_the_sink_and_nothing_is_lost(store, vendor, url):
    story = tell_story(seed=4, count=5)
    running = storm(store, vendor._replace(key="wrong"), url, seed=4)
    await running.begin(story.events)
    await running.carry_on()
    (state,) = await running.deliveries.states()
    assert state.disabled.startswith("refused_setup: http_401") and state.pending > 0
    assert vendor.api.truth() == {}
    mended = storm(store, vendor, url, seed=4)
    mended.now = running.now + timedelta(minutes=1)
    await mended.deliveries.disable(mended.sink.target, None)
    await mended.carry_on()
    assert differences(vendor.api.truth(), story.expected, vendor.stages) == []
