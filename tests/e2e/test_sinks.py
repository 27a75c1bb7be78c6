"""Sinks as who runs them meets them: `stafett sink ...` and /v1/sinks, against a stand-in for HubSpot on a socket."""

import asyncio
import hashlib
import json
import re
from contextlib import asynccontextmanager

import pytest

from services.bootstrap.running import BACKGROUND
from services.cli.main import main
from tests.api import bearer, installed
from tests.parts.vendors.hubspot import HubSpotApi
from tests.parts.vendors.hubspot_account import KEY, Owner
from tests.parts.vendors.hubspot_answers import OWN_RULE, UNAUTHORISED
from tests.parts.vendors.hubspot_records import Property
from tests.parts.vendors.server import serve
from tests.setups import EXAMPLES

SECRET = {"STAFETT_SECRET_HUBSPOT": "pat-eu1-stand-in"}
ROSTER = (EXAMPLES / "roster.yaml").read_text().replace('{pipedrive: "9201"}', '{pipedrive: "9201", hubspot: "70201"}')
OWNERS = re.findall(r'hubspot: "(\d+)"', ROSTER)
SINK = """\
version: 1
sinks:
  - name: crm
    kind: hubspot
    mode: live
    base_url: {url}
    allow_private: true
    secret: STAFETT_SECRET_HUBSPOT
    stages: {{offered: offered, accepted: accepted, returned: returned, won: closedwon, lost: closedlost}}
"""
LOOKS = ("GET", "read", "search")
"""What changes nothing: by its method, or its route."""


@pytest.fixture
def hubspot():
    api = HubSpotApi(owners={ident: Owner(ident, f"{ident}@firma.example") for ident in OWNERS})
    with serve(api) as url:
        api.url = url
        yield api
    assert api.violations == []


@asynccontextmanager
async def running(folder, hubspot, more="", **options):
    """An installation with the sink, `deliver` to begin with writing."""
    hubspot.add_property("deals", Property(KEY, is_unique=True))
    files = {"sinks.yaml": SINK.format(url=hubspot.url) + more, "roster.yaml": ROSTER}
    async with installed(folder, files=files, secrets=SECRET, **options) as api:
        api.folder, writing = folder / "config", []

        async def deliver():
            stop = asyncio.Event()
            writing.append((stop, asyncio.create_task(BACKGROUND["delivery"](api.parts)(stop))))
            await eventually(api.parts.deliveries.states)

        async def end():
            while writing:
                stop, task = writing.pop()
                stop.set()
                await task

        api.deliver, api.end = deliver, end
        yield api
        await end()


async def eventually(ask):
    """What `ask` answers once it is something."""
    async with asyncio.timeout(20):
        while not (answer := await ask()):
            await asyncio.sleep(0.02)
    return answer


@pytest.fixture
def call(capsys):
    """Runs the command on an installation; (status, lines of it, lines of its errors)."""

    async def called(api, *words):
        capsys.readouterr()
        status = await asyncio.to_thread(main, ["sink", *words, "--config", str(api.folder)])
        shown = capsys.readouterr()
        return status, shown.out.splitlines(), shown.err.splitlines()

    return called


async def handed_over(api, name, **fields):
    """The lead of somebody who is offered to sales now."""
    await api.form(
        email=f"{name}@{name}.example",
        name=f"{name.title()} Ek",
        company=f"{name.title()} AB",
        form_id="demo",
        **fields,
    )
    await api.settled()
    (lead,) = (await api.get("/v1/leads", email=f"{name}@{name}.example"))["leads"]
    assert lead["stage"] == "hand_over"
    return lead


async def written(api, hubspot, lead):
    """Until the sink has done all that follows."""

    async def is_done():
        steps = await api.parts.sinks.list_steps("sink/crm", lead_id=lead["id"])
        return any(step.name == "task" and step.state == "done" for step in steps)

    await eventually(is_done)
    return hubspot.truth()[lead["handover"]["id"]]


def writes(hubspot):
    return [
        e for e in hubspot.log if e.request.method != "GET" and e.route not in ("search", "associations", "batch read")
    ]


# --- the commands -----------------------------------------------------------------------------------------------------
async def test_check_tells_every_problem_at_once_and_nothing_once_it_is_right(tmp_path, hubspot, call):
    wrong = "    owner_ids: hubspott\n    owns: [citty]\n    brands: [nord]\n    fields: {opportunity: {dealname: company.name, no_such: dossier.source}}\n"
    async with running(tmp_path, hubspot, wrong) as api:
        del hubspot.records.properties["deals"][KEY]
        status, told, _ = await call(api, "check", "crm")
        assert status == 1
        problems = "\n".join(told)
        for word in (
            "fields.opportunity.dealname: the sink writes it by itself", "fields.opportunity.no_such", "owns: `citty`",
            "brands: `nord` is no brand of the agreement (default)", "roster: elin has no id there; write `ids: {hubspott: ...}`",
            KEY,
        ):  # fmt: skip
            assert word in problems, word
        assert "lena" not in problems, "marketing is given no leads"
        hubspot.add_property("deals", Property(KEY, is_unique=True))
        (api.folder / "sinks.yaml").write_text(SINK.format(url=hubspot.url))
        status, told, _ = await call(api, "check", "crm")
        assert (status, told[-1]) == (0, "crm: nothing is wrong")
    assert writes(hubspot) == []


async def test_check_works_before_the_id_that_we_write_as_is_known_and_prints_it(tmp_path, hubspot, call):
    sources = (
        "  - {name: hub, kind: hubspot, verify: {scheme: token, header: X-Token, secrets: [STAFETT_SECRET_HUBSPOT]}}\n"
    )
    async with running(tmp_path, hubspot, extra=sources) as api:
        await api.deliver()
        await written(api, hubspot, await handed_over(api, "anna"))
        (api.folder / "sinks.yaml").write_text(SINK.format(url=hubspot.url) + "    source: hub\n")
        status, told, _ = await call(api, "check", "crm")
        user = told[0].removeprefix('we write as: user: "').removesuffix('"')
        assert (status, len(told)) == (1, 2) and f'user: write `user: "{user}"`' in told[1]
        (api.folder / "sinks.yaml").write_text(SINK.format(url=hubspot.url) + f'    source: hub\n    user: "{user}"\n')
        assert (await call(api, "check", "crm"))[0] == 0
        (api.folder / "sinks.yaml").write_text(SINK.format(url=hubspot.url) + '    source: hub\n    user: "1"\n')
        status, told, _ = await call(api, "check", "crm")
        assert status == 1 and f"the vendor says that we are `{user}`, not `1`" in told[-1]


async def test_a_plan_shows_each_request_and_sends_none(tmp_path, hubspot, call):
    async with running(tmp_path, hubspot) as api:
        lead = await handed_over(api, "anna", message="pumps please")
        status, told, _ = await call(api, "plan", "crm", lead["id"])
        shown = "\n".join(told)
        assert status == 0 and told[0].startswith("stafett.handover.offered.v1 evt_")
        assert hubspot.log and writes(hubspot) == []
        for word in ("contact: would send", "POST /crm/objects/2026-09/contacts", "anna@anna.example", "Anna Ek", "note: would send",
                     "task: would send", "link_contact: nothing yet", lead["handover"]["id"]):  # fmt: skip
            assert word in shown, word
        assert SECRET["STAFETT_SECRET_HUBSPOT"] not in shown
        asked = len(hubspot.log)
        status, told, _ = await call(api, "plan", "crm", lead["id"], "--offline")
        assert status == 0 and "nothing was asked" in told[1] and "opportunity: would send" in told
        assert len(hubspot.log) == asked
        event = told[0].split()[1]
        of_event = (await call(api, "plan", "crm", event, "--offline"))[1]
        # The note has the instant of its making.
        assert [line for line in of_event if "hs_timestamp" not in line] == [
            line for line in told if "hs_timestamp" not in line
        ]
        assert await api.parts.sinks.list_steps("sink/crm") == []


async def test_what_is_written_is_listed_and_a_plan_has_nothing_to_send_then(tmp_path, hubspot, call):
    async with running(tmp_path, hubspot) as api:
        await api.deliver()
        lead = await handed_over(api, "anna")
        deal = await written(api, hubspot, lead)
        (entry,) = map(json.loads, (await call(api, "list"))[1])
        assert (entry["name"], entry["kind"], entry["mode"], entry["paused"]) == ("crm", "hubspot", "live", None)
        assert entry["position"] > 0
        records = {r["kind"]: r for r in map(json.loads, (await call(api, "records", "crm", "--lead", lead["id"]))[1])}
        assert records["opportunity"]["vendor_id"] == deal.ids[0] and records["contact"]["key"] == lead["id"]
        _, told, _ = await call(api, "steps", "crm")
        assert "anna" not in "\n".join(told).lower() and {json.loads(line)["state"] for line in told} == {"done"}
        _, told, _ = await call(api, "plan", "crm", lead["id"])
        assert {line for line in told if "would send" in line} <= {
            "link_contact: would send",
            "link_company: would send",
        }
        before = [entry for entry in writes(hubspot) if entry.route != "associate"]
        event = json.loads((await call(api, "steps", "crm"))[1][0])["event_id"]
        assert (await call(api, "replay", "crm", event))[0] == 0
        await written(api, hubspot, lead)
        after = [entry for entry in writes(hubspot) if entry.route != "associate"]
        assert after == before, "carried out again it writes nothing but links that are there"


async def test_a_refusal_is_found_by_steps_and_goes_on_by_retry(tmp_path, hubspot, call):
    async with running(tmp_path, hubspot) as api:
        await api.deliver()
        hubspot.plan.once(OWN_RULE, "upsert")
        lead = await handed_over(api, "anna")

        async def refusals():
            return (await call(api, "steps", "crm", "--refused"))[1]

        (line,) = await eventually(refusals)
        step = json.loads(line)
        assert (step["lead"], step["outcome"], step["field"]) == (lead["id"], "refused_data", "budget_band")
        assert (await call(api, "retry", "crm", "lead_none"))[1] == ["0 events are tried now"]
        status, told, _ = await call(api, "retry", "crm", lead["id"])
        assert (status, told) == (0, ["1 event is tried now"])
        assert len((await written(api, hubspot, lead)).ids) == 1


async def test_a_sink_that_is_paused_writes_nothing_until_it_is_resumed(tmp_path, hubspot, call):
    async with running(tmp_path, hubspot) as api:
        assert (await call(api, "pause", "crm"))[0] == 1, "it never ran"
        await api.deliver()
        assert (await call(api, "pause", "crm"))[:2] == (0, ["crm: paused"])
        lead = await handed_over(api, "anna")
        (entry,) = map(json.loads, (await call(api, "list"))[1])
        assert entry["paused"] == "by an operator"
        assert "crm is paused (by an operator)" in (await call(api, "retry", "crm"))[2][0]
        assert hubspot.truth() == {}
        assert (await call(api, "resume", "crm"))[:2] == (0, ["crm: resumed"])
        await written(api, hubspot, lead)


async def test_a_deal_that_sales_made_is_adopted_and_what_is_wrong_is_forgotten(tmp_path, hubspot, call):
    async with running(tmp_path, hubspot) as api:
        lead = await handed_over(api, "anna")
        handover = lead["handover"]["id"]
        theirs = hubspot.records.create(
            "deals", {"dealname": "Pumps", "dealstage": "offered", "pipeline": "default"}, by="7"
        )
        status, _, told = await call(api, "adopt", "crm", "opportunity", handover, "1", "--lead", lead["id"])
        assert status == 1 and "there is no opportunity 1 there" in told[0]
        status, _, told = await call(api, "adopt", "crm", "opportunity", handover, theirs.id, "--lead", "lead_none")
        assert status == 1 and "lead_none is no lead" in told[0]
        adopt = ("adopt", "crm", "opportunity", handover, theirs.id, "--lead", lead["id"])
        assert (await call(api, *adopt))[0] == 0
        (record,) = map(json.loads, (await call(api, "records", "crm"))[1])
        assert (record["vendor_id"], record["adopted"], record["made_by"]) == (theirs.id, True, "operator")
        _, told, _ = await call(api, "plan", "crm", lead["id"])
        assert f"    PATCH /crm/objects/2026-09/deals/{theirs.id}" in told, "theirs is brought up to date"
        assert (await call(api, "forget", "crm", "opportunity", handover))[0] == 0
        assert (await call(api, "forget", "crm", "opportunity", handover))[0] == 1


async def test_what_is_adopted_is_told_to_our_own_intake(tmp_path, hubspot, call):
    sources = (
        "  - {name: hub, kind: hubspot, verify: {scheme: token, header: X-Token, secrets: [STAFETT_SECRET_HUBSPOT]}}\n"
    )
    async with running(tmp_path, hubspot, '    source: hub\n    user: "7"\n', extra=sources) as api:
        lead = await handed_over(api, "anna")
        adopt = ("adopt", "crm", "opportunity", lead["handover"]["id"], "4711", "--lead", lead["id"], "--offline")
        assert (await call(api, *adopt))[0] == 0
        await api.settled()
        assert (await call(api, *adopt))[0] == 0
        await api.settled()
        (lead,) = (await api.get("/v1/leads", email="anna@anna.example"))["leads"]
        (reference,) = [r for r in lead["handover"]["references"] if r["object"] == "deal"]
        assert (reference["system"], reference["id"]) == ("hubspot", "4711")
        history = (await api.get(f"/v1/leads/{lead['id']}/history"))["history"]
        assert len([entry for entry in history if entry["kind"] == "crm.linked"]) == 1


async def test_a_key_that_is_refused_is_told_by_check_in_one_line(tmp_path, hubspot, call):
    async with running(tmp_path, hubspot) as api:
        hubspot.plan.once(UNAUTHORISED, times=100)
        status, told, _ = await call(api, "check", "crm")
        assert status == 1 and any("INVALID_AUTHENTICATION" in line for line in told)


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("check", "cmr"), 1, "there are crm; did you mean `crm`?"),
        (("plan", "crm", "lead_none"), 1, "lead_none is no event of the feed, and no lead that was ever offered"),
        (("replay", "crm", "evt_none"), 1, "crm never got the event evt_none"),
        (("records", "crm"), 0, "crm has made or found no such record"),
        (("steps", "crm", "--refused"), 0, "nothing has to be ended"),
    ],
)
async def test_what_is_not_there_is_told_in_a_line(tmp_path, hubspot, call, words, status, told):
    async with running(tmp_path, hubspot) as api:
        ended, _, errors = await call(api, *words)
        assert (ended, len(errors)) == (status, 1) and told in errors[0]


async def test_a_file_with_a_mistake_and_a_secret_that_is_not_set_end_with_their_names(tmp_path, hubspot, call):
    async with running(tmp_path, hubspot) as api:
        (api.folder / "sinks.yaml").write_text(SINK.format(url=hubspot.url).replace("_HUBSPOT", "_OTHER"))
        assert (await call(api, "check", "crm"))[::2] == (2, ["STAFETT_SECRET_OTHER: is not set; sink crm needs it"])
        (api.folder / "sinks.yaml").write_text(SINK.format(url=hubspot.url).replace("hubspot", "hubspott"))
        status, _, told = await call(api, "list")
        assert status == 2 and "did you mean `hubspot`?" in told[0]


async def test_what_a_dry_run_went_through_is_written_by_a_replay_once_it_is_live(tmp_path, hubspot, call):
    async with running(tmp_path, hubspot) as api:
        (api.folder / "sinks.yaml").write_text(SINK.format(url=hubspot.url).replace("mode: live", "mode: dry_run"))
        await api.deliver()
        lead = await handed_over(api, "anna")

        async def is_over():
            (state,) = await api.parts.deliveries.states()
            return state.pending == 0 and await api.parts.sinks.list_steps("sink/crm")

        (step, *_) = await eventually(is_over)
        assert writes(hubspot) == []
        await api.end()
        (api.folder / "sinks.yaml").write_text(SINK.format(url=hubspot.url))
        await api.deliver()
        assert (await call(api, "replay", "crm", step.event_id))[0] == 0
        assert len((await written(api, hubspot, lead)).ids) == 1


async def test_what_somebody_took_away_is_made_again_once_it_is_forgotten(tmp_path, hubspot, call):
    async with running(tmp_path, hubspot) as api:
        await api.deliver()
        lead = await handed_over(api, "anna")
        (first,) = (await written(api, hubspot, lead)).ids
        hubspot.records.objects["deals"][first].is_archived = True
        assert (await call(api, "forget", "crm", "opportunity", lead["handover"]["id"]))[0] == 0
        event = json.loads((await call(api, "steps", "crm"))[1][0])["event_id"]
        assert (await call(api, "replay", "crm", event))[0] == 0
        (second,) = (await written(api, hubspot, lead)).ids
        assert second != first


# --- the API ----------------------------------------------------------------------------------------------------------
async def test_the_api_tells_of_sinks_records_and_steps_and_tries_again(tmp_path, hubspot):
    async with running(tmp_path, hubspot) as api:
        await api.deliver()
        hubspot.plan.once(OWN_RULE, "upsert")
        anna, bo = await handed_over(api, "anna"), await handed_over(api, "bo")
        await written(api, hubspot, bo)

        async def refusals():
            return (await api.get("/v1/sinks/crm/steps", refused=True))["steps"]

        (step,) = await eventually(refusals)
        assert (step["lead"], step["code"], step["request"]) == (anna["id"], "REQUIRED_PROPERTY", None)
        (entry,) = (await api.get("/v1/sinks"))["sinks"]
        assert (entry["name"], entry["kind"], entry["mode"], entry["waiting"]) == ("crm", "hubspot", "live", 1)
        first = await api.get("/v1/sinks/crm/records", limit=3)
        rest = await api.get("/v1/sinks/crm/records", after=first["next"])
        shown = [f"{r['kind']}/{r['key']}" for r in first["records"] + rest["records"]]
        assert shown == sorted(shown) and len(shown) == 7 and rest["next"] is None
        assert {r["lead"] for r in (await api.get("/v1/sinks/crm/records", lead=bo["id"]))["records"]} == {bo["id"]}
        retried = await post(api, "/v1/sinks/crm/retry", lead=anna["id"])
        assert retried == {"events": 1}
        await written(api, hubspot, anna)


async def post(api, path, key="all", status=200, **params):
    answer = await api.client.post(path, params=params, headers=bearer(key))
    assert answer.status_code == status, answer.text
    return answer.json()


async def test_the_api_pauses_and_resumes_and_says_who_did(tmp_path, hubspot):
    async with running(tmp_path, hubspot) as api:
        await post(api, "/v1/sinks/crm/pause", status=404)
        await api.deliver()
        assert (await post(api, "/v1/sinks/crm/pause"))["paused"] == "by the key all"
        assert (await post(api, "/v1/sinks/crm/resume"))["paused"] is None
        for path in ("/v1/sinks/other/records", "/v1/sinks/other/steps"):
            await api.get(path, status=404)
        await post(api, "/v1/sinks/other/retry", status=404)
        await post(api, "/v1/sinks/crm/retry", status=404, lead="lead_none")


async def test_what_a_dry_run_would_have_sent_is_for_keys_that_may_see_people(tmp_path, hubspot, call):
    async with running(tmp_path, hubspot) as api:
        (api.folder / "sinks.yaml").write_text(SINK.format(url=hubspot.url).replace("mode: live", "mode: dry_run"))
        await api.deliver()
        await handed_over(api, "anna")

        async def planned():
            steps = (await api.get("/v1/sinks/crm/steps"))["steps"]
            return [step for step in steps if step["step"] == "contact" and step["state"] == "planned"]

        (step,) = await eventually(planned)
        assert "anna@anna.example" in step["request"]
        assert "anna" not in json.dumps(await api.get("/v1/sinks/crm/steps", "facts")).lower()
        _, told, _ = await call(api, "steps", "crm", "--requests")
        assert "anna@anna.example" in "\n".join(told)
    assert writes(hubspot) == []


async def test_a_key_of_one_brand_sees_its_own_and_moves_nothing_of_others(tmp_path, hubspot):
    digest = hashlib.sha256(b"sk_nord").hexdigest()
    keys = ({"name": "nord", "sha256": digest, "scopes": ["ops:read", "ops:write"], "brands": ["nord"]},)
    async with running(tmp_path, hubspot, keys=keys) as api:
        await api.deliver()
        lead = await handed_over(api, "anna")
        await written(api, hubspot, lead)
        assert len((await api.get("/v1/sinks", "nord"))["sinks"]) == 1, "it is of all brands"
        assert (await api.get("/v1/sinks/crm/records", "nord"))["records"] == []
        assert (await api.get("/v1/sinks/crm/steps", "nord", lead=lead["id"]))["steps"] == []
        assert len((await api.get("/v1/sinks/crm/records"))["records"]) == 5
        await post(api, "/v1/sinks/crm/retry", "nord", 404, lead=lead["id"])
        for action in ("retry", "pause", "resume"):
            await post(api, f"/v1/sinks/crm/{action}", "nord", 403)
        assert (await api.get("/v1/sinks"))["sinks"][0]["paused"] is None
